package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

const clockConfig = `store: rollcall.db
directories:
  main: {url: %q, base: %q, bind: {dn: %q, password: %q}}
sources:
  users:
    class: UserLDAP
    directory: main
    filter: (objectClass=inetOrgPerson)
    key: entryUUID
    attributes:
      login: {from: uid, reconcile: true}
      language: {value: EN US}
      profile_list: {value: "profileid->name:Portal user"}
    gone: {after: 0, then: delete}
    delta: {full_every: 24h}
`

// TestTheClockJumpsBetweenTwoRuns of one program: whatever it says, no change is
// lost, and a jump that leaves a doubt makes the load a full one.
func TestTheClockJumpsBetweenTwoRuns(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]lab.SlapdConfig{"syncrepl": {}, "timestamps": {Plain: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := lab.Slapd(t, cfg)
			file := filepath.Join(t.TempDir(), "rollcall.yaml")
			if err := os.WriteFile(file, fmt.Appendf(nil, clockConfig, s.LDAP, s.BaseDN, s.AdminDN, s.Password), 0o600); err != nil {
				t.Fatal(err)
			}
			for n, step := range []struct {
				ahead time.Duration
				load  rollcall.Load
				why   string
			}{
				{0, rollcall.LoadFull, "the first load"},
				{0, rollcall.LoadDelta, ""},
				{5 * time.Hour, rollcall.LoadDelta, ""}, // forward, and it stays there
				{5 * time.Hour, rollcall.LoadDelta, ""},
				{25 * time.Hour, rollcall.LoadFull, "due"},
				{20 * time.Hour, rollcall.LoadFull, "the clock went back"},
				{21 * time.Hour, rollcall.LoadDelta, ""},
				{0, rollcall.LoadFull, "the clock went back"},
				{0, rollcall.LoadDelta, ""},
				{-time.Hour, rollcall.LoadFull, "the clock went back"},
				{0, rollcall.LoadDelta, ""},
			} {
				s.Add(fmt.Sprintf("dn: cn=p%[1]d,%[2]s\nobjectClass: inetOrgPerson\ncn: p%[1]d\nsn: p%[1]d\nuid: p%[1]d\n\n", n, s.BaseDN))
				load := syncAt(t, file, step.ahead)
				if load.Load != step.load || !strings.Contains(load.Why, step.why) || load.Counters.Created != 1 {
					t.Errorf("step %d, the clock is %s ahead: a %s load (%s) made %d, want %s (%s) and 1",
						n, step.ahead, load.Load, load.Why, load.Counters.Created, step.load, step.why)
				}
			}
		})
	}
}

// syncAt synchronizes while the clock is ahead.
func syncAt(t *testing.T, file string, ahead time.Duration) rollcall.SourceRun {
	t.Helper()
	var out, complaints bytes.Buffer
	p := newProgram(strings.NewReader(""), &out, &complaints)
	p.now = func() time.Time { return time.Now().Add(ahead) }
	if code := run(t.Context(), []string{"-c", file, "sync", "--json"}, p); code != exitDone {
		t.Fatalf("exit code %d\n%s%s", code, out.String(), complaints.String())
	}
	var did rollcall.Run
	if err := json.Unmarshal(out.Bytes(), &did); err != nil {
		t.Fatal(err)
	}
	return did.Sources[0]
}
