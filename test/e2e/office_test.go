package e2e

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// someone is a person of a small directory.
type someone struct{ first, last, unit string }

func (p someone) login() string { return strings.ToLower(p.first[:1] + p.last) }
func (p someone) name() string  { return p.first + " " + p.last }

// office is a small directory in which things happen, Active Directory or
// OpenLDAP. Its methods return the LDIF that makes them happen.
type office struct {
	base   string
	key    string   // the attribute that stays
	init   []string // init's arguments
	env    []string
	modify func(ldif string, options ...string)
	flavor
}

// flavor is what differs between kinds of directory.
type flavor struct {
	rdn      func(p someone) string
	person   string // lines of a person's entry, with %s for the login
	group    string // lines of a group's entry
	login    string // the attribute
	disable  string // lines of a modification
	enable   string
	expire   string
	isAD     bool
	restored []string // options of modify that let an entry have its old key
}

func activeDirectory() flavor {
	return flavor{
		rdn:     func(p someone) string { return "CN=" + p.name() },
		person:  "objectClass: user\nsAMAccountName: %s\nuserAccountControl: 544\n",
		group:   "objectClass: group\n",
		login:   "sAMAccountName",
		disable: "replace: userAccountControl\nuserAccountControl: 546\n",
		enable:  "replace: userAccountControl\nuserAccountControl: 544\n",
		expire:  "replace: accountExpires\naccountExpires: 130000000000000000\n",
		isAD:    true, restored: []string{"--show-deleted"},
	}
}

func openLDAP() flavor {
	return flavor{
		rdn:      func(p someone) string { return "uid=" + p.login() },
		person:   "objectClass: inetOrgPerson\nobjectClass: shadowAccount\nuid: %s\n",
		group:    "objectClass: groupOfNames\n",
		login:    "uid",
		disable:  "replace: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n", // for ever
		enable:   "delete: pwdAccountLockedTime\n",
		expire:   "replace: shadowExpire\nshadowExpire: 1\n",
		restored: []string{"-e", "relax"},
	}
}

func sambaOffice(t testing.TB) *office {
	s := lab.Samba(t, lab.SambaConfig{})
	return &office{
		base: s.BaseDN, key: "objectGUID", flavor: activeDirectory(), modify: s.Ldbmodify,
		init: []string{s.LDAPS(), "--ca", s.CA.File, "--bind-dn", s.AdminUPN},
		env:  []string{"ROLLCALL_PASSWORD=" + s.Password, "ROLLCALL_LDAP_PASSWORD=" + s.Password},
	}
}

func slapdOffice(t testing.TB) *office {
	s := lab.Slapd(t, lab.SlapdConfig{})
	modify := func(ldif string, options ...string) {
		t.Helper()
		cmd := exec.Command("ldapmodify", append([]string{"-x", "-H", s.LDAP, "-D", s.AdminDN, "-w", s.Password}, options...)...)
		cmd.Stdin = strings.NewReader(ldif)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("ldapmodify: %v\n%s\n%s", err, out, ldif)
		}
	}
	return &office{
		base: s.BaseDN, key: "entryUUID", flavor: openLDAP(), modify: modify,
		init: []string{s.LDAPS, "--ca", s.CA.File, "--bind-dn", s.ReaderDN},
		env:  []string{"ROLLCALL_PASSWORD=" + s.Password, "ROLLCALL_LDAP_PASSWORD=" + s.Password},
	}
}

func (o *office) dn(p someone) string     { return o.rdn(p) + ",OU=" + p.unit + "," + o.base }
func (o *office) groupDN(n string) string { return "CN=" + n + ",OU=Groups," + o.base }
func (o *office) addUnit(n string) string {
	return fmt.Sprintf("dn: OU=%[1]s,%[2]s\nchangetype: add\nobjectClass: organizationalUnit\nou: %[1]s\n\n", n, o.base)
}
func (o *office) delete(p someone) string { return "dn: " + o.dn(p) + "\nchangetype: delete\n\n" }
func (o *office) change(p someone, lines string) string {
	return "dn: " + o.dn(p) + "\nchangetype: modify\n" + lines + "\n"
}

// attributes are the lines of a person's entry but for its name and class.
func (o *office) attributes(p someone) string {
	return fmt.Sprintf("cn: %[1]s\nsn: %[2]s\ngivenName: %[3]s\nmail: %[3]s.%[2]s@example.org\ntelephoneNumber: +49 30 1\ntitle: Clerk\n", p.name(), p.last, p.first)
}

func (o *office) add(p someone, more ...string) string {
	return "dn: " + o.dn(p) + "\nchangetype: add\n" + fmt.Sprintf(o.person, p.login()) + o.attributes(p) + strings.Join(more, "") + "\n"
}

func (o *office) addGroup(name string, members ...someone) string {
	text := "dn: " + o.groupDN(name) + "\nchangetype: add\n" + o.group + "cn: " + name + "\n"
	for _, p := range members {
		text += "member: " + o.dn(p) + "\n"
	}
	return text + "\n"
}

// member adds somebody to a group, or takes somebody out of it: verb is add or
// delete.
func (o *office) member(verb, name, dn string) string {
	return fmt.Sprintf("dn: %s\nchangetype: modify\n%s: member\nmember: %s\n\n", o.groupDN(name), verb, dn)
}

// rename gives somebody another last name, and the login and the DN that follow
// from it.
func (o *office) rename(p, after someone) string {
	text := fmt.Sprintf("dn: %s\nchangetype: modrdn\nnewrdn: %s\ndeleteoldrdn: 1\n\n", o.dn(p), o.rdn(after))
	lines := "replace: sn\nsn: " + after.last + "\n"
	if o.isAD { // elsewhere the login is in the DN
		lines += "-\nreplace: sAMAccountName\nsAMAccountName: " + after.login() + "\n"
	}
	return text + o.change(after, lines)
}

func (o *office) move(p, after someone) string {
	return fmt.Sprintf("dn: %s\nchangetype: modrdn\nnewrdn: %s\ndeleteoldrdn: 1\nnewsuperior: OU=%s,%s\n\n", o.dn(p), o.rdn(p), after.unit, o.base)
}

// restore brings a deleted entry back under its old key.
func (o *office) restore(p someone, key string) {
	if !o.isAD {
		o.modify(o.add(p, "entryUUID: "+key+"\n"), o.restored...)
		return
	}
	// A tombstone keeps its key, its SID and its login, and loses the rest.
	o.modify(fmt.Sprintf("dn: <GUID=%s>\nchangetype: modify\ndelete: isDeleted\n-\nreplace: distinguishedName\ndistinguishedName: %s\n", key, o.dn(p)), o.restored...)
	lines := o.enable
	for _, a := range strings.Split(strings.TrimSpace(o.attributes(p)), "\n") {
		if name, _, _ := strings.Cut(a, ":"); name != "cn" {
			lines += "-\nreplace: " + name + "\n" + a + "\n"
		}
	}
	o.modify(o.change(p, lines))
}
