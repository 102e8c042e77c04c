package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// notified is a configuration whose data source has somebody to tell.
const notified = `mail: {server: "%s", tls: none, from: "Rollcall <rollcall@example.com>"}
sources:
  companies:
    class: Organization
    inline:
      main: {name: Example}
    attributes: {name: {from: name, reconcile: true}}
    gone: {then: ignore}
  duty:
    class: Person
    inline:
      d: {name: Duty, first_name: Dora, email: duty@example.com}
    attributes:
      name:       {from: name, reconcile: true}
      first_name: {from: first_name}
      email:      {from: email}
      org_id:     {value: Example, by: name}
    gone: {then: ignore}
  staff:
    class: Person
    notify: duty@example.com
    inline: %s
    attributes:
      name:       {from: name, reconcile: true}
      first_name: {from: first_name}
      org_id:     {value: Example, by: name}
    gone: {after: 0d, then: delete}
    limits: {gone: 1}
`

func TestTheContactIsToldWhenARunEndsInError(t *testing.T) {
	t.Parallel()
	office := lab.OpenPostOffice(t, lab.PostOfficeConfig{})
	dir := t.TempDir()
	sync := func(staff string, code int, sources ...string) {
		t.Helper()
		text := fmt.Sprintf(notified, office.Addr, staff)
		if err := os.WriteFile(filepath.Join(dir, "rollcall.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(filepath.Join(binDir, "rollcall"), append([]string{"sync"}, sources...)...)
		cmd.Dir = dir
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != code {
			t.Fatalf("sync %v: got exit code %d, want %d\n%s", sources, got, code, out)
		}
	}
	want := func(n int, words ...string) {
		t.Helper()
		mails := office.Mails()
		if len(mails) != n {
			t.Fatalf("got %d mails, want %d: %+v", len(mails), n, mails)
		}
		if n == 0 {
			return
		}
		last := mails[n-1]
		if strings.Join(last.To, " ") != "duty@example.com" {
			t.Errorf("got a mail to %v, want it to the contact", last.To)
		}
		for _, w := range words {
			if !strings.Contains(strings.ReplaceAll(last.Data, "=\r\n", ""), w) {
				t.Errorf("the mail does not say %q:\n%s", w, last.Data)
			}
		}
	}
	const ann, bob, nameless = `a: {name: Ann, first_name: A}`, `b: {name: Bob, first_name: B}`, `c: {name: Nobody}`

	sync("{"+ann+", "+bob+"}", 0)
	want(0) // all went well

	sync("{"+ann+", "+bob+", "+nameless+"}", 3, "staff")
	want(1, "Subject: iTop Data Sync - staff - errors (1)", "1 errors have been encountered", "Creation errors: 1")

	office.Refuse(451) // the mail server is in trouble: the run does not care, the notice waits
	sync("{e: {name: Eve, first_name: E}}", 5, "staff")
	want(1)
	office.Refuse(0)
	waited := exec.Command("sqlite3", filepath.Join(dir, "rollcall.db"), "UPDATE dispatch SET next_try = created")
	if out, err := waited.CombinedOutput(); err != nil {
		t.Fatalf("let the time pass: %v\n%s", err, out)
	}
	sync("{"+ann+", "+bob+"}", 0, "staff")
	want(2, "Subject: iTop Data Sync - staff - held", "rollcall apply 3 carries it out")
}
