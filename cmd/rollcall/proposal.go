package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/template"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
)

// proposal is what a configuration for a directory is written from.
type proposal struct {
	URL, CA      string
	StartTLS     bool
	User         string // to sign in as; empty for anonymous
	Guessed      bool   // User is only an example
	Server       string // what it is, in words
	IsAD         bool
	Base         string
	Key          string // the attribute that identifies an entry
	Organization string
	Persons      string // filter
	Accounts     string // filter; empty when entries have no login
	Login        string // attribute
	Teams        string // filter; empty when groups do not name their members
	Member       string // attribute
	Number       string // attribute of an employee's number
	Domain       string // a short name for the directory
	Password     string // how the configuration refers to it

	notes []string
}

//go:embed init.yaml.tmpl
var initTemplate string

// write writes the configuration.
func (p *proposal) write(w io.Writer) error {
	quote := func(text string) (string, error) { // JSON strings are YAML strings
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		err := e.Encode(text)
		return strings.TrimSpace(b.String()), err
	}
	t, err := template.New("init").Funcs(template.FuncMap{"quote": quote}).Parse(initTemplate)
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	if err := t.Execute(w, p); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

// propose asks a directory what it is and what it holds.
func propose(ctx context.Context, cfg directory.Config, base, organization string) (*proposal, error) {
	conn, err := directory.Dial(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer conn.Close() // all was read
	root, err := conn.Root(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the server what it is: %w", err)
	}
	p := &proposal{
		URL: cfg.URLs[0], CA: cfg.TLS.CAFile, StartTLS: cfg.StartTLS, User: cfg.Bind.User,
		IsAD: root.Kind.IsAD(), Key: root.Key, Base: base, Organization: organization,
		Server: serverName(root), Password: "${env:" + envLDAPPassword + "}",
	}
	if p.Base == "" {
		p.Base = root.Base
	}
	if p.Base == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "%s does not say what it holds: name a base with --base", conn.URL())
	}
	p.Domain, p.Organization = domainOf(p.Base), cmpOr(organization, domainOf(p.Base))
	if p.IsAD {
		p.activeDirectory()
	} else {
		p.plain()
	}
	if p.IsAD && p.User == "" {
		// Active Directory shows a stranger its root entry and nothing else.
		p.User, p.Guessed = "CN=rollcall,CN=Users,"+p.Base, true
		p.notes = append(p.notes, "a stranger sees nothing of this server: put an account that may read into the configuration, or give --bind-dn")
		return p, nil
	}
	return p, p.look(ctx, conn, organization)
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// serverName says what a server is.
func serverName(root *directory.Root) string {
	name := string(root.Kind)
	if root.Kind == directory.UnknownKind {
		name = "a directory of a kind that is not known here"
		if text := strings.TrimSpace(root.Vendor + " " + root.Version); text != "" {
			return text
		}
	}
	if root.Version != "" {
		name += " " + root.Version
	}
	return name
}

// domainOf turns a base into the domain that it spells, or its first value.
func domainOf(base string) string {
	dn, err := rollcall.ParseDN(base)
	if err != nil || len(dn) == 0 {
		return base
	}
	var labels []string
	for _, part := range dn {
		if strings.EqualFold(part[0].Type, "dc") {
			labels = append(labels, part[0].Value)
		}
	}
	if len(labels) == 0 {
		return dn.RDN()
	}
	return strings.Join(labels, ".")
}

// activeDirectory proposes for Active Directory, whose schema is the same
// everywhere. Built-in accounts such as krbtgt have no last name. An empty group
// is an empty team: left out, it would keep the last member who left.
func (p *proposal) activeDirectory() {
	p.Persons = "(&(objectCategory=person)(objectClass=user)(sn=*))"
	p.Accounts = "(&(objectCategory=person)(objectClass=user)(sn=*)(sAMAccountName=*))"
	p.Login, p.Number = "sAMAccountName", "employeeID"
	p.Teams, p.Member = "(&(objectCategory=group)(!(isCriticalSystemObject=TRUE)))", "member"
}

// plain proposes for what most other servers hold (RFC 2798, RFC 4519).
func (p *proposal) plain() {
	p.Persons = "(objectClass=inetOrgPerson)"
	p.Accounts = "(&(objectClass=inetOrgPerson)(uid=*))"
	p.Login, p.Number = "uid", "employeeNumber"
	p.Teams, p.Member = "(objectClass=groupOfNames)", "member"
}

// look fits the proposal to what the directory holds.
func (p *proposal) look(ctx context.Context, conn *directory.Conn, organization string) error {
	has := func(filter string) (bool, error) { return holds(ctx, conn, p.Base, filter) }
	if entry, err := conn.Read(ctx, p.Base, "o"); err != nil {
		return fmt.Errorf("read the base %s: %w", p.Base, err)
	} else if o := entry.First("o"); o != "" && organization == "" {
		p.Organization = o
	}
	if p.IsAD {
		return nil
	}
	choose := func(into *string, nothing string, candidates ...string) error {
		for _, c := range candidates {
			found, err := has(c)
			if err != nil {
				return err
			}
			if found {
				*into = c
				return nil
			}
		}
		p.notes = append(p.notes, nothing)
		return nil
	}
	err := choose(&p.Persons, "no entry looks like a person; adapt the filter of source persons",
		"(objectClass=inetOrgPerson)", "(&(objectClass=person)(sn=*))", "(&(objectClass=posixAccount)(sn=*))")
	if err != nil {
		return err
	}
	p.Accounts = "(&" + p.Persons + "(uid=*))"
	if found, err := has(p.Accounts); err != nil {
		return err
	} else if !found {
		p.Accounts = ""
		p.notes = append(p.notes, "no person has a uid, so no source makes accounts")
	}
	p.Teams = ""
	if err := choose(&p.Teams, "no group names its members by DN, so no source makes teams",
		"(objectClass=groupOfNames)", "(objectClass=groupOfUniqueNames)", "(objectClass=groupOfMembers)"); err != nil {
		return err
	}
	if strings.Contains(p.Teams, "Unique") {
		p.Member = "uniqueMember"
	}
	return nil
}

// holds reports whether an entry below base matches.
func holds(ctx context.Context, conn *directory.Conn, base, filter string) (bool, error) {
	parsed, err := directory.ParseFilter(filter)
	if err != nil {
		return false, err
	}
	found := false
	_, err = conn.Search(ctx, directory.Search{Base: base, Scope: directory.ScopeSubtree, Filter: parsed, Attributes: []string{"objectClass"}},
		func(*directory.Entry) error {
			found = true
			return directory.ErrStop
		})
	if err != nil && !errors.Is(err, directory.ErrStop) {
		return false, fmt.Errorf("look for %s: %w", filter, err)
	}
	return found, nil
}
