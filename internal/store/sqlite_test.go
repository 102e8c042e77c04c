package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rollcall/internal/rollcall"
)

func openFile(t *testing.T, path string) *Store {
	t.Helper()
	organization := &rollcall.Class{Name: "Organization", Root: "Organization", Attributes: []*rollcall.Attribute{{Code: "name", Type: rollcall.TypeString}}}
	organization.Index()
	s, err := Open(t.Context(), Config{DSN: path, Model: rollcall.NewModel([]*rollcall.Class{organization})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestFileIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "odd name?#%.db")
	s := openFile(t, path)
	tx, err := s.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.InsertObjects(t.Context(), s.model.Class("Organization"), []rollcall.Object{{ID: 1, Values: []string{"x"}}}); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s: got mode %o, want 600", path+suffix, mode)
		}
	}
}

func TestConnectionsAreSetUp(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "x.db"))
	for pragma, want := range map[string][2]string{
		"journal_mode": {"wal", "wal"}, "synchronous": {"1", "1"}, "foreign_keys": {"1", "1"}, "cache_size": {"-16384", "-8192"}, "busy_timeout": {"10000", "10000"},
	} {
		for i, db := range []querier{s.writer, s.reader} {
			var got string
			if err := db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want[i] {
				t.Errorf("%s: got %q, %v, want %q", pragma, got, err, want[i])
			}
		}
	}
	if _, err := s.reader.ExecContext(t.Context(), "DELETE FROM run"); err == nil {
		t.Error("got no error from a reader that writes")
	}
}

// TestLockIsGivenBackByItself: a process that is being started has a copy of every
// open file until its program begins.
func TestLockIsGivenBackByItself(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rollcall.db")
	st := openFile(t, path)
	release, err := st.LockSource(t.Context(), "persons")
	if err != nil {
		t.Fatal(err)
	}
	copies := 0
	fds, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if file, err := os.Readlink(fd); err != nil || file != path+".lock-persons" {
			continue
		}
		n, err := strconv.Atoi(filepath.Base(fd))
		if err != nil {
			t.Fatal(err)
		}
		started, err := unix.Dup(n)
		if err != nil {
			t.Fatal(err)
		}
		copies++
		defer unix.Close(started)
	}
	if copies == 0 {
		t.Fatal("the lock is no open file")
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if release, err = st.LockSource(t.Context(), "persons"); err != nil {
		t.Fatal(err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
}

func TestBusyDatabaseIsNamed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	first, second := openFile(t, path), openFile(t, path)
	if _, err := first.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := second.writer.ExecContext(t.Context(), "PRAGMA busy_timeout = 50"); err != nil {
		t.Fatal(err)
	}
	_, err := second.Begin(t.Context())
	wantError(t, err, rollcall.Unavailable, "another process holds the database "+path)

	first.wait = 50 * time.Millisecond
	_, err = first.Begin(t.Context())
	wantError(t, err, rollcall.Unavailable, path)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := second.Begin(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

func TestFullDiskRollsBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	s := openFile(t, path)
	// The file may not grow: that is what SQLite says when a disk is full, too.
	if _, err := s.writer.ExecContext(t.Context(), "PRAGMA max_page_count = 1"); err != nil {
		t.Fatal(err)
	}
	organization := s.model.Class("Organization")
	err := s.write(t.Context(), func(tx *Tx) error {
		var objects []rollcall.Object
		for id := range 1000 {
			objects = append(objects, rollcall.Object{ID: rollcall.ObjectID(id + 1), Values: []string{strings.Repeat("x", 1000)}})
		}
		return tx.InsertObjects(t.Context(), organization, objects)
	})
	wantError(t, err, rollcall.Unavailable, "the disk with "+path+" is full")
	if n, err := s.Count(t.Context(), organization); err != nil || n != 0 {
		t.Errorf("got %d objects, %v, want none", n, err)
	}
}

func TestWhatIsNoDatabaseIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		text:                               "is not a database",
		filepath.Join(dir, "none", "x.db"): "does not exist",
		dir:                                "open the database",
	} {
		_, err := Open(t.Context(), Config{DSN: path, Model: rollcall.NewModel(nil)})
		wantError(t, err, rollcall.Invalid, want)
		wantError(t, err, rollcall.Invalid, path)
	}
}

func TestServerOutOfReachHidesThePassword(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{"postgres://u:s3cret@127.0.0.1:1/db", "postgres://u:s3cret@127.0.0.1:bad/db"} {
		_, err := Open(t.Context(), Config{DSN: dsn, Model: rollcall.NewModel(nil)})
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("got %v, want an error without the password", err)
		}
	}
}

func wantError(t *testing.T, err error, kind rollcall.Kind, text string) {
	t.Helper()
	if err == nil || rollcall.KindOf(err) != kind || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v (%v), want an error of kind %v with %q", err, rollcall.KindOf(err), kind, text)
	}
}
