package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/itop/gate"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// scopes are what a personal token can be good for.
var scopes = []string{gate.ContextREST, gate.ContextSynchro, gate.ContextImport, gate.ContextExport, gate.ContextCron}

type userTokenCmd struct {
	Application string        `required:"" placeholder:"TEXT" help:"What the token is for, as the list of tokens will call it."`
	Scope       []string      `required:"" sep:"none" placeholder:"SCOPE" help:"What it may be used for: REST/JSON, Synchro, Import, Export or CRON; may be repeated."`
	Expires     time.Duration `placeholder:"DURATION" help:"After how long it ends, such as 2160h; never, when absent."`
	Name        string        `arg:"" name:"name" help:"The login of the account that the token stands for."`
}

// Help is the manual's text.
func (userTokenCmd) Help() string {
	return `Makes a personal token: whoever shows it is that account, for some purposes and until it ends. The
token is printed once and cannot be shown again. The server takes tokens when "token" is among
serve.allowed_login_types.

Examples:

    rollcall user token anna --application backup --scope Export
    rollcall user token robot --application cmdb --scope REST/JSON --scope Synchro --expires 2160h`
}

// Run carries the command out.
func (c *userTokenCmd) Run(ctx context.Context, p *program) (err error) {
	for _, s := range c.Scope {
		if !slices.Contains(scopes, s) {
			return ended{exitUsage, fmt.Sprintf("%q is no scope; there are %s", s, strings.Join(scopes, ", "))}
		}
	}
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	class := a.model.Class("User")
	found, err := a.store.Find(ctx, class, []string{"login"}, [][]string{{c.Name}})
	if err != nil {
		return err
	}
	if len(found[0]) != 1 {
		return rollcall.Errorf(rollcall.NotFound, "there is no account %s", c.Name)
	}
	token := auth.NewToken()
	draft := registry.Draft{Object: rollcall.NewObject(a.model.Class(auth.ClassPersonalToken)), Reason: "rollcall user token"}
	values := map[string]string{
		"user_id": fmt.Sprint(found[0][0]), "application": c.Application, "scope": strings.Join(c.Scope, "|"),
		auth.TokenAttribute: auth.HashToken(token),
	}
	if c.Expires > 0 {
		values["expiration_date"] = p.now().Add(c.Expires).UTC().Format(rollcall.DateTimeLayout)
	}
	for code, value := range values {
		draft.Object.Set(code, value)
	}
	if err := a.create(ctx, draft); err != nil {
		return fmt.Errorf("make a token for %s: %w", c.Name, err)
	}
	fmt.Fprintln(p.out, token.Reveal())
	return nil
}

// create makes one object in a transaction of its own.
func (a *app) create(ctx context.Context, draft registry.Draft) error {
	return a.edit(ctx, func(e *registry.Editor) error {
		refused, err := e.Create(ctx, []registry.Draft{draft})
		if err != nil {
			return err
		}
		return refused[0]
	})
}
