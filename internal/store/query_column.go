package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// column renders a value of an object.
func (r *renderer) column(c *rollcall.Column) (fragment, error) {
	p := r.placed[c.Table]
	if p == nil {
		return fragment{}, rollcall.Errorf(rollcall.Internal, "the query uses %s.%s, whose class it does not select", c.Table.Alias, c.Code)
	}
	return r.columnOf(p, p.class, c.Code, 0)
}

// columnOf renders a value of the objects at a place, as a class that they have
// there knows it. hops counts the keys that were followed.
func (r *renderer) columnOf(p *place, class *rollcall.Class, code string, hops int) (fragment, error) {
	if a := class.Attribute(code); a != nil && !rollcall.IsQueryable(a) {
		return fragment{}, rollcall.Errorf(rollcall.Invalid, "class %s: no query can ask for %s", class.Name, code)
	} else if a != nil && a.Stored() {
		return r.lookable(r.stored(p, a), p, class, code), nil
	}
	switch code {
	case rollcall.CodeID:
		return fragment{sql: p.column("id"), bare: p.column("id"), is: wholeValue}, nil
	case rollcall.CodeFinalClass:
		f := fragment{sql: p.column("finalclass"), bare: p.column("finalclass"), is: codeValue}
		for _, c := range r.model.Family(class.Name) {
			f.codes = append(f.codes, c.Name)
		}
		return f, nil
	case rollcall.CodeFriendlyName:
		f, err := r.name(p, class, hops)
		return r.lookable(f, p, class, code), err
	case rollcall.CodeObsolescenceFlag:
		return r.flag(p, class), nil
	case rollcall.CodeObsolescenceDate:
		if col := p.table.columns[code]; col != nil {
			return fragment{sql: p.column(col.name), is: dateValue}, nil
		}
		return r.null(dateValue), nil
	}
	d, ok := r.model.Derive(class, code)
	if !ok {
		return fragment{}, rollcall.Errorf(rollcall.Invalid, "class %s has no attribute %s", class.Name, code)
	}
	return r.derived(p, class, d, hops)
}

// stored renders an attribute's own column.
func (r *renderer) stored(p *place, a *rollcall.Attribute) fragment {
	name := p.column(p.table.columns[a.Code].name)
	switch a.Type {
	case rollcall.TypeKey, rollcall.TypeTree:
		return fragment{sql: "COALESCE(" + name + ", 0)", bare: name, is: wholeValue}
	case rollcall.TypeInteger, rollcall.TypeDuration, rollcall.TypeBoolean:
		return fragment{sql: name, is: wholeValue}
	case rollcall.TypeDecimal:
		if r.numbered {
			return fragment{sql: name + "::numeric", is: realValue}
		}
		return fragment{sql: "CAST(" + name + " AS REAL)", is: realValue}
	case rollcall.TypeDate:
		return fragment{sql: name, is: dateValue}
	case rollcall.TypeDateTime:
		return fragment{sql: name, is: datetimeValue}
	case rollcall.TypeEnum, rollcall.TypeLanguage:
		return fragment{sql: "NULLIF(" + name + ", '')", bare: name, is: codeValue, codes: a.Values}
	}
	return fragment{sql: name, is: textValue}
}

// derived follows a key. Where it points nowhere the value is NULL.
func (r *renderer) derived(p *place, class *rollcall.Class, d rollcall.Derived, hops int) (fragment, error) {
	target := r.model.KeyTarget(class, d.Via)
	if target == nil {
		return fragment{}, rollcall.Errorf(rollcall.Internal, "class %s: %s points at no declared class", class.Name, d.Via.Code)
	}
	if hops >= maxHops {
		return r.null(textValue), nil
	}
	there, err := r.follow(p, class, d.Via.Code, target, hops)
	if err != nil {
		return fragment{}, err
	}
	f, err := r.columnOf(there, target, d.Code, hops+1)
	if err != nil {
		return fragment{}, err
	}
	if d.Code == rollcall.CodeFriendlyName || f.bare != "" && f.is == wholeValue && f.bare != f.sql {
		plain := f
		f = f.wrap("CASE WHEN "+there.column("id")+" IS NOT NULL THEN ", " END", f.is)
		f.bare, f.asks, f.look = plain.bare, plain.asks, plain.look
	}
	return f, nil
}

// follow joins the table that a key points into, once.
func (r *renderer) follow(p *place, class *rollcall.Class, key string, target *rollcall.Class, hops int) (*place, error) {
	known := key + " " + target.Name
	if there := p.keys[known]; there != nil {
		return there, nil
	}
	value, err := r.columnOf(p, class, key, hops)
	if err != nil {
		return nil, err
	}
	there, err := r.place(p.frame, target)
	if err != nil {
		return nil, err
	}
	p.frame.from.WriteString(" LEFT JOIN " + there.table.quoted + " AS " + there.alias + " ON " + there.column("id") + " = " + value.bareOr())
	p.keys[known] = there
	return there, nil
}

// variant is a value that some classes of a hierarchy have in common.
type variant struct {
	value   fragment
	classes []string
}

// variants renders a value of each class below another that has objects, and
// puts those together that come out alike: the most frequent last.
func (r *renderer) variants(class *rollcall.Class, render func(*rollcall.Class) (fragment, error)) ([]variant, error) {
	var list []variant
	for _, c := range r.model.Family(class.Name) {
		if c.Abstract {
			continue
		}
		f, err := render(c)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(list, func(v variant) bool { return v.value.sql == f.sql && slices.Equal(v.value.args, f.args) })
		if i < 0 {
			i = len(list)
			list = append(list, variant{value: f})
		}
		list[i].classes = append(list[i].classes, c.Name)
	}
	slices.SortStableFunc(list, func(a, b variant) int { return len(a.classes) - len(b.classes) })
	return list, nil
}

// name renders the friendly name: of each class its own, as class.FormatName
// makes it.
func (r *renderer) name(p *place, class *rollcall.Class, hops int) (fragment, error) {
	list, err := r.variants(class, func(c *rollcall.Class) (fragment, error) { return r.nameOf(p, c, hops) })
	if err != nil || len(list) == 0 {
		return r.textParam(""), err
	}
	last := len(list) - 1
	if last == 0 {
		return list[0].value, nil
	}
	pieces := make([]fragment, 0, len(list)+1)
	for _, v := range list[:last] {
		pieces = append(pieces, v.value.wrap("WHEN "+p.column("finalclass")+" IN ("+quotedTexts(v.classes)+") THEN ", "", textValue))
	}
	pieces = append(pieces, list[last].value.wrap("ELSE ", "", textValue))
	return join(" ", textValue, pieces...).wrap("CASE ", " END", textValue), nil
}

func (r *renderer) nameOf(p *place, class *rollcall.Class, hops int) (fragment, error) {
	parts := make([]fragment, 0, len(class.NamedBy))
	for _, code := range class.NamedBy {
		if code == rollcall.CodeFriendlyName {
			continue
		}
		f, err := r.columnOf(p, class, code, hops)
		if err != nil {
			return fragment{}, fmt.Errorf("the name of %s: %w", class.Name, err)
		}
		f = r.text(f)
		if col := p.table.columns[code]; col == nil || col.kind != text {
			f = f.wrap("COALESCE(", ", '')", textValue)
		}
		parts = append(parts, f)
	}
	var pieces []fragment
	rest := class.NameForm
	for i, f := range parts {
		between := ""
		switch {
		case class.NameForm != "":
			between, rest, _ = strings.Cut(rest, "%s")
		case i > 0:
			between = " "
		}
		if between != "" {
			pieces = append(pieces, r.textParam(between))
		}
		pieces = append(pieces, f)
	}
	if rest != "" || len(pieces) == 0 {
		pieces = append(pieces, r.textParam(rest))
	}
	return balanced(" || ", textValue, pieces), nil
}

// flag renders whether an object is obsolete, 0 or 1.
func (r *renderer) flag(p *place, class *rollcall.Class) fragment {
	list, err := r.variants(class, func(c *rollcall.Class) (fragment, error) {
		var terms []fragment
		for _, code := range slices.Sorted(maps.Keys(c.Inactive)) {
			if col := p.table.columns[code]; col != nil && len(c.Inactive[code]) > 0 {
				terms = append(terms, fragment{sql: p.column(col.name) + " IN (" + quotedTexts(c.Inactive[code]) + ")", is: conditionValue})
			}
		}
		if len(terms) == 0 {
			return fragment{}, nil
		}
		return balanced(" OR ", conditionValue, terms), nil
	})
	var terms []fragment
	for _, v := range list {
		if v.value.sql != "" {
			terms = append(terms, v.value.wrap(p.column("finalclass")+" IN ("+quotedTexts(v.classes)+") AND (", ")", conditionValue))
		}
	}
	if err != nil || len(terms) == 0 {
		return fragment{sql: "0", is: wholeValue}
	}
	return balanced(" OR ", conditionValue, terms).wrap("CASE WHEN ", " THEN 1 ELSE 0 END", wholeValue)
}
