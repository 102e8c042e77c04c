package main

import (
	"context"
	"errors"
	"fmt"

	"rollcall/internal/report"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// pickable is a group that a binding may choose.
type pickable struct {
	Name string `json:"name"`
	ID   string `json:"id"`
	DN   string `json:"dn"`
}

// errPicked ends a read that was for the groups alone.
var errPicked = errors.New("the groups are known")

// pickables reads the groups of a source; none when its entries have no groups.
func pickables(ctx context.Context, collector source.Collector) ([]pickable, error) {
	grouper, ok := collector.(source.Grouper)
	if !ok {
		return nil, nil
	}
	var list []pickable
	_, err := grouper.CollectGrouped(ctx, func(groups []rollcall.Group, _ source.GroupFinder) error {
		for i := range groups {
			list = append(list, pickable{groups[i].Name, groups[i].Key, groups[i].DN})
		}
		return errPicked
	}, func(*rollcall.Entry) error { return nil })
	if err != nil && !errors.Is(err, errPicked) {
		return nil, err
	}
	return list, nil
}

// printGroups shows what bindings may choose, as they name it.
func printGroups(p *program, groups []pickable) error {
	if len(groups) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(p.out, "\n  groups that a binding may choose, by name or id\n")
	for _, g := range groups {
		_, e := fmt.Fprintf(p.out, "    %s  %s  %s\n", report.Printable(g.Name), report.Printable(g.ID), report.Printable(g.DN))
		err = errors.Join(err, e)
	}
	return err
}
