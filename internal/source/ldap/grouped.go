package ldap

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

var _ source.Grouper = (*Collector)(nil)

// CollectGrouped implements source.Grouper.
func (c *Collector) CollectGrouped(ctx context.Context, begin func([]rollcall.Group, source.GroupFinder) error, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	conn, err := directory.Dial(ctx, c.cfg.Directory)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	told := func(r *reading) error { return begin(r.groupList(), &finder{reading: r}) }
	if c.cfg.Delta {
		return c.collectFrom(ctx, conn, told, emit)
	}
	_, err = c.collectOver(ctx, conn, told, emit)
	return nil, err
}

// groupList lists the groups that were read.
func (r *reading) groupList() []rollcall.Group {
	groups := make([]rollcall.Group, r.membership.Len())
	for i := range groups {
		groups[i] = r.membership.Group(directory.GroupID(i))
	}
	return groups
}

// finder answers by searches over the connection of a read.
type finder struct {
	*reading
	at map[string]uint32 // by folded DN: the place of a group
}

// Groups implements source.GroupFinder.
func (f *finder) Groups(ctx context.Context, text string) ([]uint32, error) {
	filter, err := directory.ParseFilter(text)
	if err != nil {
		return nil, err
	}
	if f.at == nil {
		f.at = make(map[string]uint32, f.membership.Len())
		for i := range f.membership.Len() {
			f.at[rollcall.FoldDN(f.membership.DN(directory.GroupID(i)))] = uint32(i)
		}
	}
	var places []uint32
	for _, base := range f.groupBases() {
		err := f.each(ctx, base, f.groupScope, filter, []string{"1.1"}, func(e *directory.Entry) {
			if place, ok := f.at[rollcall.FoldDN(string(e.DN))]; ok {
				places = append(places, place)
			}
		})
		if err != nil {
			return nil, fmt.Errorf("look for the groups of %s: %w", text, err)
		}
	}
	slices.Sort(places)
	return slices.Compact(places), nil
}

// Members implements source.GroupFinder.
func (f *finder) Members(ctx context.Context, text string) ([]string, error) {
	filter, err := directory.ParseFilter(text)
	if err != nil {
		return nil, err
	}
	if f.filter != nil { // whoever the source does not read is nobody's member
		if filter, err = directory.ParseFilter("(&" + f.filter.String() + filter.String() + ")"); err != nil {
			return nil, err
		}
	}
	var keys []string
	for _, base := range f.bases {
		err := f.each(ctx, base, f.scope, filter, []string{f.mapper.key}, func(e *directory.Entry) {
			if raw := e.Get(f.mapper.key); len(raw) > 0 {
				keys = append(keys, directory.SyntaxOf(f.mapper.key).Text(raw[0]))
			}
		})
		if err != nil {
			return nil, fmt.Errorf("look for the members of %s: %w", text, err)
		}
	}
	return keys, nil
}

// each searches to the proved end; a base that is not there holds nothing.
func (f *finder) each(ctx context.Context, base string, scope directory.Scope, filter *directory.Filter, attributes []string, emit func(*directory.Entry)) error {
	if f.mapper.keyAt < 0 && slices.Equal(attributes, []string{f.mapper.key}) {
		return errors.New("members are told by an immutable key, not by their DN")
	}
	_, err := f.conn.Search(ctx, directory.Search{Base: base, Scope: scope, Filter: filter, Attributes: attributes}, func(e *directory.Entry) error {
		emit(e)
		return nil
	})
	return err
}
