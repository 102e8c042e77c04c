package config_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rollcall/internal/config"
	"rollcall/internal/rollcall"
)

func rulesOf(t testing.TB, text string) rollcall.Rules {
	t.Helper()
	c := parse(t, text)
	rules, err := c.Rules(model(t), &c.Sources[0])
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]time.Duration{
		"90m": 90 * time.Minute, "12h": 12 * time.Hour, "7d": 168 * time.Hour, "2w": 336 * time.Hour,
		"1d12h": 36 * time.Hour, "0": 0, "30s": 30 * time.Second, "250ms": 250 * time.Millisecond,
	} {
		rules := rulesOf(t, whole(persons+"    gone: {then: delete, after: "+written+"}\n"))
		if rules.Gone.After != want {
			t.Errorf("%s: got %v, want %v", written, rules.Gone.After, want)
		}
	}
	for _, written := range []string{"7", "-1d", "1.5h", "7 d", "d", "1y", "99999999999999w", "40000d", "''"} {
		if _, err := config.Parse("r.yaml", []byte(whole(persons+"    gone: {then: delete, after: "+written+"}\n")), env); err == nil {
			t.Errorf("%s: got no error", written)
		}
	}
}

func TestPageSizes(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]int{"500": 500, "-1": -1} {
		c := parse(t, "directories: {corp: {url: ldaps://x, page_size: "+written+"}}")
		if got := c.Directories["corp"].PageSize; got != want {
			t.Errorf("%s: got %d, want %d", written, got, want)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]rollcall.Limit{
		"5%": {Percent: 5, IsSet: true}, "0.5%": {Percent: .5, IsSet: true}, "100": {Count: 100, IsSet: true},
		"0": {IsSet: true}, "0%": {IsSet: true}, "none": {},
	} {
		rules := rulesOf(t, whole(persons+"    limits: {gone: "+written+"}\n"))
		if rules.Limits.Gone != want {
			t.Errorf("%s: got %+v, want %+v", written, rules.Limits.Gone, want)
		}
	}
	for _, written := range []string{"101%", "-1", "-1%", "five", "NaN%", "[1]"} {
		if _, err := config.Parse("r.yaml", []byte(whole(persons+"    limits: {gone: "+written+"}\n")), env); err == nil {
			t.Errorf("%s: got no error", written)
		}
	}
}

func TestGoneSaysWhatItMeans(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]rollcall.Deprovision{
		"{then: ignore}": rollcall.GoneIgnore, "{then: delete}": rollcall.GoneDelete,
		"{set: {status: inactive}}":                                                        rollcall.GoneUpdate,
		"{then: update, set: {status: inactive}}":                                          rollcall.GoneUpdate,
		"{then: update, set: {status: inactive}, delete_after: 1d}":                        rollcall.GoneUpdateThenDelete,
		"{then: update_then_delete, set: {status: inactive, phone: ''}, delete_after: 1d}": rollcall.GoneUpdateThenDelete,
	} {
		rules := rulesOf(t, whole(persons+"    gone: "+written+"\n"))
		if rules.Gone.Then != want || rules.Gone.After != config.DefaultGoneAfter {
			t.Errorf("%s: got %+v, want %s after a week", written, rules.Gone, want)
		}
	}
}

func TestLookupTablesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	for _, written := range []string{
		`{'^Dr': Doctor, '^D': Someone, '.*': "$0?"}`,
		`[{match: '^Dr', to: Doctor}, {match: '^D', to: Someone}, {match: '.*', to: "$0?"}]`,
	} {
		rules := rulesOf(t, whole(persons+"      function: {from: title, on_miss: error, lookup: "+written+"}\n"))
		rule := rules.Attributes[len(rules.Attributes)-1]
		var got []string
		for _, l := range rule.Lookup {
			got = append(got, l.Pattern.String()+" "+l.To)
		}
		if diff := cmp.Diff([]string{"^Dr Doctor", "^D Someone", ".* $0?"}, got); diff != "" || rule.OnMiss != "error" {
			t.Errorf("lookup (-want +got):\n%s", diff)
		}
	}
}

func TestAttributesTakeTheirOwnWordOverTheSections(t *testing.T) {
	t.Parallel()
	rules := rulesOf(t, whole(`  persons:
    class: Person
    directory: corp
    key: entryUUID
    attributes:
      name: {from: sn, reconcile: true}
      first_name: givenName
      employee_number: {from: employeeNumber, reconcile: true, update: false}
      phone: {from: telephoneNumber, update: if_empty, all: true}
      email: {from: mail, all: true, separator: ";"}
      org_id: {value: Demo, by: name}
      team_list: {from: teams, all: true, separators: {item: "#"}}
    update: {default: unlocked, name: locked, phone: locked}
`))
	got := map[string]string{}
	for _, a := range rules.Attributes {
		got[a.Attribute.Code] = fmt.Sprintf("%v %s %q %q", a.Update, a.Policy, a.Separator, a.ItemSeparator)
	}
	want := map[string]string{
		"name":            `true master_locked "" ""`,
		"first_name":      `true master_unlocked "" ""`,
		"employee_number": `false master_unlocked "" ""`,
		"phone":           `true write_if_empty ", " ""`,
		"email":           `true master_unlocked ";" ""`,
		"org_id":          `true master_unlocked "" ""`,
		"team_list":       `true master_unlocked "#" "#"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}

func TestMembersOfASetOfLinksAreFoundByName(t *testing.T) {
	t.Parallel()
	rules := rulesOf(t, whole(persons+"      team_list: {from: ou, by: name}\n"))
	rule := rules.Attributes[len(rules.Attributes)-1]
	if rule.By != "name" || !rule.All || rule.Separator != "\n" {
		t.Errorf("got %+v, want every value to be one member", rule)
	}
}

func TestASourceNeedNotCreate(t *testing.T) {
	t.Parallel()
	rules := rulesOf(t, whole(`  phones:
    class: Contact
    directory: corp
    key: entryUUID
    join: id
    attributes: {phone: telephoneNumber}
    on: {none: error}
`))
	if !rules.JoinByID || rules.OnNone != rollcall.ActError {
		t.Errorf("got %+v", rules)
	}
}

func TestAliasesAndMergesUnfold(t *testing.T) {
	t.Parallel()
	c := parse(t, `
directories:
  one: &one {url: [ldaps://a, 'ldaps://b'], base: DC=x, timeouts: {idle: 5s}}
  two: {<<: *one, base: [DC=y, DC=z]}
  three: *one
sources: {}
`)
	two := c.Directories["two"]
	if !cmp.Equal(two.URLs, []string{"ldaps://a", "ldaps://b"}) || !cmp.Equal(two.Base, []string{"DC=y", "DC=z"}) || two.Timeouts.Idle != 5*time.Second {
		t.Errorf("got %+v", two)
	}
	if three := c.Directories["three"]; three.Name != "three" || !cmp.Equal(three.Base, []string{"DC=x"}) {
		t.Errorf("got %+v", three)
	}
}

func TestAliasesThatExplodeAreRefused(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), i-1)
	}
	_, err := config.Parse("r.yaml", []byte(b.String()), env)
	if err == nil || !strings.Contains(err.Error(), "unfolds to too much") {
		t.Errorf("got %v", err)
	}
}

func TestScalarsKeepWhatWasWritten(t *testing.T) {
	t.Parallel()
	rules := rulesOf(t, whole(persons+"      employee_number: {value: 010}\n      function: {value: yes}\n"))
	var got []string
	for _, a := range rules.Attributes[3:] {
		got = append(got, a.Value)
	}
	if diff := cmp.Diff([]string{"010", "yes"}, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func TestOtherKindsOfSourceDecodeTheirOwnSection(t *testing.T) {
	t.Parallel()
	c := parse(t, `
sources:
  staff:
    class: Person
    csv: {file: staff.csv, separator: ";"}
    key: id
    attributes: {name: {from: last, reconcile: true}, first_name: first, org_id: {value: Demo, by: name}}
`)
	s := c.Source("staff")
	var got struct{ File, Separator string }
	if err := s.Section.Decode(&got); err != nil || got.File != "staff.csv" || got.Separator != ";" {
		t.Errorf("got %+v, %v", got, err)
	}
	var narrow struct{ File string }
	if err := s.Section.Decode(&narrow); rollcall.KindOf(err) != rollcall.Invalid {
		t.Errorf("got %v, want an unknown key to be refused", err)
	}
	if s.Kind != config.KindCSV || s.ScopeText() != "csv of file staff.csv, key id" || c.Source("nobody") != nil {
		t.Errorf("got %+v", s)
	}
}

func TestTheCollectorsPatternIsRead(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		`/^CN=itop-([^,]+),/i`:   `(?i)^CN=itop-([^,]+),`,
		`/^CN=a\/(.*),OU=.*/`:    `(?i)^CN=a/(.*),OU=.*`,
		`/^CN=(.*)/ms`:           `(?ims)^CN=(.*)`,
		`^CN=(?-i:itop)-([^,]+)`: `(?i)^CN=(?-i:itop)-([^,]+)`,
	} {
		rules := rulesOf(t, whole(`  users:
    class: UserLDAP
    directory: corp
    key: entryUUID
    attributes: {login: {from: uid, reconcile: true}}
    profiles: {pattern: '`+written+"', default: [Portal user, Administrator]}\n"))
		p := rules.Attributes[1].Profiles
		if p.Pattern.String() != want || len(p.Default) != 2 {
			t.Errorf("%s: got %+v, want %s", written, p, want)
		}
	}
}

func TestTheFingerprintFollowsWhatDecidesARow(t *testing.T) {
	t.Parallel()
	base := rulesOf(t, whole(persons)).Fingerprint
	same := []string{
		strings.Replace(persons, "first_name: givenName", "first_name: {from: givenName, blank: clear}", 1),
		persons + "    limits: {gone: 1%}\n    gone: {then: delete}\n    description: d\n    filter: (a=b)\n",
		strings.Replace(persons, "      name: {from: sn, reconcile: true}\n      first_name: givenName\n",
			"      first_name: {from: givenName}\n      name: {reconcile: true, from: sn}\n", 1),
	}
	for _, text := range same {
		if rulesOf(t, whole(text)).Fingerprint != base {
			t.Errorf("the fingerprint changed with\n%s", text)
		}
	}
	seen := map[rollcall.Hash]string{base: persons}
	for _, text := range []string{
		strings.Replace(persons, "from: sn", "from: cn", 1),
		strings.Replace(persons, "Demo", "Other", 1),
		strings.Replace(persons, "by: name", "by: code", 1),
		strings.Replace(persons, "first_name: givenName", "first_name: {from: givenName, default: ''}", 1),
		strings.Replace(persons, "first_name: givenName", "first_name: {from: givenName, default: givenName}", 1),
		strings.Replace(persons, "first_name: givenName", "first_name: {value: givenName}", 1),
		strings.Replace(persons, "first_name: givenName", "first_name: {expr: entry.givenName}", 1),
		strings.Replace(persons, "first_name: givenName", "first_name: {from: givenName, lookup: {a: b}}", 1),
		strings.Replace(persons, "first_name: givenName", "first_name: {from: givenName, lookup: {a: c}}", 1),
		strings.Replace(persons, "first_name: givenName", "first_name: {from: givenName, reconcile: true}", 1),
		persons + "      phone: mobile\n",
		persons + "    update: {name: unlocked}\n",
		persons + "    blank: keep\n",
		strings.Replace(persons, "first_name: givenName", "first_name: {from: givenName, required: true}", 1),
		strings.Replace(persons, "first_name: givenName", "first_name: {from: givenName, blank: keep}", 1),
	} {
		f := rulesOf(t, whole(text)).Fingerprint
		if other, ok := seen[f]; ok {
			t.Errorf("the same fingerprint for\n%s\nand\n%s", other, text)
		}
		seen[f] = text
	}
}

// Whatever one key of the example is changed to, parsing ends with a
// configuration or with problems that have a place.
func TestEveryProblemHasAPlace(t *testing.T) {
	t.Parallel()
	m := model(t)
	lines := strings.Split(whole(persons+"    gone: {after: 7d, then: delete}\n    limits: {gone: 5%}\n"), "\n")
	junk := []string{"[]", "{}", "", "~", "[a, b]", "{a: b}", "5", "true", "''", "\"\\0\"", "*x", "&x 1", "!!int a", "- a", "|"}
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, len(lines)-2).Draw(t, "line")
		key, _, _ := strings.Cut(lines[i], ":")
		changed := append([]string(nil), lines...)
		changed[i] = key + ": " + rapid.SampledFrom(junk).Draw(t, "junk")
		c, err := config.Parse("r.yaml", []byte(strings.Join(changed, "\n")), env)
		if err == nil {
			_, err = c.Resolve(m)
		}
		if err == nil {
			return
		}
		problems := config.Problems(err)
		if len(problems) == 0 {
			t.Fatalf("got %v, without a problem", err)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Line > len(lines)+1 || p.Column < 1 {
				t.Fatalf("got %+v", p)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole(persons)))
	f.Add([]byte("a: &x {<<: *x}\n"))
	f.Add([]byte("store: ${env:X}\n"))
	f.Add([]byte("- a\n---\n? b\n: !!binary c"))
	m := model(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := config.Parse("r.yaml", text, env)
		if err == nil {
			_, err = c.Resolve(m)
		}
		if err != nil && (len(config.Problems(err)) == 0 || err.Error() == "") {
			t.Errorf("got %v, without a problem", err)
		}
	})
}
