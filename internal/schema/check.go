package schema

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// check looks at what needs all classes: what references name, what rules name,
// defaults, predefined objects, and columns that branches of a family share.
func (b *builder) check() {
	for _, c := range b.model.Classes {
		d := b.decls[c.Name]
		for _, ad := range d.attributes {
			if a := c.Attribute(ad.attribute.Code); a != nil && a.Declared == c.Name {
				b.attribute(ad, c, a)
			}
		}
		b.names(d, c)
		b.behaviour(d, c)
		for _, ud := range d.unique {
			what := "unique rule " + ud.rule.Code
			for _, code := range slices.Concat(ud.rule.On, ud.rule.Skip) {
				b.codes(ud.at, c, what, []string{code})
				if a := c.Attribute(code); a != nil && !a.Stored() {
					b.fail(ud.at, "%s of class %s names %s, which is not stored", what, c.Name, code)
				}
			}
		}
		if c.Parent == "" {
			b.columns(c)
		}
	}
	for _, c := range b.model.Classes {
		b.fields(c)
		for _, a := range c.Stored {
			if text, err := a.Canonical(a.Default); err == nil {
				a.Default = text // what does not fit is said where it is declared
			}
		}
	}
	// Seeds go through the attributes, which must be right for that.
	if len(b.problems) == 0 {
		b.seeds()
	}
}

// reserved are the codes that every class has without declaring them.
var reserved = []string{"id", "finalclass", "friendlyname", "obsolescence_flag", "obsolescence_date"}

func (b *builder) attribute(ad *attributeDecl, c *rollcall.Class, a *rollcall.Attribute) {
	where := fmt.Sprintf("attribute %s of class %s", a.Code, c.Name)
	for _, code := range reserved {
		if strings.EqualFold(a.Code, code) {
			b.fail(ad.at, "%s: every class has %s without declaring it", where, code)
		}
	}
	for _, other := range c.Attributes {
		if other != a && strings.EqualFold(other.Code, a.Code) {
			b.fail(ad.at, "%s differs from %s, declared at %s, in case alone", where, other.Code, b.placeOf(other))
		}
	}
	b.settings(ad, where, a)
	switch a.Type {
	case rollcall.TypeKey:
		if target := b.target(ad, where, a); target != nil && target.IsLink {
			b.fail(ad.at, "%s names class %s, whose links come and go with their sets: nobody can point at one", where, a.Target)
		}
	case rollcall.TypeTree:
		if a.Target != c.Name {
			b.fail(ad.at, "%s is a tree and can only name its own class, not %s", where, a.Target)
		}
	case rollcall.TypeField:
		b.field(ad, where, c, a)
	case rollcall.TypeChildren:
		if target := b.target(ad, where, a); target != nil {
			b.keyTowards(ad, where, target, "remote", a.Remote, c.Name)
		}
	case rollcall.TypeLinks:
		if link := b.target(ad, where, a); link != nil {
			b.keyTowards(ad, where, link, "via", a.Via, c.Name)
			b.keyTowards(ad, where, link, "remote", a.Remote, "")
		}
	}
	if a.Default == "" {
		return
	}
	_, err := a.Canonical(a.Default)
	switch {
	case !a.Stored():
		b.fail(ad.at, "%s is not stored and has no default", where)
	case err != nil && len(a.Values) > 0:
		b.fail(ad.at, "%s: the default %q is none of its values %s", where, a.Default, strings.Join(a.Values, ", "))
	case err != nil:
		b.fail(ad.at, "%s: the default %q is not a value of type %s", where, a.Default, a.Type)
	}
}

// settings refuses what the type has no use for, and asks for what it needs.
func (b *builder) settings(ad *attributeDecl, where string, a *rollcall.Attribute) {
	enum := a.Type == rollcall.TypeEnum || a.Type == rollcall.TypeLanguage || a.Type == rollcall.TypeTags
	uses := []struct {
		name       string
		given, may bool
		must       bool
	}{
		{"values", len(a.Values) > 0, enum, enum},
		{"to", a.Target != "", a.IsKey() || a.Type == rollcall.TypeChildren || a.Type == rollcall.TypeLinks, true},
		{"via", a.Via != "", a.Type == rollcall.TypeField || a.Type == rollcall.TypeLinks, true},
		{"remote", a.Remote != "", !a.Stored(), true},
		{"on_delete", a.OnDelete != "", a.IsKey() && a.Mandatory, false},
		{"digits", a.Digits > 0, a.Type == rollcall.TypeDecimal, true},
		{"mandatory", a.Mandatory, a.Stored(), false},
	}
	for _, u := range uses {
		switch {
		case u.given && !u.may && u.name == "on_delete":
			b.fail(ad.at, "%s says on_delete, which only a mandatory key has: an optional one is emptied", where)
		case u.given && !u.may:
			b.fail(ad.at, "%s says %s, for which its type %s has no use", where, u.name, a.Type)
		case !u.given && u.may && u.must:
			b.fail(ad.at, "%s is of type %s and needs %s", where, a.Type, u.name)
		}
	}
	if a.Type == rollcall.TypeTags {
		for _, code := range a.Values {
			if !tagCode.MatchString(code) {
				b.fail(ad.at, "%s: %q cannot be the code of a tag; it is made of up to %d letters and digits", where, code, longestTag)
			}
		}
	}
	if a.Digits > 0 && a.Decimals >= a.Digits {
		b.fail(ad.at, "%s has %d digits in all, too few for %d decimals", where, a.Digits, a.Decimals)
	}
}

// tagCode is what codes of tags look like (iTop 3.2.0): lists of them have blanks
// and bars between.
var tagCode = regexp.MustCompile(`^[A-Za-z0-9]{1,` + strconv.Itoa(longestTag) + `}$`)

const longestTag = 20

func (b *builder) target(ad *attributeDecl, where string, a *rollcall.Attribute) *rollcall.Class {
	if a.Target == "" {
		return nil // said already
	}
	target := b.model.Class(a.Target)
	if target == nil {
		b.fail(ad.at, "%s names class %s, which is not declared", where, a.Target)
	}
	return target
}

func (b *builder) field(ad *attributeDecl, where string, c *rollcall.Class, a *rollcall.Attribute) {
	if a.Via == "" || a.Remote == "" {
		return
	}
	key := c.Attribute(a.Via)
	if key == nil || !key.IsKey() {
		b.fail(ad.at, "%s goes via %s, which is not a key of class %s", where, a.Via, c.Name)
		return
	}
	target := b.model.Class(key.Target)
	if target == nil {
		return // said at the key
	}
	remote := target.Attribute(a.Remote)
	if remote == nil || remote.Type == rollcall.TypeChildren || remote.Type == rollcall.TypeLinks {
		b.fail(ad.at, "%s reads %s, which is not an attribute of class %s", where, a.Remote, target.Name)
	}
}

// keyTowards checks that a setting names a key of class holder that can point
// at class host ("": at any).
func (b *builder) keyTowards(ad *attributeDecl, where string, holder *rollcall.Class, setting, code, host string) {
	if code == "" {
		return
	}
	key := holder.Attribute(code)
	switch {
	case key == nil || !key.IsKey():
		b.fail(ad.at, "%s: %s names %s, which is not a key of class %s", where, setting, code, holder.Name)
	case host != "" && !b.model.IsA(host, key.Target) && !b.model.IsA(key.Target, host):
		b.fail(ad.at, "%s: %s names %s, which points at class %s", where, setting, code, key.Target)
	}
}

// fields gives the fields that say no label the label of key and attribute.
func (b *builder) fields(c *rollcall.Class) {
	unlabelled := map[string]bool{}
	for up := c; up != nil; up = b.model.Class(up.Parent) {
		for _, ad := range b.decls[up.Name].attributes {
			unlabelled[ad.attribute.Code] = !ad.labelled
		}
	}
	for _, a := range c.Attributes {
		if a.Type != rollcall.TypeField || !unlabelled[a.Code] {
			continue
		}
		if key := c.Attribute(a.Via); key != nil {
			if target := b.model.Class(key.Target); target != nil && target.Attribute(a.Remote) != nil {
				a.Label = key.Label + "->" + target.Attribute(a.Remote).Label
			}
		}
	}
}

// names checks the settings of a class that name its attributes.
func (b *builder) names(d *classDecl, c *rollcall.Class) {
	for _, code := range d.class.NamedBy {
		if key := c.Attribute(strings.TrimSuffix(code, "_friendlyname")); key != nil && key.IsKey() && key.Code != code {
			continue // the name of the key's target
		}
		b.codes(d.at, c, "named_by", []string{code})
		a := c.Attribute(code)
		switch {
		case a == nil:
		case a.IsKey():
			b.fail(d.at, "named_by of class %s names the key %s; say %s_friendlyname for the name of its target", c.Name, code, code)
		case !a.Stored() && a.Type != rollcall.TypeField:
			b.fail(d.at, "named_by of class %s names %s, which holds many objects", c.Name, code)
		}
	}
	if d.class.NameForm != "" && strings.Count(d.class.NameForm, "%s") != len(d.class.NamedBy) {
		b.fail(d.at, "name_form of class %s has not one %%s for each attribute of named_by", c.Name)
	}
	for _, code := range d.class.Join {
		if code != "finalclass" {
			b.codes(d.at, c, "reconcile", []string{code})
		}
	}
	for code, values := range d.class.Inactive {
		b.codes(d.at, c, "inactive", []string{code})
		a := c.Attribute(code)
		for _, v := range values {
			if a != nil && len(a.Values) > 0 {
				if _, err := a.Canonical(v); err != nil {
					b.fail(d.at, "inactive of class %s: %s has no value %q", c.Name, code, v)
				}
			}
		}
	}
	if len(c.NamedBy) == 0 && c.NameForm == "" {
		b.fail(d.at, "class %s does not say which attributes make its friendly name (named_by)", c.Name)
	}
}

func (b *builder) codes(at place, c *rollcall.Class, what string, codes []string) {
	for _, code := range codes {
		if c.Attribute(code) == nil {
			b.fail(at, "%s of class %s names %s, which is not one of its attributes", what, c.Name, code)
		}
	}
}

// columns checks that the classes of one family, which share a table, agree on
// the storage of each code.
func (b *builder) columns(root *rollcall.Class) {
	first := map[string]*rollcall.Attribute{}
	for _, c := range b.model.Family(root.Name) {
		for _, a := range c.Attributes {
			if a.Declared != c.Name || !a.Stored() {
				continue
			}
			code := strings.ToLower(a.Code)
			other := first[code]
			if other == nil {
				first[code] = a
				continue
			}
			if storage(a) != storage(other) {
				b.fail(b.placeOf(a), "attribute %s of class %s shares a column with that of class %s, declared at %s, but is stored otherwise (%s, %s)",
					a.Code, c.Name, other.Declared, b.placeOf(other), a.Type, other.Type)
			}
		}
	}
}

// storage names what kind of column an attribute has.
func storage(a *rollcall.Attribute) string {
	switch a.Type {
	case rollcall.TypeInteger, rollcall.TypeDuration, rollcall.TypeStopwatch:
		return "integer"
	case rollcall.TypeKey, rollcall.TypeTree:
		return "key"
	case rollcall.TypeDecimal:
		return "decimal " + strconv.Itoa(a.Digits) + " " + strconv.Itoa(a.Decimals)
	case rollcall.TypeBoolean, rollcall.TypeDate, rollcall.TypeDateTime, rollcall.TypeImage:
		return string(a.Type)
	}
	return "text"
}

func (b *builder) seeds() {
	seen := map[rollcall.Ref]bool{}
	for _, c := range b.model.Classes {
		d := b.decls[c.Name]
		if len(c.Seeds) > 0 && c.Abstract {
			b.fail(d.at, "class %s is abstract and can have no predefined objects", c.Name)
		}
		for _, s := range c.Seeds {
			ref := rollcall.Ref{Class: c.Root, ID: s.ID}
			if seen[ref] {
				b.fail(d.at, "class %s has two predefined objects of id %d", c.Name, s.ID)
			}
			seen[ref] = true
			b.seed(d, c, s)
		}
	}
}

func (b *builder) seed(d *classDecl, c *rollcall.Class, s rollcall.Seed) {
	for code := range s.Values {
		if a := c.Attribute(code); a == nil || !a.Stored() {
			b.fail(d.at, "predefined object %d of class %s gives %s, which is not a stored attribute", s.ID, c.Name, code)
		}
	}
	for _, a := range c.Stored {
		text, given := s.Values[a.Code]
		if !given {
			text = a.Default
		}
		canonical, err := a.Canonical(text)
		if err != nil {
			b.fail(d.at, "predefined object %d of class %s: %v", s.ID, c.Name, err)
		} else if given {
			s.Values[a.Code] = canonical
		}
	}
}
