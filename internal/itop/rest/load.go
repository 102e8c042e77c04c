package rest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// loader finds what the fields of objects need beside the objects themselves:
// those that keys point at, and the members of link sets. Asking for what is not
// there yet notes it; settle then reads everything noted in a few queries,
// whatever the number of objects.
type loader struct {
	s       *Service
	from    Reader
	account *auth.Account // whose rights count; nil: nobody's
	byID    bool          // link sets in the order in which their members were made

	objects map[objectKey]*rollcall.Object
	wanted  map[*rollcall.Class]map[rollcall.ObjectID]bool // by root
	sets    map[setKey][]rollcall.Object
	hosts   map[*rollcall.Attribute][]rollcall.ObjectID
}

// objectKey names an object within its hierarchy.
type objectKey struct {
	root string
	id   rollcall.ObjectID
}

type setKey struct {
	set  *rollcall.Attribute
	host rollcall.ObjectID
}

func (s *Service) loader(from Reader, account *auth.Account) *loader {
	return &loader{
		s: s, from: from, account: account,
		objects: map[objectKey]*rollcall.Object{}, wanted: map[*rollcall.Class]map[rollcall.ObjectID]bool{},
		sets: map[setKey][]rollcall.Object{}, hosts: map[*rollcall.Attribute][]rollcall.ObjectID{},
	}
}

// deepestSets is how far link sets are shown within link sets, and mostHops how
// far keys lead from an object. Declarations that go in circles end there.
const (
	deepestSets = 6
	mostHops    = 12
)

// mostKept is how many objects are kept for later ones to point at.
const mostKept = 20_000

// settle reads everything that some objects need.
func (l *loader) settle(ctx context.Context, objects []rollcall.Object, columns func(*rollcall.Class) []column, extended bool) error {
	if len(l.objects)+len(l.sets) > mostKept {
		clear(l.objects)
		clear(l.sets)
	}
	for range mostHops {
		for i := range objects {
			l.visit(&objects[i], columns(objects[i].Class), extended, 0)
		}
		if len(l.wanted)+len(l.hosts) == 0 {
			return nil
		}
		if err := l.read(ctx); err != nil {
			return err
		}
	}
	return rollcall.Errorf(rollcall.Internal, "the keys of %s lead too far", objects[0].Class.Name)
}

// visit asks for everything that one object's columns need.
func (l *loader) visit(o *rollcall.Object, columns []column, extended bool, depth int) {
	for i := range columns {
		switch col := &columns[i]; col.kind {
		case fromName:
			l.name(o, 0)
		case fromOther, fromOtherName, fromOtherClass, fromOtherFlag:
			if t := l.follow(o, col); t != nil {
				l.remote(t, col)
			}
		case fromSet:
			if depth < deepestSets {
				members := l.members(o, col.attr)
				for j := range members {
					l.visit(&members[j], l.s.linkShape(col.attr, members[j].Class, extended), extended, depth+1)
				}
			}
		}
	}
}

// follow returns the object that a column's key points at, nil for none.
func (l *loader) follow(o *rollcall.Object, col *column) *rollcall.Object {
	if col.target == nil {
		return nil
	}
	return l.object(col.target, parseID(l.text(o, col.attr, 0)))
}

// remote returns the text that a column shows of the object it leads to.
func (l *loader) remote(t *rollcall.Object, col *column) string {
	switch {
	case col.kind == fromOtherName:
		return l.name(t, 0)
	case col.kind == fromOtherClass:
		return t.Class.Name
	case col.kind == fromOtherFlag:
		return flagText(t.IsObsolete())
	}
	return l.code(t, col.remote, 0)
}

// object returns an object of a class or below, nil when there is none, or none
// yet.
func (l *loader) object(c *rollcall.Class, id rollcall.ObjectID) *rollcall.Object {
	if id == 0 {
		return nil
	}
	o, ok := l.objects[objectKey{c.Root, id}]
	if !ok {
		root := l.s.Model.Class(c.Root)
		if l.wanted[root] == nil {
			l.wanted[root] = map[rollcall.ObjectID]bool{}
		}
		l.wanted[root][id] = true
	}
	return o
}

// text returns the text of an attribute: its own, or what a field shows.
func (l *loader) text(o *rollcall.Object, a *rollcall.Attribute, hops int) string {
	switch {
	case a == nil || hops > mostHops:
		return ""
	case a.Column >= 0:
		return o.Values[a.Column]
	case a.Type != rollcall.TypeField:
		return ""
	}
	via := o.Class.Attribute(a.Via)
	target := l.s.Model.KeyTarget(o.Class, via)
	if target == nil {
		return ""
	}
	t := l.object(target, parseID(l.text(o, via, hops+1)))
	if t == nil {
		return ""
	}
	return l.code(t, a.Remote, hops+1)
}

// code returns the text of any code that a name or a field may mention.
func (l *loader) code(o *rollcall.Object, code string, hops int) string {
	if a := o.Class.Attribute(code); a != nil {
		return l.text(o, a, hops)
	}
	switch code {
	case rollcall.CodeID:
		return idText(o.ID)
	case rollcall.CodeFinalClass:
		return o.Class.Name
	case rollcall.CodeFriendlyName:
		return l.name(o, hops)
	case rollcall.CodeObsolescenceFlag:
		return flagText(o.IsObsolete())
	}
	d, ok := l.s.Model.Derive(o.Class, code)
	if !ok {
		return ""
	}
	t := l.object(l.s.Model.KeyTarget(o.Class, d.Via), parseID(l.text(o, d.Via, hops+1)))
	if t == nil {
		return ""
	}
	return l.code(t, d.Code, hops+1)
}

// name returns an object's friendly name.
func (l *loader) name(o *rollcall.Object, hops int) string {
	if hops > mostHops {
		return ""
	}
	parts := make([]string, len(o.Class.NamedBy))
	for i, code := range o.Class.NamedBy {
		parts[i] = l.code(o, code, hops+1)
	}
	return o.Class.FormatName(parts)
}

// members returns the members of a link set, none when they are not read yet.
func (l *loader) members(o *rollcall.Object, set *rollcall.Attribute) []rollcall.Object {
	members, ok := l.sets[setKey{set, o.ID}]
	if !ok && !slices.Contains(l.hosts[set], o.ID) {
		l.hosts[set] = append(l.hosts[set], o.ID)
	}
	return members
}

// read reads everything that was noted.
func (l *loader) read(ctx context.Context) error {
	hosts, wanted := l.hosts, l.wanted
	l.hosts, l.wanted = map[*rollcall.Attribute][]rollcall.ObjectID{}, map[*rollcall.Class]map[rollcall.ObjectID]bool{}
	if err := l.leaveEmpty(ctx, hosts); err != nil {
		return err
	}
	for set, ids := range hosts {
		if err := l.readSets(ctx, set, ids); err != nil {
			return fmt.Errorf("read the link set %s: %w", set.Code, err)
		}
	}
	for root, set := range wanted {
		ids := make([]rollcall.ObjectID, 0, len(set))
		for id := range set {
			l.objects[objectKey{root.Name, id}] = nil // also when it does not exist
			ids = append(ids, id)
		}
		slices.Sort(ids)
		objects, err := l.from.Objects(ctx, root, ids)
		if err != nil {
			return fmt.Errorf("read objects that others point at: %w", err)
		}
		for i := range objects {
			l.objects[objectKey{root.Name, objects[i].ID}] = &objects[i]
		}
	}
	return nil
}

// leaveEmpty settles the link sets that nobody may read or that have no members,
// as most have, and takes them out of hosts.
func (l *loader) leaveEmpty(ctx context.Context, hosts map[*rollcall.Attribute][]rollcall.ObjectID) error {
	var sets []*rollcall.Attribute
	all := map[rollcall.ObjectID]bool{}
	for set, ids := range hosts {
		for _, id := range ids {
			l.sets[setKey{set, id}] = nil
			all[id] = true
		}
		class := l.s.Model.Class(set.Target)
		if class == nil || l.account != nil && !l.s.Rights.Allows(l.account, class, auth.Read) {
			delete(hosts, set)
			continue
		}
		sets = append(sets, set)
	}
	if len(sets) < 2 {
		return nil
	}
	slices.SortFunc(sets, func(a, b *rollcall.Attribute) int { return cmp.Compare(a.Code, b.Code) }) // one statement, prepared once
	filled, err := l.from.Filled(ctx, sets, slices.Sorted(maps.Keys(all)))
	if err != nil {
		return err
	}
	for i, set := range sets {
		if !filled[i] {
			delete(hosts, set)
		}
	}
	return nil
}

// readSets reads the members of one link set of several hosts.
func (l *loader) readSets(ctx context.Context, set *rollcall.Attribute, hosts []rollcall.ObjectID) error {
	class := l.s.Model.Class(set.Target)
	links, err := l.from.Links(ctx, set, hosts)
	if err != nil {
		return err
	}
	var ids []rollcall.ObjectID
	for _, list := range links {
		for i := range list {
			ids = append(ids, list[i].ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	objects, err := l.from.Objects(ctx, class, ids)
	if err != nil {
		return err
	}
	if objects, err = l.visible(ctx, set, class, objects); err != nil {
		return err
	}
	byID := make(map[rollcall.ObjectID]*rollcall.Object, len(objects))
	for i := range objects {
		byID[objects[i].ID] = &objects[i]
	}
	for i, list := range links {
		members := make([]rollcall.Object, 0, len(list))
		for j := range list {
			if o := byID[list[j].ID]; o != nil {
				members = append(members, *o)
			}
		}
		l.sets[setKey{set, hosts[i]}] = members
	}
	return nil
}

// visible leaves out the members that belong to an organization which the
// account may not see: children by themselves, links by their other side.
func (l *loader) visible(ctx context.Context, set *rollcall.Attribute, class *rollcall.Class, objects []rollcall.Object) ([]rollcall.Object, error) {
	if l.account == nil || l.account.Organisations == nil {
		return objects, nil
	}
	of, idOf := class, func(o *rollcall.Object) rollcall.ObjectID { return o.ID }
	if set.Type == rollcall.TypeLinks {
		remote := class.Attribute(set.Remote)
		of = l.s.Model.Class(remote.Target)
		idOf = func(o *rollcall.Object) rollcall.ObjectID { return parseID(o.Get(remote.Code)) }
	}
	ids := make([]rollcall.ObjectID, len(objects))
	for i := range objects {
		ids[i] = idOf(&objects[i])
	}
	seen, err := l.from.SelectIDs(ctx, l.s.Rights.Visible(l.account, rollcall.SelectIDs(of, ids...)), rollcall.Window{})
	if err != nil {
		return nil, err
	}
	slices.Sort(seen)
	return slices.DeleteFunc(objects, func(o rollcall.Object) bool {
		_, ok := slices.BinarySearch(seen, idOf(&o))
		return !ok
	}), nil
}

// flagText is how fields show a boolean of another object.
func flagText(is bool) string {
	if is {
		return "1"
	}
	return ""
}

func parseID(text string) rollcall.ObjectID {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return rollcall.ObjectID(id)
}

func idText(id rollcall.ObjectID) string { return strconv.FormatInt(int64(id), 10) }
