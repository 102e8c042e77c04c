package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"rollcall/internal/rollcall"
)

// FeedNew puts rows with new keys into the data table of a source, and makes
// their replicas. It gives the rows their replicas' numbers.
func (t *Tx) FeedNew(ctx context.Context, src *rollcall.Source, columns []rollcall.DataColumn, rows []rollcall.FedRow, at time.Time) error {
	if len(rows) == 0 {
		return nil
	}
	if err := t.own(ctx); err != nil {
		return err
	}
	t.tally(src.ID).net += len(rows)
	first, err := t.reserve(ctx, "priv_sync_replica", len(rows))
	if err != nil {
		return fmt.Errorf("put rows into %s: %w", src.Table, err)
	}
	names, kinds := feedColumns(columns)
	b := t.insert("priv_sync_replica", append([]string{"id"}, replicaColumns...))
	data := t.insert(quote(src.Table), append([]string{"id", "primary_key"}, names...))
	var boxes boxes
	for i := range rows {
		row := &rows[i]
		row.Replica = first + int64(i)
		replica := rollcall.Replica{ID: row.Replica, Key: row.Key, Content: row.Content, State: rollcall.StateNew, LastSeen: at}
		var id any = row.Replica
		b.args = bindReplica(append(b.args, id), src, &replica, &boxes)
		data.args = append(data.args, id, row.Key)
		for c := range kinds {
			data.args = append(data.args, bindFed(kinds[c], row.Cells[c]))
		}
		if err := b.drain(ctx); err != nil {
			return fmt.Errorf("put rows into %s: %w", src.Table, err)
		}
		if err := data.drain(ctx); err != nil {
			return fmt.Errorf("put rows into %s: %w", src.Table, err)
		}
	}
	if err := b.flush(ctx); err != nil {
		return fmt.Errorf("put rows into %s: %w", src.Table, err)
	}
	if err := data.flush(ctx); err != nil {
		return fmt.Errorf("put rows into %s: %w", src.Table, err)
	}
	return nil
}

// feedColumns returns the quoted names of columns, and how they are kept.
func feedColumns(columns []rollcall.DataColumn) (names []string, kinds []kind) {
	for _, c := range columns {
		names = append(names, quote(c.Name))
		kinds = append(kinds, columnsOf(c.Attribute)[c.Part].kind)
	}
	return names, kinds
}

// bindFed makes the parameter of a cell. A number that cannot be read is left
// alone: no column of numbers means anything here but to iTop's own pages.
func bindFed(k kind, cell rollcall.Cell) any {
	switch {
	case !cell.Set:
		return nil
	case k == binary:
		return []byte(cell.Text)
	case k == number:
		if n, err := k.bind(cell.Text); err == nil {
			return n
		}
		return nil
	}
	return cell.Text
}

// fedState is what a row and its replica are before new values come.
type fedState struct {
	state rollcall.ReplicaState
	taken sql.NullString
	cells map[string]any // by column
}

// FeedKnown gives rows of a source that exist new values in some columns; cells
// named in Skip keep what they have. A row that changed makes its replica
// `modified`; one that was obsolete is there again.
func (t *Tx) FeedKnown(ctx context.Context, src *rollcall.Source, columns []rollcall.DataColumn, rows []rollcall.FedRow, at time.Time) error {
	if len(rows) == 0 {
		return nil
	}
	if err := t.own(ctx); err != nil {
		return err
	}
	before, err := t.fedStates(ctx, src, rows)
	if err != nil {
		return fmt.Errorf("read rows of %s: %w", src.Table, err)
	}
	names, kinds := feedColumns(columns)
	set := make([]column, len(columns))
	for i := range columns {
		set[i] = column{name: names[i], kind: kinds[i]}
	}
	replicas := t.update("priv_sync_replica", []column{
		{name: "content", kind: binary}, {name: "status_last_seen", kind: exact}, {name: "status", kind: text}, {name: "taken", kind: exact},
	}, "")
	var data *bulk
	if len(set) > 0 {
		data = t.update(quote(src.Table), set, "")
	}
	for i := range rows {
		row := &rows[i]
		was := before[row.Replica]
		if was == nil {
			return rollcall.Errorf(rollcall.Conflict, "put rows into %s: row %s vanished meanwhile: load it again", src.Table, row.Key)
		}
		values, changed := was.cellsAfter(row, columns, kinds)
		if err := was.change(src, changed); err != nil {
			return err
		}
		replicas.args = append(replicas.args, row.Replica, row.Content[:], timeText(at), string(was.state), nullText(was.taken))
		if err := replicas.drain(ctx); err != nil {
			return fmt.Errorf("change replicas of source %s: %w", src.Name, err)
		}
		if !changed {
			continue
		}
		data.args = append(append(data.args, row.Replica), values...)
		if err := data.drain(ctx); err != nil {
			return fmt.Errorf("change rows of %s: %w", src.Table, err)
		}
	}
	if err := replicas.flush(ctx); err != nil {
		return fmt.Errorf("change replicas of source %s: %w", src.Name, err)
	}
	if data == nil {
		return nil
	}
	if err := data.flush(ctx); err != nil {
		return fmt.Errorf("change rows of %s: %w", src.Table, err)
	}
	return nil
}

// cellsAfter returns what a row has in some columns once new values came, and
// whether one of them is another than before.
func (s *fedState) cellsAfter(row *rollcall.FedRow, columns []rollcall.DataColumn, kinds []kind) (values []any, changed bool) {
	values = make([]any, len(columns))
	for i, column := range columns {
		old := s.cells[column.Name]
		values[i] = bindFed(kinds[i], row.Cells[i])
		if slices.Contains(row.Skip, i) {
			values[i] = old
		}
		changed = changed || !sameCell(old, values[i])
	}
	return values, changed
}

// change is what the trigger of an update does to a replica.
func (s *fedState) change(src *rollcall.Source, changed bool) error {
	if changed && !s.taken.Valid && s.state != rollcall.StateNew {
		taken, err := takenText(src, s.cells)
		if err != nil {
			return err
		}
		s.taken = sql.NullString{String: taken, Valid: true}
	}
	if s.state == rollcall.StateObsolete || changed && s.state == rollcall.StateSynchronized {
		s.state = rollcall.StateModified
	}
	return nil
}

func nullText(s sql.NullString) any {
	if !s.Valid {
		return nil
	}
	return s.String
}

func sameCell(a, b any) bool {
	x, isBytes := a.([]byte)
	y, areBytes := b.([]byte)
	if isBytes || areBytes {
		return isBytes && areBytes && string(x) == string(y)
	}
	return a == b
}

// fedStates reads rows and the states of their replicas.
func (t *Tx) fedStates(ctx context.Context, src *rollcall.Source, rows []rollcall.FedRow) (map[int64]*fedState, error) {
	columns := rollcall.DataColumns(src.Class)
	names, _ := feedColumns(columns)
	query := "SELECT r.id, r.status, r.taken"
	for _, name := range names {
		query += ", d." + name
	}
	query += " FROM priv_sync_replica r JOIN " + quote(src.Table) + " d ON d.id = r.id WHERE " + ofSource + " AND r.id "
	ids := make([]int64, len(rows))
	for i := range rows {
		ids[i] = rows[i].Replica
	}
	if err := t.HoldReplicas(ctx, src, ids); err != nil {
		return nil, err
	}
	states := make(map[int64]*fedState, len(rows))
	err := inLists(ids, func(in string, args []any) error {
		return t.each(ctx, query+in, append([]any{int64(src.ID)}, args...), func(r *sql.Rows) error {
			var id int64
			s := &fedState{cells: make(map[string]any, len(columns))}
			values := make([]any, len(columns))
			dest := []any{&id, &s.state, &s.taken}
			for i := range values {
				dest = append(dest, &values[i])
			}
			if err := r.Scan(dest...); err != nil {
				return err
			}
			for i, c := range columns {
				s.cells[c.Name] = values[i]
			}
			states[id] = s
			return nil
		})
	})
	return states, err
}

// FeedSame notes that rows of a source came again as they were. What was
// obsolete is there again.
func (t *Tx) FeedSame(ctx context.Context, source rollcall.ObjectID, ids []int64, at time.Time) error {
	err := inLists(ids, func(in string, args []any) error {
		_, err := t.exec(ctx, "UPDATE priv_sync_replica SET status_last_seen = ?, status = CASE status WHEN 'obsolete' THEN 'modified' ELSE status END WHERE "+ofSource+" AND id "+in,
			append([]any{timeText(at), int64(source)}, args...)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("note that rows came again: %w", err)
	}
	return nil
}

// takenText keeps the values of a row's attributes as feedTriggers' oldText does.
func takenText(src *rollcall.Source, cells map[string]any) (string, error) {
	row := map[string]string{}
	for _, c := range rollcall.DataColumns(src.Class) {
		value := cells[c.Name]
		if c.Part > 0 || value == nil {
			continue
		}
		if b, ok := value.([]byte); ok && isBinary(c) {
			row[c.Name] = hex.EncodeToString(b)
			continue
		}
		row[c.Name] = cellText(value)
	}
	data, err := json.Marshal(row)
	return string(data), err
}

// takenRow reads it, beside the source's rules.
func takenRow(src *rollcall.Source, text string) (rollcall.Row, error) {
	var cells map[string]*string
	if err := json.Unmarshal([]byte(text), &cells); err != nil {
		return nil, fmt.Errorf("read the row last taken over: %w", err)
	}
	row := make(rollcall.Row, len(src.Rules.Attributes))
	for i := range src.Rules.Attributes {
		main := columnsOf(src.Rules.Attributes[i].Attribute)[0]
		value := cells[main.name]
		if value == nil {
			continue
		}
		row[i] = rollcall.Cell{Text: *value, Set: true}
		if main.kind == binary {
			raw, err := hex.DecodeString(*value)
			if err != nil {
				return nil, fmt.Errorf("read the row last taken over: %w", err)
			}
			row[i].Text = string(raw)
		}
	}
	return row, nil
}
