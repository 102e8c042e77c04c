package e2e

import (
	"os"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// TestK10UsersAndGroupsCanBePickedBeforeAnythingIsMade: check lists the entries
// and the groups of the filters, what it lists can be bound, and there is no
// account, no role and not even a database yet.
func TestK10UsersAndGroupsCanBePickedBeforeAnythingIsMade(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob") + groupLDIF(s.BaseDN, "sales", "ada") + groupLDIF(s.BaseDN, "support", "bob"))
	h := bindingHome(t, s, "  none: {source: users, groups: {name: none}, role: None}\n")
	h.replace("rollcall.yaml", "    key: entryUUID\n", "    key: entryUUID\n    groups: {filter: (&(objectClass=groupOfNames)(cn=s*))}\n")
	contains(t, h.want(exitDone, "check", "users", "--groups", "--entries", "10"), "uid=ada,ou=people", "uid=bob,ou=people", "sales  "+entryUUID(t, s, "cn=sales"), "support  ")
	checked := parse[[]struct {
		Entries []struct{ Entry, Key string }
		Groups  []struct{ Name, ID, DN string }
	}](t, h.want(exitDone, "check", "users", "--groups", "--entries", "10", "--json"))[0]
	same(t, "how many users and groups there are to pick", []int{len(checked.Entries), len(checked.Groups)}, []int{2, 2})
	if _, err := os.Stat(h.path("rollcall.db")); err == nil {
		t.Error("check made a database")
	}
	picked := checked.Groups[0]
	h.replace("rollcall.yaml", "{name: none}, role: None", "{id: "+picked.ID+"}, role: Picked, only_groups: true")
	h.want(exitDone, "sync")
	same(t, "who has the role of "+picked.Name, h.roles(), strings.TrimSpace(map[string]string{"sales": "ada", "support": "bob"}[picked.Name]+" / Picked"))
}
