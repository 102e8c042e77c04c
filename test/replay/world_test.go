package replay

import (
	"bytes"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // reads the registry in PostgreSQL
	_ "modernc.org/sqlite"             // reads the registry's file

	"rollcall/internal/auth"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
	"rollcall/internal/store"
)

var given = flag.String("program", "", "replay against this program instead of one built for the test")

var built struct {
	once sync.Once
	path string
	err  error
}

// program builds the program once and returns its path.
func program(t *testing.T) string {
	t.Helper()
	if *given != "" {
		return *given
	}
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "rollcall-replay-")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "rollcall")
		if out, err := exec.Command("go", "build", "-o", built.path, "rollcall/cmd/rollcall").CombinedOutput(); err != nil {
			built.err = fmt.Errorf("build the program: %w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.path != "" {
		_ = os.RemoveAll(filepath.Dir(built.path)) // the tests are over
	}
	os.Exit(code)
}

// world is a registry as the recorded iTop was after its setup, and the program
// that serves it.
type world struct {
	dir      string
	client   *client
	database string // a path, or the address of a PostgreSQL database
	log      *bytes.Buffer
}

// newWorld fills a registry and serves it until the test ends. The registry is
// the PostgreSQL database given, or a file.
func newWorld(t *testing.T, database string) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), database: database, log: &bytes.Buffer{}}
	if database == "" {
		w.database = filepath.Join(w.dir, "rollcall.db")
	}
	fill(t, w.database)
	config := filepath.Join(w.dir, "rollcall.yaml")
	if err := os.WriteFile(config, []byte(fmt.Sprintf(configuration, w.database)), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	w.start(t, config, address)
	w.client = newClient("http://" + address)
	return w
}

// configuration is what the recorded iTop's settings are here: short calls of
// cron.php. While maintenanceFile exists the pages say so.
const (
	maintenanceFile = "maintenance"
	configuration   = `store: %s
serve:
  maintenance: ` + maintenanceFile + `
  cron_max_execution_time: 5s
`
)

// maintain puts the program under maintenance while do runs.
func (w *world) maintain(t *testing.T, do func()) {
	t.Helper()
	file := filepath.Join(w.dir, maintenanceFile)
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	do()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}

// start runs the program and waits until it answers.
func (w *world) start(t *testing.T, config, address string) {
	t.Helper()
	serve := exec.Command(program(t), "serve", "--config", config, "--listen", address)
	serve.Stdout, serve.Stderr, serve.Dir = w.log, w.log, filepath.Dir(config)
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = serve.Wait() // what it said tells more
		close(ended)
	}()
	t.Cleanup(func() {
		_ = serve.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = serve.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("the program said:\n%s", w.log)
		}
	})
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-ended:
			t.Fatalf("the program ended:\n%s", w.log)
		default:
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := http.DefaultClient.Do(r); err == nil {
			_ = got.Body.Close()
			return
		}
	}
	t.Fatalf("the program does not answer\n%s", w.log)
}

// rows reads the registry's file.
func (w *world) rows(t *testing.T, query string) [][]string {
	t.Helper()
	driver, address := "sqlite", "file:"+w.database+"?mode=ro"
	if strings.HasPrefix(w.database, "postgres") {
		driver, address = "pgx", w.database
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for rows.Next() {
		cells, dest := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range cells {
			dest[i] = &cells[i]
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(columns))
		for i, c := range cells {
			row[i] = c.String
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// thing is an object of the setup: its class, values by attribute and links by
// set.
type thing struct {
	class  string
	values map[string]string
	links  map[string][]rollcall.Link
}

// setUp lists what a freshly set up iTop had, in the order of its numbers. The
// recordings name all of it but the filler: typologies of which only the number
// shows, in that a brand made later is number 37.
func setUp() []thing {
	profiles := func(ids ...rollcall.ObjectID) map[string][]rollcall.Link {
		links := make([]rollcall.Link, len(ids))
		for i, id := range ids {
			links[i] = rollcall.Link{Target: id}
		}
		return map[string][]rollcall.Link{"profile_list": links}
	}
	const administrator, manager, rest = 1, 3, 1024
	admin := profiles(administrator, rest)
	admin["profile_list"][0].Values = map[string]string{"reason": "By definition, the administrator must have the administrator profile"}
	things := []thing{
		{class: "Organization", values: map[string]string{"name": "My Company/Department", "code": "SOMECODE"}},
		{class: "Organization", values: map[string]string{"name": "Demo"}},
		{class: "Person", values: map[string]string{"name": "My last name", "first_name": "My first name", "email": "my.email@foo.org", "org_id": "1"}},
		{class: "UserLocal", values: map[string]string{"login": "admin", "contactid": "1"}, links: admin},
		{class: "UserLocal", values: map[string]string{"login": "norest"}, links: profiles(administrator)},
		{class: "UserLocal", values: map[string]string{"login": "restonly"}, links: profiles(manager, rest)},
		{class: "UserLocal", values: map[string]string{"login": "syncer"}, links: profiles(administrator, rest)},
	}
	for _, brand := range []string{"Acer", "Apple", "Asus", "Cisco", "Dell", "HP Inc", "HPE", "IBM", "Lenovo", "Razer", "Samsung", "Sony", "Toshiba"} {
		things = append(things, thing{class: "Brand", values: map[string]string{"name": brand}})
	}
	for i := 14; i <= 36; i++ {
		things = append(things, thing{class: "ContactType", values: map[string]string{"name": fmt.Sprint("Filler ", i)}})
	}
	things = append(things, thing{class: "QueryOQL", values: map[string]string{"name": "Query 1", "oql": "SELECT Person WHERE id=:this->agent_id"}})
	return things
}

// fill makes a registry with the things of the setup.
func fill(t *testing.T, path string) {
	t.Helper()
	model, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Config{DSN: path, Model: model})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	tx, err := s.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing to roll back after the commit
	reg := registry.New(model)
	if err := reg.Seed(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	editor := reg.On(tx, rollcall.Origin{Kind: rollcall.OriginInteractive, By: "setup", At: time.Now()})
	for _, th := range setUp() {
		if err := th.create(t.Context(), editor, model); err != nil {
			t.Fatalf("%s %v: %v", th.class, th.values, err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

func (th *thing) create(ctx context.Context, editor *registry.Editor, model *rollcall.Model) error {
	draft := registry.Draft{Object: rollcall.NewObject(model.Class(th.class)), Links: th.links}
	for code, value := range th.values {
		draft.Object.Set(code, value)
	}
	if th.class == "UserLocal" {
		hash, err := auth.Hash(rollcall.Secret(passwords[th.values["login"]]))
		if err != nil {
			return err
		}
		draft.Object.Set("password", hash)
	}
	refused, err := editor.Create(ctx, []registry.Draft{draft})
	if err != nil {
		return err
	}
	return refused[0]
}
