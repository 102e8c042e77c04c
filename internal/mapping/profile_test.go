package mapping_test

import (
	"regexp"
	"strings"
	"testing"

	"rollcall/internal/mapping"
	"rollcall/internal/rollcall"
)

func TestProfilesFromGroups(t *testing.T) {
	t.Parallel()
	const plain = `(?i)^CN=itop-([^,]+),`
	tests := []struct {
		name    string
		pattern string
		groups  []string
		want    string
	}{
		{"none", plain, nil, "profileid->name:Portal user"},
		{"none that counts", plain, []string{"CN=Domain Users,DC=x"}, "profileid->name:Portal user"},
		{"sorted, without doubles", plain, []string{
			"CN=itop-Support Agent,OU=G,DC=x", "cn=iTop-Administrator,dc=x", "CN=itop-support agent,OU=H,DC=x",
		}, "profileid->name:Administrator|profileid->name:Support Agent"},
		{"under CN=Users", plain, []string{"CN=itop-Administrator,CN=Users,DC=x"}, "profileid->name:Administrator"},
		{"a greedy pattern stops at its part", `^CN=itop-(.*),OU=.*`, []string{
			"CN=itop-Support Agent,OU=Groups,OU=Sub,DC=x",
		}, "profileid->name:Support Agent"},
		{"blanks between the parts", `^CN=itop-(.*),OU=.*`, []string{"CN=itop-Support Agent , OU=Groups , DC=x"}, "profileid->name:Support Agent"},
		{"a comma in the name", plain, []string{`CN=itop-Smith\, John,OU=G`}, "profileid->name:Smith, John"},
		{"the same, as hex", `^CN=itop-(.*),OU=`, []string{`CN=itop-Smith\2C John,OU=G`}, "profileid->name:Smith, John"},
		{"a quoted value", plain, []string{`CN="itop-Smith, John",OU=G`}, "profileid->name:Smith, John"},
		{"accents as hex", plain, []string{`CN=itop-R\C3\A9seau,OU=G`}, "profileid->name:Réseau"},
		{"a later part is meant", `,OU=team-([^,]+)`, []string{"CN=a,OU=team-Blue,DC=x"}, "profileid->name:Blue"},
		{"separators are quoted", plain, []string{`CN=itop-a\;b'c:d,DC=x`}, "'profileid->name:a;b''c:d'"},
		{"a group that is no DN", `^itop-(.+)$`, []string{"itop-Administrator"}, "profileid->name:Administrator"},
		{"an empty name is none", `^CN=itop-([^,]*),`, []string{"CN=itop-,DC=x"}, "profileid->name:Portal user"},
		{"a group that took no part", `^CN=(?:itop-([^,]+)|x),`, []string{"CN=x,DC=x"}, "profileid->name:Portal user"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := compile(t, of(rollcall.TypeLinks, rollcall.AttributeRule{Profiles: &rollcall.ProfileRule{
				Pattern: regexp.MustCompile(tt.pattern), Default: []string{"Portal user"},
			}}))
			row := make(rollcall.Row, 1)
			if problems := m.Map(entry(map[string][]string{"groups": tt.groups}), row); len(problems) > 0 {
				t.Errorf("got problems %v, want none", problems)
			}
			if row[0] != set(tt.want) {
				t.Errorf("got %q, want %q", row[0].Text, tt.want)
			}
		})
	}
}

func TestAGroupThatIsNoTextIsAProblem(t *testing.T) {
	t.Parallel()
	rule := of(rollcall.TypeLinks, rollcall.AttributeRule{Profiles: &rollcall.ProfileRule{Pattern: regexp.MustCompile(`^CN=([^,]+)`)}})
	row := make(rollcall.Row, 1)
	got := compile(t, rule).Map(entry(map[string][]string{"groups": {"CN=a\xff,DC=x"}}), row)
	if len(got) != 1 || !strings.Contains(got[0].Reason, "not UTF-8") || got[0].Rule != "profiles ^CN=([^,]+)" || row[0].Set {
		t.Errorf("got %v and %v, want a problem that names the rule and an unset cell", got, row)
	}
}

func TestALinkSetUsesTheSeparatorsOfItsRule(t *testing.T) {
	t.Parallel()
	rule := of(rollcall.TypeLinks, rollcall.AttributeRule{
		ItemSeparator: "#", ValueSeparator: "=", Qualifier: "?",
		Profiles: &rollcall.ProfileRule{Pattern: regexp.MustCompile(`^CN=([^,]+)`)},
	})
	row := make(rollcall.Row, 1)
	problems := compile(t, rule).Map(entry(map[string][]string{"groups": {`CN=a|?\;b,DC=x`, "CN=c#d,DC=x", "CN=e|f,DC=x"}}), row)
	want := "?profileid->name=a|??;b?#?profileid->name=c#d?#profileid->name=e|f"
	if len(problems) > 0 || row[0].Text != want {
		t.Errorf("got %v and %q, want %q", problems, row[0].Text, want)
	}
}

func FuzzGroupDN(f *testing.F) {
	f.Add(`CN=itop-a\, b,OU=G`)
	f.Add(`CN="x,y" , OU=\`)
	f.Add(`\2c,\2,;`)
	rule := of(rollcall.TypeLinks, rollcall.AttributeRule{Profiles: &rollcall.ProfileRule{Pattern: regexp.MustCompile(`(?s)^CN=(.*)`)}})
	m, err := mapping.Compile(&rollcall.Source{Rules: rollcall.Rules{Attributes: []rollcall.AttributeRule{rule}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, dn string) {
		row := make(rollcall.Row, 1)
		problems := m.Map(entry(map[string][]string{"groups": {dn}}), row)
		if (len(problems) > 0) == row[0].Set {
			t.Errorf("%q: got %v and %v", dn, problems, row)
		}
	})
}

func BenchmarkMap(b *testing.B) {
	rules := []rollcall.AttributeRule{
		of(rollcall.TypeString, rollcall.AttributeRule{From: "sn"}),
		of(rollcall.TypeString, rollcall.AttributeRule{From: "givenName"}),
		of(rollcall.TypeEmail, rollcall.AttributeRule{From: "mail"}),
		of(rollcall.TypeString, rollcall.AttributeRule{From: "title", HasDefault: true}),
		of(rollcall.TypeEnum, rollcall.AttributeRule{Expr: `entry.disabled ? "inactive" : "active"`}),
		of(rollcall.TypeKey, rollcall.AttributeRule{Value: "Demo", HasValue: true, By: "name"}),
		of(rollcall.TypeKey, rollcall.AttributeRule{From: "manager", By: "dn"}),
		of(rollcall.TypePhone, rollcall.AttributeRule{From: "telephoneNumber"}),
		of(rollcall.TypePhone, rollcall.AttributeRule{From: "mobile"}),
		of(rollcall.TypeString, rollcall.AttributeRule{Expr: `entry.mail != "" ? lower(entry.mail) : lower(entry.givenName + "." + entry.sn)`}),
	}
	m := compile(b, rules...)
	e := entry(map[string][]string{
		"sn": {"Lovelace"}, "givenName": {"Ada"}, "mail": {"ada.lovelace@corp.example.com"}, "title": {"Countess"},
		"disabled": {"0"}, "manager": {"CN=Byron,OU=People,DC=corp,DC=example,DC=com"},
		"telephoneNumber": {"+44 20 7946 0000"}, "mobile": {"+44 7700 900000"},
	})
	row := make(rollcall.Row, len(rules))
	b.ReportAllocs()
	for b.Loop() {
		if problems := m.Map(e, row); problems != nil {
			b.Fatal(problems)
		}
	}
}
