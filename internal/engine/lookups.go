package engine

import (
	"context"
	"strings"

	"rollcall/internal/reconcile"
	"rollcall/internal/rollcall"
)

// lookups finds the other sides of many links with one query per kind of
// condition: per set of remote attributes of one key.
type lookups struct {
	kinds map[string]*lookupKind
}

type lookupKind struct {
	key     string
	remotes []string
	at      map[string]int // joined values -> position in keys and found
	keys    [][]string
	found   [][]rollcall.ObjectID
}

func newLookups() *lookups { return &lookups{kinds: map[string]*lookupKind{}} }

// kind sorts a link's conditions into key, remote attributes and values. All
// of them are on one key: the host's own is the registry's to fill.
func kind(conditions []rollcall.LinkCondition) (name, key string, remotes, values []string) {
	for _, c := range conditions {
		key = c.Key
		remotes = append(remotes, c.Remote)
		values = append(values, c.Value)
	}
	return key + "\x00" + strings.Join(remotes, "\x00"), key, remotes, values
}

func (u *lookups) want(conditions []rollcall.LinkCondition) {
	if len(conditions) == 0 {
		return
	}
	name, key, remotes, values := kind(conditions)
	k := u.kinds[name]
	if k == nil {
		k = &lookupKind{key: key, remotes: remotes, at: map[string]int{}}
		u.kinds[name] = k
	}
	joined := strings.Join(values, "\x00")
	if _, known := k.at[joined]; !known {
		k.at[joined] = len(k.keys)
		k.keys = append(k.keys, values)
	}
}

func (u *lookups) run(ctx context.Context, tx Tx, model *rollcall.Model, link *rollcall.Class) error {
	for _, k := range u.kinds {
		a := link.Attribute(k.key)
		if a == nil {
			continue // refused by check
		}
		var err error
		if k.found, err = tx.Find(ctx, model.Class(a.Target), k.remotes, k.keys); err != nil {
			return err
		}
	}
	return nil
}

// target returns the one object that a link's conditions name. The error is the
// text that iTop gives.
func (u *lookups) target(spec rollcall.LinkSpec, remote string) (rollcall.ObjectID, error) {
	if len(spec.Conditions) == 0 {
		return 0, refusal("Missing value for mandatory attribute(s): %s", remote)
	}
	name, key, remotes, values := kind(spec.Conditions)
	k := u.kinds[name]
	ids := k.found[k.at[strings.Join(values, "\x00")]]
	switch len(ids) {
	case 1:
		return ids[0], nil
	case 0:
		return 0, refusal("Found no match: ext_key = %s, reconciliation = %s", key, listed(remotes, values))
	}
	return 0, refusal("Found several matches: ext_key = %s, reconciliation = %s", key, listed(remotes, values))
}

func listed(remotes, values []string) string {
	return strings.ReplaceAll(reconcile.Criteria(remotes, values), " AND ", ", ")
}
