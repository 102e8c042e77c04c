package store

import (
	"strconv"

	"rollcall/internal/rollcall"
)

// numbers makes parameters of IDs.
func numbers(ids []rollcall.ObjectID) []int64 {
	list := make([]int64, len(ids))
	for i, id := range ids {
		list[i] = int64(id)
	}
	return list
}

func idText(id rollcall.ObjectID) string { return strconv.FormatInt(int64(id), 10) }

// parseID reads a stored reference; anything else is nobody.
func parseID(text string) rollcall.ObjectID {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return rollcall.ObjectID(n)
}
