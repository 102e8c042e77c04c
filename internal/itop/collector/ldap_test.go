package collector_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/itop/collector"
	"rollcall/test/lab"
)

const office = `dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=sites,dc=example,dc=org
objectClass: organizationalUnit
ou: sites

dn: ou=groups,ou=sites,dc=example,dc=org
objectClass: organizationalUnit
ou: groups

dn: uid=ann,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: ann
cn: Ann Archer
sn: Archer
givenName: Ann
mail: ann@example.org
mail: a.archer@example.org
jpegPhoto:: /9j/4AAQSkZJRgABAQAAAQABAAD/
manager: uid=bob,ou=people,dc=example,dc=org

dn: uid=bob,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: bob
cn: Bob; Boss
sn: Boss
givenName: Bob
mail: bob@example.org
title: Chief

dn: cn=nokey,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
cn: nokey
sn: Nokey
mail: n@example.org

dn: cn=itop-Portal\2C plus,ou=groups,ou=sites,dc=example,dc=org
objectClass: groupOfNames
cn: itop-Portal, plus
member: uid=bob,ou=people,dc=example,dc=org

dn: cn=itop-Support Agent,ou=groups,ou=sites,dc=example,dc=org
objectClass: groupOfNames
cn: itop-Support Agent
member: uid=ann,ou=people,dc=example,dc=org

dn: cn=itop-Change Approver,ou=groups,ou=sites,dc=example,dc=org
objectClass: groupOfNames
cn: itop-Change Approver
member: cn=itop-Support Agent,ou=groups,ou=sites,dc=example,dc=org
`

// directory is how the parameters reach a slapd with the office in it.
func directory(s *lab.SlapdServer) string {
	return "<ldapuri>" + s.LDAP + "</ldapuri><ldapdn>" + s.BaseDN + "</ldapdn><ldaplogin>" + s.AdminDN + "</ldaplogin><ldappassword>" + s.Password + "</ldappassword>" +
		"<person_fields><primary_key>uid</primary_key></person_fields><user_fields><primary_key>uid</primary_key><login>uid</login></user_fields>"
}

func newOffice(t *testing.T) *lab.SlapdServer {
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(office)
	return s
}

func TestPersonsAndUsers(t *testing.T) {
	t.Parallel()
	s := newOffice(t)
	const header = "primary_key;org_id;status;name;first_name;email;phone;mobile_phone;function;employee_number"
	const users = "primary_key;language;login;contactid;profile_list\n"
	for name, c := range map[string]struct {
		more, strict string
		persons      string
		users        string
	}{
		"as distributed": {
			persons: header + "\nann;Demo;active;Archer;Ann;ann@example.org;;;;\nbob;Demo;active;Boss;Bob;bob@example.org;;;Chief;\n",
			users:   users + "ann;\"EN US\";ann;ann@example.org;\"profileid->name:Portal user\"\nbob;\"EN US\";bob;bob@example.org;\"profileid->name:Portal user\"\n",
		},
		"names in any case, second and all values, a default for a missing one": {
			more:    "<person_fields><primary_key>UID</primary_key><email>Mail[2]</email><phone>mail[*]</phone><function>TITLE</function></person_fields><person_defaults><function>none</function></person_defaults>",
			persons: "primary_key;org_id;status;function;name;first_name;email;phone;mobile_phone;employee_number\nann;Demo;active;none;Archer;Ann;a.archer@example.org;\"ann@example.org, a.archer@example.org\";;\nbob;Demo;active;Chief;Boss;Bob;;bob@example.org;;\n",
		},
		"managers and photos": {
			more: "<person_fields><manager_id>manager->mail</manager_id><picture>jpegPhoto</picture></person_fields>",
			persons: header + ";manager_id;picture_data;picture_mimetype;picture_filename\nann;Demo;active;Archer;Ann;ann@example.org;;;;;bob@example.org;" +
				"/9j/4AAQSkZJRgABAQAAAQABAAD/;image/jpeg;ann.jpeg\nbob;Demo;active;Boss;Bob;bob@example.org;;;Chief;;;;;\n",
		},
		"values by a table": {
			more:    `<person_fields><status>title</status></person_fields><person_maps><status type="array"><i>/chief/VIP %1$s</i></status></person_maps>`,
			persons: header + "\nann;Demo;active;Archer;Ann;ann@example.org;;;;\nbob;Demo;\"VIP Chief\";Boss;Bob;bob@example.org;;;Chief;\n",
		},
		"the state of accounts": {
			more:    `<person_fields><status>disabled</status><function>mail[*/]</function></person_fields><person_maps><status type="array"><i>/^1$/inactive</i><i>/^0$/active account</i></status></person_maps>`,
			persons: header + "\nann;Demo;\"active account\";Archer;Ann;ann@example.org;;;ann@example.org/a.archer@example.org;\nbob;Demo;\"active account\";Boss;Bob;bob@example.org;;;bob@example.org;\n",
		},
		"profiles, a greedy pattern": {
			more:  "<synchronize_profiles>yes</synchronize_profiles><itop_group_pattern>/^cn=itop-(.*),ou=.*/</itop_group_pattern>",
			users: users + "ann;\"EN US\";ann;ann@example.org;\"profileid->name:Support Agent\"\nbob;\"EN US\";bob;bob@example.org;\"profileid->name:Portal, plus\"\n",
		},
		"profiles, a greedy pattern, strict": {
			more: "<synchronize_profiles>yes</synchronize_profiles><itop_group_pattern>/^cn=itop-(.*),ou=.*/</itop_group_pattern>", strict: "--strict",
			users: users + "ann;\"EN US\";ann;ann@example.org;\"profileid->name:Support Agent,ou=groups\"\nbob;\"EN US\";bob;bob@example.org;\"profileid->name:Portal\\2C plus,ou=groups\"\n",
		},
		"profiles of groups within groups": {
			more:  "<synchronize_profiles>nested</synchronize_profiles><itop_group_pattern>/^cn=itop-([^,]+),/i</itop_group_pattern>",
			users: users + "ann;\"EN US\";ann;ann@example.org;\"profileid->name:Change Approver|profileid->name:Support Agent\"\nbob;\"EN US\";bob;bob@example.org;\"profileid->name:Portal, plus\"\n",
		},
		"no group matches": {
			more:  "<synchronize_profiles>yes</synchronize_profiles><user_defaults><profile_list>profileid->name:A|profileid->name:B</profile_list></user_defaults>",
			users: "primary_key;language;profile_list;login;contactid\nann;\"EN US\";\"profileid->name:Portal user\";ann;ann@example.org\nbob;\"EN US\";\"profileid->name:Portal user\";bob;bob@example.org\n",
		},
		"a pattern that looks around": {
			more:  `<synchronize_profiles>yes</synchronize_profiles><itop_group_pattern>{^cn=(?!x)itop-(.+?)(?=,ou=groups)}i</itop_group_pattern>`,
			users: users + "ann;\"EN US\";ann;ann@example.org;\"profileid->name:Support Agent\"\nbob;\"EN US\";bob;bob@example.org;\"profileid->name:Portal, plus\"\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t)
			base := directory(s)
			if strings.Contains(c.more, "<person_fields>") {
				base = strings.Replace(base, "<person_fields><primary_key>uid</primary_key></person_fields>", "", 1)
				c.more = strings.Replace(c.more, "<person_fields>", "<person_fields><primary_key>uid</primary_key>", 1)
				c.more = strings.Replace(c.more, "<primary_key>uid</primary_key><primary_key>", "<primary_key>", 1)
			}
			f.params(base + c.more)
			args := []string{"--collect_only"}
			if c.strict != "" {
				args = append(args, c.strict)
			}
			f.want(0, []string{"(Persons) Number of entries found on LDAP: 3", "(Users) Number of entries found on LDAP: 3", "[Warning]\tSkipping row #2 because of lack of primary key. Is uid the right field"}, args...)
			if got := f.read("data/iTopPersonLDAPCollector-1.csv"); c.persons != "" && got != c.persons {
				t.Errorf("persons (-want +got):\n%s", cmp.Diff(c.persons, got))
			}
			if got := f.read("data/iTopUserLDAPCollector-1.csv"); c.users != "" && got != c.users {
				t.Errorf("users (-want +got):\n%s", cmp.Diff(c.users, got))
			}
		})
	}
}

func TestOtherEntriesBySectionAlone(t *testing.T) {
	t.Parallel()
	s := newOffice(t)
	f := newFolder(t)
	f.definition("Sites", "name*")
	f.definition("Teams", "name*", "persons_list")
	f.params(directory(s) + sequence("Sites", "Teams") +
		"<Sites><ldapfilter>(objectClass=organizationalUnit)</ldapfilter><fields><primary_key>ou</primary_key><name>ou</name></fields></Sites>" +
		"<Teams><ldapfilter>(objectClass=groupOfNames)</ldapfilter><fields><primary_key>cn</primary_key><name>cn</name></fields>" +
		"<links><persons_list><item>person_id->email:</item><from>member->mail</from></persons_list></links></Teams>")
	f.want(0, nil, "--collect_only")
	if got := f.read("data/Sites-1.csv"); got != "primary_key;name\npeople;people\nsites;sites\ngroups;groups\n" {
		t.Errorf("sites: got %q", got)
	}
	want := "primary_key;name;persons_list\n\"itop-Portal, plus\";\"itop-Portal, plus\";person_id->email:bob@example.org\n" +
		"\"itop-Support Agent\";\"itop-Support Agent\";person_id->email:ann@example.org\n\"itop-Change Approver\";\"itop-Change Approver\";\n"
	if got := f.read("data/Teams-1.csv"); got != want {
		t.Errorf("teams (-want +got):\n%s", cmp.Diff(want, got))
	}
}

// Organizations, locations and teams need a section and no definition.
func TestDefinitionsThatComeWithTheProgram(t *testing.T) {
	t.Parallel()
	s, i := newOffice(t), newITop(t)
	f := newFolder(t)
	section := func(class, filter, more string) string {
		return "<" + class + "><ldapfilter>" + filter + "</ldapfilter><fields><primary_key>" + more + "</fields><defaults><org_id>Demo</org_id></defaults>" +
			"<links><persons_list><item>person_id->email:</item><from>member->mail</from></persons_list></links></" + class + ">"
	}
	f.params(i.params() + directory(s) + "<prefix>x_</prefix>" + sequence("LDAPOrganizations", "LDAPLocations", "LDAPTeams") +
		section("LDAPOrganizations", "(ou=sites)", "ou</primary_key><name>ou</name>") +
		section("LDAPLocations", "(ou=people)", "ou</primary_key><name>ou</name>") +
		section("LDAPTeams", "(cn=itop-Support Agent)", "cn</primary_key><name>cn</name>"))
	f.want(0, []string{"named 'x_Synchro LDAP Organizations'", "named 'x_Synchro LDAP Locations'", "named 'x_Synchro LDAP Teams'"})
	for class, want := range map[string]string{
		"LDAPOrganizations": "primary_key;name\nsites;sites\n",
		"LDAPLocations":     "primary_key;org_id;name\npeople;Demo;people\n",
		"LDAPTeams":         "primary_key;org_id;name;persons_list\n\"itop-Support Agent\";Demo;\"itop-Support Agent\";person_id->email:ann@example.org\n",
	} {
		if got := f.read("data/" + class + "-1.csv"); got != want {
			t.Errorf("%s: got %q, want %q", class, got, want)
		}
	}
	for _, scope := range []string{"Organization", "Location", "Team"} {
		found := false
		for _, r := range i.sent("rest.php") {
			found = found || strings.Contains(r.Get("json_data"), `"scope_class":"`+scope+`"`)
		}
		if !found {
			t.Errorf("no data source of the class %s was created", scope)
		}
	}
}

// The two parameters that came before ldapuri.
func TestHostAndPort(t *testing.T) {
	t.Parallel()
	for parameters, want := range map[string]string{
		"<ldaphost>127.0.0.1</ldaphost><ldapport>1</ldapport>":        "ldap_connect('ldaps://127.0.0.1:1')...",
		"<ldaphost>ldap://127.0.0.1</ldaphost><ldapport>1</ldapport>": "ldap_connect('ldap://127.0.0.1:1')...",
		"<ldapuri>ldap://127.0.0.1:1</ldapuri>":                       "ldap_connect('ldap://127.0.0.1:1')...",
	} {
		f := newFolder(t)
		f.params("<ldapuri></ldapuri><console_log_level>7</console_log_level>" + parameters)
		f.want(1, []string{want, "Prepare() returned false"}, "--collect_only")
	}
}

func TestSeveralDirectories(t *testing.T) {
	t.Parallel()
	s, i := newOffice(t), newITop(t)
	f := newFolder(t)
	f.params(i.params() + directory(s) + `<directories type="array"><d><prefix>a_</prefix></d><d><prefix>b_</prefix><ldappersonfilter>(uid=bob)</ldappersonfilter><person_defaults><org_id>Other</org_id></person_defaults></d></directories>`)
	f.want(0, []string{"a_iTopPersonLDAPCollector will be launched !", "named 'a_Synchro LDAP Person'", "named 'b_Synchro LDAP Person'", "named 'b_Synchro Users from LDAP'"})
	if got := strings.Count(f.read("data/a_iTopPersonLDAPCollector-1.csv"), "\n"); got != 3 {
		t.Errorf("first directory: %d lines", got)
	}
	if got := f.read("data/b_iTopPersonLDAPCollector-1.csv"); !strings.Contains(got, "\nbob;Other;active;") || strings.Contains(got, "ann") {
		t.Errorf("second directory: got %q", got)
	}
	f.params(directory(s) + `<directories type="array"><d><prefix>a_</prefix></d><d><prefix>a_</prefix></d></directories>`)
	f.want(1, []string{`two items of <directories> have the prefix "a_"`}, "--collect_only")
}

// TestABrokenReadUploadsNothing is law 1 for the collector.
func TestABrokenReadUploadsNothing(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Limits: []string{`dn.exact="cn=reader,dc=example,dc=org" size=2`}})
	s.Add(office)
	const failed = "[Error]\tiTopPersonLDAPCollector::Prepare() returned false"
	for name, c := range map[string]struct {
		more  string
		fault lab.Fault
		want  string
	}{
		"cut in mid-page":  {"<page_size>1</page_size>", lab.Fault{CutPages: 2}, "the read is not whole: it broke off after"},
		"silent":           {"<page_size>1</page_size><ldap_timeout>1</ldap_timeout>", lab.Fault{CutPages: 2, Stall: true}, "the read is not whole"},
		"refused":          {"", lab.Fault{Refuse: true}, "FAILED (Can't contact LDAP server"},
		"size limit":       {"<ldaplogin>cn=reader,dc=example,dc=org</ldaplogin>", lab.Fault{}, "FAILED (Size limit exceeded"},
		"no such base":     {"<ldapdn>dc=nowhere</ldapdn>", lab.Fault{}, "ldap_search('dc=nowhere', '(objectClass=person)') FAILED (No such object"},
		"a bad filter":     {"<ldappersonfilter>(objectClass=person</ldappersonfilter>", lab.Fault{}, "ldap_search('dc=example,dc=org', '(objectClass=person') FAILED"},
		"a wrong password": {"<ldappassword>falsch</ldappassword>", lab.Fault{}, "', '***') FAILED (Invalid credentials"},
		"no password":      {"<ldappassword></ldappassword>", lab.Fault{}, "', '') FAILED ("},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := lab.Proxy(t, s.Addr)
			proxy.Set(c.fault)
			f, i := newFolder(t), newITop(t)
			f.write("data/iTopPersonLDAPCollector-1.csv", "stale")
			f.params(i.params() + directory(s) + "<ldapuri>" + proxy.URL() + "</ldapuri>" + c.more)
			log := f.want(1, []string{c.want, failed})
			if n := len(i.sent("synchro_import.php")) + len(i.sent("synchro_exec.php")); n > 0 {
				t.Errorf("%d uploads and synchronizations followed", n)
			}
			if strings.Contains(log, s.Password) || strings.Contains(log, "falsch") {
				t.Error("a password is in the log")
			}
			if entries, _ := os.ReadDir(f.dir + "/data"); len(entries) > 0 {
				t.Errorf("left in data: %v", entries)
			}
		})
	}
}

func TestCertificatesByOpenLDAPsConfiguration(t *testing.T) {
	s := newOffice(t)
	t.Setenv("LDAPTLS_CACERT", s.CA.File)
	f := newFolder(t)
	f.params(directory(s) + "<ldapuri>" + s.LDAPS + "</ldapuri>")
	f.want(0, []string{"(Persons) Number of entries found on LDAP: 3"}, "--collect_only")
	t.Setenv("LDAPTLS_CACERT", "")
	f.want(1, []string{"FAILED (Can't contact LDAP server"}, "--collect_only")
	t.Setenv("LDAPTLS_REQCERT", "never")
	f.want(0, nil, "--collect_only")
	t.Setenv("LDAPTLS_REQCERT", "")
	f.params(directory(s) + "<ldapuri>" + s.LDAPS + "</ldapuri><ldap_tls_ca>" + s.CA.File + "</ldap_tls_ca>")
	f.want(0, nil, "--collect_only")
	f.params(directory(s) + "<ldap_tls_ca>" + s.CA.File + "</ldap_tls_ca><ldap_starttls>yes</ldap_starttls>")
	f.want(0, nil, "--collect_only")
}

func TestLDAPTest(t *testing.T) {
	t.Parallel()
	s := newOffice(t)
	f := newFolder(t)
	f.params(directory(s) + "<ldapuri>" + s.LDAPS + "</ldapuri><ldap_tls_ca>" + s.CA.File + "</ldap_tls_ca>")
	run := func(args ...string) (int, string) {
		var out bytes.Buffer
		code := collector.LDAPTest(t.Context(), collector.Environment{Folder: f.dir, Out: &out, Now: time.Now}, args)
		return code, stamp.ReplaceAllString(out.String(), "")
	}
	code, text := run("--max-records=1")
	for _, want := range []string{
		"List of the attributes to retrieve (taken from the mapping):\nuid,sn,givenname,mail,telephonenumber,mobile,title,employeenumber,memberof\n",
		"The LDAP query '(objectClass=person)' returned 3 elements.\nDisplaying only 1 elements (use --max-records=xx to change this limit).\n",
		"uid       : ann\nsn        : Archer\ngivenname : Ann\nmail      : ann@example.org\n            a.archer@example.org\n",
		"The server is OpenLDAP, holding dc=example,dc=org.", "Certificate 1: ", "Reading took ", "Mapped, but no entry has a value: iTop 'phone' from LDAP 'telephonenumber'.", "Not mapped, with the number of entries of 3 that have them: cn (3)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
	if code != 0 || strings.Contains(text, s.Password) {
		t.Errorf("exit code %d:\n%s", code, text)
	}
	if _, text := run("--attributes=cn,jpegPhoto"); !strings.Contains(text, "(taken from the command line):\ncn,jpegPhoto\n") || !strings.Contains(text, "bytes that are no text") {
		t.Errorf("got:\n%s", text)
	}
	f.params(directory(s) + "<ldappassword>falsch</ldappassword>")
	if code, text := run(); code != 255 || strings.Contains(text, "falsch") {
		t.Errorf("a wrong password: exit code %d:\n%s", code, text)
	}
}
