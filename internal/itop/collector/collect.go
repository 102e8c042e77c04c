package collector

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// prepareFailed is an error of a preparation: its lines are in the log.
var errPrepare = errors.New("preparation failed")

// collect lets every collector collect, in order; the first failure ends it.
func (a *app) collect(ctx context.Context) error {
	a.step = "Collect"
	defer func() { a.step, a.current = "", "" }()
	for i, t := range a.tasks {
		a.current = t.class
		err := a.collectOne(ctx, t, a.tasks[i+1:])
		if err != nil {
			for _, later := range a.tasks[i+1:] {
				later.ahead.abandon()
			}
		}
		t.logger(a).release()
		a.log.release()
		switch {
		case err == nil:
			continue
		case ctx.Err() != nil:
			return err
		case errors.Is(err, errPrepare):
			a.log.errorf("%s::Prepare() returned false", t.label)
		default:
			a.log.errorf("%s::Collect() got an exception: %s", t.label, err)
		}
		return errLogged
	}
	return nil
}

// collectOne collects one task; rest are those behind it.
func (a *app) collectOne(ctx context.Context, t *task, rest []*task) error {
	a.log.infof("%s beginning of data collection...", t.label)
	a.eraseFiles(t)
	a.accompany(t, rest)
	a.readAhead(ctx, t, rest)
	out, err := a.rows(ctx, t)
	if err != nil {
		return err
	}
	if err := out.finish(); err != nil {
		return err
	}
	t.logger(a).release()
	a.log.infof("%s end of data collection.", t.label)
	return nil
}

// rows returns the rows of a task in files that have no final name yet: those
// that were read ahead, else read now.
func (a *app) rows(ctx context.Context, t *task) (*output, error) {
	if t.ahead == nil {
		return a.read(ctx, t, a.env.Progress)
	}
	t.ahead.wait(func(rows int) {
		if a.env.Progress != nil {
			a.env.Progress(t.label+": collect", rows)
		}
	})
	t.logger(a).join()
	return t.ahead.out, t.ahead.err
}

func (a *app) read(ctx context.Context, t *task, progress func(string, int)) (*output, error) {
	if err := t.source.prepare(ctx); err != nil {
		return nil, err
	}
	out := a.newOutput(t)
	err := t.source.fetch(ctx, func(r *row) error {
		if progress != nil && out.rows%500 == 0 {
			progress(t.label+": collect", out.rows)
		}
		return out.add(r)
	})
	if err != nil {
		out.discard()
		return nil, err
	}
	return out, nil
}

// newOutput returns where the rows of a task are written. What a run that was
// killed left there goes.
func (a *app) newOutput(t *task) *output {
	for _, raw := range []string{"", ".raw"} {
		for _, f := range partFiles(a.stem(t.label + raw)) {
			_ = os.Remove(f) // nothing reads it
		}
	}
	out := &output{stem: a.stem(t.label), max: a.chunk, def: t.def, log: t.logger(a), null: a.nullified(t), quiet: t.source.quiet}
	if a.hasLookups(t) {
		out.raw = ".raw"
	}
	return out
}

// eraseFiles removes what an earlier collection left, so that nothing stale is
// ever uploaded.
func (a *app) eraseFiles(t *task) {
	for _, raw := range []string{"", ".raw"} {
		files := dataFiles(a.stem(t.label + raw))
		for _, f := range files {
			err := os.Remove(f)
			a.log.debugf("Erasing previous data file. unlink('%s') returned %t", f, err == nil)
		}
	}
}

// nullified tells which attributes become <NULL> where a row has nothing.
func (a *app) nullified(t *task) func(string) bool {
	list := t.section.Get("nullified_attributes").texts()
	if len(list) == 0 {
		list = t.params.byCase(t.class + "_nullified_attributes").texts()
	}
	return func(column string) bool { return slices.Contains(list, column) }
}

// missing is the columns that a definition needs and the first row lacks.
type columnCheck struct {
	class, source string
	log           *logger
	def           *definition
	skip          func(attribute string) bool
	null          func(attribute string) bool
}

// check compares the columns of a first row with the definition.
func (c columnCheck) check(has func(column string) bool) error {
	failed := false
	fail := func(format string, args ...any) {
		failed = true
		c.log.errorf(format, args...)
	}
	if !has("primary_key") {
		fail(`[%s] The mandatory column "primary_key" is missing in the %s.`, c.class, c.source)
	}
	for _, att := range c.def.attributes {
		if c.skip(att.code) {
			continue
		}
		var missing []string
		for _, column := range att.columns {
			if !has(column) {
				missing = append(missing, column)
			}
		}
		switch {
		case len(missing) > 0 && att.reconcile:
			fail(`[%s] The field "%s", used for reconciliation, has missing column(s) in the %s.`, c.class, att.code, c.source)
			c.log.debugf("[%s] Missing columns: %s", c.class, joined(missing))
		case len(missing) > 0 && att.update && c.null(att.code):
			c.log.debugf(`[%s] The field "%s", used for update, has missing column(s) in first row but nullified.`, c.class, att.code)
		case len(missing) > 0 && att.update:
			fail(`[%s] The field "%s", used for update, has missing column(s) in the %s.`, c.class, att.code, c.source)
			c.log.debugf("[%s] Missing columns: %s", c.class, joined(missing))
		case len(missing) == 0 && !att.reconcile && !att.update:
			c.log.warningf(`[%s] The field "%s" is used neither for update nor for reconciliation.`, c.class, att.code)
		}
	}
	if failed {
		return rollcall.Errorf(rollcall.Invalid, "Missing columns in the %s.", c.source)
	}
	return nil
}

func joined(list []string) string {
	text := ""
	for i, s := range list {
		if i > 0 {
			text += ", "
		}
		text += s
	}
	return text
}

// newSource builds where a collector's rows come from: a known LDAP class, or
// what its section says.
func (a *app) newSource(_ context.Context, t *task) (rowSource, error) {
	section := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return t.section.Get(n) != nil })
	}
	switch {
	case isLDAPPerson(t.class):
		return a.newPersons(t)
	case isLDAPUser(t.class):
		return a.newUsers(t)
	case section("ldapfilter"):
		return a.newEntries(t)
	case section("csv_file"):
		return a.newCSV(t)
	case section("jsonurl", "jsonfile", "JSONURL", "JSONFILE"):
		return a.newJSON(t)
	case section("query") || !t.params.byCase(t.class+"_query").isEmpty():
		return a.newSQL(t)
	}
	return nil, rollcall.Errorf(rollcall.Invalid, "nothing says where the data of %s comes from: give it a section <%s> with csv_file, jsonfile, jsonurl, query or ldapfilter, "+
		"or a parameter <%s_query>; a collector written in PHP can be run by <command>", t.class, t.class, strings.ToLower(t.class))
}
