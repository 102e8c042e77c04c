package ldap

import (
	"context"
	"fmt"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

var _ source.Glancer = (*Collector)(nil)

// Glance implements source.Glancer; the name is a DN.
func (c *Collector) Glance(ctx context.Context, name string, begin func([]rollcall.Group, source.GroupFinder) error, emit func(*rollcall.Entry) error) (sure bool, err error) {
	conn, err := directory.Dial(ctx, c.cfg.Directory)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	return c.GlanceOver(ctx, conn, name, begin, emit)
}

// GlanceOver is Glance over a connection that is open already.
func (c *Collector) GlanceOver(ctx context.Context, conn *directory.Conn, name string, begin func([]rollcall.Group, source.GroupFinder) error, emit func(*rollcall.Entry) error) (sure bool, err error) {
	r, err := c.prepare(ctx, conn, begin != nil)
	if err != nil || !r.covers(name) {
		return err == nil, err
	}
	var entry *directory.Entry
	s := directory.Search{Base: name, Scope: directory.ScopeBase, Filter: r.filter, Attributes: r.mapper.attributes}
	_, err = conn.Search(ctx, s, func(e *directory.Entry) error {
		entry = e.Clone()
		return nil
	})
	switch {
	case rollcall.KindOf(err) == rollcall.NotFound || err == nil && entry == nil:
		return true, nil // it is not there, or no longer
	case err != nil:
		return false, err
	}
	if r.mapper.wantsGroups || begin != nil {
		m, sure, err := conn.MembershipOf(ctx, r.wantedGroups(begin != nil), r.mapper.member(entry))
		// Who is in no group at all may be in groups that may be read and not be searched by their members.
		if err != nil || !sure || m.Len() == 0 {
			return false, wrapGroups(err)
		}
		r.useGroups(m)
	}
	if begin != nil {
		if err := begin(r.groupList(), &finder{reading: r}); err != nil {
			return false, err
		}
	}
	return true, emit(r.mapper.entry(entry))
}

func wrapGroups(err error) error {
	if err != nil {
		return fmt.Errorf("read the groups of an entry: %w", err)
	}
	return nil
}
