package wire

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

// rollcall runs a command beside the server.
func (s *site) rollcall(args ...string) (string, error) {
	s.Helper()
	program := lab.Program(s)
	out, err := exec.Command(program, append([]string{"-c", filepath.Join(s.dir, "rollcall.yaml")}, args...)...).CombinedOutput()
	return string(out), err
}

// TestAHeldRunOverTheWireIsApprovedAndUndone: its limits are those of the source of
// that name in the configuration; approving and undoing it needs no such source.
func TestAHeldRunOverTheWireIsApprovedAndUndone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := open(t, dir)
	demo := fmt.Sprint(r.Create("Organization", nil, "name", "Demo"))
	admin := r.local("admin", "Administrator", "REST Services User")
	s := serve(t, dir, `
sources:
  Matrix:
    class: Person
    csv: {file: none.csv}
    key: id
    attributes:
      name: {from: name, reconcile: true}
      first_name: {from: name}
      org_id: {value: Demo, by: name}
    limits: {changed: 0}
`)
	source := makeSource(t, s, admin)
	run := func(csv string) string {
		t.Helper()
		return ask(t, s.form("/synchro/synchro_import.php", values("data_source_id", fmt.Sprint(source), "separator", ";", "charset", "UTF-8", "synchronize", "1",
			"output", "summary", "csvdata", "primary_key;name;first_name;org_id;function\n"+csv, "auth_user", "admin", "auth_pwd", password))).body
	}
	first := func() string {
		t.Helper()
		person := r.Model.Class("Person")
		var functions []string
		must(r, r.Store.Scan(r.Ctx, person, 0, func(o *rollcall.Object) error {
			functions = append(functions, o.Get("function"))
			return nil
		}))
		return strings.Join(functions, " ")
	}
	if answer := run("a;Ann;A;" + demo + ";Clerk"); !strings.Contains(answer, "Objects created: 1") {
		t.Fatal(answer)
	}
	answer := run("a;Ann;A;" + demo + ";Chief")
	held := regexp.MustCompile(`run (\d+) waits for approval`).FindStringSubmatch(answer)
	if held == nil || first() != "Clerk" {
		t.Fatalf("got %s, want the run held; the function is %s", answer, first())
	}
	if out, err := s.rollcall("runs", held[1], "--changes"); err != nil || !strings.Contains(out, "Chief") {
		t.Errorf("the plan: %v\n%s", err, out)
	}
	if out, err := s.rollcall("apply", held[1]); err != nil || first() != "Chief" {
		t.Fatalf("approve: %v\n%s", err, out)
	}
	done, err := r.Store.Runs(r.Ctx, 1)
	must(r, err)
	if out, err := s.rollcall("undo", fmt.Sprint(done[0].ID)); err != nil || first() != "Clerk" {
		t.Errorf("undo run %d: %v\n%s\nthe function is %s", done[0].ID, err, out, first())
	}
}
