package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"rollcall/internal/directory"
	"rollcall/internal/migrate"
	"rollcall/internal/rollcall"
)

// proposal is what a configuration for a directory is drafted from.
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
	Password     string // how the configuration refers to it

	notes []string
}

// draft says what is to be written.
func (p *proposal) draft() *migrate.Draft {
	d := &migrate.Draft{Title: p.Server, Organization: p.Organization, Directory: p.directory()}
	d.Sources = append(d.Sources, p.persons())
	if p.Accounts != "" {
		d.Sources = append(d.Sources, p.users())
	}
	if p.Teams != "" {
		d.Sources = append(d.Sources, p.teams())
	}
	return d
}

func (p *proposal) directory() []migrate.Setting {
	list := []migrate.Setting{{Key: "url", Value: migrate.Quote(p.URL), About: "One server, or a list that is tried in order."}}
	if p.StartTLS {
		list = append(list, migrate.Setting{Key: "starttls", Value: "true"})
	}
	if p.User != "" {
		about := "An account that may read the directory; it needs no other right."
		if p.Guessed {
			about = "Put in an account that may read the directory; it needs no other right."
		}
		list = append(list, migrate.Setting{Key: "bind", Value: migrate.Flow("dn", migrate.Quote(p.User), "password", migrate.Quote(p.Password)),
			About: about + "\nThe password comes from the environment; ${file:PATH} and ${cred:NAME} work too."})
	}
	list = append(list, migrate.Setting{Key: "base", Value: migrate.Quote(p.Base)})
	if p.CA != "" {
		list = append(list, migrate.Setting{Key: "tls", Value: migrate.Flow("ca", migrate.Quote(p.CA))})
	}
	return list
}

// selection says which entries a source reads.
func (p *proposal) selection(name, class, filter, aboutKey string) migrate.Section {
	return migrate.Section{Name: name, Settings: []migrate.Setting{
		{Key: "class", Value: class}, {Key: "directory", Value: "main"}, {Key: "filter", Value: migrate.Quote(filter)}, {Key: "key", Value: p.Key, About: aboutKey},
	}}
}

func (p *proposal) organization() migrate.Setting {
	return migrate.Setting{Key: "org_id", Value: migrate.Flow("value", migrate.Quote(p.Organization), "by", "name")}
}

func (p *proposal) persons() migrate.Source {
	return migrate.Source{
		Section: p.selection("persons", "Person", p.Persons, "The attribute that stays the same through a rename and a move."),
		Attributes: []migrate.Setting{
			{Key: "name", Value: "{from: sn, reconcile: true}", About: "reconcile: an entry seen for the first time is tied to the person in whom all of these match."},
			{Key: "first_name", Value: `{from: givenName, reconcile: true, default: "-"}`},
			{Key: "email", Value: "{from: mail, reconcile: true}"},
			{Key: "phone", Value: "{from: telephoneNumber}"},
			{Key: "mobile_phone", Value: "{from: mobile}"},
			{Key: "function", Value: "{from: title}"},
			{Key: "status", Value: `{expr: 'entry.disabled || entry.expired ? "inactive" : "active"'}`,
				About: "employee_number: {from: " + p.Number + "}     # must be unique within the organization\nDisabled by an administrator, or past its end date."},
			p.organization(),
			{Key: "manager_id", Value: "{from: manager, by: dn}"},
		},
		Rules: []migrate.Setting{
			{Key: "on", Value: "{none: create, one: update, many: error}", About: "No person matches: create one. One: take it over. Several: report it."},
			{Key: "update", Value: "{default: locked, phone: unlocked, mobile_phone: unlocked}", About: "locked: only this source writes it. unlocked: others may. if_empty: only filled in."},
			{Key: "gone", Value: "{after: 7d, then: update_then_delete, set: {status: inactive}, delete_after: 90d}",
				About: "Who has not been seen for 7 days becomes inactive, and is deleted 90 days after."},
			{Key: "limits", Value: "{gone: 5%, changed: 50%}", About: "A run that would do more than this is held until somebody approves it."},
		},
	}
}

func (p *proposal) users() migrate.Source {
	return migrate.Source{
		Section: p.selection("users", "UserLDAP", p.Accounts, ""),
		Attributes: []migrate.Setting{
			{Key: "login", Value: "{from: " + p.Login + ", reconcile: true}"},
			{Key: "contactid", Value: "{from: dn, by: dn, source: persons}", About: "The person of the same entry."},
			{Key: "status", Value: `{expr: 'entry.disabled || entry.expired ? "disabled" : "enabled"'}`},
			{Key: "language", Value: "{value: EN US}"},
		},
		Rules: []migrate.Setting{
			{Key: "profiles", Value: "{pattern: '^CN=itop-([^,]+),', default: Portal user}",
				About: "A member of the group CN=itop-Administrator,… gets the profile Administrator, and so on,\nthrough nested groups too. Who is in no such group gets the default."},
			{Key: "on", Value: "{none: create, one: update, many: error}"},
			{Key: "gone", Value: "{after: 0d, then: update, set: {status: disabled}}", About: "An account whose entry is gone can no longer sign in, from the first run that misses it."},
			{Key: "limits", Value: "{gone: 5%, changed: 50%}"},
		},
	}
}

func (p *proposal) teams() migrate.Source {
	return migrate.Source{
		Section: p.selection("teams", "Team", p.Teams, ""),
		Attributes: []migrate.Setting{
			{Key: "name", Value: "{from: cn, reconcile: true}"},
			{Key: "function", Value: "{from: description}"},
			p.organization(),
			{Key: "persons_list", Value: "{from: " + p.Member + ", by: dn, source: persons, all: true}",
				About: "Members that are persons of the source above; groups within groups are left out."},
		},
		Rules: []migrate.Setting{
			{Key: "on", Value: "{none: create, one: update, many: error}"},
			{Key: "gone", Value: "{after: 7d, then: update, set: {status: inactive}}"},
			{Key: "limits", Value: "{gone: 10%, changed: 50%}"},
		},
	}
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
		Server: serverName(root), Password: migrate.Password,
	}
	if p.Base == "" {
		p.Base = root.Base
	}
	if p.Base == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "%s does not say what it holds: name a base with --base", conn.URL())
	}
	p.Organization = cmpOr(organization, migrate.Domain(p.Base))
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
