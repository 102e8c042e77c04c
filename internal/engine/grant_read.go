package engine

import (
	"context"

	"rollcall/internal/binding"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// grouping is what a load says of groups: all of them, those that the bindings
// mean, and who belongs to which.
type grouping struct {
	bindings []rollcall.Binding
	groups   []rollcall.Group
	chosen   [][]uint32            // beside bindings
	members  []map[uint32][]string // beside bindings: by group, the keys of those whom the binding's own filter found
	only     *binding.Rights       // who counts as read; nil: everybody
	digest   groupDigest           // of what is bound to what
	of       map[string]span       // by key of an entry
	places   []uint32
}

// span is a part of places.
type span struct{ from, to int }

// read reads the source, with the groups of its entries where bindings ask for
// them.
func (l *load) read(ctx context.Context, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	if len(l.job.Bindings) == 0 {
		return l.job.Collector.Collect(ctx, emit)
	}
	grouper, ok := l.job.Collector.(source.Grouper)
	if !ok {
		return nil, rollcall.Errorf(rollcall.Invalid, "its entries have no groups, so nothing can be bound to them: remove its bindings")
	}
	l.groups = &grouping{bindings: l.job.Bindings, of: map[string]span{}}
	return grouper.CollectGrouped(ctx, func(groups []rollcall.Group, find source.GroupFinder) error {
		return l.groups.begin(ctx, groups, find)
	}, emit)
}

// begin finds out which groups the bindings mean.
func (g *grouping) begin(ctx context.Context, groups []rollcall.Group, find source.GroupFinder) error {
	g.groups = groups
	g.chosen = make([][]uint32, len(g.bindings))
	g.members = make([]map[uint32][]string, len(g.bindings))
	var slots []binding.Slot
	only := false
	for i := range g.bindings {
		b := &g.bindings[i]
		var found []uint32
		if b.Groups.Filter != "" {
			var err error
			if found, err = find.Groups(ctx, binding.GroupsFilter(b.Groups.Filter)); err != nil {
				return err
			}
		}
		g.chosen[i] = binding.Choose(groups, &b.Groups, found)
		only = only || b.OnlyGroups
		for _, at := range g.chosen[i] {
			slot := binding.Slot{Binding: b, Group: at}
			if b.Members != "" {
				keys, err := find.Members(ctx, binding.MembersFilter(b.Members, &groups[at]))
				if err != nil {
					return err
				}
				if g.members[i] == nil {
					g.members[i] = map[uint32][]string{}
				}
				slot.Members = append([]string{}, keys...)
				g.members[i][at] = slot.Members
			}
			slots = append(slots, slot)
		}
	}
	if only {
		g.only = binding.NewRights(groups, slots)
	}
	g.digest = g.sum()
	return nil
}

// note keeps which groups an entry belongs to; it reports whether the entry
// counts as read.
func (g *grouping) note(e *rollcall.Entry) bool {
	from := len(g.places)
	g.places = append(g.places, e.Groups...)
	key := string(e.Key)
	g.of[key] = span{from, len(g.places)}
	return g.only == nil || g.only.Has(binding.Entry{Key: key, Direct: e.Groups})
}

// forget makes the groups of a key unknown: several entries claim it.
func (g *grouping) forget(key []byte) { delete(g.of, string(key)) }

// entry returns what is known of an entry's groups.
func (g *grouping) entry(key string) (e binding.Entry, known bool) {
	s, known := g.of[key]
	return binding.Entry{Key: key, Direct: g.places[s.from:s.to]}, known
}
