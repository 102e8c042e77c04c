package demo_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"rollcall/internal/demo"
)

const peopleFilter = "(objectClass=inetOrgPerson)"

func TestCompanyIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	read := func() map[string][]string {
		out := map[string][]string{}
		for _, e := range find(t, signIn(t, serve(t, demo.NewCompany())), "(objectClass=*)", "*", "entryUUID", "memberOf") {
			for _, a := range e.Attributes {
				out[e.DN+" "+a.Name] = a.Values
			}
		}
		return out
	}
	if diff := cmp.Diff(read(), read()); diff != "" {
		t.Errorf("two companies differ:\n%s", diff)
	}
}

func TestCompanyHoldsTogether(t *testing.T) {
	t.Parallel()
	c := signIn(t, serve(t, demo.NewCompany()))
	people := find(t, c, peopleFilter, "*", "memberOf")
	if len(people) != 201 {
		t.Errorf("got %d people, want 201", len(people))
	}
	known := map[string]bool{}
	for _, e := range find(t, c, "(objectClass=*)", "1.1") {
		known[e.DN] = true
	}
	for _, name := range []string{"uid", "mail", "employeeNumber", "cn"} {
		seen := map[string]string{}
		for _, p := range people {
			value := p.GetAttributeValue(name)
			if value == "" || seen[value] != "" {
				t.Errorf("%s %q of %s is empty or is that of %s too", name, value, p.DN, seen[value])
			}
			seen[value] = p.DN
		}
	}
	for _, p := range people {
		if mail := p.GetAttributeValue("mail"); strings.ContainsFunc(mail, func(r rune) bool { return r > 0x7e || r <= ' ' }) {
			t.Errorf("mail %q is not ASCII", mail)
		}
		if len(p.GetAttributeValues("memberOf")) < 2 {
			t.Errorf("%s is in no department or city", p.DN)
		}
	}
	for _, g := range find(t, c, "(objectClass=groupOfNames)", "member") {
		members := g.GetAttributeValues("member")
		if len(members) == 0 {
			t.Errorf("%s is empty", g.DN)
		}
		for _, m := range members {
			if !known[m] {
				t.Errorf("%s has the member %s, who does not exist", g.DN, m)
			}
		}
	}
	if got := len(find(t, c, "(pwdAccountLockedTime=*)", "1.1")); got < 3 {
		t.Errorf("got %d accounts switched off, want a few", got)
	}
}

func TestCompanyHasOneTreeOfManagers(t *testing.T) {
	t.Parallel()
	c := signIn(t, serve(t, demo.NewCompany()))
	above := map[string]string{}
	for _, p := range find(t, c, peopleFilter, "manager") {
		above[p.DN] = p.GetAttributeValue("manager")
	}
	tops, deepest := 0, 0
	for dn := range above {
		depth := 0
		for up := above[dn]; up != ""; up = above[up] {
			if depth++; depth > 10 {
				t.Fatalf("%s: the managers form a loop", dn)
			}
		}
		if depth == 0 {
			tops++
		}
		deepest = max(deepest, depth)
	}
	if tops != 1 || deepest != 3 {
		t.Errorf("got %d people without a manager and %d levels, want 1 and 3", tops, deepest)
	}
}

func TestProfileGroupsReachPeopleThroughGroups(t *testing.T) {
	t.Parallel()
	c := signIn(t, serve(t, demo.NewCompany()))
	for _, profile := range []string{"Administrator", "Configuration Manager", "Service Desk Agent", "Service Manager"} {
		group := one(t, c, "(cn=itop-"+profile+")", "1.1").DN
		direct := find(t, c, "(&"+peopleFilter+"(memberOf="+group+"))", "1.1")
		nested := find(t, c, "(&"+peopleFilter+"(memberOf:1.2.840.113556.1.4.1941:="+group+"))", "1.1")
		if len(direct) != 0 || len(nested) == 0 {
			t.Errorf("%s: got %d direct and %d nested members, want none and some", profile, len(direct), len(nested))
		}
	}
}

func TestDayChangesWhatItTells(t *testing.T) {
	t.Parallel()
	d := demo.NewCompany()
	c := signIn(t, serve(t, d))
	read := func() map[string]*ldap.Entry {
		byID := map[string]*ldap.Entry{}
		for _, p := range find(t, c, peopleFilter, "*", "entryUUID", "memberOf", "pwdAccountLockedTime") {
			byID[p.GetAttributeValue("entryUUID")] = p
		}
		return byID
	}
	before := read()
	lines, err := demo.Day(d)
	if err != nil {
		t.Fatal(err)
	}
	after := read()

	var got []string
	for id, p := range after {
		old := before[id]
		if old == nil {
			got = append(got, "hired "+p.GetAttributeValue("cn"))
			continue
		}
		var changed []string
		if old.DN != p.DN {
			changed = append(changed, "dn")
		}
		for _, name := range []string{"uid", "cn", "sn", "mail", "l", "telephoneNumber", "title", "manager", "memberOf", "pwdAccountLockedTime"} {
			if !slices.Equal(old.GetAttributeValues(name), p.GetAttributeValues(name)) {
				changed = append(changed, name)
			}
		}
		if len(changed) > 0 {
			got = append(got, old.GetAttributeValue("cn")+": "+strings.Join(changed, " "))
		}
	}
	for id, p := range before {
		if after[id] == nil {
			got = append(got, "gone "+p.GetAttributeValue("cn"))
		}
	}
	slices.Sort(got)
	want := []string{
		"Bartłomiej Wójcik: dn uid",
		"Benoît Bérard: memberOf",
		"Björn Schäfer: dn l telephoneNumber",
		"François Étienne: cn sn mail",
		"Marlene Öztürk: memberOf",
		"Máire Brennan: pwdAccountLockedTime",
		"gone Pádraig Fitzgerald",
		"hired Signe Nørgaard",
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the day's changes (-want +got):\n%s", diff)
	}
	story := strings.Join(lines, "\n")
	for _, line := range want {
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(line, "gone "), "hired "), ":")
		if !strings.Contains(story, name) {
			t.Errorf("the story does not tell of %s:\n%s", name, story)
		}
	}
	if _, err := demo.Day(d); err == nil {
		t.Error("the day was played twice")
	}
}
