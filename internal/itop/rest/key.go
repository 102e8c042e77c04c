package rest

import (
	"context"
	"errors"
	"strings"

	"rollcall/internal/auth"
	"rollcall/internal/itop/gate"
	"rollcall/internal/oql"
	"rollcall/internal/rollcall"
)

// criterion is one member of a key given as an object.
type criterion struct {
	given string // as it is reported
	code  string
	text  string // the value to compare with
	null  bool   // it is NULL that is asked for
}

// find is a key as it was understood.
type find struct {
	class    *rollcall.Class // whose objects are asked for
	query    *rollcall.Query // as given, not narrowed to what the account may see
	id       rollcall.ObjectID
	byID     bool
	criteria []criterion // of a key given as an object
	text     string      // of a key given as OQL
}

// none and several report that a key does not name exactly one object.
func (f *find) none() error {
	switch {
	case f.byID:
		return faultf("Invalid object %s::%d", f.class.Name, f.id)
	case f.text != "":
		return faultf("No item found for query: %s", f.text)
	}
	return faultf("No item found with criteria: %s", f.report())
}

func (f *find) several(n int) error {
	if f.text != "" {
		return faultf("Several items found (%d) for query: %s", n, f.text)
	}
	return faultf("Several items found (%d) with criteria: %s", n, f.report())
}

func (f *find) report() string {
	parts := make([]string, len(f.criteria))
	for i, c := range f.criteria {
		parts[i] = c.code + ": " + c.given + " (" + c.text + ")"
	}
	return strings.Join(parts, ", ")
}

// key understands a key: an id, OQL, or criteria. strict is a key that must name
// one object within a field: OQL errors come as they are there.
func (c *call) key(ctx context.Context, from Reader, class *rollcall.Class, key *value, strict bool) (*find, error) {
	if key.kind == kindObject {
		return c.criteria(ctx, from, class, key)
	}
	if id, ok := key.number(); ok {
		return &find{class: class, id: rollcall.ObjectID(id), byID: true, query: rollcall.SelectIDs(class, rollcall.ObjectID(id))}, nil
	}
	if key.kind != kindString || strict && key.text == "" {
		return nil, faultf("Wrong format for key")
	}
	args, err := gate.Standing(ctx, c.Model, from, c.account, oql.Parameters(key.text))
	if err != nil {
		return nil, err
	}
	query, err := oql.Compile(c.Model, key.text, args)
	if err != nil {
		return nil, queryFault(key.text, err, strict)
	}
	return &find{class: query.Class(), query: query, text: key.text}, nil
}

// queryFault is the fault of OQL that cannot be understood.
func queryFault(text string, err error, plain bool) error {
	var e *oql.Error
	switch {
	case !errors.As(err, &e):
		return err
	case plain || e.Class == oql.ClassMissing:
		return faultf("%s", e.Message)
	}
	return faultf("Query failed to execute: query = %s, exception_class = %s, exception_message = %s", text, e.Class, e.Message)
}

// criteria understands a key given as an object: every member must equal.
func (c *call) criteria(ctx context.Context, from Reader, class *rollcall.Class, key *value) (*find, error) {
	if given, ok := key.get(rollcall.CodeFinalClass); ok {
		name, _ := given.string()
		narrower := c.Model.Class(name)
		switch {
		case narrower == nil:
			return nil, faultf("finalclass: Unknown class '%s'", name)
		case !c.Model.IsA(name, class.Name):
			return nil, faultf("finalclass: '%s' is not a child class of '%s'", name, class.Name)
		}
		class = narrower
	}
	f := &find{class: class, query: rollcall.SelectAll(class)}
	for i := range key.members {
		m := &key.members[i]
		crit, err := c.criterion(ctx, from, class, m)
		if err != nil {
			return nil, within(m.name, err)
		}
		f.criteria = append(f.criteria, crit)
		switch {
		case m.name == rollcall.CodeFinalClass:
		case crit.null:
			f.query = f.query.WhereNull(m.name)
		default:
			f.query = f.query.Where(m.name, crit.text)
		}
	}
	return f, nil
}

// criterion reads one member of a key given as an object.
func (c *call) criterion(ctx context.Context, from Reader, class *rollcall.Class, m *member) (criterion, error) {
	crit := criterion{code: m.name}
	if crit.given, _ = m.value.string(); m.value.kind == kindArray || m.value.kind == kindObject {
		crit.given = string(appendValue(nil, &m.value))
	}
	a := class.Attribute(m.name)
	switch {
	case m.name == rollcall.CodeID, a == nil && !c.Model.HasQueryCode(class, m.name):
		return crit, faultf("Unknown attribute")
	case a != nil && !rollcall.IsQueryable(a):
		return crit, faultf("attribute of type %s cannot be searched", a.Type)
	case a != nil && a.IsKey():
		id, err := c.reference(ctx, from, a, &m.value)
		crit.text = idText(id)
		return crit, err
	case a != nil && a.Type == rollcall.TypeTags:
		var err error
		crit.text, err = tags(a, &m.value)
		return crit, err
	}
	text, ok := m.value.string()
	if !ok {
		return crit, faultf("Wrong format for a value")
	}
	if a == nil || a.Type == rollcall.TypeField {
		crit.text, crit.null = text, m.value.kind == kindNull
		return crit, nil
	}
	if crit.text, ok = c.plain(a, &m.value, text); !ok {
		return crit, faultf("Wrong format for a value")
	}
	crit.null = crit.text == "" && !isText(a)
	return crit, nil
}

// isText reports whether an attribute's empty value is a text, not NULL.
func isText(a *rollcall.Attribute) bool {
	switch a.Type {
	case rollcall.TypeEnum, rollcall.TypeInteger, rollcall.TypeDecimal, rollcall.TypeDuration, rollcall.TypeStopwatch,
		rollcall.TypeDate, rollcall.TypeDateTime:
		return false
	}
	return true
}

// one returns the one object that a key names and the account may see.
func (c *call) one(ctx context.Context, from Reader, f *find) (rollcall.Object, error) {
	if !c.Rights.Allows(c.account, f.class, auth.Read) {
		return rollcall.Object{}, f.none()
	}
	ids := []rollcall.ObjectID{f.id}
	if !f.byID || c.account.Organisations != nil {
		var err error
		if ids, err = from.SelectIDs(ctx, c.Rights.Visible(c.account, f.query), rollcall.Window{}); err != nil {
			return rollcall.Object{}, err
		}
	}
	if len(ids) > 1 {
		return rollcall.Object{}, f.several(len(ids))
	}
	objects, err := from.Objects(ctx, f.class, ids)
	if err != nil {
		return rollcall.Object{}, err
	}
	if len(objects) == 0 {
		return rollcall.Object{}, f.none()
	}
	return objects[0], nil
}

// reference returns the id of the object that the value of a key names, 0 for
// nobody.
func (c *call) reference(ctx context.Context, from Reader, a *rollcall.Attribute, v *value) (rollcall.ObjectID, error) {
	if n, ok := v.number(); ok && n == 0 {
		return 0, nil
	}
	class := c.Model.Class(a.Target)
	f, err := c.key(ctx, from, class, v, true)
	if err != nil {
		return 0, err
	}
	o, err := c.one(ctx, from, f)
	if err != nil {
		return 0, err
	}
	if !c.Model.IsA(o.Class.Name, class.Name) {
		return 0, faultf("Invalid object %s::%d", class.Name, o.ID)
	}
	return o.ID, nil
}
