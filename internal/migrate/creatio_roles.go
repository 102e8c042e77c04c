package migrate

import (
	"fmt"
	"strings"
)

// The kinds of SysAdminUnit (Creatio, "SysAdminUnitTypeValue") that are no
// organizational roles.
const (
	unitUser       = "4"
	unitPortalUser = "5"
	unitFunctional = "6"
)

// bindings makes the bindings of the roles that the file lists; without a list,
// each group gives a role of its name. Contacts are those of the same groups.
func (c *creatio) bindings() {
	members, only, grants := c.members(), c.onlyGroups(), c.grants()
	common := append(members, only, grants)
	var contacts []Section
	contact := func(choice Setting) {
		settings := append([]Setting{{Key: "source", Value: "persons"}, choice}, members...)
		contacts = append(contacts, Section{Name: fmt.Sprintf("contacts %d", len(contacts)+1), Settings: append(settings, Setting{Key: only.Key, Value: only.Value})})
	}
	for i := range c.roles {
		if section, ok := c.role(&c.roles[i], common); ok {
			c.draft.Bindings = append(c.draft.Bindings, section)
			contact(section.Settings[1])
		}
	}
	if len(contacts) == 0 {
		choice := Setting{"groups", "{pattern: '^(.+)$'}", "All groups of the source."}
		settings := []Setting{{Key: "source", Value: "users"}, choice, {Key: "role", Value: "'$1'"}}
		c.draft.Bindings = append(c.draft.Bindings, Section{
			Name: "roles",
			About: "Which role is bound to which group is not among the settings, so each group gives a role of its own name.\n" +
				"Of one group: {groups: {name: NAME}, role: ROLE}; a functional role is a functional_role.",
			Settings: kept(append(settings, common...)),
		})
		contact(choice)
	}
	contacts[0].About = "Who is in no bound group is no contact either."
	c.draft.Bindings = append(c.draft.Bindings, contacts...)
}

// kept leaves out settings without a value.
func kept(list []Setting) []Setting {
	var out []Setting
	for _, s := range list {
		if s.Value != "" {
			out = append(out, s)
		}
	}
	return out
}

// role makes the binding of a role that is synchronized.
func (c *creatio) role(unit *tree, common []Setting) (Section, bool) {
	name, entry, dn := unit.textOf("Name"), unit.textOf("LDAPEntry"), unit.textOf("LDAPEntryDN")
	kind := unit.textOf("SysAdminUnitTypeValue")
	if unit.textOf("SynchronizeWithLDAP") != "true" || kind == unitUser || kind == unitPortalUser || name == "" || entry+dn == "" {
		return Section{}, false
	}
	choice := Flow("name", Text(entry))
	if dn != "" {
		choice = Flow("dn", Text(dn))
	}
	gift := "role"
	if kind == unitFunctional {
		gift = "functional_role"
	}
	settings := []Setting{{Key: "source", Value: "users"}, {Key: "groups", Value: choice}, {Key: gift, Value: Text(name)}}
	return Section{Name: fmt.Sprintf("role %d", len(c.draft.Bindings)+1), Settings: kept(append(settings, common...))}, true
}

// direct and chained are the two filters for members that need no search per
// group: groups are read once.
const (
	direct  = "(memberOf=[#LDAPGroupDN#])"
	chained = "(memberOf:1.2.840.113556.1.4.1941:=[#LDAPGroupDN#])"
)

func (c *creatio) members() []Setting {
	filter := c.or(ctMembers, "")
	switch strings.ReplaceAll(filter, " ", "") {
	case direct:
		c.tell(ctMembers, TakenOver, "nested: false; groups are read once, primary groups count too")
		return []Setting{{"nested", "false", "Members of groups within the group do not count; with true they do."}}
	case chained:
		c.tell(ctMembers, TakenOver, "nested: true; groups are read once, primary groups count too")
		return []Setting{{"nested", "true", "Members of groups within the group count."}}
	}
	c.tell(ctMembers, TakenOver, "members")
	if strings.Contains(filter, "[#LDAPGroupIdentity#]") {
		c.tell(ctMembers, Different, "members; the identity that is put into it is objectGUID or entryUUID, whatever LDAPGroupIdentityAttribute says")
	}
	return []Setting{{"members", Text(filter), "The members of one group."}}
}

// onlyGroups leaves whoever is in no bound group out, which Creatio always does.
func (c *creatio) onlyGroups() Setting {
	about := "Who is in no bound group is not taken over; who leaves the last one is deactivated."
	if c.truth(ctOnlyGroups, false) {
		c.tell(ctOnlyGroups, TakenOver, "only_groups: who leaves the last bound group is deactivated")
	} else {
		about += "\nCreatio would leave the account active and refuse its sign-in: that is only_groups: false, and members_only: true of sign_in,\n" +
			"where everybody whom the filter finds gets an account."
		c.tell(ctOnlyGroups, Different, "only_groups: who leaves the last bound group is deactivated, where Creatio leaves the account active and refuses the sign-in")
	}
	return Setting{"only_groups", "true", about}
}

// grants gives licences.
func (c *creatio) grants() Setting {
	var packages []string
	for name := range strings.SplitSeq(c.or(ctLicences, ""), ";") {
		if name = strings.TrimSpace(name); name != "" {
			packages = append(packages, name)
		}
	}
	if !c.truth(ctGrant, false) {
		c.tell(ctGrant, TakenOver, "no licences are given")
		c.tell(ctLicences, NotNeeded, "no licences are given")
		return Setting{}
	}
	c.tell(ctGrant, TakenOver, "licence")
	c.tell(ctLicences, TakenOver, "licence")
	if len(packages) == 0 {
		return Setting{"licence", `"*"`, "All packages; how many there are is an object of class LicencePackage each."}
	}
	return Setting{"licence", Texts(packages), "How many there are is an object of class LicencePackage each: make them first."}
}
