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
	"rollcall/internal/registry/registrytest"
	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

var now = time.Date(2026, 11, 21, 20, 2, 56, 0, time.UTC)

// world is the pages on a registry of their own.
type world struct {
	*registrytest.World
	service *transfer.Service
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
	"ExportsQueriesOfThePhrasebook":          exportsQueriesOfThePhrasebook,
	"ReplicasAreShown":                       replicasAreShown,
	"ImportKeepsToWhatTheAccountMayDo":       importKeepsToWhatTheAccountMayDo,
	"ImportReadsDatesOfTheFormatGiven":       importReadsDatesOfTheFormatGiven,
	"ImportTellsLockedAttributesInTheirCell": importTellsLockedAttributesInTheirCell,
}

func TestOnBothDatabases(t *testing.T) {
	t.Parallel()
	registrytest.OnBoth(t, newWorld, everywhere)
}

func sqlite(t testing.TB) *world {
	t.Helper()
	return newWorld(t, registrytest.SQLite(t))
}

func newWorld(t testing.TB, dsn string) *world {
	t.Helper()
	return extendedWorld(t, dsn)
}

// extendedWorld is a world with classes of the test's own.
func extendedWorld(t testing.TB, dsn string, more ...fs.FS) *world {
	t.Helper()
	clock := func() time.Time { return now }
	w := &world{World: registrytest.Open(t, dsn, clock, nil, more...), admin: &auth.Account{
		Ref: rollcall.Ref{Class: "UserLocal", ID: 1}, Login: "admin", Name: "My first name My last name", Administrator: true,
	}}
	w.service = transfer.New(transfer.Config{
		Model: w.Model, Rights: auth.NewRights(w.Model), Registry: w.Registry, Store: storeOf{w.Store}, Now: clock,
	})
	w.create("Organization", "name", "My Company/Department", "code", "SOMECODE")
	w.create("Organization", "name", "Demo")
	w.create("Organization", "name", "Création & <Cie>")
	w.create("Organization", "name", "Zoo", "parent_id", "2")
	return w
}

var must = registrytest.Must

// create makes an object with values given as code, value, ….
func (w *world) create(class string, pairs ...string) rollcall.ObjectID {
	w.Helper()
	return w.Create(class, nil, pairs...)
}

// person makes a person of Demo.
func (w *world) person(first, name, email string, more ...string) rollcall.ObjectID {
	w.Helper()
	return w.create("Person", append([]string{"first_name", first, "name", name, "email", email, "org_id", "2"}, more...)...)
}

// get reads an attribute of an object.
func (w *world) get(class string, id rollcall.ObjectID, code string) string {
	w.Helper()
	objects, err := w.Store.Objects(w.Ctx, w.Model.Class(class), []rollcall.ObjectID{id})
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
	page(w.Ctx, rec, w.request(account, form))
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
