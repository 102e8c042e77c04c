package migrate

import (
	"regexp"
	"slices"
	"strings"
)

const exoGroups = "exo.ldap.groups"

// groupSelection says which groups count, "" when none are synchronized.
func (x *exo) groupSelection() string {
	const base = exoGroups + ".base.dn"
	if len(x.group) == 0 {
		x.tell(base, TakenOver, "it is empty: groups are not synchronized, users are")
		for _, name := range []string{exoGroups + ".id", exoGroups + ".filter", exoGroups + ".search.scope"} {
			x.tell(name, NotNeeded, "groups are not synchronized")
		}
		return ""
	}
	x.tell(base, TakenOver, "groups: base of source users")
	filter := ""
	if f := x.or(exoGroups+".filter", ""); f != "" {
		filter = Text(anyName(f))
	}
	x.tell(exoGroups+".filter", TakenOver, "groups: filter, with any name in the place of {0}")
	x.tell(exoGroups+".id", TakenOver, "groups: name")
	return Flow("base", Texts(x.group), "scope", x.scope(exoGroups+".search.scope"), "filter", filter, "name", Word(x.filled(exoGroups+".id", "cn")))
}

// groups mirrors the groups below a path.
func (x *exo) groups() {
	path := x.rootGroup()
	x.groupRest()
	members := x.members()
	if len(x.group) == 0 || len(x.users) == 0 {
		return
	}
	settings := []Setting{
		{Key: "source", Value: "users"},
		{"groups", "{pattern: '.'}", "All groups of the source."},
	}
	if members != "" {
		settings = append(settings, Setting{"members", Text(members), "The members of one group."})
	}
	settings = append(settings,
		Setting{Key: "path", Value: Text(path)},
		Setting{"type", "member", "Of the memberships; those of other types, made by hand, stay."},
		Setting{"vanished", "delete", "A group that is no longer there goes with its memberships."},
		Setting{Key: "limits", Value: "{taken: 50%}"})
	x.draft.Bindings = append(x.draft.Bindings, Section{
		Name: "groups", About: "The tree of groups is mirrored below a path: parents first, moves and renames keep the group.", Settings: settings})
}

// pathForm is a path below which groups may be mirrored: never the root alone.
var pathForm = regexp.MustCompile(`^(/[^/*$]+)+(/|/\*)$`)

// rootGroup is the path below which groups are mirrored.
func (x *exo) rootGroup() string {
	const name = exoGroups + ".rootGroup"
	path := x.filled(name, "/platform/*")
	if !pathForm.MatchString(path) {
		x.wrong(name, "%s begins with a stroke, names a group and ends in / or /*, such as /ldap-groups/*; it is %q", name, path)
	}
	x.tell(name, TakenOver, "path of binding groups")
	return path
}

// members settles how members are found: the filter for the members of one
// group, "" for what groups and entries say by themselves.
func (x *exo) members() string {
	const (
		parent, parentDN = exoGroups + ".parentMembershipAttributeName", exoGroups + ".isParentMembershipAttributeDN"
		child, childDN   = exoGroups + ".childMembershipAttributeName", exoGroups + ".childMembershipAttributeDN"
	)
	above, below := x.filled(parent, "member"), x.or(child, "")
	x.truth(parentDN, true)
	isDN := x.truth(childDN, strings.EqualFold(below, "memberOf"))
	known := slices.ContainsFunc([]string{"member", "uniqueMember", "memberUid"}, func(a string) bool { return strings.EqualFold(a, above) })
	if known {
		x.tell(parent, TakenOver, "member, uniqueMember and memberUid are read in one go")
		x.tell(parentDN, NotNeeded, "which of them hold DNs and which logins is known")
		x.tell(child, NotNeeded, "members are what the groups say: both ways say the same")
		x.tell(childDN, NotNeeded, "members are what the groups say")
		return ""
	}
	x.tell(parentDN, LeftOut, "%s is not read", above)
	if below == "" {
		x.tell(parent, LeftOut, "members are read from member, uniqueMember and memberUid, not from %s; say how they are found with members of binding groups", above)
		x.tell(child, NotNeeded, "it is empty")
		x.tell(childDN, NotNeeded, "there is no such attribute")
		return ""
	}
	x.tell(parent, Different, "%s is not read; %s of the members says the same", above, below)
	x.tell(child, TakenOver, "members of binding groups")
	x.tell(childDN, TakenOver, "members of binding groups")
	macro := "[#LDAPGroupName#]"
	if isDN {
		macro = "[#LDAPGroupDN#]"
	}
	return "(" + below + "=" + macro + ")"
}

// groupRest speaks of what groups have no counterpart for.
func (x *exo) groupRest() {
	for _, c := range x.customs(exoGroups) {
		x.tellCustom(exoGroups, c.name, LeftOut, "mirrored groups have a name, a path and members; eXo reads these for groups of the type GROUP alone")
	}
	x.tell(exoGroups+".attributes.custom.names", LeftOut, "mirrored groups have a name, a path and members")
	if len(x.customs(exoGroups)) == 0 {
		x.tell(exoGroups+".attributes.custom.names", NotNeeded, "it is empty")
	}
	for _, name := range []string{exoGroups + ".identity.type", "exo.group.platform.identity.type"} {
		x.tell(name, NotNeeded, "a type of PicketLink's database; groups made by hand and mirrored ones are told apart by who made them")
	}
}
