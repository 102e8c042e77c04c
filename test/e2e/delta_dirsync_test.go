package e2e

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

// TestDirSyncTellsWhatThisUserMaySee: an administrator is told of deletions, an
// ordinary account is answered all the same, and finds who was deleted by the next
// full load. A cookie that was damaged, or belongs to another controller, makes
// the load a full one, and so does the loss of the right to replicate changes.
func TestDirSyncTellsWhatThisUserMaySee(t *testing.T) {
	t.Parallel()
	const password = "Geheim-4711!"
	s := lab.Samba(t, lab.SambaConfig{})
	s.Tool("user", "create", "reader", password)
	s.Tool("group", "add", "agents")
	s.Tool("dsacl", "set", "--objectdn="+s.BaseDN, "--trusteedn=CN=agents,"+s.UsersDN, "--car=get-changes", "--action=allow")
	admin := followSamba(t, s, s.AdminDN, s.Password)
	reader := &follower{home: newHome(t, "LDAP_PASSWORD="+password), people: s.UsersDN, isAD: true, modify: admin.modify}
	reader.write("rollcall.yaml", fmt.Sprintf(followerConfig, s.URL(), s.BaseDN, "reader@"+strings.ToLower(s.Realm), "objectGUID", "sAMAccountName"))
	for _, f := range []*follower{admin, reader} {
		f.replace("rollcall.yaml", "full_every: 24h", "full_every: 24h, by: dirsync")
	}
	admin.loaded(rollcall.LoadFull, "what is read changed") // from uSNChanged
	reader.loaded(rollcall.LoadFull, "the first load")

	admin.modify(admin.delete("bob") + admin.rename("ada", "eve"))
	contains(t, admin.run("check"), "by DirSync, deletions included")
	contains(t, reader.run("check"), "by DirSync, without the right to replicate changes", "sees no deleted object", "next full load")
	admin.loaded(rollcall.LoadDelta, "")
	admin.are("bob disabled\neve enabled")
	reader.loaded(rollcall.LoadDelta, "")
	reader.are("bob enabled\neve enabled")
	s.Tool("group", "addmembers", "agents", "reader")
	reader.loaded(rollcall.LoadFull, "asked for", "--full") // with the right, from now on
	reader.are("bob disabled\neve enabled")

	reader.modify(reader.add("max"))
	reader.loaded(rollcall.LoadDelta, "reported")
	s.Tool("group", "removemembers", "agents", "reader")
	reader.modify(reader.rename("max", "moe"))
	reader.loaded(rollcall.LoadFull, "no longer has the right to replicate changes")
	reader.loaded(rollcall.LoadDelta, "")
	reader.damage(`"TVNEU`, `"TVNEV`)
	reader.modify(reader.rename("max", "joe"))
	reader.loaded(rollcall.LoadFull, "the cookie of DirSync is damaged")
	reader.damage(`"server":"`, `"server":"0`)
	reader.loaded(rollcall.LoadFull, "another server answers")
	reader.loaded(rollcall.LoadDelta, "")
	reader.are("bob disabled\neve enabled\njoe enabled")
}

// TestDirSyncWhereThereIsNone: every load is full, and check says why.
func TestDirSyncWhereThereIsNone(t *testing.T) {
	t.Parallel()
	f := followSlapd(t, lab.Slapd(t, lab.SlapdConfig{}))
	f.replace("rollcall.yaml", "full_every: 24h", "full_every: 24h, by: dirsync")
	contains(t, f.run("check"), "no deltas: every load is full, because the server does not have the control DirSync")
	f.modify(f.delete("bob"))
	f.loaded(rollcall.LoadFull, "does not have the control DirSync")
	f.are("ada enabled\nbob disabled")
}

// damage changes the checkpoint that the next delta would begin with.
func (f *follower) damage(old, replacement string) {
	f.t.Helper()
	f.sql(fmt.Sprintf("UPDATE resume SET checkpoint = CAST(replace(CAST(checkpoint AS TEXT), '%s', '%s') AS BLOB)", old, replacement))
	if text := f.sql("SELECT CAST(checkpoint AS TEXT) FROM resume"); !strings.Contains(text, replacement) {
		f.t.Fatalf("the checkpoint %s has no %s", text, old)
	}
}
