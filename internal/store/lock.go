package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"rollcall/internal/rollcall"
)

// LockSource makes sure that no two runs work on one source, in whatever
// process, until release is called or the process ends. When another holds it
// the error is a Conflict that says who.
func (s *Store) LockSource(ctx context.Context, name string) (release func() error, err error) {
	return s.d.lock(ctx, s, name)
}

// holder describes this process to those who find the lock taken.
func holder(now time.Time) string {
	host, err := os.Hostname()
	if err != nil {
		host = "this host"
	}
	return fmt.Sprintf("pid %d since %s on %s", os.Getpid(), now.UTC().Format("2006-01-02 15:04:05 UTC"), host)
}

func heldBy(source, holder string) error {
	if holder == "" {
		holder = "a process that did not say which"
	}
	return rollcall.Errorf(rollcall.Conflict, "source %s is being run by %s: wait for it to end", source, holder)
}

// lock takes a file beside the database. The kernel lets go of it when the
// process dies; the file stays, since deleting it would let two processes hold
// two files of one name.
func (d *sqlite) lock(_ context.Context, s *Store, name string) (func() error, error) {
	f, err := os.OpenFile(filepath.Clean(d.path+".lock-"+url.PathEscape(name)), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock source %s: %w", name, err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		who, _ := io.ReadAll(io.LimitReader(f, 1024)) // the message does without
		_ = f.Close()
		return nil, heldBy(name, string(bytes.TrimSpace(who)))
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt([]byte(holder(s.now())+"\n"), 0)
	}
	if err != nil {
		_ = f.Close()
		if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
			return nil, rollcall.Errorf(rollcall.Unavailable, "lock source %s: the disk with %s is full: make room and try again: %w", name, d.path, err)
		}
		return nil, fmt.Errorf("lock source %s: %w", name, err)
	}
	return func() error {
		// A program that is being started beside has the file, and with it the lock, for
		// a moment: closing alone would leave it there.
		if err := errors.Join(f.Truncate(0), unix.Flock(int(f.Fd()), unix.LOCK_UN), f.Close()); err != nil {
			return fmt.Errorf("unlock source %s: %w", name, err)
		}
		return nil
	}, nil
}
