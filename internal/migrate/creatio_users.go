package migrate

import (
	"fmt"
	"strings"
)

// selection says which entries a source reads.
func (c *creatio) selection(class string) []Setting {
	return []Setting{
		{Key: "class", Value: class},
		{Key: "directory", Value: "main"},
		{"filter", Text(c.or(ctUserFilter, "")), "It selects the active users: who is outside of it is not active."},
		{"key", Word(c.or(ctUserKey, "")), "The attribute that stays the same through a rename and a move."},
		{"groups", Flow("base", Text(c.or(ctGroups, "")), "filter", Text(c.or(ctGroupFilter, "")), "name", Word(c.or(ctGroupName, ""))), "The groups that bindings may choose."},
	}
}

// rules are what decides about persons and accounts: one is what follows when
// something that no run made matches.
func (c *creatio) rules(one, off string) []Setting {
	about := "Nobody matches: create. One: take it over. Several: report it."
	if one == "error" {
		about = "An account of that login that no run made is left alone and reported; one: update binds it."
	}
	return []Setting{
		{"blank", "keep", "A value that is blank in the directory erases nothing."},
		{"on", "{none: create, one: " + one + ", many: error}", about},
		{"gone", "{after: 0d, then: update, set: {status: " + off + "}}", "Who is no longer active is deactivated, keeps everything, and comes back as the same."},
		{"limits", "{gone: 10%}", "A run that would do more is held until somebody approves it; Creatio knows no such limit."},
	}
}

func (c *creatio) persons() {
	c.tell(ctUserFilter, TakenOver, "filter of sources persons and users")
	c.tell(ctUserKey, TakenOver, "key of sources persons and users")
	c.draft.Organization = Domain(c.or(ctUsers, ""))
	last, first := fullName(c.or(ctFullName, ""))
	c.tell(ctFullName, TakenOver, "first_name and name of source persons: the text before its last blank, and what follows")
	source := Source{
		Section: Section{Name: "persons", Settings: c.selection("Person")},
		Attributes: []Setting{
			{"name", Flow("expr", single(last), "reconcile", "true"), "The full name, cut at its last blank: what a person is called is the two together."},
			{"first_name", Flow("expr", single(first), "reconcile", "true"), "Who has but one name gets a dash: a person needs a first name."},
			{Key: "org_id", Value: Flow("value", Text(c.draft.Organization), "by", "name")},
			{Key: "status", Value: `{value: active}`},
		},
		Rules: c.rules("update", "inactive"),
	}
	for _, optional := range []struct{ setting, code, of string }{
		{"LDAPUserEmailAttribute", "email", ""}, {"LDAPUserPhoneAttribute", "phone", ""},
		{ctJobTitle, "job_title_id", "JobTitle"}, {ctCompany, "account_id", "Account"},
	} {
		field := c.or(optional.setting, "")
		if field == "" {
			c.tell(optional.setting, NotNeeded, "it is empty: the field is left alone")
			continue
		}
		c.tell(optional.setting, TakenOver, "%s of source persons", optional.code)
		one := Setting{Key: optional.code, Value: From(field)}
		if optional.code == "email" {
			one.Value = From(field, "reconcile", "true")
		}
		if optional.of != "" {
			one.Value, one.About = From(field, "by", "name"), "Found by its name; no "+optional.of+" is ever made."
			c.extend("Person", Setting{Key: optional.code, Value: Flow("type", "key", "to", optional.of)})
		}
		source.Attributes = append(source.Attributes, one)
	}
	c.draft.Sources = append(c.draft.Sources, source)
}

// extend gives a class an attribute that it lacks.
func (c *creatio) extend(class string, attribute Setting) {
	if c.model.Class(class).Attribute(attribute.Key) != nil {
		return
	}
	if len(c.draft.Classes) == 0 {
		c.draft.Classes = append(c.draft.Classes, Extension{Class: class})
	}
	c.draft.Classes[0].Attributes = append(c.draft.Classes[0].Attributes, attribute)
}

// field is an attribute of an entry in an expression.
func field(name string) string {
	if plain.MatchString(name) && !strings.Contains(name, "-") {
		return "entry." + name
	}
	return "entry[" + Quote(name) + "]"
}

// fullName are the expressions for the two parts of a full name: what follows its
// last blank, and what comes before. A blank one says nothing.
func fullName(attribute string) (last, first string) {
	name := "trim(" + field(attribute) + ")"
	last = fmt.Sprintf(`last(split(%s, " "))`, name)
	first = fmt.Sprintf(`%[1]s == "" ? nil : indexOf(%[1]s, " ") < 0 ? "-" : trim(trimSuffix(%[1]s, %[2]s))`, name, last)
	return last, first
}

// single quotes an expression, which may hold double quotes.
func single(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func (c *creatio) accounts() {
	c.tell(ctUserLogin, TakenOver, "login of source users")
	c.tell(ctGroups, TakenOver, "groups: base of source users")
	c.tell(ctGroupFilter, TakenOver, "groups: filter of source users")
	c.tell(ctGroupName, TakenOver, "groups: name of source users")
	c.tell(ctGroupKey, Different, "a bound group is known by objectGUID or entryUUID, and by its name when it is seen for the first time")
	c.draft.Sources = append(c.draft.Sources, Source{
		Section: Section{Name: "users", Settings: c.selection("UserLDAP")},
		Attributes: []Setting{
			{Key: "login", Value: From(c.or(ctUserLogin, ""), "reconcile", "true")},
			{"contactid", "{from: dn, by: dn, source: persons}", "The person of the same entry."},
			{Key: "status", Value: "{value: enabled}"},
			{Key: "language", Value: "{value: EN US}"},
			{"profile_list", `{value: "profileid->name:Portal user", update: if_empty}`, "An account needs a profile; further ones may be given by hand, or by bindings."},
		},
		Rules: c.rules("error", "disabled"),
	})
}
