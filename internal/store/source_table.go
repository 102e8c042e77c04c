package store

import (
	"context"
	"fmt"

	"rollcall/internal/rollcall"
)

// classSource is the class whose objects are data sources.
const classSource = "SynchroDataSource"

// makeDataTables gives new data sources their data tables, whoever makes the
// sources: an ETL tool may fill the table at once.
func (t *Tx) makeDataTables(ctx context.Context, class *rollcall.Class, objects []rollcall.Object) error {
	if class.Name != classSource {
		return nil
	}
	for i := range objects {
		o := &objects[i]
		scope := t.model.Class(o.Get("scope_class"))
		if scope == nil || o.Get("database_table_name") == "" {
			continue // the first run makes it, or says why not
		}
		src := rollcall.Source{ID: o.ID, Name: o.Get("name"), Class: scope, Table: o.Get("database_table_name")}
		if err := t.EnsureTable(ctx, &src); err != nil {
			return err
		}
	}
	return nil
}

// dropDataTables deletes what hangs on data sources that go: their tables, their
// replicas and what is known of their runs. Objects stay, and are free.
func (t *Tx) dropDataTables(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) error {
	if class.Name != classSource {
		return nil
	}
	for _, id := range ids {
		table, err := t.dataTable(ctx, id)
		if err != nil {
			return err
		}
		if table != "" {
			statement := "DROP TABLE " + quote(table)
			if t.d.traits().folder == "postgres" {
				statement += "; DROP FUNCTION IF EXISTS " + quote(shortName(table+"_feed"))
			}
			if _, err := t.tx.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("drop table %s: %w", table, t.d.translate(err))
			}
		}
		for _, q := range []string{
			"DELETE FROM data_table WHERE source_id = ?",
			"DELETE FROM priv_sync_replica WHERE sync_source_id = ?",
			"DELETE FROM standing WHERE source_id = ?",
		} {
			if _, err := t.exec(ctx, q, int64(id)); err != nil {
				return fmt.Errorf("delete the replicas of source %d: %w", id, err)
			}
		}
	}
	return nil
}
