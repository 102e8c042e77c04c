package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"rollcall/test/lab"
)

func generate(t *testing.T, c company) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSameFlagsGiveTheSameBytes(t *testing.T) {
	t.Parallel()
	c := company{persons: 200, groups: 20, depth: 10, seed: 7, base: "dc=example,dc=org", operational: true}
	first, second := generate(t, c), generate(t, c)
	if first != second {
		t.Error("two runs differ")
	}
	c.seed = 8
	if generate(t, c) == first {
		t.Error("another seed gives the same")
	}
	c.seed, c.persons = 7, 400
	last := "uid=u0000199,"
	entry := func(ldif string) string {
		_, rest, _ := strings.Cut(ldif, "dn: "+last)
		text, _, _ := strings.Cut(rest, "\n\n")
		return text
	}
	if a, b := entry(first), entry(generate(t, c)); a == "" || a != b {
		t.Errorf("a person depends on how many others there are: got %q, want %q", b, a)
	}
}

func TestPersonsHaveTenAttributesOfTheSizeThatWasMeasured(t *testing.T) {
	t.Parallel()
	const persons = 5000
	c := company{persons: persons, depth: 1, seed: 1, base: "dc=example,dc=org"}
	size, values := 0, 0
	for line := range strings.Lines(generate(t, c)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		if name == "" || name == "dn" || name == "objectClass" || name == "ou" {
			continue
		}
		if coded, ok := strings.CutPrefix(value, ": "); ok {
			plain, err := base64.StdEncoding.DecodeString(coded)
			if err != nil {
				t.Fatal(err)
			}
			value = " " + string(plain)
		}
		values, size = values+1, size+len(value)-1
	}
	if values != 10*persons {
		t.Errorf("got %d values, want %d", values, 10*persons)
	}
	if mean := size / persons; mean < 134 || mean > 154 {
		t.Errorf("got %d bytes a person, want about 144", mean)
	}
}

func TestSlapdTakesTheDirectoryAndItsChanges(t *testing.T) {
	t.Parallel()
	c := company{persons: 300, groups: 25, depth: 10, profiles: []string{"Portal user", "Support Agent"}, seed: 1, base: "dc=example,dc=org", operational: true}
	s := lab.Slapd(t, lab.SlapdConfig{Data: strings.NewReader(generate(t, c))})
	for filter, want := range map[string]int{
		"(objectClass=inetOrgPerson)":                                  300,
		"(objectClass=groupOfNames)":                                   27,
		"(memberOf=cn=itop-Portal user,ou=groups,dc=example,dc=org)":   2,  // the first chain and the third
		"(memberOf=cn=itop-Support Agent,ou=groups,dc=example,dc=org)": 1,  // the second
		"(memberOf=cn=g00003,ou=groups,dc=example,dc=org)":             13, // 12 persons and the next group
		"(member=cn=g00000,ou=groups,dc=example,dc=org)":               2,  // the cycle and the profile
	} {
		if got := strings.Count(s.Search(filter, "1.1"), "dn: "); got != want {
			t.Errorf("%s: got %d entries, want %d", filter, got, want)
		}
	}
	var changes bytes.Buffer
	if err := c.writeChanges(&changes, 3); err != nil {
		t.Fatal(err)
	}
	s.Modify(changes.String())
	for i, uid := range []string{"u0000000", "u0000100", "u0000200"} {
		want := fmt.Sprintf("title: Title number %d of round 0", i)
		if got := s.Search("(uid="+uid+")", "title"); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q in it", uid, got, want)
		}
	}
}
