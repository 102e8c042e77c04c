package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"strings"

	"rollcall/internal/rollcall"
)

//go:embed queries/*.sql
var queryFiles embed.FS

// watch makes the triggers that note objects written past the registry. The
// registry raises row_version with every change; a change that leaves it alone
// is somebody else's, as is every deletion that DeleteObjects does not clear.
func (t *table) watch(ctx context.Context, tx *Tx) error {
	if len(t.order) == 0 {
		return nil
	}
	text, err := queryFiles.ReadFile("queries/drift." + tx.d.traits().folder + ".sql")
	if err != nil {
		return err
	}
	columns := make([]string, len(t.order))
	for i, code := range t.order {
		columns[i] = t.columns[code].name
	}
	statement := strings.NewReplacer(
		"{table}", t.quoted,
		"{name}", "'"+strings.ReplaceAll(t.name, "'", "''")+"'",
		"{columns}", strings.Join(columns, ", "),
		"{update}", quote(shortName(t.name+"_drift_update")),
		"{delete}", quote(shortName(t.name+"_drift_delete")),
	).Replace(string(text))
	if _, err := tx.tx.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("watch table %s: %w", t.name, tx.d.translate(err))
	}
	return nil
}

// Drifted returns the replicas of a source whose objects were written past the
// registry since its standing, and the newest note there is, which becomes the
// Drift of its next standing.
func (q *queries) Drifted(ctx context.Context, src *rollcall.Source, since int64) (replicas []int64, newest int64, err error) {
	tab, err := q.layout().table(src.Class)
	if err != nil {
		return nil, 0, err
	}
	if err := q.one(ctx, "SELECT COALESCE(MAX(id), 0) FROM drift", nil, &newest); err != nil {
		return nil, 0, fmt.Errorf("look for drift: %w", err)
	}
	if newest <= since {
		return nil, since, nil
	}
	const query = `SELECT DISTINCT r.id FROM drift d JOIN priv_sync_replica r ON r.dest_id = d.object_id
		WHERE d.id > ? AND d.id <= ? AND d.class_table = ? AND ` + ofSource + ` AND `
	err = q.each(ctx, query+q.destOf(src.Class), []any{since, newest, tab.name, int64(src.ID)}, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		replicas = append(replicas, id)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("look for drift: %w", err)
	}
	return replicas, newest, nil
}

// clearDrift forgets the notes of objects that the registry deleted itself.
func (t *Tx) clearDrift(ctx context.Context, tab *table, ids []int64) error {
	return inLists(ids, func(in string, args []any) error {
		_, err := t.exec(ctx, "DELETE FROM drift WHERE class_table = ? AND object_id "+in, append([]any{tab.name}, args...)...)
		return err
	})
}

// pruneDrift forgets the notes that every source has looked at.
func (t *Tx) pruneDrift(ctx context.Context) error {
	_, err := t.exec(ctx, "DELETE FROM drift WHERE id <= (SELECT MIN(drift) FROM standing)")
	return err
}
