package collector

import (
	"context"
	"os"
	"path/filepath"
)

// configureSources brings the data source definitions in iTop in line.
func (a *app) configureSources(ctx context.Context) error {
	a.step = "InitSynchroDataSource"
	defer func() { a.step, a.current = "", "" }()
	r, err := a.connect()
	if err != nil {
		return err
	}
	if settled, err := a.lookAtOnce(ctx); settled || err != nil {
		return err
	}
	a.contact, a.user = "0", "0"
	version, err := r.probe(ctx)
	if err != nil {
		return err
	}
	a.log.debugf("iTop web services version: %s", version)
	if err := a.findPeople(ctx); err != nil {
		return err
	}
	for _, t := range a.tasks {
		a.current = t.class
		if err := a.settle(ctx, t, false); err != nil {
			return err
		}
	}
	return nil
}

// definitionOf returns the data source as it should be.
func (a *app) definitionOf(t *task) (*dataSource, error) {
	expect, err := t.def.expected(a.replacements(t))
	if err != nil {
		return nil, err
	}
	if s, ok := t.source.(interface{ amend(*object) }); ok {
		s.amend(expect)
	}
	return &dataSource{rest: a.rest, def: t.def, class: t.class, optional: t.source.optional, strict: a.strict, expect: expect, name: member(expect, "name")}, nil
}

// settle brings one definition in line, or only looks.
func (a *app) settle(ctx context.Context, t *task, dry bool) error {
	var err error
	if t.sds, err = a.definitionOf(t); err != nil {
		return err
	}
	t.sds.dry = dry
	if a.log.level >= levelDebug {
		t.sds.differs = func(expected, current *object) { a.keepDifference(t, expected, current) }
	}
	return t.sds.ready(ctx)
}

// replacements returns the placeholders of a definition in their order.
func (a *app) replacements(t *task) []replacement {
	list := []replacement{{"$contact_to_notify$", a.contact}, {"$synchro_user$", a.user}}
	if more := t.params.Get("json_placeholders"); more != nil && !more.Scalar {
		for _, k := range more.Keys {
			list = append(list, replacement{"$" + k + "$", more.Get(k).str()})
		}
	}
	if t.def.built {
		list = append(list, replacement{"$prefix$", t.params.Text("prefix", "")})
	}
	return append(list, replacement{"$version$", a.version})
}

// keepDifference writes both definitions for whoever debugs.
func (a *app) keepDifference(t *task, expected, current *object) {
	for suffix, o := range map[string]*object{"orig": expected, "itop": current} {
		path := a.debugFile("tmp-" + t.label + "-" + suffix + ".txt")
		text, err := marshal(o)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o700)
		}
		if err == nil {
			err = os.WriteFile(path, append(text, '\n'), 0o600)
		}
		if err != nil {
			a.log.debugf("The definitions could not be kept: %s", err)
		}
	}
}

// findPeople looks up the contact to notify and the user of the
// synchronization. Not finding them stops nothing.
func (a *app) findPeople(ctx context.Context) error {
	if email := a.params.Text("contact_to_notify", ""); email != "" {
		got, err := a.rest.get(ctx, "Contact", newObject().Set("email", email), "*", 0)
		switch {
		case err != nil:
			return err
		case got.code != 0:
			a.log.errorf("Unable to find the contact with email = '%s'. No contact to notify will be defined.", email)
		case len(got.objects) == 0:
			a.log.warningf("Contact to notify (%s) not found in iTop. Nobody will be notified of the results of the synchronization.", email)
		default:
			a.contact = got.objects[0].id
			a.sayContact(got.objects)
		}
	}
	login := a.synchroLogin()
	got, err := a.rest.get(ctx, "User", newObject().Set("login", login), "*", 0)
	switch {
	case err != nil:
		return err
	case got.code != 0:
		reason := got.message
		if reason == "" {
			reason = "No user is defined."
		}
		a.log.errorf("Unable to use synchro user with login = '%s'. %s", login, reason)
	case len(got.objects) > 0:
		a.user = got.objects[0].id
		a.sayUser(got.objects[0])
	case !a.strict:
		a.log.warningf("Synchro user (%s) not found in iTop. Only administrators will be allowed to run the synchronization.", login)
	}
	return nil
}

// synchroLogin is the login of the user on whose behalf iTop synchronizes.
func (a *app) synchroLogin() string {
	if login := a.params.Text("synchro_user", ""); login != "" {
		return login
	}
	return a.params.Text("itop_login", "")
}

// sayContact names the contact to notify, the first found.
func (a *app) sayContact(contacts []found) {
	if len(contacts) > 0 {
		f := contacts[0]
		a.log.infof("Contact to notify: '%s' <%s> (%s).", member(f.fields, "friendlyname"), member(f.fields, "email"), f.id)
	}
}

func (a *app) sayUser(f found) {
	a.log.infof("Synchro User: '%s' <%s> (%s).", member(f.fields, "friendlyname"), member(f.fields, "email"), f.id)
}
