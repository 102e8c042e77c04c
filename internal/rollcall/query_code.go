package rollcall

import "strings"

// The codes that queries know besides attributes, and the suffixes of those
// that a key adds.
const (
	CodeID               = "id"
	CodeFinalClass       = "finalclass"
	CodeFriendlyName     = "friendlyname"
	CodeObsolescenceFlag = "obsolescence_flag"
	CodeObsolescenceDate = "obsolescence_date"
	suffixName           = "_" + CodeFriendlyName
	suffixFlag           = "_" + CodeObsolescenceFlag
	suffixClass          = "_finalclass_recall"
)

// Derived is what a query code stands for when it is no stored attribute: Code
// of the object that attribute Via points at.
type Derived struct {
	Via  *Attribute // a key, or a field that shows one
	Code string
}

// Derive reads a code that follows a key: a field, or a key's name, flag or
// class. ok is false for any other.
func (m *Model) Derive(c *Class, code string) (d Derived, ok bool) {
	if a := c.Attribute(code); a != nil {
		via := c.Attribute(a.Via)
		return Derived{via, a.Remote}, a.Type == TypeField && via != nil
	}
	for suffix, remote := range map[string]string{suffixName: CodeFriendlyName, suffixFlag: CodeObsolescenceFlag, suffixClass: CodeFinalClass} {
		if base, cut := strings.CutSuffix(code, suffix); cut {
			if via := c.Attribute(base); via != nil && m.KeyTarget(c, via) != nil {
				return Derived{via, remote}, true
			}
		}
	}
	return Derived{}, false
}

// KeyTarget returns the class that an attribute points at, a key or a field
// that shows one; nil for any other attribute.
func (m *Model) KeyTarget(c *Class, a *Attribute) *Class {
	for hops := 0; a != nil && hops < 8; hops++ {
		if a.IsKey() {
			return m.Class(a.Target)
		}
		via := c.Attribute(a.Via)
		if a.Type != TypeField || via == nil {
			return nil
		}
		if c = m.KeyTarget(c, via); c == nil {
			return nil
		}
		a = c.Attribute(a.Remote)
	}
	return nil
}

// IsObsoletable reports whether objects of class or below can become obsolete.
func (m *Model) IsObsoletable(c *Class) bool {
	for _, f := range m.Family(c.Name) {
		if len(f.Inactive) > 0 {
			return true
		}
	}
	return false
}

// QueryCodes returns the codes that a query on a class may name, in the order
// in which iTop 3.2.0 lists them: passwords, pictures and sets are none.
func (m *Model) QueryCodes(c *Class) []string {
	var codes []string
	if c.Parent != "" || len(m.Family(c.Name)) > 1 {
		codes = append(codes, CodeFinalClass)
	}
	codes = append(codes, CodeFriendlyName)
	obsoletable := m.IsObsoletable(c)
	if obsoletable {
		codes = append(codes, CodeObsolescenceFlag)
	}
	for _, a := range c.Attributes {
		if !IsQueryable(a) {
			continue
		}
		codes = append(codes, a.Code)
		if target := m.KeyTarget(c, a); target != nil {
			codes = append(codes, a.Code+suffixName)
			if m.IsObsoletable(target) {
				codes = append(codes, a.Code+suffixFlag)
			}
		}
	}
	if obsoletable {
		codes = append(codes, CodeObsolescenceDate)
	}
	return append(codes, CodeID)
}

// HasQueryCode reports whether a query on a class may name a code. It knows
// some more than QueryCodes lists: finalclass on every class, and a key's class.
func (m *Model) HasQueryCode(c *Class, code string) bool {
	switch code {
	case CodeID, CodeFinalClass, CodeFriendlyName:
		return true
	case CodeObsolescenceFlag, CodeObsolescenceDate:
		return m.IsObsoletable(c)
	}
	if a := c.Attribute(code); a != nil {
		return IsQueryable(a)
	}
	_, ok := m.Derive(c, code)
	return ok
}

// IsQueryable reports whether conditions may name an attribute. A password's
// hash could otherwise be guessed letter by letter.
func IsQueryable(a *Attribute) bool {
	switch a.Type {
	case TypePassword, TypeImage, TypeChildren, TypeLinks:
		return false
	}
	return true
}

// CommonAncestor returns the lowest class that two classes are or lie below,
// nil when they are of different hierarchies.
func (m *Model) CommonAncestor(a, b *Class) *Class {
	for c := a; c != nil; c = m.Class(c.Parent) {
		if m.IsA(b.Name, c.Name) {
			return c
		}
	}
	return nil
}
