package storetest

import (
	"slices"

	"rollcall/internal/rollcall"
)

// Model is a small model with every type of attribute and every shape of class:
// a hierarchy, a tree, a link class, classes that share a column.
func Model() *rollcall.Model { return rollcall.NewModel(classes()) }

func classes() []*rollcall.Class {
	str := func(code string) *rollcall.Attribute {
		return &rollcall.Attribute{Code: code, Type: rollcall.TypeString, MaxLength: 255}
	}
	typed := func(code string, kind rollcall.Type) *rollcall.Attribute {
		return &rollcall.Attribute{Code: code, Type: kind}
	}
	key := func(code, target string) *rollcall.Attribute {
		return &rollcall.Attribute{Code: code, Type: rollcall.TypeKey, Target: target}
	}
	field := func(code, via, remote string) *rollcall.Attribute {
		return &rollcall.Attribute{Code: code, Type: rollcall.TypeField, Via: via, Remote: remote}
	}
	links := func(code, target, via, remote string) *rollcall.Attribute {
		return &rollcall.Attribute{Code: code, Type: rollcall.TypeLinks, Target: target, Via: via, Remote: remote}
	}
	status := &rollcall.Attribute{Code: "status", Type: rollcall.TypeEnum, Values: []string{"active", "inactive"}, Default: "active"}

	organization := &rollcall.Class{Name: "Organization", NamedBy: []string{"name"}, Attributes: []*rollcall.Attribute{
		str("name"), str("code"), {Code: "parent_id", Type: rollcall.TypeTree, Target: "Organization"}, field("parent_name", "parent_id", "name"),
	}}
	contact := &rollcall.Class{Name: "Contact", Abstract: true, NamedBy: []string{"name"}, Attributes: []*rollcall.Attribute{
		str("name"), status, key("org_id", "Organization"), field("org_name", "org_id", "name"), typed("email", rollcall.TypeEmail),
	}}
	person := &rollcall.Class{Name: "Person", Parent: "Contact", Root: "Contact", NamedBy: []string{"first_name", "name"},
		Attributes: append(slices.Clone(contact.Attributes), str("first_name"), key("manager_id", "Person"),
			typed("picture", rollcall.TypeImage), typed("notes", rollcall.TypeLog), typed("badge", rollcall.TypeInteger),
			typed("rate", rollcall.TypeDecimal), typed("born", rollcall.TypeDate), typed("seen", rollcall.TypeDateTime),
			links("team_list", "lnkPersonToTeam", "person_id", "team_id"),
			&rollcall.Attribute{Code: "report_list", Type: rollcall.TypeChildren, Target: "Person", Remote: "manager_id"})}
	team := &rollcall.Class{Name: "Team", Parent: "Contact", Root: "Contact", NamedBy: []string{"name"},
		Attributes: append(slices.Clone(contact.Attributes), typed("badge", rollcall.TypeInteger),
			links("persons_list", "lnkPersonToTeam", "team_id", "person_id"))}
	link := &rollcall.Class{Name: "lnkPersonToTeam", IsLink: true, NamedBy: []string{"person_id_friendlyname", "team_name"}, NameForm: "%s / %s",
		Attributes: []*rollcall.Attribute{key("team_id", "Team"), field("team_name", "team_id", "name"),
			key("person_id", "Person"), field("person_name", "person_id", "name"), str("role")}}

	all := []*rollcall.Class{organization, contact, person, team, link}
	for _, c := range all {
		if c.Root == "" {
			c.Root = c.Name
		}
		attributes := make([]*rollcall.Attribute, len(c.Attributes))
		for i, a := range c.Attributes { // columns differ from class to class
			own := *a
			attributes[i] = &own
		}
		c.Attributes = attributes
		c.Index()
	}
	return all
}

// object makes an object of a class from pairs of code and value.
func object(m *rollcall.Model, class string, id rollcall.ObjectID, pairs ...string) rollcall.Object {
	o := rollcall.NewObject(m.Class(class))
	o.ID = id
	for i := 0; i < len(pairs); i += 2 {
		if !o.Set(pairs[i], pairs[i+1]) {
			panic("class " + class + " has no attribute " + pairs[i])
		}
	}
	return o
}
