package collector

import (
	"context"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// dataSource keeps one data source definition of iTop as the collector's file
// says: found by its name, created, compared, updated.
type dataSource struct {
	*rest
	def      *definition
	class    string // of the collector: the comment of what it writes
	optional func(attribute string) bool
	strict   bool
	differs  func(expected, current *object) // is told of both when they differ
	dry      bool                            // look, and change nothing

	expect  *object
	id      string
	name    string
	changed bool // the definition was written in this run
}

// readOnly are the properties that cannot be written.
var readOnly = []string{
	"friendlyname", "user_id_friendlyname", "user_id_finalclass_recall", "notify_contact_id_friendlyname",
	"notify_contact_id_finalclass_recall", "notify_contact_id_obsolescence_flag", "notify_contact_id_archive_flag",
}

// ready brings iTop's definition in line. An error has been logged when it is
// errLogged.
func (s *dataSource) ready(ctx context.Context) error {
	s.log.debugf("Checking the configuration of the data source '%s'...", s.name)
	if err := checkDefinition(s.expect); err != nil {
		return err
	}
	s.log.debugf("The configuration of the data source '%s' looks correct.", s.name)
	err := s.settle(ctx)
	if err != nil && err != errLogged { //nolint:errorlint // a mark of our own, never wrapped
		s.log.errorf("%s", err)
		return errLogged
	}
	return err
}

func (s *dataSource) settle(ctx context.Context) error {
	a, err := s.get(ctx, "SynchroDataSource", newObject().Set("name", s.name), "*", 0)
	if err != nil {
		return err
	}
	if a.code != 0 {
		s.log.errorf("%s (%d)", a.message, a.code)
		return errLogged
	}
	switch len(a.objects) {
	case 0:
		s.log.infof("There is no Synchro Data Source named '%s' in iTop. Let's create it.", s.name)
		return s.make(ctx)
	case 1:
		return s.compare(ctx, a.objects[0])
	}
	s.log.errorf("There are %d Synchro Data Sources named '%s' in iTop. Cannot continue.", len(a.objects), s.name)
	return errLogged
}

// properties returns what is written of the source itself.
func (s *dataSource) properties() *object {
	out := newObject()
	for _, k := range s.expect.Keys {
		if k != "attribute_list" && !slices.Contains(readOnly, k) {
			out.Set(k, s.expect.At(k))
		}
	}
	return out
}

func (s *dataSource) make(ctx context.Context) error {
	if s.dry {
		return nil
	}
	a, err := s.create(ctx, "SynchroDataSource", s.properties(), s.class)
	if err != nil {
		return err
	}
	if a.code != 0 || len(a.objects) == 0 {
		s.log.errorf("Failed to create the SynchroDataSource '%s'. Reason: %s (%d)", s.name, a.message, a.code)
		return errLogged
	}
	s.id, s.changed = a.objects[0].id, true
	return s.writeAttributes(ctx, a.objects[0].fields)
}

func (s *dataSource) compare(ctx context.Context, f found) error {
	s.id = f.id
	full, err := s.attributesOf(ctx, f.id, attributeList(f.fields))
	if err != nil {
		return err
	}
	if !s.isDifferent(f.fields, full) {
		s.log.infof("Ok, the Synchro Data Source '%s' exists in iTop and is up to date", s.name)
		return nil
	}
	s.log.infof("The Synchro Data Source definition for '%s' must be updated in iTop.", s.name)
	if s.differs != nil {
		current := newObject()
		for _, k := range f.fields.Keys {
			current.Set(k, f.fields.At(k))
		}
		items := make([]any, len(full))
		for i := range full {
			items[i] = full[i]
		}
		s.differs(s.expect, current.Set("attribute_list", items))
	}
	if s.dry {
		return nil
	}
	return s.change(ctx, full)
}

func (s *dataSource) change(ctx context.Context, full []*object) error {
	a, err := s.update(ctx, "SynchroDataSource", intOrText(s.id), s.properties(), s.class)
	if err != nil {
		return err
	}
	if a.code != 0 || len(a.objects) == 0 {
		s.log.errorf("Failed to update the SynchroDataSource '%s' (%s). Reason: %s (%d)", s.name, s.id, a.message, a.code)
		return errLogged
	}
	s.changed = true
	fields := a.objects[0].fields
	if !s.strict {
		// What was read for the comparison tells which attributes differ; the
		// original looks at the short list of the answer, where all of them do.
		items := make([]any, len(full))
		for i := range full {
			items[i] = full[i]
		}
		fields = newObject().Set("attribute_list", items)
	}
	return s.writeAttributes(ctx, fields)
}

// intOrText returns an id as the number that it is in requests.
func intOrText(id string) any {
	if n := phpInt(id); itoa(n) == id {
		return n
	}
	return id
}

// isDifferent compares the source as iTop has it with the definition.
func (s *dataSource) isDifferent(current *object, attributes []*object) bool {
	for _, k := range s.expect.Keys {
		if k == "attribute_list" || k == "database_table_name" || slices.Contains(readOnly, k) {
			continue
		}
		v, ok := current.Get(k)
		if !ok || !looselyEqual(v, s.expect.At(k)) {
			s.log.debugf("Comparison: The property '%s' is missing or has a different value. Data sources differ.", k)
			return true
		}
	}
	for _, k := range current.Keys {
		if _, ok := s.expect.Get(k); ok || k == "attribute_list" || k == "database_table_name" || slices.Contains(readOnly, k) {
			continue
		}
		s.log.debugf("Comparison: Found an extra property '%s' in iTop. Data sources differ.", k)
		return true
	}
	return s.attributesDiffer(attributes)
}

func (s *dataSource) attributesDiffer(attributes []*object) bool {
	for _, a := range attributeList(s.expect) {
		code := member(a, "attcode")
		i := slices.IndexFunc(attributes, func(x *object) bool { return member(x, "attcode") == code })
		switch {
		case i < 0 && s.optional(code):
			s.log.debugf("Comparison: ignoring the missing, but optional, attribute: '%s'.", code)
			s.def.skipped[code] = true
		case i < 0:
			s.log.debugf("Comparison: The definition of the non-optional attribute '%s' is missing. Data sources differ.", code)
			return true
		case !s.optional(code) && !s.sameAttribute(a, attributes[i]):
			s.log.debugf("Comparison: The definitions of the attribute '%s' are different. Data sources differ:\\nExpected values:%s------------\\nCurrent values in iTop:%s\\n",
				code, phpDump(a), phpDump(attributes[i]))
			return true
		}
	}
	for _, a := range attributes {
		code := member(a, "attcode")
		known := slices.ContainsFunc(attributeList(s.expect), func(x *object) bool { return member(x, "attcode") == code })
		if !known && !s.optional(code) {
			s.log.noticef("Comparison: Found the extra definition of the non-optional attribute '%s' in iTop. Data sources differ. "+
				"Nothing to do. Update json definition if you want to update this field in iTop.", code)
		}
	}
	return false
}

// localOnly are keys of an attribute that iTop never sees. The original compares
// them too, and so finds a difference at every run.
var localOnly = []string{"import_columns", "friendlyname"}

func (s *dataSource) sameAttribute(expected, current *object) bool {
	if s.strict {
		return looselyEqual(expected, current)
	}
	return looselyEqual(plainAttribute(expected), plainAttribute(current))
}

// plainAttribute is an attribute with its flags in one spelling and without what
// iTop never sees.
func plainAttribute(o *object) *object {
	out := without(o, localOnly)
	for _, k := range []string{"update", "reconcile"} {
		if v, ok := out.Get(k); ok {
			out.Set(k, flagText(v))
		}
	}
	return out
}

func without(o *object, names []string) *object {
	out := newObject()
	for _, k := range o.Keys {
		if !slices.Contains(names, k) {
			out.Set(k, o.At(k))
		}
	}
	return out
}

// phpDump prints an attribute as PHP's print_r does, with the line ends written
// as \n.
func phpDump(o *object) string {
	var b strings.Builder
	b.WriteString(`Array\n(\n`)
	for _, k := range o.Keys {
		b.WriteString(`    [` + k + `] => ` + quoted(textOf(o.At(k))) + `\n`)
	}
	b.WriteString(`)\n`)
	return b.String()
}

// writeAttributes updates every attribute that differs from what the answer to
// the creation or the update shows.
func (s *dataSource) writeAttributes(ctx context.Context, current *object) error {
	have := attributeList(current)
	for _, a := range attributeList(s.expect) {
		code := member(a, "attcode")
		i := slices.IndexFunc(have, func(x *object) bool { return member(x, "attcode") == code })
		if i < 0 && s.optional(code) {
			s.log.infof("Skipping optional (and not-present) attribute '%s'.", code)
			s.def.skipped[code] = true
			continue
		}
		if i >= 0 && s.sameAttribute(a, have[i]) {
			continue
		}
		if err := s.writeAttribute(ctx, code, a); err != nil {
			return err
		}
	}
	return nil
}

func (s *dataSource) writeAttribute(ctx context.Context, code string, a *object) error {
	s.log.debugf("Updating attribute '%s'.", code)
	fields := newObject()
	for _, k := range a.Keys {
		switch k {
		case "friendlyname", "finalclass", "import_columns":
		case "update", "reconcile":
			fields.Set(k, flagText(a.At(k)))
		default:
			fields.Set(k, a.At(k))
		}
	}
	key := newObject().Set("sync_source_id", intOrText(s.id)).Set("attcode", code)
	got, err := s.update(ctx, member(a, "finalclass"), key, fields, s.class)
	if err != nil {
		return err
	}
	if got.code == 0 {
		return nil
	}
	if strings.Contains(got.message, "Error: No item found with criteria: sync_source_id") {
		s.log.errorf("Failed to update the Synchro Data Source. Inconsistent data model, the attribute '%s' does not exist in iTop.", code)
	} else {
		s.log.errorf("Failed to update the SynchroAttribute '%s'. Reason: %s (%d)", code, got.message, got.code)
	}
	return errLogged
}

// errLogged is a failure whose lines are in the log already.
var errLogged = rollcall.Errorf(rollcall.Invalid, "already logged")
