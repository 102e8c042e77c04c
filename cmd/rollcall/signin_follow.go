package main

import (
	"context"
	"sync"

	"rollcall/internal/auth"
	"rollcall/internal/config"
	"rollcall/internal/directory"
	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
	"rollcall/internal/source/ldap"
)

// kindSignIn is the kind of run that a sign-in makes.
const kindSignIn = "sign-in"

// groupMemory remembers the groups of those who signed in, as digests: groups
// that are as they were need not be decided anew.
type groupMemory struct {
	mu    sync.Mutex
	known map[[2]string]string
}

// mostGroups bounds the memory; forgetting costs a look at the database.
const mostGroups = 100_000

func (m *groupMemory) get(p *auth.Person) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known[[2]string{p.Directory, p.Key}]
}

func (m *groupMemory) put(p *auth.Person, groups string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= mostGroups {
		m.known = map[[2]string]string{}
	}
	m.known[[2]string{p.Directory, p.Key}] = groups
}

// Follow implements auth.Directories: the sources that have the entry take it
// over, as a run does.
func (d *doors) Follow(ctx context.Context, p *auth.Person) (rollcall.ObjectID, error) {
	signIn := &d.app.config.Serve.SignIn
	id := p.Account
	if id == 0 && signIn.Import || id != 0 && signIn.Refresh {
		taken, err := d.takeOver(ctx, p)
		if err != nil {
			return 0, err
		}
		if id, err = d.accountIn(p, taken); err != nil {
			return 0, err
		}
	}
	if id != 0 && signIn.MembersOnly {
		if err := d.checkMember(ctx, p, id); err != nil {
			return 0, err
		}
	}
	return id, nil
}

// takeOver has every source of a person's directory take over the entry.
func (d *doors) takeOver(ctx context.Context, p *auth.Person) (*engine.Taken, error) {
	one := engine.Single{Name: p.DN, Groups: d.groups.get(p)}
	for i, src := range d.app.sources {
		of := &d.app.config.Sources[i]
		if of.Kind != config.KindLDAP || of.Directory != p.Directory {
			continue
		}
		job, err := d.app.job(src)
		if err != nil {
			return nil, err
		}
		if collector, ok := job.Collector.(*ldap.Collector); ok {
			job.Collector = pooled{collector, d.byName[p.Directory].search}
		}
		one.Jobs = append(one.Jobs, job)
	}
	taken, err := d.app.engine.TakeOver(ctx, one, engine.Options{Kind: kindSignIn, By: "sign-in of " + p.Login})
	if rollcall.KindOf(err) == rollcall.Conflict {
		return nil, rollcall.Errorf(rollcall.Unavailable, "%s cannot be taken over now: %w", p.DN, err)
	}
	if err == nil {
		d.groups.put(p, taken.Groups)
	}
	return taken, err
}

// accountIn returns the account that an entry became, or was already.
func (d *doors) accountIn(p *auth.Person, taken *engine.Taken) (rollcall.ObjectID, error) {
	isThere := false
	for _, in := range taken.Sources {
		if !d.isAccountSource(in.Source) {
			continue
		}
		isThere = true
		if d.app.model.IsA(in.Object.Class, classDirectoryAccount) {
			return in.Object.ID, nil
		}
	}
	switch {
	case p.Account != 0 && !p.IsTied:
		return p.Account, nil // made by hand, and not tied to the entry
	case !isThere:
		return 0, rollcall.Errorf(rollcall.Unauthorized, "no source of accounts has %s", p.DN)
	case taken.Reason() != "":
		return 0, rollcall.Errorf(rollcall.Unauthorized, "%s could not be given an account: %s", p.DN, taken.Reason())
	}
	return 0, rollcall.Errorf(rollcall.Unauthorized, "the rules of its source give %s no account", p.DN)
}

func (d *doors) isAccountSource(name string) bool {
	for i := range d.app.config.Sources {
		if d.app.config.Sources[i].Name == name {
			return d.app.isAccounts(i)
		}
	}
	return false
}

// checkMember refuses an account to which no binding gives anything, when its
// source has bindings.
func (d *doors) checkMember(ctx context.Context, p *auth.Person, id rollcall.ObjectID) error {
	isBound := false
	for i := range d.app.config.Sources {
		of := &d.app.config.Sources[i]
		isBound = isBound || of.Directory == p.Directory && d.app.isAccounts(i) && len(d.app.config.BindingsOf(of.Name)) > 0
	}
	if !isBound {
		return nil
	}
	grants, err := d.app.store.GrantsOf(ctx, id, false)
	if err != nil {
		return err
	}
	if len(grants) == 0 {
		return rollcall.Errorf(rollcall.Unauthorized, "%s is in no bound group, and serve.sign_in.members_only keeps such people out", p.DN)
	}
	return nil
}

// pooled reads single entries over connections that are open already.
type pooled struct {
	*ldap.Collector
	pool *directory.Pool
}

var (
	_ source.Picker  = pooled{}
	_ source.Glancer = pooled{}
)

// Pick implements source.Picker.
func (p pooled) Pick(ctx context.Context, name string, begin func([]rollcall.Group, source.GroupFinder) error, emit func(*rollcall.Entry) error) error {
	return p.pool.Do(ctx, func(c *directory.Conn) error { return p.PickOver(ctx, c, name, begin, emit) })
}

// Glance implements source.Glancer.
func (p pooled) Glance(ctx context.Context, name string, begin func([]rollcall.Group, source.GroupFinder) error, emit func(*rollcall.Entry) error) (sure bool, err error) {
	err = p.pool.Do(ctx, func(c *directory.Conn) error {
		sure, err = p.GlanceOver(ctx, c, name, begin, emit)
		return err
	})
	return sure, err
}
