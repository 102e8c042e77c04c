package ldap

import (
	"context"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

var _ source.Picker = (*Collector)(nil)

// Pick implements source.Picker; the name is a DN.
func (c *Collector) Pick(ctx context.Context, name string, begin func([]rollcall.Group, source.GroupFinder) error, emit func(*rollcall.Entry) error) error {
	conn, err := directory.Dial(ctx, c.cfg.Directory)
	if err != nil {
		return err
	}
	defer conn.Close()
	return c.PickOver(ctx, conn, name, begin, emit)
}

// PickOver is Pick over a connection that is open already.
func (c *Collector) PickOver(ctx context.Context, conn *directory.Conn, name string, begin func([]rollcall.Group, source.GroupFinder) error, emit func(*rollcall.Entry) error) error {
	r, err := c.prepare(ctx, conn, begin != nil)
	if err != nil || !r.covers(name) {
		return err
	}
	if err := r.readGroups(ctx, begin != nil); err != nil {
		return err
	}
	if begin != nil {
		if err := begin(r.groupList(), &finder{reading: r}); err != nil {
			return err
		}
	}
	s := directory.Search{Base: name, Scope: directory.ScopeBase, Filter: r.filter, Attributes: r.mapper.attributes}
	_, err = conn.Search(ctx, s, func(e *directory.Entry) error { return emit(r.mapper.entry(e)) })
	if rollcall.KindOf(err) == rollcall.NotFound {
		return nil // it left, or moved, since it was found
	}
	return err
}

// covers reports whether an entry of a name lies where the source reads.
func (r *reading) covers(name string) bool {
	dn, err := rollcall.ParseDN(name)
	if err != nil {
		return false
	}
	for _, b := range r.bases {
		base, err := rollcall.ParseDN(b)
		if err != nil || !dn.Under(base) {
			continue
		}
		deep := len(dn) - len(base)
		if r.scope == directory.ScopeSubtree || r.scope == directory.ScopeOne && deep == 1 || r.scope == directory.ScopeBase && deep == 0 {
			return true
		}
	}
	return false
}
