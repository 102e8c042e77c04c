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
	case at.Way == byDirSync:
		way := "DirSync"
		if at.Cookies.Own {
			way = "DirSync, without the right to replicate changes"
		}
		return r.checkDeleted(say, way, func(naming string) (bool, error) { return r.conn.DirSyncSeesDeleted(ctx, naming, at.Cookies.Own) })
	case at.Way == byUSN:
		return r.checkDeleted(say, "uSNChanged", func(naming string) (bool, error) { return r.conn.SeesDeleted(ctx, naming) })
	}
	return nil
}

// checkDeleted says whether deltas tell of deleted objects, where this user's own
// rights decide.
func (r *reading) checkDeleted(say func(source.Level, string, ...any), way string, sees func(naming string) (bool, error)) error {
	for _, base := range r.contexts() {
		found, err := sees(base)
		if err != nil {
			return err
		}
		if !found {
			say(source.Warning, "deltas are read by %s, and this user sees no deleted object of %q: unless none was ever deleted there, whoever is deleted is noticed by the next full load", way, base)
			return nil
		}
	}
	say(source.OK, "deltas are read by %s, deletions included", way)
	return nil
}
