package collector

import (
	"cmp"
	"slices"
)

func sortBy(list []string, number func(string) int) {
	slices.SortStableFunc(list, func(x, y string) int { return cmp.Compare(number(x), number(y)) })
}
