package migrate_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"rollcall/internal/migrate"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
)

func exo(t testing.TB, text string) *migrate.Draft {
	t.Helper()
	model, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	d, err := migrate.Exo("exo.properties", []byte("exo.ldap.type=ldap\n"+text), model)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// written returns the value of a setting, "" when there is none.
func written(list []migrate.Setting, key string) string {
	for _, s := range list {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// TestMembersByAnAttributeOfTheMember: where groups do not list their members in
// an attribute that is known, the members say it.
func TestMembersByAnAttributeOfTheMember(t *testing.T) {
	t.Parallel()
	const parent, child = "exo.ldap.groups.parentMembershipAttributeName=", "exo.ldap.groups.childMembershipAttributeName="
	for text, want := range map[string]string{
		"":                                      "",
		parent + "uniqueMember\n":               "",
		parent + "roleOccupant\n":               "",
		parent + "x\n" + child + "memberOf\n":   `"(memberOf=[#LDAPGroupDN#])"`,
		parent + "x\n" + child + "isMemberOf\n": `"(isMemberOf=[#LDAPGroupName#])"`,
		parent + "x\n" + child + "isMemberOf\nexo.ldap.groups.childMembershipAttributeDN=true\n": `"(isMemberOf=[#LDAPGroupDN#])"`,
	} {
		d := exo(t, "exo.ldap.groups.base.dn=ou=groups\n"+text)
		if got := written(d.Bindings[0].Settings, "members"); got != want {
			t.Errorf("%q: members are %q, want %q", text, got, want)
		}
	}
}

// TestRootGroupsThatAreNoPlaceAreRefused, as the configuration refuses them.
func TestRootGroupsThatAreNoPlaceAreRefused(t *testing.T) {
	t.Parallel()
	model, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	for path, ok := range map[string]bool{"/ldap-groups/*": true, "/a/b/": true, "/": false, "/*": false, "/a": false, "a/": false, "/a*/": false, "//": false} {
		_, err := migrate.Exo("exo.properties", []byte("exo.ldap.type=ldap\nexo.ldap.groups.rootGroup="+path+"\n"), model)
		if (err == nil) != ok {
			t.Errorf("%s: got %v", path, err)
		}
	}
}

// TestCreatioSaysWhatIsWrong of a value, with its line.
func TestCreatioSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	model, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	sample, err := os.ReadFile("../../test/e2e/testdata/creatio.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, says string }{
		{`"LDAPSynchInterval": 1`, `"LDAPSynchInterval": 0`, "line 3: LDAPSynchInterval is a number of hours"},
		{`"SERVER"`, `"dc1:ldap"`, "line 2: LDAPServer is a host, or host:port"},
		{`"LDAPUseSecureConnection": true`, `"LDAPUseSecureConnection": "maybe"`, "line 9: LDAPUseSecureConnection is true or false"},
		{`"displayValue": "Basic"`, `"displayValue": "Kerberos"`, ""},
		{`"LDAPServerLogin": "ADMIN_DN"`, `"LDAPServerLogin": ""`, "LDAPServerLogin (Administrator login) is missing"},
		{`"LDAPSynchInterval": 1,`, `"LDAPSynchInterval": 1`, "line 4: this is no JSON"},
	} {
		_, err := migrate.Creatio("creatio.json", []byte(strings.Replace(string(sample), c.old, c.new, 1)), model)
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: got %v, want %q", c.new, err, c.says)
		}
	}
}

// TestSignInFollowsTheSettings: both spellings of the refresh at sign-in, and no
// sign-in at all.
func TestSignInFollowsTheSettings(t *testing.T) {
	t.Parallel()
	const store = "exo.idm.externalStore."
	for text, want := range map[string][2]string{
		"":                             {"[main, local]", "true"},
		store + "update.onlogin=false": {"[main, local]", "false"},
		"exo.idm.update.onlogin=false": {"[main, local]", "false"},
		store + "authorizelogin=false": {"[local]", "true"},
		"exo.idm.update.onlogin=false\n" + store + "update.onlogin=true": {"[main, local]", "true"},
	} {
		d := exo(t, text)
		if got := [2]string{written(d.SignIn, "providers"), written(d.SignIn, "refresh")}; got != want {
			t.Errorf("%q: got providers and refresh %v, want %v", text, got, want)
		}
	}
}

// TestEverySettingIsAccountedFor once, in the order of the file, with what to do
// about those that are not known.
func TestEverySettingIsAccountedFor(t *testing.T) {
	t.Parallel()
	d := exo(t, "exo.ldap.url=ldap://a\nexo.ldap.urll=ldap://b\nfoo=1\nexo.ldap.url=ldap://c ldap://d\nexo.ldap.admin.writer.dn=x\n")
	var got []string
	for _, a := range d.Account {
		got = append(got, a.Name+" "+string(a.Fate))
	}
	want := "exo.ldap.type taken over,exo.ldap.url not needed,exo.ldap.urll unknown,foo unknown,exo.ldap.url taken over,exo.ldap.admin.writer.dn left out"
	if strings.Join(got, ",") != want {
		t.Errorf("got %s\nwant %s", strings.Join(got, ","), want)
	}
	if url := written(d.Directory, "url"); url != `["ldap://c", "ldap://d"]` {
		t.Errorf("got url %s", url)
	}
	if text := d.Account[2].Text; !strings.Contains(text, "did you mean exo.ldap.url?") {
		t.Errorf("got %q", text)
	}
}

// FuzzSettings converts settings of any kind: each value is YAML on one line, each
// setting is accounted for, and a mistake is told as one.
func FuzzSettings(f *testing.F) {
	samples, err := filepath.Glob("../../test/e2e/testdata/*")
	if err != nil || len(samples) == 0 {
		f.Fatalf("no samples: %v", err)
	}
	for _, sample := range samples {
		text, err := os.ReadFile(sample)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(strings.HasSuffix(sample, ".json"), text)
	}
	f.Add(false, []byte("exo.ldap.type=ad\nexo.ldap.users.attributes.custom.names=a b,1,\\u0000,name\nexo.ldap.admin.dn=x: [\\n- ${env:HOME}\n"))
	model, err := schema.Load()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, isJSON bool, text []byte) {
		convert := migrate.Exo
		if isJSON {
			convert = migrate.Creatio
		}
		d, err := convert("settings", text, model)
		if err != nil {
			if rollcall.KindOf(err) != rollcall.Invalid {
				t.Errorf("a mistake in the settings is of kind %s: %v", rollcall.KindOf(err), err)
			}
			return
		}
		lists := [][]migrate.Setting{d.Directory, d.SignIn}
		for _, s := range d.Sources {
			lists = append(lists, s.Settings, s.Attributes, s.Rules)
		}
		for _, s := range append(d.Bindings, d.Timetable...) {
			lists = append(lists, s.Settings)
		}
		for _, s := range d.Classes {
			lists = append(lists, s.Attributes)
		}
		for _, s := range slices.Concat(lists...) {
			var value any
			if strings.ContainsAny(s.Key+s.Value, "\n\r") {
				t.Errorf("%s: %q is more than a line", s.Key, s.Value)
			} else if err := yaml.Unmarshal([]byte(s.Value), &value); err != nil {
				t.Errorf("%s: %q is no YAML: %v", s.Key, s.Value, err)
			}
		}
		for _, a := range d.Account {
			if a.Line < 1 || a.Fate == "" || a.Text == "" {
				t.Errorf("not accounted for: %+v", a)
			}
		}
	})
}
