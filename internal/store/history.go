package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"rollcall/internal/rollcall"
)

var historyColumns = []string{"object_id", "class", "verb", "name", "entry_key", "reason", "sets", "origin", "made_by", "source_id", "run", "made_at"}

// InsertHistory writes steps of history. Their IDs are given by the database.
func (t *Tx) InsertHistory(ctx context.Context, steps []rollcall.History) error {
	b := t.insert("history", historyColumns)
	var boxes boxes
	for i := range steps {
		h := &steps[i]
		var sets any
		if len(h.Sets) > 0 {
			text, err := encodeSets(h.Sets)
			if err != nil {
				return fmt.Errorf("write history of %s %d: %w", h.Object.Class, h.Object.ID, err)
			}
			sets = text
		}
		b.args = append(b.args, int64(h.Object.ID), boxes.text(0, h.Object.Class), boxes.text(1, string(h.Verb)), h.Name, h.Key, boxes.text(2, h.Reason), sets,
			boxes.text(3, h.Origin.Kind), boxes.text(4, h.Origin.By), boxes.number(0, int64(h.Origin.Source)), boxes.number(1, h.Origin.Run), boxes.time(h.Origin.At))
		if err := b.drain(ctx); err != nil {
			return fmt.Errorf("write history: %w", err)
		}
	}
	if err := b.flush(ctx); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	return nil
}

// historyPage is how many steps History reads before it hands them out.
const historyPage = 500

// History yields the steps that a filter selects, in the order they were
// written or newest first. yield may read within the same transaction.
func (q *queries) History(ctx context.Context, filter rollcall.HistoryFilter, yield func(*rollcall.History) error) error {
	where, args := historyWhere(filter)
	order, beyond := "id", "id > ?"
	last := filter.After
	if filter.Newest {
		order, beyond, last = "id DESC", "id < ?", 1<<62
	}
	query := "SELECT id, " + strings.Join(historyColumns, ", ") + " FROM history WHERE " + strings.Join(append(where, beyond), " AND ") + " ORDER BY " + order + " LIMIT ?"
	for left := filter.Limit; ; left -= historyPage {
		limit := historyPage
		if filter.Limit > 0 {
			limit = min(limit, left)
		}
		page, err := q.historyPage(ctx, query, append(args[:len(args):len(args)], last, limit))
		if err != nil {
			return fmt.Errorf("read history: %w", err)
		}
		for i := range page {
			last = page[i].ID
			if err := yield(&page[i]); err != nil {
				return err
			}
		}
		if len(page) < historyPage || filter.Limit > 0 && left <= historyPage {
			return nil
		}
	}
}

func historyWhere(filter rollcall.HistoryFilter) (where []string, args []any) {
	if filter.Object.ID != 0 {
		where, args = append(where, "object_id = ?"), append(args, int64(filter.Object.ID))
	}
	if filter.Object.Class != "" {
		where, args = append(where, "class = ?"), append(args, filter.Object.Class)
	}
	if filter.Run != 0 {
		// The constant lets SQLite use the index, which leaves out run 0.
		where, args = append(where, "run = ? AND run <> 0"), append(args, filter.Run)
	}
	return where, args
}

func (q *queries) historyPage(ctx context.Context, query string, args []any) ([]rollcall.History, error) {
	var page []rollcall.History
	err := q.each(ctx, query, args, func(rows *sql.Rows) error {
		var h rollcall.History
		var sets, at sql.NullString
		if err := rows.Scan(&h.ID, &h.Object.ID, &h.Object.Class, &h.Verb, &h.Name, &h.Key, &h.Reason, &sets,
			&h.Origin.Kind, &h.Origin.By, &h.Origin.Source, &h.Origin.Run, &at); err != nil {
			return err
		}
		var err error
		if h.Origin.At, err = parseTime(at.String); err != nil {
			return err
		}
		if sets.Valid {
			if h.Sets, err = decodeSets(sets.String); err != nil {
				return fmt.Errorf("step %d: %w", h.ID, err)
			}
		}
		page = append(page, h)
		return nil
	})
	return page, err
}

// storedSet is a rollcall.Set whose values may be bytes that are no text.
type storedSet struct {
	Attribute string  `json:"a"`
	Old       jsonStr `json:"o,omitzero"`
	New       jsonStr `json:"n,omitzero"`
	OldText   string  `json:"ot,omitempty"`
	NewText   string  `json:"nt,omitempty"`
	Why       string  `json:"w,omitempty"`
}

func encodeSets(sets []rollcall.Set) (string, error) {
	stored := make([]storedSet, len(sets))
	for i, s := range sets {
		stored[i] = storedSet{s.Attribute, jsonStr(s.Old), jsonStr(s.New), s.OldText, s.NewText, s.Why}
	}
	text, err := json.Marshal(stored)
	return string(text), err
}

func decodeSets(text string) ([]rollcall.Set, error) {
	var stored []storedSet
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return nil, err
	}
	sets := make([]rollcall.Set, len(stored))
	for i, s := range stored {
		sets[i] = rollcall.Set{Attribute: s.Attribute, Old: string(s.Old), New: string(s.New), OldText: s.OldText, NewText: s.NewText, Why: s.Why}
	}
	return sets, nil
}
