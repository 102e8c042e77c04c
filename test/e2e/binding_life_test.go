package e2e

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// TestGrantsArePlannedExplainedAndUndone takes one binding through a plan, a run,
// why, and an undo, and puts right what somebody took away by hand.
func TestGrantsArePlannedExplainedAndUndone(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob") + groupLDIF(s.BaseDN, "inner", "ada") + groupLDIF(s.BaseDN, "outer", "bob", "cn=inner,ou=groups"))
	h := bindingHome(t, s, "  outer: {source: users, groups: {name: outer}, role: Outer, profile: Support Agent}\n")
	h.want(exitDone, "sync")
	change(s, "delete", "outer", "bob")
	change(s, "add", "inner", "bob")
	contains(t, h.want(exitDone, "plan"), "No changes")
	h.want(exitDone, "sync")
	way := fmt.Sprintf("member of cn=inner,ou=groups,%[1]s > cn=outer,ou=groups,%[1]s", s.BaseDN)
	contains(t, h.want(exitDone, "why", "bob"), "role Outer as member", "binding outer", way)

	change(s, "delete", "inner", "bob")
	roles, profiles := h.roles(), h.names("URP_UserProfile")
	contains(t, h.want(exitDone, "plan"), "Outer", "no longer member of")
	same(t, "roles after a plan", h.roles(), roles)
	last := parse[run](t, h.want(exitDone, "sync", "--json"))
	same(t, "roles", h.roles(), "ada / Outer")
	if strings.Contains(h.names("URP_UserProfile"), "bob and Support Agent") {
		t.Errorf("bob still has the profile: %s", h.names("URP_UserProfile"))
	}
	h.want(exitDone, "undo", fmt.Sprint(last.ID))
	same(t, "roles after undoing", h.roles(), roles)
	same(t, "profiles after undoing", h.names("URP_UserProfile"), profiles)
	contains(t, h.want(exitDone, "why", "bob"), way)
	h.want(exitDone, "sync")
	same(t, "roles after the next run", h.roles(), "ada / Outer")
	same(t, "profiles of bob", strings.Count(h.names("URP_UserProfile"), "bob"), 1)
}

// TestALargeTakingIsHeld empties a group: the run asks first, and does it when
// that is approved.
func TestALargeTakingIsHeld(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob", "eve", "max") + groupLDIF(s.BaseDN, "all", "ada", "bob", "eve", "max"))
	h := bindingHome(t, s, "  all: {source: users, groups: {name: all}, role: All}\n")
	h.want(exitDone, "sync")
	before := h.roles()
	change(s, "delete", "all", "bob", "eve", "max")
	held := h.want(exitStopped, "sync")
	contains(t, held, "would take away 3 of 4 grants, and the limit is 2")
	same(t, "roles", h.roles(), before)
	id := parse[[]run](t, h.want(exitDone, "runs", "--json"))[0].ID
	contains(t, h.want(exitDone, "runs", fmt.Sprint(id), "--changes"), "All")
	h.want(exitDone, "apply", fmt.Sprint(id))
	same(t, "roles", h.roles(), "ada / All")
}

// TestTeamsFollowGroups gives persons their teams.
func TestTeamsFollowGroups(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob") + groupLDIF(s.BaseDN, "duty", "ada", "bob"))
	h := bindingHome(t, s, "  duty: {source: persons, groups: {name: duty}, team: [Duty, Nobody's]}\n")
	h.withPersons()
	h.byHand("Team", "name,org_id->name", "Duty,Example")
	contains(t, h.want(exitProblems, "sync"), `there is no team "Nobody's"`)
	same(t, "teams", h.names("lnkPersonToTeam"), "ada ada / Duty\nbob bob / Duty")
	change(s, "delete", "duty", "ada")
	h.want(exitProblems, "sync")
	same(t, "teams", h.names("lnkPersonToTeam"), "bob bob / Duty")
}

// TestK21ALocalAccountIsLeftAlone: an account of the same login that no run made
// stays as it is, and the run says so.
func TestK21ALocalAccountIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "all", "ada"))
	h := bindingHome(t, s, "  all: {source: users, groups: {name: all}, role: All}\n")
	h.replace("rollcall.yaml", "    limits: {gone: none}\n", "    limits: {gone: none}\n    on: {one: error}\n")
	h.byHand("UserLDAP", "login,profile_list", "ada,profileid->name:Portal user")
	before := h.pick("UserLDAP", "login", "ada")
	h.want(exitProblems, "sync")
	same(t, "the account", h.pick("UserLDAP", "login", "ada"), before)
	same(t, "roles", h.roles(), "")
}

// TestK23WhoLeavesTheFilterIsDeactivated, and TestK24 comes back as the same
// account with what its groups give.
func TestK23WhoLeavesTheFilterIsDeactivated(t *testing.T) { leaveAndReturn(t, false) }

func TestK24WhoReturnsIsActivated(t *testing.T) { leaveAndReturn(t, true) }

func leaveAndReturn(t *testing.T, returns bool) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob") + groupLDIF(s.BaseDN, "all", "ada", "bob"))
	h := bindingHome(t, s, "  all: {source: users, groups: {name: all}, role: All}\n")
	h.replace("rollcall.yaml", "(objectClass=inetOrgPerson)", "'(&(objectClass=inetOrgPerson)(!(employeeType=gone)))'")
	h.want(exitDone, "sync")
	before := h.pick("UserLDAP", "login", "bob")["id"]
	who := "dn: uid=bob,ou=people," + s.BaseDN + "\nchangetype: modify\n"
	s.Modify(who + "add: employeeType\nemployeeType: gone\n")
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled\nbob disabled")
	same(t, "roles", h.roles(), "ada / All")
	contains(t, h.want(exitDone, "why", "bob"), "History")
	if !returns {
		return
	}
	s.Modify(who + "delete: employeeType\n")
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled\nbob enabled")
	same(t, "roles", h.roles(), "ada / All\nbob / All")
	same(t, "the account", h.pick("UserLDAP", "login", "bob")["id"], before)
}
