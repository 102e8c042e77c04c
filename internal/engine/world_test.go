package engine_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/internal/engine"
	"rollcall/internal/mapping"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
	"rollcall/internal/store"
)

// world is a registry on a database of its own, and a directory under the
// test's hand.
type world struct {
	t        testing.TB
	clock    time.Time
	path     string // of the database
	model    *rollcall.Model
	store    *store.Store
	registry *registry.Registry
	engine   *engine.Engine
	sources  []*feed
}

// declared is the model, which every world shares.
var declared = sync.OnceValues(func() (*rollcall.Model, error) { return schema.Load() })

// TestMain keeps the properties short: each of their checks is a life of a
// registry on a database of its own. The flag asks for more.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		if err := flag.Set("rapid.checks", "8"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// bridge makes the store's transaction the engine's.
type bridge struct{ *store.Store }

func (b bridge) Begin(ctx context.Context) (engine.Tx, error) { return b.Store.Begin(ctx) }

func newWorld(t testing.TB) *world {
	t.Helper()
	model, err := declared()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, model: model, clock: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)}
	w.path = filepath.Join(t.TempDir(), "rollcall.db")
	w.store, err = store.Open(t.Context(), store.Config{DSN: w.path, Model: model, Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	w.registry = registry.New(model)
	w.engine = engine.New(engine.Config{Store: bridge{w.store}, Registry: w.registry, Model: model, SpoolDir: t.TempDir(), Now: w.now, Log: slog.New(slog.DiscardHandler)})
	w.write(func(tx *store.Tx) error {
		if err := w.registry.Seed(t.Context(), tx); err != nil {
			return err
		}
		org := rollcall.NewObject(model.Class("Organization"))
		org.Set("name", "Demo")
		return w.create(tx, org)
	})
	return w
}

func (w *world) now() time.Time { return w.clock }

// write does something in one transaction.
func (w *world) write(do func(*store.Tx) error) {
	w.t.Helper()
	tx, err := w.store.Begin(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := do(tx); err != nil {
		w.t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) origin() rollcall.Origin {
	return rollcall.Origin{Kind: rollcall.OriginInteractive, By: "a person", At: w.now()}
}

func (w *world) create(tx *store.Tx, objects ...rollcall.Object) error {
	drafts := make([]registry.Draft, len(objects))
	for i, o := range objects {
		drafts[i].Object = o
	}
	refused, err := w.registry.On(tx, w.origin()).Create(w.t.Context(), drafts)
	return errors.Join(append(refused, err)...)
}

// person makes a person by hand.
func (w *world) person(values ...string) {
	w.t.Helper()
	o := rollcall.NewObject(w.model.Class("Person"))
	o.Set("org_id", "1")
	for i := 0; i < len(values); i += 2 {
		o.Set(values[i], values[i+1])
	}
	w.write(func(tx *store.Tx) error { return w.create(tx, o) })
}

// edit changes one object by hand; the refusal is returned.
func (w *world) edit(class, name string, values ...string) error {
	w.t.Helper()
	var refusal error
	w.write(func(tx *store.Tx) error {
		edit := registry.Edit{Object: w.object(class, name)}
		for i := 0; i < len(values); i += 2 {
			edit.Sets = append(edit.Sets, rollcall.Assignment{Attribute: values[i], Value: values[i+1]})
		}
		outcomes, err := w.registry.On(tx, w.origin()).Update(w.t.Context(), []registry.Edit{edit})
		if err != nil {
			return err
		}
		refusal = outcomes[0].Err
		return nil
	})
	return refusal
}

// object returns the one object with a friendly name.
func (w *world) object(class, name string) rollcall.Object {
	w.t.Helper()
	var found []rollcall.Object
	err := w.store.Scan(w.t.Context(), w.model.Class(class), 0, func(o *rollcall.Object) error {
		if o.Name() == name {
			found = append(found, rollcall.Object{Class: o.Class, ID: o.ID, Values: slices.Clone(o.Values)})
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if len(found) != 1 {
		w.t.Fatalf("%d objects of class %s are named %q, want one", len(found), class, name)
	}
	return found[0]
}

// table renders all objects of a class, one a line, sorted: the friendly name
// and the attributes asked for.
func (w *world) table(class string, attributes ...string) string {
	w.t.Helper()
	var lines []string
	err := w.store.Scan(w.t.Context(), w.model.Class(class), 0, func(o *rollcall.Object) error {
		line := o.Name()
		for _, code := range attributes {
			line += " " + code + "=" + w.show(o, code)
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (w *world) show(o *rollcall.Object, code string) string {
	a := o.Class.Attribute(code)
	switch {
	case a.Type == rollcall.TypeLinks:
		links, err := w.store.Links(w.t.Context(), a, []rollcall.ObjectID{o.ID})
		if err != nil {
			w.t.Fatal(err)
		}
		other := w.model.Class(w.model.Class(a.Target).Attribute(a.Remote).Target)
		names := make([]string, 0, len(links[0]))
		for _, link := range links[0] {
			names = append(names, w.name(other, link.Target))
		}
		slices.Sort(names)
		return "[" + strings.Join(names, ", ") + "]"
	case a.IsKey() && o.Get(code) != "":
		var id rollcall.ObjectID
		if _, err := fmt.Sscan(o.Get(code), &id); err != nil {
			w.t.Fatal(err)
		}
		return w.name(w.model.Class(a.Target), id)
	}
	return o.Get(code)
}

// reasons returns why a person is as it is, newest step first.
func (w *world) reasons(id rollcall.ObjectID) string {
	w.t.Helper()
	var reasons []string
	filter := rollcall.HistoryFilter{Object: rollcall.Ref{Class: "Person", ID: id}, Newest: true}
	err := w.store.History(w.t.Context(), filter, func(h *rollcall.History) error {
		reasons = append(reasons, h.Reason)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(reasons, "\n")
}

func (w *world) name(class *rollcall.Class, id rollcall.ObjectID) string {
	names, err := w.store.Names(w.t.Context(), class, []rollcall.ObjectID{id})
	if err != nil {
		w.t.Fatal(err)
	}
	return names[id]
}

// replicas renders a source's replicas, sorted by key.
func (w *world) replicas(f *feed) string {
	w.t.Helper()
	src := w.source(f)
	var ids []int64
	err := w.store.Marks(w.t.Context(), src.ID, func(m *rollcall.Mark) error { ids = append(ids, m.ID); return nil })
	if err != nil {
		w.t.Fatal(err)
	}
	list, err := w.store.Replicas(w.t.Context(), &src, ids)
	if err != nil {
		w.t.Fatal(err)
	}
	lines := make([]string, 0, len(list))
	for _, r := range list {
		line := r.Key + ": " + string(r.State)
		switch {
		case r.IsCreator:
			line += " creator"
		case r.Dest.ID != 0:
			line += " tied"
		}
		if !r.LastSeen.IsZero() {
			line += " seen " + r.LastSeen.Format("01-02")
		}
		if r.LastError != "" {
			line += " err=" + r.LastError
		}
		if r.LastWarning != "" {
			line += " warn=" + r.LastWarning
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (w *world) source(f *feed) rollcall.Source {
	w.t.Helper()
	src := f.source
	found, err := w.store.Find(w.t.Context(), w.model.Class("SynchroDataSource"), []string{"name"}, [][]string{{src.Name}})
	if err != nil || len(found[0]) != 1 {
		w.t.Fatalf("find source %s: %v %v", src.Name, found, err)
	}
	src.ID = found[0][0]
	w.write(func(tx *store.Tx) error { return tx.EnsureTable(w.t.Context(), &src) })
	return src
}

// job compiles a feed.
func (w *world) job(f *feed) engine.Job {
	w.t.Helper()
	mapper, err := mapping.Compile(&f.source)
	if err != nil {
		w.t.Fatal(err)
	}
	f.fields = mapper.Fields()
	return engine.Job{Source: f.source, Collector: f, Mapper: mapper, Profile: engine.Profile{Status: "production"}}
}

// run runs all sources.
func (w *world) run(opt engine.Options) (*engine.Result, []rollcall.Change, error) {
	w.t.Helper()
	jobs := make([]engine.Job, len(w.sources))
	for i, f := range w.sources {
		jobs[i] = w.job(f)
	}
	var changes []rollcall.Change
	opt.By = "tester"
	if opt.Kind == "" {
		opt.Kind = "sync"
	}
	opt.Sink = func(c *rollcall.Change) error { changes = append(changes, *c); return nil }
	result, err := w.engine.Run(w.t.Context(), jobs, opt)
	return result, changes, err
}

// sync runs all sources, an hour after the run before, and wants no error.
func (w *world) sync() (*engine.Result, []rollcall.Change) {
	w.t.Helper()
	w.clock = w.clock.Add(time.Hour)
	result, changes, err := w.run(engine.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	return result, changes
}

// lines renders changes, one a line.
func lines(changes []rollcall.Change) string {
	out := make([]string, 0, len(changes))
	for _, c := range changes {
		line := string(c.Verb) + " " + c.Key
		for _, s := range c.Sets {
			shown := s.New
			if s.NewText != "" {
				shown = s.NewText
			}
			old := s.Old
			if s.OldText != "" {
				old = s.OldText
			}
			line += fmt.Sprintf(" %s:%s>%s", s.Attribute, old, shown)
		}
		if c.Error != "" {
			line += " !" + c.Error
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}
