package migrate

import (
	"regexp"
	"strings"

	"rollcall/internal/rollcall"
)

const exoUsers = "exo.ldap.users"

// persons makes the source of persons, from what users have as their profile.
func (x *exo) persons() {
	const base = exoUsers + ".base.dn"
	if len(x.users) == 0 && x.or(base, "") != "" {
		return // it is told that they are wrong
	}
	if len(x.users) == 0 {
		x.wrong(base, "%s is empty, so no users are synchronized: there is nothing to convert", base)
		return
	}
	x.tell(base, TakenOver, "base of sources persons and users")
	x.tell(exoUsers+".filter", TakenOver, "filter, with any name in the place of {0}")
	x.draft.Organization = Domain(x.users[0])
	if v, given := x.get(exoUsers + ".id.attributeName"); given && v != "" {
		x.login = v
	}
	x.tell(exoUsers+".id.attributeName", TakenOver, "login")
	first := "cn"
	if x.isAD {
		first = "givenName"
	}
	attribute := func(code, name, usual string, more ...string) Setting {
		of := exoUsers + ".attributes." + name + ".mapping"
		x.tell(of, TakenOver, "%s of source persons", code)
		return Setting{Key: code, Value: From(x.filled(of, usual), more...)}
	}
	last := attribute("name", "lastName", "sn", "reconcile", "true")
	last.About = "reconcile: an entry seen for the first time is tied to the person in whom all of these match."
	source := Source{
		Section: Section{Name: "persons", Settings: x.selection("Person")},
		Attributes: []Setting{
			last, attribute("first_name", "firstName", first, "reconcile", "true"), attribute("email", "email", "mail", "reconcile", "true"),
			{"status", `{expr: 'entry.disabled || entry.expired ? "inactive" : "active"'}`, "Disabled by an administrator, or past its end date."},
			{Key: "org_id", Value: Flow("value", Text(x.draft.Organization), "by", "name")},
		},
		Rules: x.rules("inactive"),
	}
	source.Attributes = append(source.Attributes, x.customAttributes()...)
	x.draft.Sources = append(x.draft.Sources, source)
}

// selection says which entries a source reads.
func (x *exo) selection(class string) []Setting {
	return []Setting{
		{Key: "class", Value: class},
		{Key: "directory", Value: "main"},
		{Key: "base", Value: Texts(x.users)},
		{Key: "scope", Value: x.scope(exoUsers + ".search.scope")},
		{Key: "filter", Value: Text(x.filter())},
		{"key", x.key, "The attribute that stays the same through a rename and a move."},
	}
}

// filter is the filter of users. Without one eXo takes whatever has the login
// attribute; on Active Directory that would be computers and groups too.
func (x *exo) filter() string {
	if filter := x.or(exoUsers+".filter", ""); filter != "" {
		return anyName(filter)
	}
	if x.isAD {
		return "(&(objectCategory=person)(objectClass=user)(" + x.login + "=*)(!(isCriticalSystemObject=TRUE)))"
	}
	return "(" + x.login + "=*)"
}

// rules are what decides about persons and accounts; off is the status of who is
// gone.
func (x *exo) rules(off string) []Setting {
	const missing = "exo.idm.externalStore.entries.missing.delete"
	gone := Setting{"gone", "{after: 0d, then: delete}", "Who is no longer in the directory is deleted."}
	if x.truth(missing, true) {
		x.tell(missing, TakenOver, "gone: then: delete (eXo's own code never deletes, whatever is set)")
	} else {
		gone.Value, gone.About = "{after: 0d, then: update, set: {status: "+off+"}}", "Who is no longer in the directory is disabled, and restored with the entry."
		x.tell(missing, TakenOver, "gone: then: update, set: status")
	}
	return []Setting{
		{"blank", "keep", "A value that is blank in the directory erases nothing."},
		{"on", "{none: create, one: update, many: error}", "Nobody matches: create. One: take it over, as eXo does. Several: report it."},
		gone,
		{"limits", "{gone: 10%}", "A run that would do more is held until somebody approves it; eXo knows no such limit."},
	}
}

// customAttributes maps the custom attributes of users. Those that the class has
// not are declared.
func (x *exo) customAttributes() []Setting {
	var list []Setting
	var declared []Setting
	person := x.model.Class("Person")
	for _, c := range x.customs(exoUsers) {
		kind := "text"
		pairs := []string{}
		about, text := "", "attribute "
		switch {
		case c.isBinary:
			kind = "image"
			if c.isMany {
				about = "Of several binary values the first is kept."
			}
		case c.isMany:
			about = "Several values, a line each."
			pairs = append(pairs, "all", "true", "separator", `"\n"`)
		}
		if c.isNeeded {
			pairs = append(pairs, "required", "true")
		}
		code, known := attributeCode(person, c)
		if !known {
			declared = append(declared, Setting{Key: code, Value: Flow("type", kind, "label", Text(c.name))})
		}
		list = append(list, Setting{code, From(c.field, pairs...), about})
		fate := TakenOver
		if about != "" && c.isBinary {
			fate, text = Different, "the first value alone is kept, in attribute "
		}
		x.tellCustom(exoUsers, c.name, fate, text+code+" of class Person")
	}
	if len(declared) > 0 {
		x.draft.Classes = append(x.draft.Classes, Extension{Class: "Person", Attributes: declared})
	}
	x.tell(exoUsers+".attributes.custom.names", TakenOver, "attributes of class Person")
	return list
}

var noIdentifier = regexp.MustCompile(`[^A-Za-z0-9_]+`)

// longestCode is how many characters the name of an attribute may have.
const longestCode = 48

// attributeCode names a custom attribute: as it is called, when the class has a
// text of that name or no attribute at all; with a prefix otherwise.
func attributeCode(class *rollcall.Class, c custom) (code string, known bool) {
	code = strings.Trim(noIdentifier.ReplaceAllString(c.name, "_"), "_")
	a := class.Attribute(code)
	holds := a != nil && a.Writable() && (a.Type == rollcall.TypeString || a.Type == rollcall.TypeText || a.Type == rollcall.TypePhone)
	switch {
	case holds && !c.isBinary && code != "name" && code != "first_name":
		return code, true
	case a != nil || code == "" || code == "id" || code[0] >= '0' && code[0] <= '9':
		code = "exo_" + code
	}
	return code[:min(len(code), longestCode)], false
}

// accounts makes the source of accounts.
func (x *exo) accounts() {
	if len(x.users) == 0 {
		return
	}
	const enabled = exoUsers + ".attributes.enabled.mapping"
	x.tell(enabled, Different, "status: what disables an account is known for every kind of server, userAccountControl among it")
	settings := x.selection("UserLDAP")
	if groups := x.groupSelection(); groups != "" {
		settings = append(settings, Setting{"groups", groups, "The groups that bindings may choose."})
	}
	x.draft.Sources = append(x.draft.Sources, Source{
		Section: Section{Name: "users", Settings: settings},
		Attributes: []Setting{
			{Key: "login", Value: From(x.login, "reconcile", "true")},
			{"contactid", "{from: dn, by: dn, source: persons}", "The person of the same entry."},
			{Key: "status", Value: `{expr: 'entry.disabled || entry.expired ? "disabled" : "enabled"'}`},
			{Key: "language", Value: "{value: EN US}"},
			{"profile_list", `{value: "profileid->name:Portal user", update: if_empty}`, "An account needs a profile; further ones may be given by hand, or by bindings."},
		},
		Rules: x.rules("disabled"),
	})
}
