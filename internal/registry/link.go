package registry

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// categoryAccounts is the category of accounts, profiles and their links.
const categoryAccounts = "authentication"

// linkSet is the new contents of one link set of an item.
type linkSet struct {
	attr    *rollcall.Attribute
	class   *rollcall.Class // of the links
	current []rollcall.Link // sorted by target
	wanted  []rollcall.Link // canonical; those that match a current link have its ID
	removed []rollcall.Link
	added   []rollcall.Link
	changed []linkChange
	doubled []rollcall.ObjectID // targets given twice where once is allowed
}

// linkChange is a link that stays and whose further attributes change.
type linkChange struct {
	was, now rollcall.Link
}

// extras returns the attributes of the link class beside its two sides.
func (s *linkSet) extras() []*rollcall.Attribute {
	var list []*rollcall.Attribute
	for _, a := range s.class.Stored {
		if a.Code != s.attr.Via && a.Code != s.attr.Remote {
			list = append(list, a)
		}
	}
	return list
}

func (s *linkSet) isChanged() bool {
	return len(s.removed)+len(s.added)+len(s.changed)+len(s.doubled) > 0
}

// isUnique reports whether the class of the links allows a target once.
func (s *linkSet) isUnique() bool {
	for _, u := range s.class.Unique {
		if len(u.On) == 2 && slices.Contains(u.On, s.attr.Via) && slices.Contains(u.On, s.attr.Remote) {
			return true
		}
	}
	return false
}

// linkSets brings the link sets given for an item to canonical form, in the
// order of the class's attributes.
func (e *Editor) linkSets(it *item, given map[string][]rollcall.Link) {
	if len(given) == 0 {
		return
	}
	for _, code := range slices.Sorted(maps.Keys(given)) {
		a := it.class.Attribute(code)
		if a == nil || a.Type != rollcall.TypeLinks {
			it.err = rollcall.Errorf(rollcall.Invalid, "class %s has no link set %s", it.class.Name, code)
			return
		}
		s := &linkSet{attr: a, class: e.r.model.Class(a.Target)}
		for _, l := range given[code] {
			if l.Target != 0 { // a link to nobody is dropped, as the original does
				s.want(it, l)
			}
		}
		s.merge()
		it.sets = append(it.sets, s)
	}
	slices.SortFunc(it.sets, func(a, b *linkSet) int {
		return cmp.Compare(slices.Index(it.class.Attributes, a.attr), slices.Index(it.class.Attributes, b.attr))
	})
}

func (s *linkSet) want(it *item, l rollcall.Link) {
	values := map[string]string{}
	for _, a := range s.extras() {
		text, given := l.Values[a.Code]
		if !given {
			text = a.Default
		}
		canonical, err := a.Canonical(text)
		if err != nil {
			it.refuse(err.Error())
		} else if canonical != "" {
			values[a.Code] = canonical
		}
	}
	for code := range l.Values {
		if a := s.class.Attribute(code); a == nil || !a.Stored() {
			it.refuse(fmt.Sprintf("class %s has no attribute %s", s.class.Name, code))
		}
	}
	s.wanted = append(s.wanted, rollcall.Link{Target: l.Target, Values: values})
}

// targets adds everybody the set points at to w.
func (s *linkSet) targets(w *wanted) {
	remote := s.class.Attribute(s.attr.Remote)
	for _, l := range s.wanted {
		w.add(remote.Target, l.Target)
		for _, a := range s.extras() {
			if a.IsKey() {
				w.add(a.Target, parseID(l.Values[a.Code]))
			}
		}
	}
	for _, l := range s.current {
		w.add(remote.Target, l.Target)
	}
}

// merge leaves out targets given twice where the class allows one link. For
// accounts that is all; elsewhere it is an issue. Both are as observed.
func (s *linkSet) merge() {
	if !s.isUnique() {
		return
	}
	seen := make(map[rollcall.ObjectID]bool, len(s.wanted))
	s.wanted = slices.DeleteFunc(s.wanted, func(l rollcall.Link) bool {
		again := seen[l.Target]
		seen[l.Target] = true
		if again && s.class.Category != categoryAccounts {
			s.doubled = append(s.doubled, l.Target)
		}
		return again
	})
}

// checkTargets refuses links to nobody and targets given twice.
func (s *linkSet) checkTargets(e *Editor, it *item, known func(class string, id rollcall.ObjectID) bool) {
	remote := s.class.Attribute(s.attr.Remote)
	absent := func(a *rollcall.Attribute, id rollcall.ObjectID) {
		it.refuse(fmt.Sprintf("Unexpected value for attribute '%s' (%s) : Target object not found (%s::%d)", a.Label, a.Code, a.Target, id))
	}
	for _, l := range s.wanted {
		if !known(remote.Target, l.Target) {
			absent(remote, l.Target)
		}
		for _, a := range s.extras() {
			if id := parseID(l.Values[a.Code]); a.IsKey() && id != 0 && !known(a.Target, id) {
				absent(a, id)
			}
		}
	}
	for _, id := range s.doubled {
		it.refuse(fmt.Sprintf("%s: %s is already linked to %s: %s, duplicates are not allowed on this relation.",
			it.class.Label, it.object.Name(), e.r.model.Class(remote.Target).Label, e.nameOf(remote.Target, id)))
	}
}

// loadLinks reads the present contents of the link sets that edits give: one
// query a set, whatever the number of edits.
func (e *Editor) loadLinks(ctx context.Context, items []*item) error {
	type asked struct {
		attr  *rollcall.Attribute
		hosts []rollcall.ObjectID
		sets  []*linkSet
	}
	var order []*asked
	at := map[string]*asked{}
	for _, it := range items {
		for _, s := range it.sets {
			k := s.attr.Declared + "." + s.attr.Code
			if at[k] == nil {
				at[k] = &asked{attr: s.attr}
				order = append(order, at[k])
			}
			at[k].hosts = append(at[k].hosts, it.object.ID)
			at[k].sets = append(at[k].sets, s)
		}
	}
	for _, a := range order {
		links, err := e.tx.Links(ctx, a.attr, a.hosts)
		if err != nil {
			return err
		}
		for i, s := range a.sets {
			s.current = links[i]
		}
	}
	return nil
}

// compare finds what is to be done: links are matched by target, in order.
func (s *linkSet) compare() {
	s.removed, s.added, s.changed = nil, nil, nil
	left := make(map[rollcall.ObjectID][]rollcall.Link, len(s.current))
	for _, l := range s.current {
		left[l.Target] = append(left[l.Target], l)
	}
	for i := range s.wanted {
		l := &s.wanted[i]
		same := left[l.Target]
		if len(same) == 0 {
			s.added = append(s.added, *l)
			continue
		}
		left[l.Target] = same[1:]
		l.ID = same[0].ID
		if !maps.Equal(l.Values, same[0].Values) && len(l.Values)+len(same[0].Values) > 0 {
			s.changed = append(s.changed, linkChange{same[0], *l})
		}
	}
	for _, l := range s.current {
		if rest := left[l.Target]; len(rest) > 0 && slices.ContainsFunc(rest, func(r rollcall.Link) bool { return r.ID == l.ID }) {
			s.removed = append(s.removed, l)
		}
	}
}

// step returns the host's step of history.
func (s *linkSet) step(e *Editor) rollcall.Set {
	was, wasText := s.texts(e, s.current)
	now, nowText := s.texts(e, s.wanted)
	return rollcall.Set{Attribute: s.attr.Code, Old: was, New: now, OldText: wasText, NewText: nowText}
}

// texts returns the targets of links, by ascending id, and their names.
func (s *linkSet) texts(e *Editor, links []rollcall.Link) (ids, names string) {
	remote := s.class.Attribute(s.attr.Remote)
	links = slices.Clone(links)
	slices.SortStableFunc(links, func(a, b rollcall.Link) int { return cmp.Compare(a.Target, b.Target) })
	var id, name []string
	for _, l := range links {
		id = append(id, idText(l.Target))
		text := e.nameOf(remote.Target, l.Target)
		if text == "" {
			text = fmt.Sprintf("%s::%d", remote.Target, l.Target)
		}
		for _, a := range s.extras() {
			v := l.Values[a.Code]
			if a.IsKey() && v != "" {
				v = e.nameOf(a.Target, parseID(v))
			}
			if v != "" {
				text += " (" + v + ")"
			}
		}
		name = append(name, text)
	}
	return strings.Join(id, ","), strings.Join(name, ", ")
}

// object makes the link object of a link of a host.
func (s *linkSet) object(host rollcall.ObjectID, l rollcall.Link) rollcall.Object {
	o := rollcall.Object{Class: s.class, ID: l.ID, Values: make([]string, len(s.class.Stored))}
	for code, v := range l.Values {
		o.Set(code, v)
	}
	o.Set(s.attr.Via, idText(host))
	o.Set(s.attr.Remote, idText(l.Target))
	return o
}
