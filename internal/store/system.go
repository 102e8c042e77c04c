package store

import (
	"context"
	"fmt"
	"strings"

	"rollcall/internal/rollcall"
)

// systemView returns the statements that make the view behind a system class.
func (t *table) systemView(d dialect) (string, error) {
	file := "queries/view_" + strings.ToLower(t.root) + "." + d.traits().folder + ".sql"
	text, err := queryFiles.ReadFile(file)
	if err != nil {
		return "", rollcall.Errorf(rollcall.Invalid, "class %s is a system class and this program keeps nothing that it could show: declare it without system", t.root)
	}
	return string(text), nil
}

// lacksView returns the statements that make a system class's view anew, ""
// when it has all that the class asks for.
func (t *table) lacksView(ctx context.Context, on querier, d dialect) (string, error) {
	have, err := d.columns(ctx, on, t.name)
	if err != nil {
		return "", fmt.Errorf("look at view %s: %w", t.name, err)
	}
	for _, code := range t.order {
		if _, there := have[code]; !there {
			return t.systemView(d)
		}
	}
	return "", nil
}

// extendViews makes the views of the system classes, which read the tables of
// the others.
func (l *layout) extendViews(ctx context.Context, tx *Tx) error {
	for _, t := range l.sorted() {
		if !t.isSystem {
			continue
		}
		statements, err := t.systemView(tx.d)
		if err != nil {
			return err
		}
		if _, err := tx.tx.ExecContext(ctx, statements); err != nil {
			return fmt.Errorf("make view %s: %w", t.name, tx.d.translate(err))
		}
	}
	return nil
}

// systemViews returns the names of the views behind system classes; none before
// there is a layout.
func (l *layout) systemViews() []string {
	if l == nil {
		return nil
	}
	var names []string
	for _, t := range l.tables {
		if t.isSystem {
			names = append(names, t.name)
		}
	}
	return names
}

// deleteSystem deletes what a system class shows, where that can be: a replica
// goes with its row.
func (t *Tx) deleteSystem(ctx context.Context, class *rollcall.Class, ids []int64) error {
	if class.Name != "SynchroReplica" {
		return rollcall.Errorf(rollcall.Forbidden, "objects of class %s cannot be deleted: they say what happened", class.Name)
	}
	bySource := map[rollcall.ObjectID][]int64{}
	err := inLists(ids, func(in string, args []any) error {
		return t.gather(ctx, "SELECT sync_source_id, id FROM priv_sync_replica WHERE id "+in, args, bySource)
	})
	if err == nil {
		err = t.dropGathered(ctx, bySource)
	}
	if err != nil {
		return fmt.Errorf("delete replicas: %w", err)
	}
	return nil
}
