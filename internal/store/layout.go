package store

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"rollcall/internal/rollcall"
)

// kind is how a column keeps values.
type kind uint8

const (
	text   kind = iota // never NULL: the empty text is the empty value
	exact              // a text with its own order, such as a date; NULL when empty
	number             // a whole number; NULL when empty
	binary             // bytes; NULL when empty
)

// kindOf says how an attribute is stored.
func kindOf(a *rollcall.Attribute) kind {
	switch a.Type {
	case rollcall.TypeInteger, rollcall.TypeDuration, rollcall.TypeStopwatch, rollcall.TypeBoolean, rollcall.TypeKey, rollcall.TypeTree:
		return number
	case rollcall.TypeDecimal, rollcall.TypeDate, rollcall.TypeDateTime:
		return exact
	case rollcall.TypeImage:
		return binary
	}
	return text
}

// column is one attribute's column in a class table.
type column struct {
	name    string // quoted
	kind    kind
	isKey   bool
	initial string              // what objects that exist get when the column is added
	classes map[string]struct{} // whose objects have it
}

// table holds the objects of one class hierarchy.
type table struct {
	root    string
	name    string // as in the catalogue
	quoted  string
	columns map[string]*column // by attribute code
	order   []string           // codes, in declared order
	lookups []*lookup

	isSystem bool // a view of fixed tables: it is read and never written
}

// layout is the shape of the class tables. It never changes: a new look-up
// makes a new layout.
type layout struct {
	model  *rollcall.Model
	tables map[string]*table // by root class
	newest int64             // the last look-up it knows
	views  sync.Map          // by viewKey
}

// reserved are the columns that every class table has besides its attributes.
var reserved = map[string]bool{"id": true, "finalclass": true, "row_version": true}

// newLayout derives the tables from the classes.
func newLayout(model *rollcall.Model) (*layout, error) {
	l := &layout{model: model, tables: map[string]*table{}}
	for _, c := range model.Classes {
		t := l.tables[c.Root]
		if t == nil {
			name := "obj_" + strings.ToLower(c.Root)
			t = &table{root: c.Root, name: name, quoted: quote(name), columns: map[string]*column{}, isSystem: c.System}
			l.tables[c.Root] = t
		}
		if len(t.name) > maxIdentifier {
			return nil, rollcall.Errorf(rollcall.Invalid, "class %s: the name is too long for a table", c.Root)
		}
		for _, a := range c.Stored {
			if err := t.add(c, a); err != nil {
				return nil, err
			}
		}
	}
	return l, nil
}

// maxIdentifier is PostgreSQL's limit in bytes.
const maxIdentifier = 63

func (t *table) add(c *rollcall.Class, a *rollcall.Attribute) error {
	k := kindOf(a)
	col := t.columns[a.Code]
	switch {
	case reserved[a.Code] || strings.HasPrefix(a.Code, lookupPrefix):
		return rollcall.Errorf(rollcall.Invalid, "class %s: an attribute cannot be called %s, every object has a column of that name", c.Name, a.Code)
	case len(a.Code) > maxIdentifier:
		return rollcall.Errorf(rollcall.Invalid, "class %s: attribute %s: the code is too long for a column", c.Name, a.Code)
	case col == nil:
		col = &column{name: quote(a.Code), kind: k, isKey: a.IsKey(), initial: a.Default, classes: map[string]struct{}{}}
		t.columns[a.Code] = col
		t.order = append(t.order, a.Code)
	case col.kind != k:
		return rollcall.Errorf(rollcall.Invalid, "class %s: attribute %s is stored in another way by a class of the same hierarchy: give one of the two another code", c.Name, a.Code)
	}
	col.classes[c.Name] = struct{}{}
	return nil
}

// table returns the table of a class.
func (l *layout) table(c *rollcall.Class) (*table, error) {
	if t := l.tables[c.Root]; t != nil {
		return t, nil
	}
	return nil, rollcall.Errorf(rollcall.Internal, "class %s is not in the model that the database was opened with", c.Name)
}

// bind makes a parameter of a value in canonical text.
func (k kind) bind(value string) (any, error) {
	switch {
	case k == text:
		return value, nil
	case value == "":
		return nil, nil
	case k == number:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return nil, rollcall.Errorf(rollcall.Invalid, "%q is no whole number", value)
		}
		return n, nil
	case k == binary:
		return []byte(value), nil
	}
	return value, nil
}

// cellText makes canonical text of what a driver returns for a column.
func cellText(cell any) string {
	switch v := cell.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case []byte:
		return string(v)
	case nil:
		return ""
	}
	return fmt.Sprint(cell)
}
