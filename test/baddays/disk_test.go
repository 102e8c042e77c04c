package baddays

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rollcall/test/lab"
)

// changeEverybody makes the next run write to every person.
func (o *office) changeEverybody() {
	o.t.Helper()
	o.reconfigure(func(s *setting) {
		s.Persons = "phone: {value: '+49 30 " + time.Now().Format("150405") + "'}"
	})
}

// smallDisk mounts a file system of some megabytes at a folder. It reports
// whether this machine lets the test do so.
func smallDisk(t *testing.T, dir string, size string) bool {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Logf("mount a small disk: %v", err)
		return false
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return true
}

// fill writes a file until but some bytes of the disk are used, and returns how
// to get them back.
func fill(t *testing.T, dir string, leave int64) (empty func()) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block, size := make([]byte, 4096), int64(0)
	for {
		n, err := f.Write(block)
		if size += int64(n); err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
			break
		}
	}
	if err := f.Truncate(max(0, size-leave)); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

// TestTheDiskOfTheDatabaseIsFull has no room for what the run would write, at
// once or after a while.
func TestTheDiskOfTheDatabaseIsFull(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: company(300)})
	for _, leave := range []int64{0, 64 << 10} {
		t.Run(fmt.Sprintf("%d bytes left", leave), func(t *testing.T) {
			t.Parallel()
			o := officeAt(t, s, s.URL())
			if !smallDisk(t, o.dir, "16m") {
				o.fullByLimit()
				return
			}
			o.configure()
			o.sync()
			before := o.dump()
			o.changeEverybody()
			empty := fill(t, o.dir, leave)
			o.run("sync").ended(failed).says("the disk with rollcall.db is full", "make room and try again")
			empty()
			o.unchanged(before)
			o.sync().shows("existing        300   0 unchanged, 300 updated")
		})
	}
}

// fullByLimit stands in for a full disk where none can be mounted.
func (o *office) fullByLimit() {
	o.t.Helper()
	o.sync()
	before := o.dump()
	o.changeEverybody()
	o.limited(64).ended(failed)
	o.unchanged(before)
	o.sync()
}

// limited runs a sync that may write no file beyond so many KiB.
func (o *office) limited(kib int) *outcome {
	o.t.Helper()
	cmd := o.command()
	cmd.Path, cmd.Args = "/bin/bash", []string{"bash", "-c", fmt.Sprintf(`ulimit -f %d; exec "$0" sync`, kib), program}
	return o.finish(o.start(cmd))
}

// TestAFileMayNotGrow is a quota, or a limit on the size of files.
func TestAFileMayNotGrow(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: company(300)})
	o := officeAt(t, s, s.URL())
	o.sync()
	before := o.dump()
	o.changeEverybody()
	o.limited(64).ended(failed).says("rollcall.db could not be read or written", "look at the disk, its quota and the limit on the size of files")
	o.unchanged(before)
	o.sync()
}

// TestTheDiskOfTheSpoolIsFull has no room for the entries while they are read.
func TestTheDiskOfTheSpoolIsFull(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: company(300)})
	o := officeAt(t, s, s.URL())
	o.sync()
	before := o.dump()
	o.changeEverybody()
	spool := t.TempDir()
	o.env = append(o.env, "TMPDIR="+spool)
	if smallDisk(t, spool, "1m") {
		empty := fill(t, spool, 0)
		o.run("sync").ended(failed).says("write the spool file of the load", "is the disk of "+spool+" full?", "no space left on device")
		o.unchanged(before)
		empty()
		o.sync()
	}
	o.changeEverybody()
	before = o.dump()
	o.env = append(o.env, "TMPDIR="+o.path("no-such-folder"))
	o.run("sync").ended(failed).says("make the spool file of the load", o.path("no-such-folder"))
	o.unchanged(before)
	o.env = append(o.env, "TMPDIR="+t.TempDir())
	o.sync()
}

// TestTheDatabaseIsLocked has another process write to the database and not stop.
func TestTheDatabaseIsLocked(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: company(30)})
	o := officeAt(t, s, s.URL())
	o.sync()
	before := o.dump()
	o.changeEverybody()
	release := o.lockDatabase()
	if got := o.run("sync").ended(failed).says("another process holds the database rollcall.db: wait for it to end and try again"); got.took > 25*time.Second {
		t.Errorf("it waited %s", got.took)
	}
	o.unchanged(before)
	// Looking is always possible.
	o.run("runs").ended(done).shows("completed")
	o.run("export", "Person").ended(done).shows("u1@example.org")
	o.run("why", "u1@example.org").ended(done).shows("First1 Last1")
	release()
	o.sync()
}

// lockDatabase is BEGIN EXCLUSIVE in another process: this one.
func (o *office) lockDatabase() (release func()) {
	o.t.Helper()
	db := o.openDatabase()
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	if err != nil {
		o.t.Fatal(err)
	}
	if _, err := conn.ExecContext(ctx, "BEGIN EXCLUSIVE"); err != nil {
		o.t.Fatal(err)
	}
	return func() {
		if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
			o.t.Error(err)
		}
		if err := errors.Join(conn.Close(), db.Close()); err != nil {
			o.t.Error(err)
		}
	}
}

// TestADatabaseThatCannotBeUsed is not there, not allowed, or something else.
func TestADatabaseThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil func(o *office)
		want  []string
	}{
		{"no folder", func(o *office) { o.store("missing/rollcall.db") }, []string{"the folder of", "missing/rollcall.db does not exist"}},
		{"a folder", func(o *office) { o.store(".") }, []string{"is a directory"}},
		{"another file", func(o *office) { o.write("rollcall.db", strings.Repeat("this is a letter ", 1000)) }, []string{"is not a database of this program"}},
		{"a file of the kernel", func(o *office) { o.store("/proc/version") }, []string{"/proc/version"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, setting{URL: closedPort(t)}, "unused")
			c.spoil(o)
			o.run("sync").ended(failed).says(append(c.want, "open the")...)
		})
	}
}

// store names another database.
func (o *office) store(path string) {
	o.t.Helper()
	o.write("rollcall.yaml", strings.Replace(o.read("rollcall.yaml"), "store: rollcall.db", "store: "+path, 1))
}
