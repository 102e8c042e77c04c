package rest

import (
	"strings"

	"rollcall/internal/itop/wire"
	"rollcall/internal/rollcall"
)

// columnKind says where the value of a member of fields comes from.
type columnKind uint8

const (
	fromID         columnKind = iota
	fromValue                 // a stored attribute
	fromOther                 // an attribute of the object that a key points at
	fromSet                   // a link set
	fromClass                 // the object's class
	fromName                  // the friendly name
	fromFlag                  // whether the object is obsolete
	fromDate                  // since when it is
	fromOtherName             // of the object that a key points at: its friendly name
	fromOtherClass            // its class
	fromOtherFlag             // whether it is obsolete
)

// column is one member of an object's fields, for objects of one class.
type column struct {
	code   string
	member []byte // "code": as it is written
	kind   columnKind
	attr   *rollcall.Attribute // the attribute itself, or the key or field that is followed
	target *rollcall.Class     // that attr points at
	remote string              // of fromOther: the code there
}

func newColumn(code string, kind columnKind, attr *rollcall.Attribute) column {
	return column{code: code, member: append(appendText(nil, code), ':'), kind: kind, attr: attr}
}

// shape returns the columns of * on a class.
func (s *Service) shape(c *rollcall.Class) []column {
	if known, ok := s.shapes.Load(c); ok {
		return known.([]column)
	}
	codes := wire.Codes(s.Model, c)
	columns := make([]column, len(codes))
	for i, code := range codes {
		columns[i] = s.column(c, code)
	}
	s.shapes.Store(c, columns)
	return columns
}

// column returns the column of a code that a class has.
func (s *Service) column(c *rollcall.Class, code string) column {
	if a := c.Attribute(code); a != nil {
		switch a.Type {
		case rollcall.TypeLinks, rollcall.TypeChildren:
			return newColumn(code, fromSet, a)
		case rollcall.TypeField:
		default:
			return newColumn(code, fromValue, a)
		}
	}
	switch code {
	case rollcall.CodeID:
		return newColumn(code, fromID, nil)
	case rollcall.CodeFinalClass:
		return newColumn(code, fromClass, nil)
	case rollcall.CodeFriendlyName:
		return newColumn(code, fromName, nil)
	case rollcall.CodeObsolescenceFlag:
		return newColumn(code, fromFlag, nil)
	case rollcall.CodeObsolescenceDate:
		return newColumn(code, fromDate, nil)
	}
	d, ok := s.Model.Derive(c, code)
	col := newColumn(code, fromOther, d.Via)
	if !ok {
		return col
	}
	col.target, col.remote = s.Model.KeyTarget(c, d.Via), d.Code
	if c.Attribute(code) == nil {
		col.kind = map[string]columnKind{
			rollcall.CodeFriendlyName: fromOtherName, rollcall.CodeFinalClass: fromOtherClass, rollcall.CodeObsolescenceFlag: fromOtherFlag,
		}[d.Code]
	}
	return col
}

// find returns the column of a code, id among them.
func (s *Service) find(c *rollcall.Class, code string) (column, bool) {
	if code == rollcall.CodeID {
		return s.column(c, code), true
	}
	for _, col := range s.shape(c) {
		if col.code == code {
			return col, true
		}
	}
	return column{}, false
}

// fieldList is what output_fields asks for.
type fieldList struct {
	class    *rollcall.Class // the requested one
	all      bool            // *
	extended bool            // *+: everything of each object's own class
	codes    []string        // otherwise
}

// outputFields reads the parameter output_fields.
func (s *Service) outputFields(c *rollcall.Class, params *value) (fieldList, error) {
	list := fieldList{class: c}
	given, ok := params.get("output_fields")
	if !ok {
		list.all = true
		return list, nil
	}
	if given.kind != kindString {
		return list, faultf("Parameter 'output_fields' must be a text: *, *+ or attribute codes with commas between")
	}
	switch given.text {
	case "*":
		list.all = true
		return list, nil
	case "*+":
		list.all, list.extended = true, true
		return list, nil
	}
	for code := range strings.SplitSeq(given.text, ",") {
		code = strings.Trim(code, " \t\n\r\v\x00")
		if _, ok := s.find(c, code); !ok {
			return list, faultf("output_fields: invalid attribute code '%s'", code)
		}
		list.codes = append(list.codes, code)
	}
	return list, nil
}

// idAndName are the fields of an object that is not of the requested class, and
// of those that core/delete and core/get_related report.
func (s *Service) idAndName(c *rollcall.Class) []column {
	id, _ := s.find(c, rollcall.CodeID)             // every class has it
	name, _ := s.find(c, rollcall.CodeFriendlyName) // and this
	return []column{id, name}
}

// columns returns the columns for objects of a class.
func (s *Service) columns(list *fieldList, c *rollcall.Class) []column {
	switch {
	case list.class == nil || !s.Model.IsA(c.Name, list.class.Name):
		return s.idAndName(c)
	case list.extended:
		return s.shape(c)
	case list.all && c == list.class:
		return s.shape(c)
	case list.all:
		wanted := s.shape(list.class)
		columns := make([]column, 0, len(wanted))
		for i := range wanted {
			if col, ok := s.find(c, wanted[i].code); ok {
				columns = append(columns, col)
			}
		}
		return columns
	}
	columns := make([]column, 0, len(list.codes))
	seen := make(map[string]bool, len(list.codes))
	for _, code := range list.codes {
		if col, ok := s.find(c, code); ok && !seen[code] { // a code given twice is one member
			columns = append(columns, col)
		}
		seen[code] = true
	}
	return columns
}

// without leaves out of a link's columns the key back to the host and everything
// that follows it.
func without(columns []column, back string) []column {
	gone := map[string]bool{back: true}
	kept := make([]column, 0, len(columns))
	for i := range columns {
		col := &columns[i]
		if gone[col.code] || col.kind != fromValue && col.attr != nil && gone[col.attr.Code] {
			gone[col.code] = true
			continue
		}
		kept = append(kept, *col)
	}
	return kept
}

// linkShape returns the columns of the members of a link set.
func (s *Service) linkShape(set *rollcall.Attribute, c *rollcall.Class, extended bool) []column {
	key := linkShapeKey{set, c, extended}
	if known, ok := s.shapes.Load(key); ok {
		return known.([]column)
	}
	list := fieldList{class: s.Model.Class(set.Target), all: true, extended: extended}
	columns := without(s.columns(&list, c), backKey(set))
	s.shapes.Store(key, columns)
	return columns
}

type linkShapeKey struct {
	set      *rollcall.Attribute
	class    *rollcall.Class
	extended bool
}

// backKey returns the code of the key by which members of a link set point at
// its host.
func backKey(set *rollcall.Attribute) string {
	if set.Type == rollcall.TypeChildren {
		return set.Remote
	}
	return set.Via
}
