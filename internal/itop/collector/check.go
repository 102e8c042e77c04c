package collector

import (
	"context"
	"errors"
)

// check verifies everything that a run needs and changes nothing: parameters,
// sources, iTop, the account and its rights, the definitions.
func (a *app) check(ctx context.Context) error {
	failed := false
	if len(a.tasks) == 0 {
		a.log.errorf("Check: no collector would be launched.")
		failed = true
	}
	if err := a.checkITop(ctx); err != nil {
		failed = true
		if !errors.Is(err, errLogged) {
			a.log.errorf("Check: %s", err)
		}
	}
	for _, t := range a.tasks {
		if err := a.checkSource(ctx, t); err != nil {
			failed = true
		}
	}
	if failed {
		a.log.errorf("Check: a run would fail; nothing was changed.")
		return errLogged
	}
	a.log.infof("Check: all is well; nothing was changed.")
	return nil
}

// checkITop looks at the account and the definitions.
func (a *app) checkITop(ctx context.Context) error {
	r, err := a.connect()
	if err != nil {
		return err
	}
	version, err := r.probe(ctx)
	if err != nil {
		return err
	}
	a.log.infof("Check: iTop answers at %s, web services version %s.", r.client.URL(), version)
	before := a.log.errors
	if err := a.findPeople(ctx); err != nil {
		return err
	}
	failed := a.log.errors > before
	for _, t := range a.tasks {
		if err := a.settle(ctx, t, true); err != nil {
			failed = true
			if !errors.Is(err, errLogged) {
				a.log.errorf("Check: %s", err)
			}
			continue
		}
		if len(t.sds.id) > 0 {
			continue
		}
		if err := a.checkClass(ctx, t); err != nil {
			failed = true
			a.log.errorf("Check: %s", err)
		}
	}
	if failed {
		return errLogged
	}
	return nil
}

// checkClass looks whether the account may read what a new data source is to
// fill.
func (a *app) checkClass(ctx context.Context, t *task) error {
	class := member(t.sds.expect, "scope_class")
	got, err := a.rest.get(ctx, class, "SELECT "+class+" WHERE id = 0", "id", 1)
	if err != nil {
		return err
	}
	if got.code != 0 {
		return errors.New("the class " + class + " cannot be used: " + got.message)
	}
	return nil
}

// checkSource reads the source of a collector without keeping anything.
func (a *app) checkSource(ctx context.Context, t *task) error {
	err := t.source.prepare(ctx)
	rows := 0
	if err == nil {
		err = t.source.fetch(ctx, func(*row) error { rows++; return nil })
		t.logger(a).release()
	}
	switch {
	case errors.Is(err, errPrepare):
		return err
	case err != nil:
		a.log.errorf("Check: %s: %s", t.label, err)
		return err
	case rows == 0:
		a.log.warningf("Check: %s: nothing was found.", t.label)
	default:
		a.log.infof("Check: %s: %d rows can be collected.", t.label, rows)
	}
	return nil
}
