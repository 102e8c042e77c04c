package rollcall

import "slices"

// ObjectID identifies an object within its class's hierarchy; 0 is nobody.
type ObjectID int64

// Ref names one object of any class.
type Ref struct {
	Class string // the object's own class, not an ancestor
	ID    ObjectID
}

// Object is an item of the registry.
type Object struct {
	Class  *Class
	ID     ObjectID
	Values []string // canonical text, beside Class.Stored
}

// NewObject returns an object of a class with its default values.
func NewObject(c *Class) Object {
	o := Object{Class: c, Values: make([]string, len(c.Stored))}
	for i, a := range c.Stored {
		o.Values[i] = a.Default
	}
	return o
}

// Get returns the value of a stored attribute, "" for any other.
func (o *Object) Get(code string) string {
	if a := o.Class.Attribute(code); a != nil && a.Column >= 0 {
		return o.Values[a.Column]
	}
	return ""
}

// Set gives a stored attribute a value; it reports whether the class has it.
func (o *Object) Set(code, value string) bool {
	a := o.Class.Attribute(code)
	if a == nil || a.Column < 0 {
		return false
	}
	o.Values[a.Column] = value
	return true
}

// IsObsolete reports whether one of an object's values makes it obsolete. No
// object, of no class, is not.
func (o *Object) IsObsolete() bool {
	if o.Class == nil {
		return false
	}
	for code, values := range o.Class.Inactive {
		if slices.Contains(values, o.Get(code)) {
			return true
		}
	}
	return false
}

// Name returns the friendly name as far as the object's own columns tell it.
func (o *Object) Name() string {
	parts := make([]string, 0, len(o.Class.NamedBy))
	for _, code := range o.Class.NamedBy {
		parts = append(parts, o.Get(code))
	}
	return o.Class.FormatName(parts)
}

// Link is one member of a link set as seen from its host: the object on the
// other side, and the link's further attributes by code.
type Link struct {
	ID     ObjectID // of the link object; 0 for one to be made
	Target ObjectID
	Values map[string]string
}
