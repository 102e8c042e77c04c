package engine

import (
	"context"
	"slices"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// pick reads the entry. To see whether anything is to be done, its own groups are
// enough: they are the same as before, or all groups are read, as a run reads
// them, before anything is decided. A binding that looks for members by a filter
// of its own may give something to who is in none of its groups.
func (s *single) pick(ctx context.Context, l *load, picker source.Picker, begin func([]rollcall.Group, source.GroupFinder) error, emit func(*rollcall.Entry) error) error {
	byFilter := slices.ContainsFunc(l.job.Bindings, func(b rollcall.Binding) bool { return b.Members != "" })
	if glancer, ok := picker.(source.Glancer); ok && s.isLook && !byFilter {
		// Which groups the bindings mean counts only where they say who is read.
		see := begin
		if begin != nil && !slices.ContainsFunc(l.job.Bindings, func(b rollcall.Binding) bool { return b.OnlyGroups }) {
			see = func(groups []rollcall.Group, _ source.GroupFinder) error {
				l.groups.groups = groups
				return nil
			}
		}
		if sure, err := glancer.Glance(ctx, s.Name, see, emit); sure || err != nil {
			return err
		}
	}
	return picker.Pick(ctx, s.Name, begin, emit)
}

// isRead reports whether the load has an entry, its groups considered.
func (l *load) isRead(key string) bool {
	entry, known := l.groups.entry(key)
	return known && (l.groups.only == nil || l.groups.only.Has(entry))
}

// groupNames tells the groups of the entry, those of groups included.
func (l *load) groupNames() []string {
	if l.groups == nil || l.singleKey == "" {
		return nil
	}
	entry, _ := l.groups.entry(l.singleKey)
	seen := map[uint32]bool{}
	var names []string
	for at := slices.Clone(entry.Direct); len(at) > 0; at = at[1:] {
		if seen[at[0]] {
			continue
		}
		seen[at[0]] = true
		group := &l.groups.groups[at[0]]
		names = append(names, group.Key+" "+group.DN)
		at = append(at, group.Parents...)
	}
	for i := range l.groups.members {
		for place, keys := range l.groups.members[i] {
			if slices.Contains(keys, l.singleKey) {
				names = append(names, "by filter "+l.groups.groups[place].Key)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// singleTx is what the rights of one holder are decided by.
type singleTx interface {
	ReplicaByKey(ctx context.Context, source rollcall.ObjectID, key string) (rollcall.Replica, bool, error)
	ReplicasByDest(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]rollcall.Replica, error)
	// GrantsIn yields what the entries of a source gave to one holder.
	GrantsIn(ctx context.Context, source, holder rollcall.ObjectID, yield func(*rollcall.Grant) error) error
}

// grantSingle makes what the entry's groups give follow its groups. Everybody
// else, and groups that seem to have vanished, are left to the runs.
func (s *single) grantSingle(ctx context.Context, l *load) error {
	if l.groups == nil || len(l.groups.groups) == 0 {
		return nil
	}
	holder, err := s.holder(ctx, l)
	if err != nil || holder.ID == 0 {
		return err
	}
	g := &granting{runner: s.runner, load: l, kept: map[giftKey]bool{}, had: map[string]int{}, lost: map[string]int{}}
	l.granting = g
	if g.earlier, err = s.tx.BoundGroups(ctx, l.src.ID); err != nil {
		return err
	}
	g.skipKeyless()
	gone, err := g.bind(ctx)
	if err != nil {
		return err
	}
	for i := range gone {
		g.kept[giftKey{gone[i].Gift.Kind, gone[i].Target.ID}] = true
	}
	if err := g.keepVanished(); err != nil {
		return err
	}
	var earlier []rollcall.Grant
	err = s.tx.GrantsIn(ctx, l.src.ID, holder.ID, func(grant *rollcall.Grant) error {
		earlier = append(earlier, *grant)
		return nil
	})
	if err != nil {
		return err
	}
	lost, err := g.lostOf(ctx, earlier)
	if err != nil {
		return err
	}
	steps := g.compare([]rollcall.Holder{holder}, earlier, lost)
	clear(g.lost) // what one entry loses is no mass
	if err := g.take(ctx, steps); err != nil {
		return err
	}
	return g.give(ctx, steps)
}

// holder returns the object that the entry is tied to: nobody when others of the
// source's entries are tied to it too, since what their groups give counts as
// well.
func (s *single) holder(ctx context.Context, l *load) (none rollcall.Holder, err error) {
	replica, found, err := s.tx.ReplicaByKey(ctx, l.src.ID, l.singleKey)
	if err != nil || !found || replica.Dest.ID == 0 || replica.State == rollcall.StateObsolete {
		return none, err
	}
	all, err := s.tx.ReplicasByDest(ctx, l.src.Class, []rollcall.ObjectID{replica.Dest.ID})
	if err != nil {
		return none, err
	}
	for i := range all {
		if all[i].Source == l.src.ID && all[i].ID != replica.ID {
			return none, nil
		}
	}
	return rollcall.Holder{ID: replica.Dest.ID, Key: l.singleKey}, nil
}

// lostOf finds the grants among some whose links somebody removed.
func (g *granting) lostOf(ctx context.Context, grants []rollcall.Grant) (map[int64]bool, error) {
	links := map[*rollcall.Class][]rollcall.ObjectID{}
	for i := range grants {
		class := g.engine.model.Class(grantSpecOf(grants[i].Kind).link)
		links[class] = append(links[class], grants[i].Link)
	}
	lost := map[int64]bool{}
	for class, ids := range links {
		there, err := g.objects(ctx, class, ids)
		if err != nil {
			return nil, err
		}
		for i := range grants {
			if grantSpecOf(grants[i].Kind).link == class.Name && there[grants[i].Link] == nil {
				lost[grants[i].ID] = true
			}
		}
	}
	return lost, nil
}
