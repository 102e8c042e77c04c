package transfer

import (
	"fmt"
	"strings"

	"rollcall/internal/itop/wire"
	"rollcall/internal/rollcall"
)

// input is one column of an import.
type input struct {
	code   string              // as reports call it: "name", "org_id->name"
	plain  string              // an attribute of the class; "" for a key
	attr   *rollcall.Attribute // of plain; nil for what no class declares
	key    *rollcall.Attribute // the key that the column finds
	remote string              // by which attribute of the key's target; CodeID for the key itself
	field  string              // the field that was named instead of the key
}

// dictionary knows the columns that an import of a class may have.
type dictionary struct {
	model    *rollcall.Model
	class    *rollcall.Class
	localize bool
	names    []string // in order, folded
	columns  map[string]input
}

func newDictionary(model *rollcall.Model, class *rollcall.Class, localize bool) *dictionary {
	d := &dictionary{model: model, class: class, localize: localize, columns: map[string]input{}}
	for _, code := range wire.Codes(model, class) {
		a := class.Attribute(code)
		switch {
		case a != nil && a.IsKey():
			d.addKey(a)
		case a != nil && a.Type == rollcall.TypeField:
			d.add(d.label(class, code), d.field(a))
		default:
			d.add(d.label(class, code), input{code: code, plain: code, attr: a})
		}
	}
	return d
}

// field is what a field stands for: the key behind it.
func (d *dictionary) field(a *rollcall.Attribute) input {
	if via := d.class.Attribute(a.Via); via != nil && via.IsKey() {
		return input{code: a.Code, key: via, remote: a.Remote, field: a.Code}
	}
	return input{code: a.Code, plain: a.Code, attr: a}
}

func (d *dictionary) addKey(key *rollcall.Attribute) {
	name := d.label(d.class, key.Code)
	d.add(name, input{code: key.Code, key: key, remote: rollcall.CodeID})
	target := d.model.Class(key.Target)
	if target == nil {
		return
	}
	for _, code := range wire.Codes(d.model, target) {
		d.add(name+"->"+d.label(target, code), input{code: key.Code + "->" + code, key: key, remote: code})
	}
}

// add takes a column in unless one of the same name came before: a key has
// precedence over a field with its label.
func (d *dictionary) add(name string, c input) {
	name = strings.ToLower(name)
	if _, there := d.columns[name]; there {
		return
	}
	d.columns[name] = c
	d.names = append(d.names, name)
}

func (d *dictionary) label(class *rollcall.Class, code string) string {
	if !d.localize {
		return code
	}
	return wire.Label(d.model, class, code)
}

// find returns the column of a name: case does not matter, nor does the star
// that marks what is mandatory.
func (d *dictionary) find(name string) (input, bool) {
	parts := strings.Split(name, "->")
	for i, part := range parts {
		parts[i] = strings.TrimSuffix(strings.TrimSpace(part), "*")
	}
	c, ok := d.columns[strings.ToLower(strings.Join(parts, "->"))]
	return c, ok
}

// header reads the first row of an import.
func (d *dictionary) header(row []string) ([]input, error) {
	columns := make([]input, len(row))
	for i, name := range row {
		name = strings.TrimSpace(name)
		c, ok := d.find(name)
		if !ok {
			// iTop 3.2.0 loses the point of the arrow here.
			return nil, rollcall.Errorf(rollcall.Invalid, "Unknown column: '%s'. Possible columns: %s",
				clip(strings.ReplaceAll(name, ">", "")), strings.Join(d.names, ", "))
		}
		columns[i] = c
	}
	return columns, nil
}

// match is what existing objects are recognised by: plain attributes and keys.
type match struct {
	text string // as the report calls it: "email", "org_id (name)"
	code string // the attribute or key
}

// knowID makes the id a column too, by which objects are recognised: an export
// can be changed and read again.
func (d *dictionary) knowID() {
	d.add(rollcall.CodeID, input{code: rollcall.CodeID, plain: rollcall.CodeID})
}

// matches reads the reconciliation keys: those named, else those of the class
// that the header has.
func (d *dictionary) matches(list string, columns []input) ([]match, error) {
	if strings.TrimSpace(list) == "" {
		return d.defaultMatches(columns)
	}
	var matches []match
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		c, ok := d.find(name)
		if !ok {
			return nil, rollcall.Errorf(rollcall.Invalid, "Unknown reconciliation key: '%s'", clip(name))
		}
		m, ok := matchIn(c, columns)
		if !ok {
			return nil, rollcall.Errorf(rollcall.Invalid, "Reconciliation key not found in the input columns: '%s'", clip(name))
		}
		matches = append(matches, m)
	}
	return matches, nil
}

func matchIn(wanted input, columns []input) (match, bool) {
	for _, c := range columns {
		switch {
		case wanted.plain != "" && c.plain == wanted.plain:
			return match{c.code, c.plain}, true
		case wanted.key != nil && c.key != nil && c.key.Code == wanted.key.Code && (wanted.remote == c.remote || wanted.remote == rollcall.CodeID):
			return match{c.matchText(), c.key.Code}, true
		}
	}
	return match{}, false
}

// matchText names a key with how it is found.
func (c *input) matchText() string {
	by := c.remote
	if c.field != "" {
		by = fmt.Sprintf("%s (%s)", c.key.Code, c.field)
	}
	return fmt.Sprintf("%s (%s)", c.key.Code, by)
}

func (d *dictionary) defaultMatches(columns []input) ([]match, error) {
	var matches []match
	for _, c := range columns {
		if c.plain == rollcall.CodeID {
			return []match{{c.code, c.plain}}, nil
		}
	}
	for _, code := range d.class.Join {
		for _, c := range columns {
			switch {
			case c.plain == code:
				matches = append(matches, match{c.code, c.plain})
			case c.key != nil && (c.field == code || c.key.Code == code && c.remote == rollcall.CodeID):
				matches = append(matches, match{c.matchText(), c.key.Code})
			}
		}
	}
	if len(matches) == 0 {
		return nil, rollcall.Errorf(rollcall.Invalid, "No reconciliation scheme could be defined, please add a column corresponding to one defined reconciliation key (class: '%s', reconciliation:%s)",
			d.class.Name, strings.Join(d.class.Join, ","))
	}
	return matches, nil
}

// clip keeps what a stranger sent from filling a report.
func clip(text string) string { return wire.Shown(text, 255) }
