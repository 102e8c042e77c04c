package registry_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
	"rollcall/internal/store"
	"rollcall/test/lab/postgres"
)

var now = time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)

// world is a registry on a store of its own, within one transaction.
type world struct {
	testing.TB
	ctx   context.Context
	model *rollcall.Model
	reg   *registry.Registry
	store *store.Store
	tx    *store.Tx
	org   rollcall.ObjectID // "Demo"
	run   int64
}

// everywhere are the tests that every database must pass.
var everywhere = map[string]func(*testing.T, *world){
	"CreateWritesTheOthersOfARefusedDraft": createWritesTheOthersOfARefusedDraft,
	"SeedTwiceIsOnce":                      seedTwiceIsOnce,
	"UpdateTellsWhatReallyChanged":         updateTellsWhatReallyChanged,
	"UpdateReplacesTheContentsOfALinkSet":  updateReplacesTheContentsOfALinkSet,
	"LockedAttributes":                     lockedAttributes,
	"DeleteTakesAlongWhatHangsOnIt":        deleteTakesAlongWhatHangsOnIt,
	"UndoRestoresEveryByte":                undoRestoresEveryByte,
	"ObsoleteObjectsKeepTheirDay":          obsoleteObjectsKeepTheirDay,
}

func TestOnSQLite(t *testing.T) {
	t.Parallel()
	for name, test := range everywhere {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, sqlite(t))
		})
	}
}

func TestOnPostgreSQL(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	for name, test := range everywhere {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, server.Database(t)))
		})
	}
}

// sqlite returns a world on SQLite alone.
func sqlite(t testing.TB) *world {
	t.Helper()
	return newWorld(t, filepath.Join(t.TempDir(), "rollcall.db"))
}

func newWorld(t testing.TB, dsn string) *world {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	model, err := schema.Load()
	must(t, err)
	s, err := store.Open(ctx, store.Config{DSN: dsn, Model: model, Now: func() time.Time { return now }})
	must(t, err)
	w := &world{TB: t, ctx: ctx, model: model, reg: registry.New(model), store: s}
	t.Cleanup(func() {
		_ = w.tx.Rollback()
		must(t, s.Close())
	})
	w.begin()
	return w
}

// begin starts the world's transaction, anew when there is one.
func (w *world) begin() {
	w.Helper()
	if w.tx != nil {
		must(w, w.tx.Rollback())
	}
	tx, err := w.store.Begin(w.ctx)
	must(w, err)
	w.tx = tx
	must(w, w.reg.Seed(w.ctx, tx))
	w.org = w.make("Organization", "name", "Demo")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// by returns an editor of a person at the console.
func (w *world) by() *registry.Editor {
	return w.reg.On(w.tx, rollcall.Origin{Kind: rollcall.OriginInteractive, By: "admin", Run: w.run, At: now})
}

// sync returns an editor of a source's run.
func (w *world) sync(source rollcall.ObjectID) *registry.Editor {
	return w.reg.On(w.tx, rollcall.Origin{Kind: rollcall.OriginSync, By: "run", Source: source, Run: w.run, At: now})
}

// draft makes a draft of a class with values given as code, value, ….
func (w *world) draft(class string, pairs ...string) registry.Draft {
	w.Helper()
	o := rollcall.NewObject(w.model.Class(class))
	for i := 0; i < len(pairs); i += 2 {
		if !o.Set(pairs[i], pairs[i+1]) {
			w.Fatalf("class %s has no attribute %s", class, pairs[i])
		}
	}
	return registry.Draft{Object: o, Key: "key", Reason: "test"}
}

// try creates drafts in one call and returns what became of each.
func (w *world) try(drafts ...registry.Draft) []error {
	w.Helper()
	errs, err := w.by().Create(w.ctx, drafts)
	must(w, err)
	return errs
}

// make creates an object and returns its id.
func (w *world) make(class string, pairs ...string) rollcall.ObjectID {
	w.Helper()
	return w.created(w.draft(class, pairs...))
}

func (w *world) created(d registry.Draft) rollcall.ObjectID {
	w.Helper()
	drafts := []registry.Draft{d}
	errs, err := w.by().Create(w.ctx, drafts)
	must(w, err)
	must(w, errs[0])
	return drafts[0].Object.ID
}

func (w *world) person(name string, pairs ...string) rollcall.ObjectID {
	w.Helper()
	return w.make("Person", append([]string{"name", name, "first_name", "F", "org_id", id(w.org)}, pairs...)...)
}

// user makes an account with profiles.
func (w *world) user(login string, profiles []rollcall.ObjectID, pairs ...string) rollcall.ObjectID {
	w.Helper()
	return w.created(w.userDraft(login, profiles, pairs...))
}

func (w *world) userDraft(login string, profiles []rollcall.ObjectID, pairs ...string) registry.Draft {
	w.Helper()
	d := w.draft("UserLDAP", append([]string{"login", login}, pairs...)...)
	d.Links = map[string][]rollcall.Link{"profile_list": links(profiles...)}
	return d
}

func links(targets ...rollcall.ObjectID) []rollcall.Link {
	list := make([]rollcall.Link, len(targets))
	for i, t := range targets {
		list[i].Target = t
	}
	return list
}

func (w *world) get(class string, id rollcall.ObjectID) *rollcall.Object {
	w.Helper()
	objects, err := w.tx.Objects(w.ctx, w.model.Class(class), []rollcall.ObjectID{id})
	must(w, err)
	if len(objects) == 0 {
		w.Fatalf("%s::%d does not exist", class, id)
	}
	return &objects[0]
}

func (w *world) exists(class string, id rollcall.ObjectID) bool {
	w.Helper()
	objects, err := w.tx.Objects(w.ctx, w.model.Class(class), []rollcall.ObjectID{id})
	must(w, err)
	return len(objects) == 1
}

// edit makes an edit of an object with values given as code, value, ….
func (w *world) edit(class string, id rollcall.ObjectID, pairs ...string) registry.Edit {
	w.Helper()
	d := registry.Edit{Object: *w.get(class, id), Key: "key", Reason: "test"}
	for i := 0; i < len(pairs); i += 2 {
		d.Sets = append(d.Sets, rollcall.Assignment{Attribute: pairs[i], Value: pairs[i+1]})
	}
	return d
}

func (w *world) update(e *registry.Editor, edits ...registry.Edit) []registry.Outcome {
	w.Helper()
	outcomes, err := e.Update(w.ctx, edits)
	must(w, err)
	return outcomes
}

func (w *world) delete(e *registry.Editor, class string, ids ...rollcall.ObjectID) []error {
	w.Helper()
	errs, err := e.Delete(w.ctx, w.model.Class(class), ids, func(id rollcall.ObjectID) (string, string) { return fmt.Sprint("key", id), "gone" })
	must(w, err)
	return errs
}

func (w *world) targets(class, attr string, host rollcall.ObjectID) []rollcall.ObjectID {
	w.Helper()
	found, err := w.tx.Links(w.ctx, w.model.Class(class).Attribute(attr), []rollcall.ObjectID{host})
	must(w, err)
	var ids []rollcall.ObjectID
	for _, l := range found[0] {
		ids = append(ids, l.Target)
	}
	return ids
}

func (w *world) history(filter rollcall.HistoryFilter) []rollcall.History {
	w.Helper()
	var steps []rollcall.History
	must(w, w.tx.History(w.ctx, filter, func(h *rollcall.History) error {
		steps = append(steps, *h)
		return nil
	}))
	return steps
}

// source makes a data source of a class, whose attributes have policies given
// as code, policy, ….
func (w *world) source(name, class, userDelete string, policies ...string) *rollcall.Source {
	w.Helper()
	sid := w.make("SynchroDataSource", "name", name, "scope_class", class, "user_delete_policy", userDelete)
	c := w.model.Class(class)
	src := &rollcall.Source{ID: sid, Name: name, Class: c, Table: w.get("SynchroDataSource", sid).Get("database_table_name")}
	for i := 0; i < len(policies); i += 2 {
		w.make("SynchroAttribute", "sync_source_id", id(sid), "attcode", policies[i], "update_policy", policies[i+1])
		src.Rules.Attributes = append(src.Rules.Attributes, rollcall.AttributeRule{Attribute: c.Attribute(policies[i]), Update: true})
	}
	must(w, w.tx.EnsureTable(w.ctx, src))
	return src
}

// tie gives an object a replica.
func (w *world) tie(src *rollcall.Source, class string, object rollcall.ObjectID, isCreator bool, state rollcall.ReplicaState) {
	w.Helper()
	must(w, w.tx.InsertReplicas(w.ctx, src, []rollcall.Replica{{
		Source: src.ID, Key: fmt.Sprintf("%s-%d", class, object), State: state, IsCreator: isCreator,
		Dest: rollcall.Ref{Class: class, ID: object}, Row: make(rollcall.Row, len(src.Rules.Attributes)),
	}}))
}

// dump returns all objects as text, to compare worlds.
func (w *world) dump() map[string]string {
	w.Helper()
	all := map[string]string{}
	for _, c := range w.model.Classes {
		if c.Parent != "" || c.System {
			continue
		}
		must(w, w.tx.Scan(w.ctx, c, 0, func(o *rollcall.Object) error {
			all[fmt.Sprintf("%s::%d", o.Class.Name, o.ID)] = strings.Join(o.Values, "\x1f")
			return nil
		}))
	}
	return all
}

func id(i rollcall.ObjectID) string { return fmt.Sprint(int64(i)) }

// text returns an error's text, "" for none.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
