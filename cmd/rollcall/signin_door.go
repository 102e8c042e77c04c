package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
)

// door is one directory: where a login is searched, and where a password is
// tried.
type door struct {
	name    string
	search  *directory.Pool // signed in as configured
	check   *directory.Pool // signed in as whoever came last
	sources []doorSource    // whose accounts live here, in the order of the configuration
	bases   []string
	login   []string          // the attributes that hold a login
	filter  *directory.Filter // further conditions; nil: none
	now     func() time.Time
	domains sync.Map // whether a NetBIOS name is that of the directory's domain

	mu       sync.Mutex
	out      error // why no server can be asked; nil: one can
	outUntil time.Time
}

// doorSource is a source of accounts as sign-in sees it.
type doorSource struct {
	name   string
	bases  []string
	scope  directory.Scope
	filter *directory.Filter
	key    string // "" for what suits the server
}

// How long a directory that cannot be asked is not asked again: those who wait
// get an answer at once, and do not take up all connections. One that refuses our
// own account is left alone for longer, or the account would be locked.
const (
	outFor     = 2 * time.Second
	refusedFor = 30 * time.Second
)

// ask asks the directory, unless it was found dead a moment ago. Reached tells
// whether there was a connection to ask over.
func (d *door) ask(ctx context.Context, pool *directory.Pool, question func(*directory.Conn) error) (reached bool, err error) {
	d.mu.Lock()
	out, until := d.out, d.outUntil
	d.mu.Unlock()
	if out != nil && time.Now().Before(until) {
		return false, out
	}
	err = pool.Do(ctx, func(c *directory.Conn) error {
		reached = true
		return question(c)
	})
	isDown := rollcall.KindOf(err) == rollcall.Unavailable
	isOut := err != nil && ctx.Err() == nil && (isDown || !reached)
	if !isOut && out == nil {
		return reached, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.out = nil; isOut {
		d.out, d.outUntil = err, time.Now().Add(refusedFor)
		if isDown {
			d.outUntil = time.Now().Add(outFor)
		}
	}
	return reached, err
}

// trouble says of an error that it is the directory's, unless it is a refusal.
// What the server refuses to our own account is no word on whoever wants to come
// in.
func (d *door) trouble(err error) error {
	if _, answered := errors.AsType[*directory.ResultError](err); !answered && rollcall.KindOf(err) == rollcall.Unauthorized {
		return err
	}
	return rollcall.Errorf(rollcall.Unavailable, "%w", &auth.Trouble{Directory: d.name, Err: err})
}

// found is an entry that may be whoever wants to come in.
type found struct {
	auth.Person
	kind  directory.Kind
	root  *directory.Root
	entry *directory.Entry
}

// keyOf returns the entry's key as a source keeps it.
func (f *found) keyOf(key string) string {
	if key == "" {
		key = f.root.Key
	}
	if strings.EqualFold(key, rollcall.FieldDN) {
		return string(f.entry.DN)
	}
	values := f.entry.Get(key)
	if len(values) == 0 {
		return ""
	}
	return directory.SyntaxOf(key).Text(values[0])
}

// judge refuses an entry whose account may not be used. A lock is the server's
// to tell: it alone knows when it ends.
func (f *found) judge(now time.Time) error {
	switch state := directory.AccountOf(f.kind, f.entry.Get, now); {
	case state.Disabled:
		return rollcall.Errorf(rollcall.Unauthorized, "the account of %s is disabled in directory %s", f.DN, f.Directory)
	case state.Expired:
		return rollcall.Errorf(rollcall.Unauthorized, "the account of %s has expired in directory %s", f.DN, f.Directory)
	}
	return nil
}

// passwordTimes are where servers keep when a password was changed; the last one
// moves with any change.
var passwordTimes = []string{"pwdLastSet", "pwdChangedTime", "modifyTimestamp"}

// attributes are what must be read of an entry to let somebody in.
func (d *door) attributes(root *directory.Root) []string {
	list := append([]string{root.Key}, directory.AccountAttributes(root.Kind)...)
	list = append(append(list, d.login...), passwordTimes...)
	for _, src := range d.sources {
		if src.key != "" {
			list = append(list, src.key)
		}
	}
	return list
}

// byKey finds the entry that an account is tied to, nil when its source no
// longer has it.
func (d *door) byKey(ctx context.Context, t *tie) (*found, error) {
	var src *doorSource
	for i := range d.sources {
		if d.sources[i].name == t.source {
			src = &d.sources[i]
		}
	}
	var list []*found
	_, err := d.ask(ctx, d.search, func(c *directory.Conn) error {
		list = nil
		root, err := c.Root(ctx)
		if err != nil {
			return err
		}
		key := src.key
		if key == "" {
			key = root.Key
		}
		s := directory.Search{Scope: src.scope, Unpaged: true, Attributes: d.attributes(root)}
		bases := src.bases
		switch {
		case strings.EqualFold(key, rollcall.FieldDN):
			bases, s.Scope, s.Filter = []string{t.key}, directory.ScopeBase, directory.All(src.filter, d.filter)
		default:
			raw := []byte(t.key)
			if syntax := directory.SyntaxOf(key); syntax == directory.GUID {
				if raw, err = directory.ParseGUID(t.key); err != nil {
					return err
				}
			}
			s.Filter = directory.All(directory.AnyOf(key, [][]byte{raw}), src.filter, d.filter)
		}
		list, err = d.entries(ctx, c, root, s, d.basesOr(bases, root))
		return err
	})
	return only(list, err)
}

// basesOr returns bases, or that which the server names.
func (d *door) basesOr(bases []string, root *directory.Root) []string {
	if len(bases) == 0 {
		bases = d.bases
	}
	if len(bases) == 0 && root.Base != "" {
		bases = []string{root.Base}
	}
	return bases
}

// entries reads the entries that a search finds below any of the bases, no more
// than two.
func (d *door) entries(ctx context.Context, c *directory.Conn, root *directory.Root, s directory.Search, bases []string) ([]*found, error) {
	if len(bases) == 0 {
		return nil, rollcall.Errorf(rollcall.Invalid, "directory %s has no base to search for logins in", d.name)
	}
	byDN := map[string]*found{}
	for _, base := range bases {
		s.Base = base
		_, err := c.Search(ctx, s, func(e *directory.Entry) error {
			if byDN[rollcall.FoldDN(string(e.DN))] = d.found(root, e.Clone()); len(byDN) > 1 {
				return directory.ErrStop
			}
			return nil
		})
		if errors.Is(err, directory.ErrStop) {
			break
		}
		if err != nil && (s.Scope != directory.ScopeBase || rollcall.KindOf(err) != rollcall.NotFound) {
			return nil, fmt.Errorf("search %s for a login: %w", base, err)
		}
	}
	var list []*found
	for _, one := range byDN {
		list = append(list, one)
	}
	return list, nil
}

func (d *door) found(root *directory.Root, e *directory.Entry) *found {
	f := &found{kind: root.Kind, root: root, entry: e}
	f.Directory, f.DN = d.name, string(e.DN)
	if f.Key = f.keyOf(""); f.Key == "" {
		f.Key = f.DN
	}
	for _, attr := range d.login {
		if f.Login == "" {
			f.Login = e.First(attr)
		}
	}
	for _, attr := range passwordTimes {
		if f.Password == "" {
			f.Password = e.First(attr)
		}
	}
	return f
}

// only returns the one entry of a list: two with one login are nobody.
func only(list []*found, err error) (*found, error) {
	switch {
	case err != nil || len(list) == 0:
		return nil, err
	case len(list) > 1:
		return nil, rollcall.Errorf(rollcall.Unauthorized, "several entries have the login")
	}
	return list[0], nil
}
