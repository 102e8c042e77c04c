package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"rollcall/internal/rollcall"
)

// The time of the database, as timeText spells it: a trigger has no other.
var triggerClock = map[string]string{
	"sqlite":   "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'",
	"postgres": "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
}

// watchFeed gives the data table of a source the triggers that keep replicas in
// step with rows which somebody else writes by SQL, as iTop 3.2.0 does: a row
// that comes makes a replica, one that changes makes it `modified`, one that
// goes takes it along, and every touch says that it was seen. Nothing is done
// when the table has them already.
func (t *Tx) watchFeed(ctx context.Context, src *rollcall.Source) error {
	statements, sum, err := t.unwatched(ctx, src)
	if err != nil || statements == "" {
		return err
	}
	if _, err := t.tx.ExecContext(ctx, statements); err != nil {
		return fmt.Errorf("watch table %s: %w", src.Table, t.d.translate(err))
	}
	if _, err := t.exec(ctx, "UPDATE data_table SET watched = ? WHERE source_id = ?", sum, int64(src.ID)); err != nil {
		return fmt.Errorf("watch table %s: %w", src.Table, err)
	}
	return nil
}

// unwatched returns the statements that make a table's triggers and what they
// sum up to, none when it has just these.
func (q *queries) unwatched(ctx context.Context, src *rollcall.Source) (statements, sum string, err error) {
	if statements, err = q.feedTriggers(src); err != nil {
		return "", "", err
	}
	hash, have := sha256.Sum256([]byte(statements)), ""
	sum = hex.EncodeToString(hash[:8])
	if err := q.one(ctx, "SELECT watched FROM data_table WHERE source_id = ?", []any{int64(src.ID)}, &have); err != nil {
		return "", "", fmt.Errorf("look at the triggers of table %s: %w", src.Table, err)
	}
	if have == sum {
		return "", sum, nil
	}
	return statements, sum, nil
}

// feedTriggers spells the triggers of one data table.
func (q *queries) feedTriggers(src *rollcall.Source) (string, error) {
	folder := q.d.traits().folder
	text, err := queryFiles.ReadFile("queries/feed." + folder + ".sql")
	if err != nil {
		return "", err
	}
	schema := ""
	if p, ok := q.d.(*postgres); ok {
		schema = quote(p.schema)
	}
	columns := rollcall.DataColumns(src.Class)
	name := func(suffix string) string { return quote(shortName(src.Table + suffix)) }
	return strings.NewReplacer(
		"{table}", quote(src.Table),
		"{source}", idText(src.ID),
		"{now}", triggerClock[folder],
		"{zeros}", `'\x00000000000000000000000000000000'`,
		"{changed}", changedText(columns, folder),
		"{old}", oldText(columns, folder),
		"{schema}", schema,
		"{function}", name("_feed"),
		"{insert}", name("_bi"), "{update}", name("_bu"), "{delete}", name("_ad"),
		"{index}", quote(indexName(src.Table, []string{rollcall.KeyColumn})),
	).Replace(string(text)), nil
}

// changedText is a condition that holds when a column of a row has another
// value than before. Letters that differ in case alone are another value, which
// they are not on iTop's collation.
func changedText(columns []rollcall.DataColumn, folder string) string {
	if len(columns) == 0 {
		return "1 = 0"
	}
	differs := " IS NOT "
	if folder == "postgres" {
		differs = " IS DISTINCT FROM "
	}
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = "NEW." + quote(c.Name) + differs + "OLD." + quote(c.Name)
	}
	return strings.Join(parts, " OR ")
}

// objectColumns is how many columns one call of json_object takes: databases
// limit the arguments of a function.
const objectColumns = 40

// oldText is an expression that keeps the values of a row as takenRow reads
// them: a JSON object without those that are NULL.
func oldText(columns []rollcall.DataColumn, folder string) string {
	build, merge, end, hexed := "json_object(", "json_patch(%s, %s)", "", "lower(hex(OLD.%s))"
	if folder == "postgres" {
		build, merge, end, hexed = "jsonb_build_object(", "%s || %s", "::text", "encode(OLD.%s, 'hex')"
	}
	var pairs []string
	for _, c := range columns {
		if c.Part > 0 {
			continue
		}
		value := "OLD." + quote(c.Name)
		if isBinary(c) {
			value = fmt.Sprintf(hexed, quote(c.Name))
			if folder == "sqlite" { // where hex(NULL) is an empty text
				value = "CASE WHEN OLD." + quote(c.Name) + " IS NULL THEN NULL ELSE " + value + " END"
			}
		}
		pairs = append(pairs, "'"+strings.ReplaceAll(c.Name, "'", "''")+"', "+value)
	}
	whole := build + ")"
	for i := 0; i < len(pairs); i += objectColumns {
		part := build + strings.Join(pairs[i:min(i+objectColumns, len(pairs))], ", ") + ")"
		whole = fmt.Sprintf(merge, whole, part)
	}
	if end != "" {
		return "(" + whole + ")" + end
	}
	return whole
}

func isBinary(c rollcall.DataColumn) bool {
	return columnsOf(c.Attribute)[c.Part].kind == binary
}

// own makes the triggers of data tables silent for the rest of the transaction:
// what it writes keeps rows and replicas in step by itself. Nobody else sees the
// mark, which is gone before the transaction ends.
func (t *Tx) own(ctx context.Context) error {
	if t.isOwn {
		return nil
	}
	query := "INSERT INTO own_write (one) VALUES (1)"
	if t.d.traits().folder == "postgres" {
		query = "SELECT set_config('rollcall.own_write', 'on', true)"
	}
	if _, err := t.tx.ExecContext(ctx, query); err != nil {
		return fmt.Errorf("begin writing data tables: %w", t.d.translate(err))
	}
	t.isOwn = true
	return nil
}

// disown ends what own began. On PostgreSQL the mark ends with the transaction.
func (t *Tx) disown() error {
	if !t.isOwn || t.d.traits().folder == "postgres" {
		return nil
	}
	_, err := t.tx.ExecContext(context.Background(), "DELETE FROM own_write")
	return t.d.translate(err)
}
