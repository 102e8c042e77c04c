package e2e

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// mirrored binds all groups to a tree of our own.
func mirrored(s *lab.SlapdServer) string {
	return fmt.Sprintf("  tree: {source: users, groups: {base: 'ou=groups,%s'}, path: /ldap-groups/*, limits: {taken: none}}\n", s.BaseDN)
}

func (h *home) memberships() string { return h.names("lnkUserToUserGroup") }

// join makes a membership by hand.
func (h *home) join(login, path, kind string) {
	h.t.Helper()
	h.byHand("lnkUserToUserGroup", "user_id,group_id,type", h.pick("User", "login", login)["id"]+","+h.pick("UserGroup", "path", path)["id"]+","+kind)
}

// TestX10APathThatIsNoPlaceForGroupsIsRefused, as eXo refuses its rootGroup.
func TestX10APathThatIsNoPlaceForGroupsIsRefused(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	for _, path := range []string{"/", "/ldap-groups", "ldap-groups/", "/a*/"} {
		h := bindingHome(t, s, "  tree: {source: users, groups: {name: all}, path: '"+path+"'}\n")
		contains(t, h.want(exitFailed, "sync"), "is no path for groups")
	}
}

// TestX20AGroupGetsAPath below a root that the run makes.
func TestX20AGroupGetsAPath(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "eng", "ada"))
	h := bindingHome(t, s, mirrored(s))
	h.want(exitDone, "sync")
	same(t, "groups", h.names("UserGroup"), "/ldap-groups\n/ldap-groups/eng")
	same(t, "memberships", h.memberships(), "ada / /ldap-groups/eng")
	h.want(exitDone, "plan", "--check")
}

// TestX21NestedGroupsAreChildren: the tree is mirrored, and a group that moves or
// gets another name stays the same group.
func TestX21NestedGroupsAreChildren(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob") + groupLDIF(s.BaseDN, "backend", "ada") + groupLDIF(s.BaseDN, "eng", "bob", "cn=backend,ou=groups") + groupLDIF(s.BaseDN, "ops", "bob"))
	h := bindingHome(t, s, mirrored(s))
	h.want(exitDone, "sync")
	same(t, "groups", h.names("UserGroup"), "/ldap-groups\n/ldap-groups/eng\n/ldap-groups/eng/backend\n/ldap-groups/ops")
	same(t, "memberships", h.memberships(), "ada / /ldap-groups/eng/backend\nbob / /ldap-groups/eng\nbob / /ldap-groups/ops")
	id := h.pick("UserGroup", "name", "backend")["id"]

	change(s, "delete", "eng", "cn=backend,ou=groups")
	change(s, "add", "ops", "cn=backend,ou=groups")
	rename(s, "ops", "platform")
	h.want(exitDone, "sync")
	same(t, "groups", h.names("UserGroup"), "/ldap-groups\n/ldap-groups/eng\n/ldap-groups/platform\n/ldap-groups/platform/backend")
	same(t, "memberships", h.memberships(), "ada / /ldap-groups/platform/backend\nbob / /ldap-groups/eng\nbob / /ldap-groups/platform")
	same(t, "the group that moved", h.pick("UserGroup", "name", "backend")["id"], id)
	h.want(exitDone, "plan", "--check")
}

// TestX22MembersByMemberAndByMemberOfAreTheSame reads members as groups list them
// and as entries say.
func TestX22MembersByMemberAndByMemberOfAreTheSame(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob", "eve") + groupLDIF(s.BaseDN, "one", "ada", "bob") + groupLDIF(s.BaseDN, "two", "eve"))
	var got []string
	for _, members := range []string{"", ", members: '(memberOf=[#LDAPGroupDN#])'"} {
		h := bindingHome(t, s, fmt.Sprintf("  tree: {source: users, groups: {base: 'ou=groups,%s'}, path: /ldap-groups/%s}\n", s.BaseDN, members))
		h.want(exitDone, "sync")
		got = append(got, h.memberships())
	}
	same(t, "by member", got[0], "ada / /ldap-groups/one\nbob / /ldap-groups/one\neve / /ldap-groups/two")
	same(t, "by memberOf", got[1], got[0])
}

// TestX23MembershipsHaveATypeAndOthersAreLeftAlone makes a membership of another
// type, and one of the same type, by hand.
func TestX23MembershipsHaveATypeAndOthersAreLeftAlone(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob", "eve") + groupLDIF(s.BaseDN, "eng", "ada"))
	h := bindingHome(t, s, mirrored(s))
	h.want(exitDone, "sync")
	same(t, "its type", h.export("lnkUserToUserGroup")[0]["type"], "member")
	h.join("ada", "/ldap-groups/eng", "manager")
	h.join("bob", "/ldap-groups/eng", "member")
	h.join("eve", "/ldap-groups/eng", "manager")
	types := func() string {
		var list []string
		for _, o := range parse[[]row](t, h.want(exitDone, "export", "lnkUserToUserGroup", "--json", "--fields", "user_login,type")) {
			list = append(list, o["user_login"]+" "+o["type"])
		}
		return strings.Join(list, ", ")
	}
	h.want(exitDone, "sync")
	same(t, "memberships", types(), "ada member, ada manager, bob member, eve manager")
	// The group takes up who was there by hand, and lets go of them again.
	change(s, "add", "eng", "bob")
	change(s, "delete", "eng", "ada")
	h.want(exitDone, "sync")
	same(t, "memberships", types(), "ada manager, bob member, eve manager")
	change(s, "add", "eng", "eve")
	change(s, "delete", "eng", "bob")
	h.want(exitDone, "sync")
	same(t, "memberships", types(), "ada manager, bob member, eve manager, eve member")
	h.want(exitDone, "plan", "--check")
}

// TestX24AMembershipGoesWithTheMember, only that of a synchronised account in a
// synchronised group: accounts made by hand stay where they are.
func TestX24AMembershipGoesWithTheMember(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob") + groupLDIF(s.BaseDN, "eng", "ada", "bob"))
	h := bindingHome(t, s, mirrored(s))
	h.want(exitDone, "sync")
	h.byHand("UserLocal", "login,profile_list", "local,profileid->name:Portal user")
	h.byHand("UserGroup", "name,path", "own,/own")
	h.join("local", "/ldap-groups/eng", "member")
	h.join("bob", "/own", "member")
	change(s, "delete", "eng", "bob")
	h.want(exitDone, "sync")
	same(t, "memberships", h.memberships(), "ada / /ldap-groups/eng\nbob / /own\nlocal / /ldap-groups/eng")
}

// TestX25AGroupOutOfScopeIsSkippedUntilItArrives moves a group into the base.
func TestX25AGroupOutOfScopeIsSkippedUntilItArrives(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "eng", "ada") + strings.ReplaceAll(groupLDIF(s.BaseDN, "late", "ada"), "cn=late,ou=groups", "cn=late,ou=people"))
	h := bindingHome(t, s, mirrored(s))
	h.want(exitDone, "sync")
	same(t, "memberships", h.memberships(), "ada / /ldap-groups/eng")
	s.Modify(fmt.Sprintf("dn: cn=late,ou=people,%[1]s\nchangetype: modrdn\nnewrdn: cn=late\ndeleteoldrdn: 1\nnewsuperior: ou=groups,%[1]s\n", s.BaseDN))
	h.want(exitDone, "sync")
	same(t, "memberships", h.memberships(), "ada / /ldap-groups/eng\nada / /ldap-groups/late")
}

// TestX26AVanishedGroupGoesWithItsMemberships; whoever was in it stays.
func TestX26AVanishedGroupGoesWithItsMemberships(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "eng", "ada") + groupLDIF(s.BaseDN, "ops", "ada"))
	h := bindingHome(t, s, mirrored(s)+"  kept: {source: users, groups: {name: eng}, role: Kept, vanished: keep}\n  released: {source: users, groups: {name: eng}, role: Released, limits: {taken: none}}\n")
	h.want(exitDone, "sync")
	remove(s, "eng")
	h.want(exitDone, "sync")
	same(t, "groups", h.names("UserGroup"), "/ldap-groups\n/ldap-groups/ops")
	same(t, "memberships", h.memberships(), "ada / /ldap-groups/ops")
	same(t, "roles", h.roles(), "ada / Kept")
	same(t, "what roles there are", h.names("Role"), "Kept\nReleased")
	h.want(exitDone, "plan", "--check")
	// A group of the same name is another group; who has the role by it has it still.
	s.Add(groupLDIF(s.BaseDN, "eng", "ada"))
	h.want(exitDone, "sync")
	same(t, "memberships", h.memberships(), "ada / /ldap-groups/eng\nada / /ldap-groups/ops")
	same(t, "roles", h.roles(), "ada / Kept\nada / Released")
}

// TestX33AReadThatIsNotWholeTakesNothingAway lets the directory show less of the
// groups than there is, and no group at all.
func TestX33AReadThatIsNotWholeTakesNothingAway(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob", "eve") + groupLDIF(s.BaseDN, "eng", "ada", "bob", "eve") + groupLDIF(s.BaseDN, "ops", "ada"))
	h := bindingHome(t, s, mirrored(s)+"  eng: {source: users, groups: {name: eng}, role: Engineer}\n")
	h.want(exitDone, "sync")
	memberships, roles := h.memberships(), h.roles()
	unchanged := func(what string) {
		t.Helper()
		same(t, "memberships with "+what, h.memberships(), memberships)
		same(t, "roles with "+what, h.roles(), roles)
	}
	proxy := lab.Proxy(t, s.Addr)
	h.replace("rollcall.yaml", s.LDAPS, proxy.URL())
	h.replace("rollcall.yaml", "\n    tls: {ca: "+s.CA.File+"}", "")
	for entries := 1; entries < 6; entries++ {
		proxy.Set(lab.Fault{CutEntries: entries})
		h.want(exitFailed, "sync")
		unchanged(fmt.Sprintf("a connection cut after %d entries", entries))
	}
	proxy.Set(lab.Fault{})
	h.want(exitDone, "sync")
	// All groups are gone at once: that is asked about first.
	remove(s, "eng")
	remove(s, "ops")
	contains(t, h.want(exitStopped, "sync"), "no group at all")
	unchanged("no group shown")
}
