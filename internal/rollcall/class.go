package rollcall

import (
	"regexp"
	"slices"
	"strings"
)

// Type is the type of an attribute, spelled as class declarations spell it.
type Type string

// The attribute types.
const (
	TypeString   Type = "string"   // one line, up to MaxLength characters
	TypeText     Type = "text"     // many lines
	TypeHTML     Type = "html"     // many lines of markup
	TypeLog      Type = "log"      // a case log: entries in order
	TypeEmail    Type = "email"    // a string that looks like an address
	TypePhone    Type = "phone"    // a string that looks like a number
	TypeURL      Type = "url"      // a string that looks like a URL
	TypeIP       Type = "ip"       // an IPv4 address
	TypeEnum     Type = "enum"     // one of Values
	TypeLanguage Type = "language" // one of Values, such as "EN US"
	TypeTags     Type = "tags"     // any of Values, MaxLength at most: their codes in order, a blank between each two
	TypeClass    Type = "class"    // the name of a declared class
	TypeInteger  Type = "integer"
	TypeDecimal  Type = "decimal"
	TypeBoolean  Type = "boolean"  // "1" or "0"
	TypeDuration Type = "duration" // whole seconds
	// TypeStopwatch holds whole seconds that the program measures.
	TypeStopwatch Type = "stopwatch"
	TypeDate      Type = "date"     // 2006-01-02
	TypeDateTime  Type = "datetime" // 2006-01-02 15:04:05, UTC
	TypePassword  Type = "password" // one way: a PHC string, never shown
	TypeImage     Type = "image"    // the bytes of a picture
	TypeData      Type = "data"     // any JSON text (property sets, tables)
	TypeKey       Type = "key"      // the ID of an object of class Target
	TypeTree      Type = "tree"     // a key to the attribute's own class: a hierarchy
	TypeField     Type = "field"    // not stored: attribute Remote of the object that key Via names
	TypeChildren  Type = "children" // not stored: the objects of class Target whose key Remote names this one
	TypeLinks     Type = "links"    // not stored: n:n, through link class Target; Via points here, Remote to the other side
)

// OnDelete says what deleting the target of a mandatory key does. Optional keys
// are always emptied.
type OnDelete string

// The two options.
const (
	DeleteManual OnDelete = "manual" // the target cannot be deleted while somebody points at it
	DeleteAuto   OnDelete = "auto"   // whoever points at it is deleted too
)

// Attribute is one declared field of a class.
type Attribute struct {
	Code      string
	Label     string
	Type      Type
	Mandatory bool
	Default   string   // canonical text
	Values    []string // of an enum or language: the codes, in order
	Labels    []string // of an enum: a label per code
	MaxLength int      // in characters; 0 for no limit
	Pattern   *regexp.Regexp
	Target    string   // key, tree, children, links: the class named there
	Via       string   // field: the key to follow; links: the link class's key to this class
	Remote    string   // field: the attribute there; children: the key there; links: the key to the other side
	OnDelete  OnDelete // of a mandatory key
	Digits    int      // of a decimal: all digits, and those after the point
	Decimals  int
	ReadOnly  bool   // set by the registry alone
	Kept      bool   // nobody declares it: the registry notes it beside an object, and no history tells of it
	Declared  string // the class that declares it
	Column    int    // position in Object.Values; -1 when not stored
}

// Stored reports whether the attribute has a column of its own.
func (a *Attribute) Stored() bool {
	switch a.Type {
	case TypeField, TypeChildren, TypeLinks:
		return false
	}
	return true
}

// IsKey reports whether the attribute holds the ID of another object.
func (a *Attribute) IsKey() bool { return a.Type == TypeKey || a.Type == TypeTree }

// Writable reports whether a source or a person may set the attribute.
func (a *Attribute) Writable() bool {
	return !a.ReadOnly && a.Type != TypeField && a.Type != TypeChildren
}

// Unique is a rule that no two objects may break.
type Unique struct {
	Code    string   // "employee_number", "no_duplicate"
	Class   string   // that declares it: the rule holds among its objects and those of classes below
	On      []string // attribute codes, compared folded
	Skip    []string // the rule does not hold where one of these is empty
	Blocks  bool     // false: a warning only
	Message string   // with $attribute$ placeholders
}

// Seed is a predefined object: a fixed ID and its values by attribute code.
type Seed struct {
	ID     ObjectID
	Values map[string]string
}

// Class is a declared type of objects. A class inherits the attributes of its
// parent; the objects of a whole hierarchy share one table and one sequence of
// IDs, those of its Root.
type Class struct {
	Name     string
	Label    string
	Parent   string // "" for a root
	Root     string // the topmost ancestor; itself for a root
	Abstract bool
	Category string              // bizmodel, authentication, application, log
	NamedBy  []string            // what makes the friendly name (see FormatName): attributes, and <key>_friendlyname for a target's name
	NameForm string              // a friendly name of another form, with %s for each of NamedBy: "%s / %s"
	Join     []string            // the class's own reconciliation keys
	Unique   []Unique            // own and inherited
	Inactive map[string][]string // obsolete where attribute has one of the values
	KeptAt   int                 // with Inactive, its own or an ancestor's: how many of Attributes come before the column of obsolescence_date
	IsLink   bool                // an n:n link class
	Fixed    bool                // its objects are predefined: nobody creates or deletes one
	System   bool                // its objects are a view of what the program keeps: they are read like others and never written as objects
	Seeds    []Seed              // the predefined objects

	Order          []OrderBy  // the default order; empty: by friendly name
	StateAttribute string     // the attribute that says an object's state, with or without a lifecycle
	Lifecycle      *Lifecycle // nil: a class without
	Relations      []Relation // own and inherited

	Attributes []*Attribute // own and inherited, in declared order
	Stored     []*Attribute // those with a column; Object.Values runs beside it
	byCode     map[string]*Attribute
}

// OrderBy is one criterion of an order: an attribute, id or friendlyname.
type OrderBy struct {
	Attribute  string
	Descending bool
}

// FormatName makes a friendly name from the texts of NamedBy: in the class's
// own form, else joined by a space.
func (c *Class) FormatName(parts []string) string {
	if c.NameForm == "" {
		return strings.Join(parts, " ")
	}
	var b strings.Builder
	rest := c.NameForm
	for _, p := range parts {
		before, after, _ := strings.Cut(rest, "%s")
		b.WriteString(before)
		b.WriteString(p)
		rest = after
	}
	b.WriteString(rest)
	return b.String()
}

// Attribute returns the attribute with a code, nil when there is none. Codes
// compare exactly.
func (c *Class) Attribute(code string) *Attribute { return c.byCode[code] }

// Index fills Stored and the look-up by code from Attributes, and numbers the
// columns. Objects that can become obsolete keep the day on which they did, in
// a column at KeptAt: that of a class is the one of its parent. Whoever builds a
// class calls it once.
func (c *Class) Index() {
	c.byCode = make(map[string]*Attribute, len(c.Attributes)+1)
	c.Stored = c.Stored[:0]
	attributes := c.Attributes
	if len(c.Inactive) > 0 || c.KeptAt > 0 {
		kept := &Attribute{Code: CodeObsolescenceDate, Label: "Obsolescence date", Type: TypeDate, ReadOnly: true, Kept: true, Declared: c.Name}
		attributes = slices.Insert(slices.Clone(attributes), min(c.KeptAt, len(attributes)), kept)
	}
	for _, a := range attributes {
		c.index(a)
	}
}

func (c *Class) index(a *Attribute) {
	c.byCode[a.Code] = a
	a.Column = -1
	if a.Stored() {
		a.Column = len(c.Stored)
		c.Stored = append(c.Stored, a)
	}
}

// Model is the set of declared classes. It does not change once loaded.
type Model struct {
	Classes []*Class // parents before children
	byName  map[string]*Class
	kids    map[string][]*Class
}

// NewModel indexes classes, which come with parents before children.
func NewModel(classes []*Class) *Model {
	m := &Model{Classes: classes, byName: make(map[string]*Class, len(classes)), kids: map[string][]*Class{}}
	for _, c := range classes {
		m.byName[c.Name] = c
		m.kids[c.Parent] = append(m.kids[c.Parent], c)
	}
	return m
}

// Class returns the class with a name, nil when there is none. Names compare
// exactly.
func (m *Model) Class(name string) *Class { return m.byName[name] }

// Family returns a class and all below it, the class itself first.
func (m *Model) Family(name string) []*Class {
	c := m.byName[name]
	if c == nil {
		return nil
	}
	family := []*Class{c}
	for _, kid := range m.kids[name] {
		family = append(family, m.Family(kid.Name)...)
	}
	return family
}

// IsA reports whether class name is ancestor or lies below it.
func (m *Model) IsA(name, ancestor string) bool {
	for c := m.byName[name]; c != nil; c = m.byName[c.Parent] {
		if c.Name == ancestor {
			return true
		}
	}
	return false
}
