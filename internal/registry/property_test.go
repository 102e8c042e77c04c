package registry_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
	"rollcall/internal/store"
)

// human is a person as the model of the property knows them.
type human struct {
	number, phone string
	manager       rollcall.ObjectID
}

// company is the whole state that the property compares: persons, and teams
// with their members.
type company struct {
	humans map[rollcall.ObjectID]human
	teams  map[rollcall.ObjectID][]rollcall.ObjectID // sorted
}

func (c company) clone() company {
	teams := map[rollcall.ObjectID][]rollcall.ObjectID{}
	for id, members := range c.teams {
		teams[id] = slices.Clone(members)
	}
	return company{humans: maps.Clone(c.humans), teams: teams}
}

// machine runs random operations on a registry and on a company alike.
type machine struct {
	*rapid.T
	ctx     context.Context
	model   *rollcall.Model
	reg     *registry.Registry
	tx      *store.Tx
	org     rollcall.ObjectID
	company company
	run     int64
	before  []undoable
}

// undoable is a run that can be taken back while it is the newest.
type undoable struct {
	run   int64
	state company
}

func (m *machine) ok(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

func (m *machine) editor() *registry.Editor {
	return m.reg.On(m.tx, rollcall.Origin{Kind: rollcall.OriginInteractive, By: "p", Run: m.run, At: now})
}

// begin opens a run.
func (m *machine) begin() *registry.Editor {
	m.run++
	m.before = append(m.before, undoable{m.run, m.company.clone()})
	return m.editor()
}

func (m *machine) taken(number string, by rollcall.ObjectID) bool {
	for id, h := range m.company.humans {
		if id != by && number != "" && h.number == number {
			return true
		}
	}
	return false
}

var numbers = rapid.SampledFrom([]string{"", "1", "2", "3"})

func (m *machine) anyone() rollcall.ObjectID {
	ids := append([]rollcall.ObjectID{0}, sortedKeys(m.company.humans)...)
	return rapid.SampledFrom(ids).Draw(m.T, "person")
}

func (m *machine) Hire(t *rapid.T) {
	e := m.begin()
	var drafts []registry.Draft
	var want []human
	for range rapid.IntRange(1, 3).Draw(t, "hires") {
		h := human{number: numbers.Draw(t, "number"), phone: rapid.StringMatching(`[0-9]{0,3}`).Draw(t, "phone"), manager: m.anyone()}
		o := rollcall.NewObject(m.model.Class("Person"))
		for code, v := range map[string]string{"name": "N", "first_name": "F", "org_id": id(m.org), "employee_number": h.number, "phone": h.phone, "manager_id": id(h.manager)} {
			o.Set(code, v)
		}
		drafts, want = append(drafts, registry.Draft{Object: o}), append(want, h)
	}
	errs, err := e.Create(m.ctx, drafts)
	m.ok(err)
	for i, h := range want {
		if refused := m.taken(h.number, 0); refused != (errs[i] != nil) {
			t.Fatalf("hire %+v: got %v, want refused %v", h, errs[i], refused)
		}
		if errs[i] == nil {
			m.company.humans[drafts[i].Object.ID] = h
		}
	}
}

func (m *machine) Change(t *rapid.T) {
	who := m.anyone()
	if who == 0 {
		t.Skip("nobody")
	}
	e := m.begin()
	h := human{number: numbers.Draw(t, "number"), phone: rapid.StringMatching(`[0-9]{0,3}`).Draw(t, "phone"), manager: m.anyone()}
	objects, err := m.tx.Objects(m.ctx, m.model.Class("Person"), []rollcall.ObjectID{who})
	m.ok(err)
	out, err := e.Update(m.ctx, []registry.Edit{{Object: objects[0], Sets: []rollcall.Assignment{
		{Attribute: "employee_number", Value: h.number}, {Attribute: "phone", Value: h.phone}, {Attribute: "manager_id", Value: id(h.manager)},
	}}})
	m.ok(err)
	if refused := m.taken(h.number, who); refused != (out[0].Err != nil) {
		t.Fatalf("change to %+v: got %v, want refused %v", h, out[0].Err, refused)
	}
	if out[0].Err == nil {
		m.company.humans[who] = h
	}
}

func (m *machine) Leave(t *rapid.T) {
	who := m.anyone()
	if who == 0 {
		t.Skip("nobody")
	}
	errs, err := m.begin().Delete(m.ctx, m.model.Class("Contact"), []rollcall.ObjectID{who}, nil)
	m.ok(err)
	m.ok(errs[0])
	delete(m.company.humans, who)
	for id, h := range m.company.humans {
		if h.manager == who {
			h.manager = 0
			m.company.humans[id] = h
		}
	}
	for id, members := range m.company.teams {
		m.company.teams[id] = slices.DeleteFunc(members, func(i rollcall.ObjectID) bool { return i == who })
	}
}

func (m *machine) Gather(t *rapid.T) {
	e := m.begin()
	var members []rollcall.ObjectID
	for id := range m.company.humans {
		members = append(members, id)
	}
	slices.Sort(members)
	members = slices.DeleteFunc(members, func(rollcall.ObjectID) bool { return rapid.Bool().Draw(t, "leaves out") })
	team := rapid.SampledFrom(append([]rollcall.ObjectID{0}, sortedKeys(m.company.teams)...)).Draw(t, "team")
	contents := map[string][]rollcall.Link{"persons_list": links(members...)}
	if team == 0 {
		o := rollcall.NewObject(m.model.Class("Team"))
		o.Set("name", "T")
		o.Set("org_id", id(m.org))
		drafts := []registry.Draft{{Object: o, Links: contents}}
		errs, err := e.Create(m.ctx, drafts)
		m.ok(err)
		m.ok(errs[0])
		team = drafts[0].Object.ID
	} else {
		objects, err := m.tx.Objects(m.ctx, m.model.Class("Team"), []rollcall.ObjectID{team})
		m.ok(err)
		out, err := e.Update(m.ctx, []registry.Edit{{Object: objects[0], Links: contents}})
		m.ok(err)
		m.ok(out[0].Err)
	}
	m.company.teams[team] = members
}

// Undo takes the newest run back.
func (m *machine) Undo(t *rapid.T) {
	if len(m.before) == 0 {
		t.Skip("nothing to undo")
	}
	last := m.before[len(m.before)-1]
	m.before = m.before[:len(m.before)-1]
	m.run++
	m.ok(m.editor().Undo(m.ctx, last.run))
	m.company = last.state
}

// UndoOlder takes back a run that others followed: it goes through or is
// refused, and in neither case does any key point at nobody.
func (m *machine) UndoOlder(t *rapid.T) {
	if len(m.before) < 2 {
		t.Skip("nothing older to undo")
	}
	older := m.before[rapid.IntRange(0, len(m.before)-2).Draw(t, "which")]
	m.run++
	err := m.editor().Undo(m.ctx, older.run)
	if err == nil {
		m.before = nil // the runs in between mean something else now
		m.company = m.stored()
		return
	}
	if rollcall.KindOf(err) != rollcall.Conflict {
		t.Fatal(err)
	}
}

// Check compares the store with the company.
func (m *machine) Check(t *rapid.T) {
	got := m.stored()
	if diff := cmp.Diff(m.company, got, cmp.AllowUnexported(company{}, human{})); diff != "" {
		t.Fatal(diff)
	}
	numbered := map[string]bool{}
	for id, h := range got.humans {
		if _, ok := got.humans[h.manager]; h.manager != 0 && !ok {
			t.Fatalf("%d has the manager %d, who does not exist", id, h.manager)
		}
		if h.number != "" && numbered[h.number] {
			t.Fatalf("number %s is there twice", h.number)
		}
		numbered[h.number] = true
	}
}

func (m *machine) stored() company {
	c := company{humans: map[rollcall.ObjectID]human{}, teams: map[rollcall.ObjectID][]rollcall.ObjectID{}}
	m.ok(m.tx.Scan(m.ctx, m.model.Class("Contact"), 0, func(o *rollcall.Object) error {
		var manager int64
		_, _ = fmt.Sscan(o.Get("manager_id"), &manager) // empty: 0
		if o.Class.Name == "Person" {
			c.humans[o.ID] = human{strings.Clone(o.Get("employee_number")), strings.Clone(o.Get("phone")), rollcall.ObjectID(manager)}
		} else {
			c.teams[o.ID] = nil
		}
		return nil
	}))
	teams := sortedKeys(c.teams)
	found, err := m.tx.Links(m.ctx, m.model.Class("Team").Attribute("persons_list"), teams)
	m.ok(err)
	for i, team := range teams {
		members := []rollcall.ObjectID{}
		for _, l := range found[i] {
			members = append(members, l.Target)
		}
		c.teams[team] = members
	}
	return c
}

// Equal lets an empty list of members equal none.
func (c company) Equal(other company) bool {
	return maps.Equal(c.humans, other.humans) && maps.EqualFunc(c.teams, other.teams, slices.Equal[[]rollcall.ObjectID])
}

func TestRandomHistoriesMatchAModel(t *testing.T) {
	t.Parallel()
	ctx := context.WithoutCancel(t.Context())
	model, err := schema.Load()
	must(t, err)
	s, err := store.Open(ctx, store.Config{DSN: filepath.Join(t.TempDir(), "p.db"), Model: model})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	rapid.Check(t, func(rt *rapid.T) {
		tx, err := s.Begin(ctx)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		m := &machine{T: rt, ctx: ctx, model: model, reg: registry.New(model), tx: tx,
			company: company{humans: map[rollcall.ObjectID]human{}, teams: map[rollcall.ObjectID][]rollcall.ObjectID{}}}
		o := rollcall.NewObject(model.Class("Organization"))
		o.Set("name", "Demo")
		drafts := []registry.Draft{{Object: o}}
		errs, err := m.editor().Create(ctx, drafts)
		m.ok(err)
		m.ok(errs[0])
		m.org = drafts[0].Object.ID
		rt.Repeat(map[string]func(*rapid.T){
			"hire": m.Hire, "change": m.Change, "leave": m.Leave, "gather": m.Gather, "undo": m.Undo, "undo older": m.UndoOlder, "": m.Check,
		})
	})
}
