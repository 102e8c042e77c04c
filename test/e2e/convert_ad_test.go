package e2e

import (
	"strings"
	"testing"

	"rollcall/internal/migrate"
	"rollcall/test/lab"
)

// TestConversionsOnActiveDirectory takes settings of both products through init,
// check and sync against one domain.
func TestConversionsOnActiveDirectory(t *testing.T) {
	t.Parallel()
	s := staffDomain(t)
	h, _ := converted(t, s.Password, s.CA.File, "exo-ad.properties", "LDAP_URL", s.LDAPS(), "BASE_DN", s.BaseDN)
	t.Run("TestX11TheDefaultMappings", func(t *testing.T) { exoDefaultsOnActiveDirectory(t, h.in(t)) })
	t.Run("TestX12CustomAttributes", func(t *testing.T) {
		ada := h.in(t).pick("Person", "first_name", "ada")
		same(t, "custom attributes", row{"phones": ada["phones"], "photo": ada["photo"]}, row{"phones": "+44 1\n+44 2", "photo": "AP8A"})
	})
	t.Run("TestX13ANewUserAppears", func(t *testing.T) { newAndBlankOnActiveDirectory(t, h.in(t), s) })
	t.Run("TestX18AnAccountIsDisabledAndEnabled", func(t *testing.T) { disabledAndEnabled(t, h.in(t), s) })
	t.Run("TestK38IdentitiesAreKeptByteByByte", func(t *testing.T) { creatioOnActiveDirectory(t, s) })
}

// in is the same folder for another test.
func (h *home) in(t testing.TB) *home { return &home{t: t, dir: h.dir, bin: h.bin, env: h.env} }

// exoDefaultsOnActiveDirectory: sAMAccountName, givenName, sn, mail and memberOf.
func exoDefaultsOnActiveDirectory(t *testing.T, h *home) {
	h.want(exitDone, "check")
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled\nbob enabled\neve enabled")
	ada := h.pick("Person", "id", h.pick("UserLDAP", "login", "ada")["contactid"])
	same(t, "first name, last name, mail", ada["first_name"]+" "+ada["name"]+" "+ada["email"], "ada Byron ada@example.org")
	same(t, "memberships", h.memberships(), "ada / /ldap-groups/outer/inner\nbob / /ldap-groups/outer")
}

// newAndBlankOnActiveDirectory: a new user is there after one run, and X16: a mail
// that is blank from then on is kept.
func newAndBlankOnActiveDirectory(t *testing.T, h *home, s *lab.SambaServer) {
	entry := "dn: CN=new Byron,OU=Staff," + s.BaseDN + "\n"
	s.Ldbadd(entry + "objectClass: user\nsAMAccountName: new\ngivenName: new\nsn: Byron\nmail: new@example.org\nuserAccountControl: 512\n")
	s.Ldbmodify("dn: CN=ada Byron,OU=Staff," + s.BaseDN + "\nchangetype: modify\ndelete: mail\n")
	h.want(exitDone, "sync")
	same(t, "the new account's mail", h.pick("Person", "id", h.pick("UserLDAP", "login", "new")["contactid"])["email"], "new@example.org")
	same(t, "the mail that is blank now", h.pick("Person", "first_name", "ada")["email"], "ada@example.org")
	s.Ldbdel("CN=new Byron,OU=Staff," + s.BaseDN)
	h.want(exitDone, "sync")
	same(t, "the account of who left", h.pick("UserLDAP", "login", "new")["status"], "disabled")
}

// disabledAndEnabled: whoever the domain disables is disabled, and the same
// account is enabled again. Who is missing is disabled too, not deleted:
// entries.missing.delete is false.
func disabledAndEnabled(t *testing.T, h *home, s *lab.SambaServer) {
	account := h.pick("UserLDAP", "login", "bob")["id"]
	for _, step := range []struct{ verb, status string }{{"disable", "disabled"}, {"enable", "enabled"}} {
		s.Tool("user", step.verb, "bob")
		h.want(exitDone, "sync")
		same(t, "accounts after "+step.verb, h.statuses(), "ada enabled\nbob "+step.status+"\neve enabled\nnew disabled")
	}
	same(t, "the account", h.pick("UserLDAP", "login", "bob")["id"], account)
	s.Ldbdel("CN=eve Byron,OU=Staff," + s.BaseDN)
	h.want(exitDone, "sync")
	same(t, "accounts after somebody left", h.statuses(), "ada enabled\nbob enabled\neve disabled\nnew disabled")
	h.want(exitDone, "plan", "--check")
}

// creatioOnActiveDirectory reads what QuerySysSettings answers: NTLM over TLS,
// identities that are SIDs, nested groups by the server's rule, and disabled
// accounts that the filter leaves out.
func creatioOnActiveDirectory(t *testing.T, s *lab.SambaServer) {
	h, _ := converted(t, s.Password, s.CA.File, "creatio-ad.json", "SERVER", s.IP, "BASE_DN", s.BaseDN)
	h.want(exitDone, "check")
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled\nbob enabled")
	same(t, "roles", h.roles(), "ada / inner\nada / outer\nbob / outer")
	same(t, "contacts", h.names("Person"), "ada Byron\nbob Byron")
	same(t, "the SID that identifies ada", h.key("ada"), sidOf(t, s, "ada"))
	h.want(exitDone, "plan", "--check")
	s.Tool("user", "disable", "bob")
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled\nbob disabled")
	same(t, "roles", h.roles(), "ada / inner\nada / outer")
	s.Tool("user", "enable", "bob")
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled\nbob enabled")
}

// TestConversionOfCreatio takes a file with every setting through init, check and
// sync: roles by the list of units, licences, job title and company by name.
func TestConversionOfCreatio(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	person := func(uid, name, more string) string {
		return "dn: uid=" + uid + ",ou=people," + s.BaseDN + "\nobjectClass: inetOrgPerson\nuid: " + uid + "\ncn: " + name + "\nsn: x\nmail: " + uid + "@example.org\n" + more + "\n"
	}
	s.Add("dn: ou=people," + s.BaseDN + "\nobjectClass: organizationalUnit\n\ndn: ou=groups," + s.BaseDN + "\nobjectClass: organizationalUnit\n\n" +
		person("ada", "Ada King Lovelace", "title: Engineer\no: Example AG\ntelephoneNumber: +44 1\n") + person("bob", "Bob", "title: Poet\no: Nobody's\n") +
		person("eve", "Eve Ete", "") + groupLDIF(s.BaseDN, "sales", "ada", "bob") + groupLDIF(s.BaseDN, "approvers", "bob") + groupLDIF(s.BaseDN, "choir", "eve"))
	h, said := converted(t, s.Password, s.CA.File, "creatio.json", "SERVER", strings.TrimPrefix(s.LDAPS, "ldaps://"), "ADMIN_DN", s.AdminDN, "BASE_DN", s.BaseDN)
	contains(t, said, "1 unknown", "line 29, LDAPUsersFilters: there is no such setting")
	h.want(exitDone, "check")
	h.byHand("LicencePackage", "name,quantity", "CRM,10", "Sales,10")
	h.byHand("JobTitle", "name", "Engineer")
	h.byHand("Account", "name", "Example AG")
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled\nbob enabled")
	same(t, "roles", h.roles(), "ada / Vertrieb\nbob / Approver\nbob / Vertrieb")
	same(t, "licences", h.names("lnkUserToLicencePackage"), "ada / CRM\nada / Sales\nbob / CRM\nbob / Sales")
	got := map[string]string{}
	for _, p := range parse[[]row](t, h.want(exitDone, "export", "Person", "--json", "--fields", "friendlyname,phone,job_title_id_friendlyname,account_id_friendlyname")) {
		got[p["friendlyname"]] = p["phone"] + ", " + p["job_title_id_friendlyname"] + ", " + p["account_id_friendlyname"]
	}
	same(t, "contacts", got, map[string]string{"Ada King Lovelace": "+44 1, Engineer, Example AG", "- Bob": ", , "})
	same(t, "job titles", h.names("JobTitle"), "Engineer")
	h.want(exitDone, "plan", "--check")

	change(s, "delete", "sales", "bob")
	h.want(exitDone, "sync")
	same(t, "accounts of those in a bound group", h.statuses(), "ada enabled\nbob enabled")
	change(s, "add", "approvers", "eve")
	change(s, "delete", "approvers", "bob")
	h.want(exitDone, "sync")
	same(t, "accounts after a change of members", h.statuses(), "ada enabled\nbob disabled\neve enabled")
	same(t, "roles", h.roles(), "ada / Vertrieb\neve / Approver")
}

// TestConversionRefusesWhatCannotBe names every mistake, with its line, and
// writes nothing.
func TestConversionRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	h := newHome(t, migrate.PasswordVariable+"=x")
	h.write("creatio.json", "{\n\"LDAPServer\": \"10.0.0.1\",\n\"LDAPAuthType\": \"Kerberos\"}")
	contains(t, h.want(exitFailed, "init", "--from", "creatio.json"), "LDAPUsersEntry (Domain name) is missing", "LDAPUserFullNameAttribute (User name) is missing",
		"LDAPUserLoginAttribute (Username) is missing", "LDAPEntryModifiedOnAttribute (Modification date attribute) is missing", "LDAPUserIdentityAttribute (User Id) is missing",
		"LDAPGroupNameAttribute (LDAP group name) is missing", "LDAPGroupsEntry (Groups domain name) is missing", "LDAPGroupIdentityAttribute (Group Id) is missing")
	h.write("exo.properties", "exo.ldap.type=ldap\nexo.ldap.groups.rootGroup=/\nexo.ldap.search.timelimit=soon\n")
	contains(t, h.want(exitFailed, "init", "--from", "exo.properties"), "line 2: exo.ldap.groups.rootGroup", "line 3: exo.ldap.search.timelimit is a positive number")
	h.write("other.txt", "")
	contains(t, h.want(2, "init", "--from", "other.txt"), "neither a .properties file")
	contains(t, h.want(2, "init"), "the URL of a directory, or --from")
}

// sidOf returns the identity that the domain itself tells.
func sidOf(t *testing.T, s *lab.SambaServer, account string) string {
	t.Helper()
	for line := range strings.Lines(s.Tool("user", "show", account, "--attributes=objectSid")) {
		if sid, ok := strings.CutPrefix(line, "objectSid: "); ok {
			return strings.TrimSpace(sid)
		}
	}
	t.Fatalf("%s has no SID", account)
	return ""
}
