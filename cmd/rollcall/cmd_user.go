package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"rollcall/internal/auth"
	"rollcall/internal/registry"
	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

// classAccount is the class of the product's own accounts.
const classAccount = "UserLocal"

type userCmd struct {
	Add   userAddCmd   `cmd:"" help:"Add an account; the password comes from standard input."`
	Set   userSetCmd   `cmd:"" help:"Change an account."`
	List  userListCmd  `cmd:"" help:"List the accounts, those of directories too."`
	Token userTokenCmd `cmd:"" help:"Make a personal token for an account."`
}

type userAddCmd struct {
	Profile  []string `required:"" sep:"none" placeholder:"NAME" help:"A profile, such as Administrator; may be repeated."`
	Person   string   `placeholder:"PERSON" help:"Whose account it is: an address, a name or Person::id."`
	Language string   `default:"EN US" placeholder:"CODE" help:"The language of the account."`
	Token    bool     `xor:"kind" help:"An account of an application: it gets a token, printed once, instead of a password."`
	External bool     `xor:"kind" help:"An account that a web server in front of the program signs in; it has no password."`
	Name     string   `arg:"" name:"name" help:"The login."`
}

// Help is the manual's text.
func (userAddCmd) Help() string {
	return `Adds an account of Rollcall itself. The password is a line of standard input, asked for without echo
on a terminal; it needs at least 8 characters, among them a small and a capital letter, a digit and
something else.

With --token the account is an application's: a token is printed, once, and the server takes it when
"token" is among serve.allowed_login_types. With --external a web server in front signs it in.

Examples:

    rollcall user add admin --profile Administrator
    rollcall user add anna --profile "Support Agent" --profile "Portal user" --person anna@example.com
    pass show rollcall | rollcall user add robot --profile "REST Services User"
    rollcall user add monitoring --token --profile "REST Services User" --profile "Support Agent"`
}

// Run carries the command out.
func (c *userAddCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	draft := registry.Draft{Object: rollcall.NewObject(a.model.Class(c.class())), Links: map[string][]rollcall.Link{}, Reason: "rollcall user add"}
	if draft.Links["profile_list"], err = a.profiles(ctx, c.Profile); err != nil {
		return err
	}
	person, err := a.person(ctx, c.Person)
	if err != nil {
		return err
	}
	values := map[string]string{"login": c.Name, "contactid": person, "language": c.Language}
	token, err := c.proof(p, values)
	if err != nil {
		return err
	}
	for code, value := range values {
		draft.Object.Set(code, value)
	}
	if err := a.create(ctx, draft); err != nil {
		return fmt.Errorf("add %s: %w", c.Name, err)
	}
	if token != "" {
		fmt.Fprintln(p.out, token.Reveal())
		return nil
	}
	fmt.Fprintf(p.out, "Added %s with %s.\n", c.Name, strings.Join(c.Profile, ", "))
	return nil
}

// class is the class of the new account.
func (c *userAddCmd) class() string {
	switch {
	case c.Token:
		return auth.ClassUserToken
	case c.External:
		return auth.ClassExternal
	}
	return classAccount
}

// proof adds what the account will be proved by, and returns a token that was
// drawn for it.
func (c *userAddCmd) proof(p *program, values map[string]string) (token rollcall.Secret, err error) {
	switch {
	case c.Token:
		token = auth.NewToken()
		values[auth.TokenAttribute] = auth.HashToken(token)
	case !c.External:
		values["password"], err = p.newPassword(c.Name)
	}
	return token, err
}

type userSetCmd struct {
	Password bool     `help:"Set a new password, from standard input."`
	Status   string   `enum:",enabled,disabled" default:"" placeholder:"STATUS" help:"enabled or disabled."`
	Profile  []string `sep:"none" placeholder:"NAME" help:"The profiles, all of them; may be repeated."`
	Person   string   `placeholder:"PERSON" help:"Whose account it is: an address, a name or Person::id."`
	Name     string   `arg:"" name:"name" help:"The login."`
}

// Help is the manual's text.
func (userSetCmd) Help() string {
	return `Changes an account of Rollcall itself. Profiles that are given replace those it has.

Examples:

    rollcall user set anna --password
    rollcall user set anna --status disabled
    rollcall user set anna --profile Administrator`
}

// Run carries the command out.
func (c *userSetCmd) Run(ctx context.Context, p *program) (err error) {
	if !c.Password && c.Status == "" && len(c.Profile) == 0 && c.Person == "" {
		return ended{exitUsage, "nothing to set: give --password, --status, --profile or --person"}
	}
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	edit, err := c.change(ctx, a)
	if err != nil {
		return err
	}
	var outcome registry.Outcome
	err = a.edit(ctx, func(e *registry.Editor) error {
		outcomes, err := e.Update(ctx, []registry.Edit{edit})
		if err != nil {
			return err
		}
		outcome = outcomes[0]
		return outcome.Err
	})
	if err != nil {
		return fmt.Errorf("change %s: %w", c.Name, err)
	}
	if len(outcome.Sets) == 0 {
		fmt.Fprintf(p.out, "%s is like that already.\n", c.Name)
		return nil
	}
	fmt.Fprintf(p.out, "Changed %s.\n", c.Name)
	return nil
}

// change works out what is to be set.
func (c *userSetCmd) change(ctx context.Context, a *app) (registry.Edit, error) {
	edit := registry.Edit{Links: map[string][]rollcall.Link{}, Reason: "rollcall user set"}
	class := a.model.Class(classAccount)
	found, err := a.store.Find(ctx, class, []string{"login"}, [][]string{{c.Name}})
	if err != nil {
		return edit, err
	}
	objects, err := a.store.Objects(ctx, class, found[0])
	if err != nil {
		return edit, err
	}
	if len(objects) == 0 {
		return edit, rollcall.Errorf(rollcall.NotFound, "Rollcall itself has no account %s; accounts of a directory are changed there", c.Name)
	}
	edit.Object = objects[0]
	set := func(code, value string) {
		edit.Sets = append(edit.Sets, rollcall.Assignment{Attribute: code, Value: value})
	}
	if c.Status != "" {
		set("status", c.Status)
	}
	if c.Person != "" {
		person, err := a.person(ctx, c.Person)
		if err != nil {
			return edit, err
		}
		set("contactid", person)
	}
	if len(c.Profile) > 0 {
		if edit.Links["profile_list"], err = a.profiles(ctx, c.Profile); err != nil {
			return edit, err
		}
	}
	if c.Password {
		hash, err := a.program.newPassword(c.Name)
		if err != nil {
			return edit, err
		}
		set("password", hash)
	}
	return edit, nil
}

type userListCmd struct{ data }

// Help is the manual's text.
func (userListCmd) Help() string {
	return `Lists all accounts with their kind, state, person and profiles.

Examples:

    rollcall user list
    rollcall user list --json`
}

// Run carries the command out.
func (c *userListCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	names := []string{"login", "finalclass", "status", "contactid_friendlyname", "profile_list"}
	fields, err := a.fields(a.model.Class("User"), names)
	if err != nil {
		return err
	}
	rows := tableRows{}
	if err := a.export(ctx, a.model.Class("User"), fields, &rows); err != nil {
		return err
	}
	return report.Table(p.out, p.look(c.data), []string{"login", "kind", "status", "person", "profiles"}, rows.rows)
}

// tableRows keeps rows for a table.
type tableRows struct{ rows [][]string }

func (t *tableRows) begin([]string) error { return nil }

func (t *tableRows) row(cells []string) error {
	t.rows = append(t.rows, append([]string(nil), cells...))
	return nil
}

func (t *tableRows) end() error { return nil }

// newPassword reads a password, holds it against the policy and hashes it.
func (p *program) newPassword(name string) (string, error) {
	password, err := p.password("", "", "New password of "+name+": ")
	if err != nil {
		return "", err
	}
	if err := auth.CheckPolicy(password); err != nil {
		return "", err
	}
	return auth.Hash(password)
}

// profiles finds profiles by their names.
func (a *app) profiles(ctx context.Context, names []string) ([]rollcall.Link, error) {
	class := a.model.Class("URP_Profiles")
	keys := make([][]string, len(names))
	for i, name := range names {
		keys[i] = []string{name}
	}
	found, err := a.store.Find(ctx, class, []string{"name"}, keys)
	if err != nil {
		return nil, err
	}
	links := make([]rollcall.Link, len(names))
	for i, ids := range found {
		if len(ids) != 1 {
			var known []string
			for _, s := range class.Seeds {
				known = append(known, s.Values["name"])
			}
			return nil, rollcall.Errorf(rollcall.NotFound, "there is no profile %q; there are %s", names[i], strings.Join(known, ", "))
		}
		links[i].Target = ids[0]
	}
	return links, nil
}

// person finds the one person that a text means, "" for none.
func (a *app) person(ctx context.Context, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	found, err := a.find(ctx, text)
	if err != nil {
		return "", err
	}
	var persons []named
	for _, f := range found {
		if a.model.IsA(f.Class, "Person") && f.name != "" {
			persons = append(persons, f)
		}
	}
	switch len(persons) {
	case 0:
		return "", rollcall.Errorf(rollcall.NotFound, "there is no person %q", text)
	case 1:
		return strconv.FormatInt(int64(persons[0].ID), 10), nil
	}
	choices := make([]string, len(persons))
	for i, f := range persons {
		choices[i] = fmt.Sprintf("%s (%s)", f.text(), f.name)
	}
	return "", rollcall.Errorf(rollcall.Conflict, "%q can mean %s: name one of them", text, strings.Join(choices, ", "))
}

// edit changes objects in a transaction of its own, in the name of the person at
// the keyboard.
func (a *app) edit(ctx context.Context, do func(*registry.Editor) error) error {
	tx, err := a.store.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing; before, the first error tells more
	origin := rollcall.Origin{Kind: rollcall.OriginInteractive, By: who(), At: a.program.now().UTC()}
	if err := do(a.registry.On(tx, origin)); err != nil {
		return err
	}
	return tx.Commit()
}
