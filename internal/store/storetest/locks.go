package storetest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

// lockVariable tells the test binary to hold a lock instead of testing; its
// value is the address of the database.
const lockVariable = "STORETEST_HOLD_LOCK"

// Hold makes this process hold a source's lock until it is killed, when it was
// started for that by the suite. TestMain calls it first.
func Hold() {
	dsn := os.Getenv(lockVariable)
	if dsn == "" {
		return
	}
	ctx := context.Background()
	st, err := store.Open(ctx, store.Config{DSN: dsn, Model: Model()})
	if err == nil {
		_, err = st.LockSource(ctx, "persons")
	}
	fmt.Println("held:", err)
	time.Sleep(time.Minute) // until the test kills this process
	os.Exit(1)
}

func (s *suite) lockTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"LockExcludesTwoStoresOfOneProcess": s.lockTwice,
		"LockDiesWithItsProcess":            s.lockProcess,
		"LocksOfManySources":                s.lockMany,
		"AWriterWaitsAsLongAsItShould":      s.patience,
	}
}

func (s *suite) lockTwice(t *testing.T) {
	dsn := s.fresh(t)
	first, second := openAt(t, dsn, Model()), openAt(t, dsn, Model())
	release := value[func() error](t)(first.LockSource(t.Context(), "persons/of all"))
	for _, st := range []*store.Store{first, second} {
		_, err := st.LockSource(t.Context(), "persons/of all")
		wantHeld(t, err, fmt.Sprintf("pid %d since 2026-03-04 05:06:07 UTC on ", os.Getpid()))
	}
	other := value[func() error](t)(second.LockSource(t.Context(), "users"))
	must(t, release())
	for range 20 { // what was given back can be had at once
		for _, st := range []*store.Store{second, first} {
			again := value[func() error](t)(st.LockSource(t.Context(), "persons/of all"))
			must(t, again())
		}
	}
	must(t, other())
}

// lockMany takes more locks than a store has connections, and still works.
func (s *suite) lockMany(t *testing.T) {
	dsn := s.fresh(t)
	first, second := openAt(t, dsn, Model()), openAt(t, dsn, Model())
	var release []func() error
	for i := range 40 {
		release = append(release, value[func() error](t)(first.LockSource(t.Context(), fmt.Sprint("source ", i))))
	}
	must(t, first.StartRun(t.Context(), newRun("source 0")))
	for i, free := range release {
		must(t, free())
		must(t, value[func() error](t)(second.LockSource(t.Context(), fmt.Sprint("source ", i)))())
	}
}

// patience has somebody write for longer than a first writer waits; a second,
// for whom nobody waits, gets its turn afterwards.
func (s *suite) patience(t *testing.T) {
	st := s.open(t)
	tx := begin(t, st)
	_, err := st.Begin(rollcall.Patient(t.Context(), time.Millisecond))
	wantKind(t, err, rollcall.Unavailable)
	turn := make(chan error)
	go func() {
		second, err := st.Begin(rollcall.Patient(t.Context(), time.Hour))
		if err == nil {
			err = second.Rollback()
		}
		turn <- err
	}()
	select {
	case err := <-turn:
		t.Errorf("got its turn while another wrote: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	must(t, tx.Rollback())
	must(t, <-turn)
}

func wantHeld(t *testing.T, err error, by string) {
	t.Helper()
	wantKind(t, err, rollcall.Conflict)
	if err != nil && !strings.Contains(err.Error(), by) {
		t.Errorf("got %q, want it to name %q", err, by)
	}
}

func (s *suite) lockProcess(t *testing.T) {
	dsn := s.fresh(t)
	st := openAt(t, dsn, Model())
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), lockVariable+"="+dsn)
	cmd.Stderr = os.Stderr
	out := value[io.ReadCloser](t)(cmd.StdoutPipe())
	must(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if must(t, err); line != "held: <nil>\n" {
		t.Fatalf("got %q, want the other process to hold the lock", line)
	}
	_, err = st.LockSource(t.Context(), "persons")
	wantHeld(t, err, fmt.Sprintf("pid %d ", cmd.Process.Pid))
	must(t, cmd.Process.Kill())
	_ = cmd.Wait() // it was killed
	// A server notices the end of a connection a moment later.
	for deadline := time.Now().Add(10 * time.Second); ; {
		release, err := st.LockSource(t.Context(), "persons")
		if err == nil {
			must(t, release())
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %v, want the lock of a dead process to be free", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
