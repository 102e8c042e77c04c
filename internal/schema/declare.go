package schema

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"rollcall/internal/rollcall"
)

// file is what one declaration file says.
type file struct {
	classes []*classDecl
	extend  []*classDecl // attributes and unique alone
}

// classDecl is a class as declared, before inheritance.
type classDecl struct {
	at         place
	class      rollcall.Class // own settings; Attributes and Unique stay empty
	labels     []labelDecl
	attributes []*attributeDecl
	unique     []*uniqueDecl
	lifecycle  *lifecycleDecl
}

type labelDecl struct {
	at          place
	code, label string
}

type attributeDecl struct {
	at        place
	attribute rollcall.Attribute
	labelled  bool
}

type uniqueDecl struct {
	at   place
	rule rollcall.Unique
}

func (r *reader) read(text []byte) *file {
	f := &file{}
	for _, e := range r.entries(r.root(text), "a declaration file") {
		switch e.key {
		case "classes":
			for _, c := range r.entries(e.value, "classes") {
				f.classes = append(f.classes, r.class(c))
			}
		case "extend":
			for _, c := range r.entries(e.value, "extend") {
				f.extend = append(f.extend, r.extension(c))
			}
		default:
			r.fail(e.name, "a declaration file has no section %q; it has classes and extend", e.key)
		}
	}
	return f
}

// identifier is what names of classes, attributes and rules look like: they
// become names of tables and columns.
var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,47}$`)

func (r *reader) identifier(e entry, what string) string {
	if !identifier.MatchString(e.key) {
		r.fail(e.name, "%q cannot be the name of %s; it is made of up to 48 letters, digits and underscores, a letter first", e.key, what)
	}
	return e.key
}

const classSettings = "label, parent, abstract, category, named_by, name_form, reconcile, order, link, fixed, system, labels, inactive, state, lifecycle, relations, attributes, unique and seeds"

func (r *reader) class(of entry) *classDecl {
	d := &classDecl{at: r.at(of.name)}
	c := &d.class
	c.Name = r.identifier(of, "a class")
	for _, e := range r.entries(of.value, "class "+c.Name) {
		what := e.key + " of class " + c.Name
		switch e.key {
		case "label":
			c.Label = r.text(e.value, what)
		case "parent":
			c.Parent = r.text(e.value, what)
		case "abstract":
			c.Abstract = r.flag(e.value, what)
		case "category":
			c.Category = r.category(e.value, what)
		case "named_by":
			c.NamedBy = r.texts(e.value, what)
		case "name_form":
			c.NameForm = r.text(e.value, what)
		case "reconcile":
			c.Join = r.texts(e.value, what)
		case "link":
			c.IsLink = r.flag(e.value, what)
		case "fixed":
			c.Fixed = r.flag(e.value, what)
		case "labels":
			for _, l := range r.entries(e.value, what) {
				d.labels = append(d.labels, labelDecl{r.at(l.name), l.key, r.text(l.value, what)})
			}
		case "inactive":
			c.Inactive = r.inactive(e.value, what)
		case "system":
			c.System = r.flag(e.value, what)
		case "order":
			c.Order = r.order(e.value, what)
		case "state":
			c.StateAttribute = r.text(e.value, what)
		case "lifecycle":
			d.lifecycle = r.lifecycle(e, what)
		case "relations":
			c.Relations = r.relations(e.value, what)
		case "seeds":
			c.Seeds = r.seeds(e.value, what)
		case "attributes":
			d.attributes = r.attributes(e.value, c.Name)
		case "unique":
			d.unique = r.rules(e.value, c.Name)
		default:
			r.fail(e.name, "class %s has a setting %q that does not exist; there are %s", c.Name, e.key, classSettings)
		}
	}
	if c.Label == "" {
		c.Label = c.Name
	}
	return d
}

func (r *reader) extension(of entry) *classDecl {
	d := &classDecl{at: r.at(of.name)}
	d.class.Name = of.key
	for _, e := range r.entries(of.value, "the extension of "+of.key) {
		switch e.key {
		case "attributes":
			d.attributes = r.attributes(e.value, of.key)
		case "unique":
			d.unique = r.rules(e.value, of.key)
		default:
			r.fail(e.name, "an extension adds attributes and unique alone, not %q", e.key)
		}
	}
	return d
}

func (r *reader) category(n ast.Node, what string) string {
	s := r.text(n, what)
	switch s {
	case "bizmodel", "authentication", "application", "log":
	default:
		r.fail(n, "%s is bizmodel, authentication, application or log, not %q", what, s)
	}
	return s
}

func (r *reader) inactive(n ast.Node, what string) map[string][]string {
	when := map[string][]string{}
	for _, e := range r.entries(n, what) {
		when[e.key] = r.texts(e.value, what)
	}
	return when
}

func (r *reader) seeds(n ast.Node, what string) []rollcall.Seed {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		r.fail(n, "%s is a list, not %s", what, kind(n))
		return nil
	}
	var seeds []rollcall.Seed
	for _, item := range list.Values {
		s := rollcall.Seed{ID: -1, Values: map[string]string{}}
		for _, e := range r.entries(item, what) {
			text := r.text(e.value, what)
			if e.key != "id" {
				s.Values[e.key] = text
				continue
			}
			id, err := strconv.ParseInt(text, 10, 64)
			if err != nil || id < 1 {
				r.fail(e.value, "the id of a predefined object is a number of 1 or more, not %q", text)
			}
			s.ID = rollcall.ObjectID(id)
		}
		if s.ID < 0 {
			r.fail(item, "a predefined object needs an id")
		}
		seeds = append(seeds, s)
	}
	return seeds
}

func (r *reader) rules(n ast.Node, class string) []*uniqueDecl {
	var rules []*uniqueDecl
	for _, u := range r.entries(n, "unique of class "+class) {
		d := &uniqueDecl{at: r.at(u.name), rule: rollcall.Unique{Code: r.identifier(u, "a rule"), Blocks: true}}
		what := "unique rule " + u.key + " of class " + class
		for _, e := range r.entries(u.value, what) {
			switch e.key {
			case "on":
				d.rule.On = r.texts(e.value, what)
			case "skip":
				d.rule.Skip = r.texts(e.value, what)
			case "blocks":
				d.rule.Blocks = r.flag(e.value, "blocks of "+what)
			case "message":
				d.rule.Message = r.text(e.value, "message of "+what)
			default:
				r.fail(e.name, "%s has a setting %q that does not exist; there are on, skip, blocks and message", what, e.key)
			}
		}
		if len(d.rule.On) == 0 {
			r.fail(u.name, "%s does not say on which attributes", what)
		}
		rules = append(rules, d)
	}
	return rules
}

func (r *reader) attributes(n ast.Node, class string) []*attributeDecl {
	var list []*attributeDecl
	for _, e := range r.entries(n, "attributes of class "+class) {
		list = append(list, r.attribute(e, class))
	}
	return list
}

const attributeSettings = "type, label, mandatory, default, values, max, pattern, to, via, remote, on_delete, digits, decimals and read_only"

func (r *reader) attribute(of entry, class string) *attributeDecl {
	d := &attributeDecl{at: r.at(of.name)}
	a := &d.attribute
	a.Code, a.Declared = r.identifier(of, "an attribute"), class
	where := "attribute " + a.Code + " of class " + class
	if s, ok := scalar(of.value); ok {
		a.Type = r.attributeType(s, of.value, where)
	} else {
		for _, e := range r.entries(of.value, where) {
			r.attributeSetting(d, e, where)
		}
		if a.Type == "" && len(r.problems) == 0 {
			r.fail(of.name, "%s does not say its type", where)
		}
	}
	if d.labelled = a.Label != ""; !d.labelled {
		a.Label = strings.ToUpper(a.Code[:min(1, len(a.Code))]) + strings.ReplaceAll(a.Code[min(1, len(a.Code)):], "_", " ")
	}
	if a.MaxLength == 0 {
		a.MaxLength = lengths[a.Type]
	}
	if a.IsKey() && a.Mandatory && a.OnDelete == "" {
		a.OnDelete = rollcall.DeleteManual
	}
	return d
}

func (r *reader) attributeSetting(d *attributeDecl, e entry, where string) {
	a := &d.attribute
	what := e.key + " of " + where
	switch e.key {
	case "type":
		a.Type = r.attributeType(r.text(e.value, what), e.value, where)
	case "label":
		a.Label = r.text(e.value, what)
	case "mandatory":
		a.Mandatory = r.flag(e.value, what)
	case "default":
		a.Default = r.text(e.value, what)
	case "values":
		a.Values, a.Labels = r.values(e.value, what)
	case "max":
		a.MaxLength = r.number(e.value, what)
	case "pattern":
		re, err := regexp.Compile(r.text(e.value, what))
		if err != nil {
			r.fail(e.value, "%s is not a regular expression: %v", what, err)
		}
		a.Pattern = re
	case "to":
		a.Target = r.text(e.value, what)
	case "via":
		a.Via = r.text(e.value, what)
	case "remote":
		a.Remote = r.text(e.value, what)
	case "on_delete":
		a.OnDelete = rollcall.OnDelete(r.text(e.value, what))
		if a.OnDelete != rollcall.DeleteAuto && a.OnDelete != rollcall.DeleteManual {
			r.fail(e.value, "%s is manual or auto, not %q", what, a.OnDelete)
		}
	case "digits":
		a.Digits = r.number(e.value, what)
	case "decimals":
		a.Decimals = r.number(e.value, what)
	case "read_only":
		a.ReadOnly = r.flag(e.value, what)
	default:
		r.fail(e.name, "%s has a setting %q that does not exist; there are %s", where, e.key, attributeSettings)
	}
}

// values reads the codes of an enum: a list, or a mapping of code and label.
func (r *reader) values(n ast.Node, what string) (codes, labels []string) {
	if _, ok := n.(*ast.SequenceNode); ok {
		codes = r.texts(n, what)
		return codes, codes
	}
	for _, e := range r.entries(n, what) {
		codes = append(codes, e.key)
		labels = append(labels, r.text(e.value, what))
	}
	return codes, labels
}

// lengths are the most characters that a type holds unless declared otherwise.
var lengths = map[rollcall.Type]int{
	rollcall.TypeString: 255, rollcall.TypeEmail: 255, rollcall.TypePhone: 255, rollcall.TypeIP: 255,
	rollcall.TypeClass: 255, rollcall.TypeURL: 2048, rollcall.TypeText: 65535,
}

var types = []rollcall.Type{
	rollcall.TypeString, rollcall.TypeText, rollcall.TypeHTML, rollcall.TypeLog, rollcall.TypeEmail, rollcall.TypePhone,
	rollcall.TypeURL, rollcall.TypeIP, rollcall.TypeEnum, rollcall.TypeLanguage, rollcall.TypeTags, rollcall.TypeClass, rollcall.TypeInteger,
	rollcall.TypeDecimal, rollcall.TypeBoolean, rollcall.TypeDuration, rollcall.TypeStopwatch, rollcall.TypeDate, rollcall.TypeDateTime,
	rollcall.TypePassword, rollcall.TypeImage, rollcall.TypeData, rollcall.TypeKey, rollcall.TypeTree, rollcall.TypeField,
	rollcall.TypeChildren, rollcall.TypeLinks,
}

func (r *reader) attributeType(s string, n ast.Node, where string) rollcall.Type {
	names := make([]string, len(types))
	for i, t := range types {
		if string(t) == s {
			return t
		}
		names[i] = string(t)
	}
	r.fail(n, "%s has the type %q, which is none of %s", where, s, strings.Join(names, ", "))
	return rollcall.Type(s)
}
