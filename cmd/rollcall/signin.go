package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rollcall/internal/auth"
	"rollcall/internal/config"
	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
)

// classDirectoryAccount is the class of accounts that sign in through a
// directory.
const classDirectoryAccount = "UserLDAP"

// doors are the directories as sign-in sees them.
type doors struct {
	byName map[string]*door
	usual  string // for accounts that name none; "" when it is not clear
}

// door is one directory: where a login is searched, and where a password is
// tried.
type door struct {
	search *directory.Pool // signed in as configured
	check  *directory.Pool // signed in as whoever came last
	bases  []string
	login  []string // the attributes that hold a login
	filter string   // further conditions
}

var _ auth.Directories = (*doors)(nil)

// doorConnections is how many questions one directory is asked at once.
const doorConnections = 8

// usualLogins are where a login is looked for when nothing says where.
var usualLogins = []string{"sAMAccountName", "uid"}

// doors makes sign-in ready; nothing is sent yet.
func (s setup) doors() (*doors, error) {
	d := &doors{byName: map[string]*door{}, usual: s.config.Serve.SignIn.Directory}
	var accounts []string // directories that accounts come from
	for name, written := range s.config.Directories {
		one, isSource := s.door(name, written)
		d.byName[name] = one
		if isSource {
			accounts = append(accounts, name)
		}
		if _, err := directory.ParseFilter(one.wanted("x")); err != nil {
			return nil, s.config.Explain(s.config.Serve.Line, fmt.Errorf("sign_in of serve: %w", err))
		}
	}
	switch names := slices.Collect(maps.Keys(d.byName)); {
	case d.usual != "":
	case len(names) == 1:
		d.usual = names[0]
	case len(accounts) == 1:
		d.usual = accounts[0]
	}
	return d, nil
}

// door describes one directory: where the sources of its accounts read, by the
// attribute that they take for the login.
func (s setup) door(name string, written *config.Directory) (one *door, isSource bool) {
	cfg := directoryConfig(written)
	one = &door{
		search: directory.NewPool(cfg, doorConnections), check: directory.NewPool(cfg, doorConnections),
		login: slices.Clone(s.config.Serve.SignIn.Login), filter: s.config.Serve.SignIn.Filter,
	}
	var logins []string
	for i, src := range s.sources {
		of := &s.config.Sources[i]
		if of.Directory != name || !s.model.IsA(src.Class.Name, classDirectoryAccount) {
			continue
		}
		isSource = true
		one.bases = append(one.bases, of.Bases...)
		for _, rule := range src.Rules.Attributes {
			if rule.Attribute.Code == "login" && rule.From != "" && !slices.Contains(logins, rule.From) {
				logins = append(logins, rule.From)
			}
		}
	}
	if len(one.bases) == 0 {
		one.bases = written.Base
	}
	if len(one.login) == 0 {
		one.login = logins
	}
	if len(one.login) == 0 {
		one.login = usualLogins
	}
	return one, isSource
}

// wanted is the filter that finds whoever has a login.
func (d *door) wanted(login string) string {
	var b strings.Builder
	b.WriteString("(&(|")
	for _, attr := range d.login {
		fmt.Fprintf(&b, "(%s=%s)", attr, directory.EscapeFilter(login))
	}
	b.WriteString(")" + d.filter + ")")
	return b.String()
}

// Verify finds the one entry that has a login and signs in as it.
func (d *doors) Verify(ctx context.Context, name, login string, password rollcall.Secret) error {
	if password == "" {
		return rollcall.Errorf(rollcall.Unauthorized, "an empty password proves nothing")
	}
	if name == "" {
		name = d.usual
	}
	one := d.byName[name]
	if one == nil {
		return rollcall.Errorf(rollcall.Unauthorized, "the account's directory %q is not configured; name the usual one as serve.sign_in.directory", name)
	}
	dn, err := one.find(ctx, login)
	if err != nil {
		return fmt.Errorf("directory %s: %w", name, err)
	}
	err = one.check.Do(ctx, func(c *directory.Conn) error { return c.Authenticate(ctx, dn, password) })
	if err != nil {
		return fmt.Errorf("directory %s: %w", name, err)
	}
	return nil
}

var errEnough = errors.New("two are too many")

// find returns the DN of the only entry with a login.
func (d *door) find(ctx context.Context, login string) (string, error) {
	filter, err := directory.ParseFilter(d.wanted(login))
	if err != nil {
		return "", err
	}
	if len(d.bases) == 0 {
		return "", rollcall.Errorf(rollcall.Invalid, "it has no base to search for logins in")
	}
	found := map[string]string{}
	for _, base := range d.bases {
		err := d.search.Do(ctx, func(c *directory.Conn) error {
			_, err := c.Search(ctx, directory.Search{Base: base, Scope: directory.ScopeSubtree, Filter: filter, Unpaged: true}, func(e *directory.Entry) error {
				dn := string(e.DN)
				if found[rollcall.FoldDN(dn)] = dn; len(found) > 1 {
					return errEnough
				}
				return nil
			})
			return err
		})
		if errors.Is(err, errEnough) {
			return "", rollcall.Errorf(rollcall.Unauthorized, "several entries have the login")
		}
		if err != nil {
			// A refusal here is one of our own account, not of whoever wants to come in.
			return "", rollcall.Errorf(rollcall.Unavailable, "search %s for a login: %w", base, err)
		}
	}
	for _, dn := range found {
		return dn, nil
	}
	return "", rollcall.Errorf(rollcall.Unauthorized, "no entry has the login")
}

// close closes the connections.
func (d *doors) close() error {
	var errs []error
	for _, one := range d.byName {
		errs = append(errs, one.search.Close(), one.check.Close())
	}
	return errors.Join(errs...)
}
