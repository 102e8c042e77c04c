package rest_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/http/httptest"
	"testing"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/itop/gate"
	"rollcall/internal/itop/rest"
	"rollcall/internal/registry/registrytest"
	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

var now = time.Date(2026, 11, 21, 20, 2, 1, 0, time.UTC)

// world is the service on a registry of its own.
type world struct {
	*registrytest.World
	config  rest.Config
	service *rest.Service
	admin   *auth.Account
	demo    rollcall.ObjectID // organization "Demo", 2 as in the recordings
}

// restStore is the store as the service asks for it.
type restStore struct{ *store.Store }

func (s restStore) Begin(ctx context.Context) (rest.Tx, error) {
	tx, err := s.Store.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return tx, nil
}

// credentials answers core/check_credentials.
type credentials func(auth.Credentials) (bool, error)

func (f credentials) CheckCredentials(_ context.Context, c auth.Credentials) (bool, error) {
	return f(c)
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
	w := &world{World: registrytest.Open(t, dsn, clock, nil, more...)}
	w.config = rest.Config{
		Model: w.Model, Rights: auth.NewRights(w.Model), Registry: w.Registry, Store: restStore{w.Store}, Now: clock,
		Accounts: credentials(func(c auth.Credentials) (bool, error) { return c.Login == "admin" && c.Password == "secret", nil }),
	}
	w.service = rest.New(w.config)
	w.admin = &auth.Account{Login: "admin", Name: "My first name My last name", Profiles: []string{auth.ProfileAdministrator, auth.ProfileREST}, Administrator: true}
	w.make("Organization", `{"name":"My Company/Department"}`)
	w.demo = w.make("Organization", `{"name":"Demo"}`)
	id := w.make("UserLocal", `{"login":"admin","password":"Secret-123","profile_list":[{"profileid":1},{"profileid":1024}]}`)
	w.admin.Ref = rollcall.Ref{Class: "UserLocal", ID: id}
	return w
}

// onBoth runs tests on SQLite and on PostgreSQL.
func onBoth(t *testing.T, tests map[string]func(*testing.T, *world)) {
	t.Helper()
	registrytest.OnBoth(t, newWorld, tests)
}

var must = registrytest.Must

// send asks with any parameters and returns the body.
func (w *world) send(as *auth.Account, params map[string]string) string {
	w.Helper()
	answer := httptest.NewRecorder()
	w.service.Serve(w.Ctx, answer, &gate.Request{Params: gate.NewParams(params), Account: as, Context: gate.ContextREST})
	if answer.Code != 200 {
		w.Fatalf("got status %d, want 200", answer.Code)
	}
	return answer.Body.String()
}

// ask sends json_data as the administrator.
func (w *world) ask(data string) string {
	w.Helper()
	return w.as(w.admin, data)
}

func (w *world) as(account *auth.Account, data string) string {
	w.Helper()
	return w.send(account, map[string]string{"version": "1.3", "json_data": data})
}

// want asks and compares the whole answer.
func (w *world) want(data, want string) {
	w.Helper()
	if got := w.ask(data); got != want {
		w.Errorf("%s\n got %s\nwant %s", data, got, want)
	}
}

// make creates an object and returns its ID.
func (w *world) make(class, fields string) rollcall.ObjectID {
	w.Helper()
	body := w.ask(`{"operation":"core/create","comment":"test","class":"` + class + `","output_fields":"id","fields":` + fields + `}`)
	var answer struct {
		Code    int
		Message string
		Objects map[string]struct{ Key json.Number }
	}
	must(w, json.Unmarshal([]byte(body), &answer))
	for _, o := range answer.Objects {
		id, err := o.Key.Int64()
		must(w, err)
		return rollcall.ObjectID(id)
	}
	w.Fatalf("create %s %s: got %s", class, fields, body)
	return 0
}
