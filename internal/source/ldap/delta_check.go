package ldap

import (
	"context"

	"rollcall/internal/source"
)

// checkDelta says how changes are found, and what of them is not.
func (r *reading) checkDelta(ctx context.Context, say func(source.Level, string, ...any)) error {
	at, err := r.position(ctx)
	if err != nil {
		return err
	}
	if err := r.begin(ctx, &at); err != nil {
		return err
	}
	switch {
	case at.No != "":
		say(source.Warning, "no deltas: every load is full, because %s", at.No)
	case at.Way == bySync:
		say(source.OK, "deltas are read by syncrepl")
	case at.Way == byTime:
		say(source.Warning, "deltas are read by modifyTimestamp: whoever leaves is noticed by the next full load")
	case at.Way == byDirSync && !at.Cookies.Own:
		say(source.OK, "deltas are read by DirSync, deletions included")
	case at.Way == byDirSync:
		return r.checkDeleted(ctx, say, "DirSync, without the right to replicate changes")
	case at.Way == byUSN:
		return r.checkDeleted(ctx, say, "uSNChanged")
	}
	return nil
}

// checkDeleted says whether deltas tell of deleted objects, where this user's own
// rights decide.
func (r *reading) checkDeleted(ctx context.Context, say func(source.Level, string, ...any), way string) error {
	for _, base := range r.contexts() {
		sees, err := r.conn.SeesDeleted(ctx, base)
		if err != nil {
			return err
		}
		if !sees {
			say(source.Warning, "deltas are read by %s, and this user sees no deleted object of %q: unless none was ever deleted there, whoever is deleted is noticed by the next full load", way, base)
			return nil
		}
	}
	say(source.OK, "deltas are read by %s, deletions included", way)
	return nil
}
