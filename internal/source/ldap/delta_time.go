package ldap

import (
	"context"
	"errors"
	"time"

	"rollcall/internal/directory"
	"rollcall/internal/source"
)

// Deltas by modifyTimestamp. Stamps are of the server's clock, and where the next
// delta begins is a matter of that clock alone: it begins a while before the
// newest stamp there was, and never later than our own clock says. So no change is
// lost when ours is ahead, by up to a day, and more is read when it is behind.

const (
	// overlap is how far before the newest stamp a delta looks: further than the
	// clocks of servers that copy from one another differ, and than writing takes.
	overlap = 10 * time.Minute
	// mostAhead is how far our clock may be ahead of the server's.
	mostAhead = 24 * time.Hour

	modified = "modifyTimestamp"
)

// firstTime completes a position with the time from which the next delta looks.
func (r *reading) firstTime(ctx context.Context, at *checkpoint) error {
	now := r.cfg.Now().UTC()
	for _, back := range []time.Duration{time.Hour, mostAhead} {
		newest, err := r.newest(ctx, since(now.Add(-back)))
		if err != nil {
			return err
		}
		if !newest.IsZero() {
			at.Time = beginning(now, newest)
			return nil
		}
	}
	at.Time = now.Add(-mostAhead)
	seen, err := r.seesStamps(ctx)
	if err == nil && !seen {
		at.No = "this user sees no " + modified + ", by which changes would be found"
	}
	return err
}

// seesStamps reports whether any entry shows when it was written.
func (r *reading) seesStamps(ctx context.Context) (bool, error) {
	found := false
	for _, naming := range r.contexts() {
		s := directory.Search{Base: naming, Scope: directory.ScopeSubtree, Filter: directory.MustFilter("(" + modified + "=*)"), Attributes: []string{"1.1"}}
		_, err := r.conn.Search(ctx, s, func(*directory.Entry) error { found = true; return directory.ErrStop })
		if err != nil && !errors.Is(err, directory.ErrStop) {
			return found, err
		}
	}
	return found, nil
}

// newest returns the newest of the stamps of what a filter finds, zero when that
// is nothing.
func (r *reading) newest(ctx context.Context, filter *directory.Filter) (time.Time, error) {
	var newest time.Time
	for _, naming := range r.contexts() {
		s := directory.Search{Base: naming, Scope: directory.ScopeSubtree, Filter: filter, Attributes: []string{modified}}
		_, err := r.conn.Search(ctx, s, func(e *directory.Entry) error {
			newest = later(newest, e.Values[0])
			return nil
		})
		if err != nil {
			return newest, err
		}
	}
	return newest, nil
}

// changedByTime looks for entries that were written since a time.
func (d *delta) changedByTime(ctx context.Context) (*changes, error) {
	all := newChanges()
	now := d.cfg.Now().UTC()
	if now.Before(d.from.Time) {
		return all, &source.NoDelta{Reason: "the clock went back: changes were looked for until " + d.from.Time.Format(time.DateTime)}
	}
	if err := d.scan(ctx, since(d.from.Time), nil, all); err != nil {
		return all, err
	}
	d.to.Time = d.from.Time
	if !all.newest.IsZero() {
		d.to.Time = beginning(now, all.newest)
	}
	return all, nil
}

// since is a filter for what was written at a time or later.
func since(at time.Time) *directory.Filter {
	return directory.AtLeast(modified, at.UTC().Format("20060102150405")+"Z")
}

// beginning is where a delta begins after one that saw everything up to a stamp.
func beginning(now, newest time.Time) time.Time {
	if now.Before(newest) {
		newest = now
	}
	return newest.Add(-overlap)
}

// later returns the later of a time and an entry's stamp.
func later(newest time.Time, values [][]byte) time.Time {
	if len(values) == 0 {
		return newest
	}
	if at, ok := directory.ParseTime(string(values[0])); ok && at.After(newest) {
		return at.UTC()
	}
	return newest
}
