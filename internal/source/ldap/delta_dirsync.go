package ldap

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// DeltaDirSync is what Config.DeltaBy can be: Active Directory is asked by the
// control DirSync rather than for a higher uSNChanged.
const DeltaDirSync = "dirsync"

// cookies are where the next delta by DirSync begins. They are good for the
// controller that gave them alone, as the invocation beside them says: another
// one takes them too, and tells nothing of what the first had told; but what is
// read of it may be older than what was read before.
type cookies struct {
	By  map[string][]byte `json:"by,omitempty"`  // by naming context
	Own bool              `json:"own,omitempty"` // by what this user may see, without the right to replicate
	// Sum finds damage, which servers do not: of a cookie with other bits Samba
	// tells less, and no error (4.17, observed).
	Sum []byte `json:"sum,omitempty"`
}

func (c *cookies) sum() []byte {
	h := sha256.New()
	for _, naming := range slices.Sorted(maps.Keys(c.By)) {
		fmt.Fprintf(h, "%q %x %t\n", naming, c.By[naming], c.Own) // a hash never fails
	}
	return h.Sum(nil)[:12]
}

// firstCookies completes a position with cookies that stand for now. Who lacks
// the right to replicate changes is told of what he may see.
func (r *reading) firstCookies(ctx context.Context, at *checkpoint) error {
	at.Cookies.By = map[string][]byte{}
	for _, naming := range r.contexts() {
		cookie, err := r.conn.DirSyncCookie(ctx, naming, at.Cookies.Own)
		if rollcall.KindOf(err) == rollcall.Forbidden && !at.Cookies.Own {
			at.Cookies.Own = true
			return r.firstCookies(ctx, at)
		}
		if err != nil {
			return err
		}
		at.Cookies.By[naming] = cookie
	}
	at.Cookies.Sum = at.Cookies.sum()
	return nil
}

// changedByDirSync asks each naming context for what changed since its cookie.
func (d *delta) changedByDirSync(ctx context.Context) (*changes, error) {
	all := newChanges()
	from := &d.from.Cookies
	if string(from.sum()) != string(from.Sum) {
		return all, &source.NoDelta{Reason: "the cookie of DirSync is damaged"}
	}
	d.to.Cookies = *from
	if d.to.isAt(&d.from) {
		return all, nil
	}
	next := cookies{By: map[string][]byte{}, Own: from.Own}
	syntax := directory.SyntaxOf(d.mapper.key)
	for _, naming := range d.contexts() {
		cookie, isKnown := from.By[naming]
		if !isKnown {
			return all, &source.NoDelta{Reason: fmt.Sprintf("there is no cookie of DirSync for %q", naming)}
		}
		var err error
		ask := directory.DirSync{Context: naming, Cookie: cookie, Own: from.Own}
		next.By[naming], err = d.conn.DirSync(ctx, ask, func(e *directory.Entry) error {
			if key := e.Get(d.mapper.key); len(key) > 0 {
				all.keys[syntax.Text(key[0])] = true
			}
			return nil
		})
		switch {
		case directory.IsReload(err):
			return all, &source.NoDelta{Reason: "the server refused the cookie: " + err.Error()}
		case rollcall.KindOf(err) == rollcall.Forbidden && !from.Own:
			return all, &source.NoDelta{Reason: "this user no longer has the right to replicate changes"}
		case err != nil:
			return all, err
		}
	}
	next.Sum = next.sum()
	d.to.Cookies = next
	return all, d.addContainers(ctx, all)
}

// addContainers finds out which of the changed entries others lie below: an
// answer has only what changed, and the class of a container does not.
func (d *delta) addContainers(ctx context.Context, all *changes) error {
	for batch := range slices.Chunk(slices.Sorted(maps.Keys(all.keys)), keysAtOnce) {
		values := make([][]byte, 0, len(batch))
		for _, key := range batch {
			if raw := d.rawKey(key); raw != nil {
				values = append(values, raw)
			}
		}
		if err := d.scan(ctx, directory.AnyOf(d.mapper.key, values), nil, all); err != nil {
			return err
		}
	}
	return nil
}
