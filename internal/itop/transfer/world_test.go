package transfer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/itop/gate"
	"rollcall/internal/itop/transfer"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
	"rollcall/internal/store"
	"rollcall/test/lab/postgres"
)

var now = time.Date(2026, 11, 21, 20, 2, 56, 0, time.UTC)

// world is the pages on a registry of their own.
type world struct {
	testing.TB
	ctx     context.Context
	model   *rollcall.Model
	store   *store.Store
	service *transfer.Service
	reg     *registry.Registry
	admin   *auth.Account
}

// storeOf is the store as the pages ask for it.
type storeOf struct{ *store.Store }

func (s storeOf) Begin(ctx context.Context) (transfer.Tx, error) {
	tx, err := s.Store.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return tx, nil
}

// everywhere are the tests that every database must pass.
var everywhere = map[string]func(*testing.T, *world){
	"ImportCreatesUpdatesAndLeavesAlone":     importCreatesUpdatesAndLeavesAlone,
	"ImportMeansRowsOfTheSameFile":           importMeansRowsOfTheSameFile,
	"ImportSurvivesAnyText":                  importSurvivesAnyText,
	"ExportWritesEveryFormat":                exportWritesEveryFormat,
	"ExportShowsAllowedOrganizationsOnly":    exportShowsAllowedOrganizationsOnly,
	"ExportLeavesObsoleteOutOfTheNewPage":    exportLeavesObsoleteOutOfTheNewPage,
	"ExportAnswersHostileParametersInPeace":  exportAnswersHostileParametersInPeace,
	"ImportKeepsToWhatTheAccountMayDo":       importKeepsToWhatTheAccountMayDo,
	"ImportReadsDatesOfTheFormatGiven":       importReadsDatesOfTheFormatGiven,
	"ImportTellsLockedAttributesInTheirCell": importTellsLockedAttributesInTheirCell,
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
	t.Cleanup(func() { must(t, s.Close()) })
	reg := registry.New(model)
	w := &world{TB: t, ctx: ctx, model: model, store: s, reg: reg, admin: &auth.Account{
		Ref: rollcall.Ref{Class: "UserLocal", ID: 1}, Login: "admin", Name: "My first name My last name", Administrator: true,
	}}
	w.service = transfer.New(transfer.Config{
		Model: model, Rights: auth.NewRights(model), Registry: reg, Store: storeOf{s}, Now: func() time.Time { return now },
	})
	w.write(func(tx *store.Tx) { must(t, reg.Seed(ctx, tx)) })
	w.create("Organization", "name", "My Company/Department", "code", "SOMECODE")
	w.create("Organization", "name", "Demo")
	w.create("Organization", "name", "Création & <Cie>")
	w.create("Organization", "name", "Zoo", "parent_id", "2")
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) write(do func(*store.Tx)) {
	w.Helper()
	tx, err := w.store.Begin(w.ctx)
	must(w, err)
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	do(tx)
	must(w, tx.Commit())
}

// create makes an object with values given as code, value, ….
func (w *world) create(class string, pairs ...string) rollcall.ObjectID {
	w.Helper()
	o := rollcall.NewObject(w.model.Class(class))
	for i := 0; i < len(pairs); i += 2 {
		if !o.Set(pairs[i], pairs[i+1]) {
			w.Fatalf("class %s has no attribute %s", class, pairs[i])
		}
	}
	drafts := []registry.Draft{{Object: o, Reason: "test"}}
	w.write(func(tx *store.Tx) {
		refused, err := w.reg.On(tx, rollcall.Origin{Kind: rollcall.OriginInteractive, By: "test", At: now}).Create(w.ctx, drafts)
		must(w, errors.Join(err, refused[0]))
	})
	return drafts[0].Object.ID
}

// person makes a person of Demo.
func (w *world) person(first, name, email string, more ...string) rollcall.ObjectID {
	w.Helper()
	return w.create("Person", append([]string{"first_name", first, "name", name, "email", email, "org_id", "2"}, more...)...)
}

// get reads an attribute of an object.
func (w *world) get(class string, id rollcall.ObjectID, code string) string {
	w.Helper()
	objects, err := w.store.Objects(w.ctx, w.model.Class(class), []rollcall.ObjectID{id})
	must(w, err)
	if len(objects) == 0 {
		return "(no object)"
	}
	return objects[0].Get(code)
}

// request is what a page gets: csvdata is posted.
func (w *world) request(account *auth.Account, form map[string]string) *gate.Request {
	params := map[string]string{}
	for name, value := range form {
		if name != "csvdata" {
			params[name] = value
		}
	}
	p := gate.NewParams(params)
	if data, ok := form["csvdata"]; ok {
		p.SetPosted("csvdata", strings.NewReader(data), int64(len(data)))
	}
	return &gate.Request{
		HTTP:   httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8088/webservices/page.php", nil),
		Params: p, Account: account,
	}
}

// ask calls a page as an administrator and returns its answer.
func (w *world) ask(page gate.Page, form map[string]string) *httptest.ResponseRecorder {
	return w.askAs(w.admin, page, form)
}

func (w *world) askAs(account *auth.Account, page gate.Page, form map[string]string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	page(w.ctx, rec, w.request(account, form))
	return rec
}

// imports calls import.php and returns the lines of its report.
func (w *world) imports(form map[string]string) []string {
	w.Helper()
	for name, value := range map[string]string{"charset": "UTF-8", "no_localize": "1", "separator": ";", "output": "details", "class": "Person"} {
		if _, ok := form[name]; !ok {
			form[name] = value
		}
	}
	return strings.Split(strings.TrimSuffix(w.ask(w.service.Import, form).Body.String(), "\n"), "\n")
}

// exchange is one recorded request and its answer.
type exchange struct {
	Request struct {
		Path string
		Form map[string]string
	}
	Response struct {
		Headers map[string]string
		Body    string
	}
}

// recorded reads a recording; the test is skipped where there are none.
func recorded(t testing.TB, name string) []exchange {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "recordings", name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the recordings are not here")
	}
	must(t, err)
	var list []exchange
	must(t, json.NewDecoder(bytes.NewReader(text)).Decode(&list))
	return list
}
