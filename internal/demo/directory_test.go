package demo_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/demo"
	"rollcall/internal/rollcall"
)

// small returns a directory with a team of two below dc=x.
func small(t *testing.T) *demo.Directory {
	t.Helper()
	d, err := demo.NewDirectory("dc=x", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []struct {
		dn    string
		attrs []demo.Attribute
	}{
		{"dc=x", []demo.Attribute{demo.Attr("userPassword", "secret")}},
		{"ou=a,dc=x", nil},
		{"ou=b,dc=x", nil},
		{"uid=boss,ou=a,dc=x", []demo.Attribute{demo.Attr("sn", "Boss")}},
		{"uid=aide,ou=b,dc=x", []demo.Attribute{demo.Attr("manager", "uid=boss,ou=a,dc=x")}},
		{"cn=team,dc=x", []demo.Attribute{demo.Attr("member", "uid=boss,ou=a,dc=x", "uid=aide,ou=b,dc=x")}},
	} {
		if err := d.Add(e.dn, e.attrs...); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func TestReferencesFollowARenameOfAWholeBranch(t *testing.T) {
	t.Parallel()
	d := small(t)
	c := dial(t, serve(t, d))
	if err := c.Bind("dc=x", "secret"); err != nil {
		t.Fatal(err)
	}
	uuid := func() string {
		r, err := c.Search(request("dc=x", "(sn=Boss)", "entryUUID"))
		if err != nil {
			t.Fatal(err)
		}
		return r.Entries[0].GetAttributeValue("entryUUID")
	}
	before := uuid()
	if err := d.Rename("ou=a,dc=x", "ou=c,ou=b,dc=x"); err != nil {
		t.Fatal(err)
	}
	if err := d.Rename("uid=boss,ou=c,ou=b,dc=x", "uid=chief,ou=c,ou=b,dc=x"); err != nil {
		t.Fatal(err)
	}
	if got := uuid(); got != before {
		t.Errorf("entryUUID: got %s, want %s still", got, before)
	}
	r, err := c.Search(request("dc=x", "(|(manager=*)(member=*)(sn=Boss))", "manager", "member", "uid"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, e := range r.Entries {
		for _, a := range e.Attributes {
			got[e.DN+" "+a.Name] = a.Values
		}
	}
	want := map[string][]string{
		"uid=chief,ou=c,ou=b,dc=x uid": {"chief"},
		"uid=aide,ou=b,dc=x uid":       {"aide"},
		"uid=aide,ou=b,dc=x manager":   {"uid=chief,ou=c,ou=b,dc=x"},
		"cn=team,dc=x member":          {"uid=chief,ou=c,ou=b,dc=x", "uid=aide,ou=b,dc=x"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := d.Delete("uid=chief,ou=c,ou=b,dc=x"); err != nil {
		t.Fatal(err)
	}
	r, err = c.Search(request("dc=x", "(manager=*)", "1.1"))
	if err != nil || len(r.Entries) != 0 {
		t.Errorf("after the manager is deleted: got %v, %v, want nobody with a manager", r.Entries, err)
	}
}

func TestDirectoryRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	d := small(t)
	for name, test := range map[string]struct {
		err  error
		want rollcall.Kind
	}{
		"add twice":           {d.Add("OU=A,dc=x"), rollcall.Conflict},
		"add below nothing":   {d.Add("uid=q,ou=z,dc=x"), rollcall.NotFound},
		"add elsewhere":       {d.Add("uid=q,dc=y"), rollcall.Invalid},
		"add no DN":           {d.Add("q"), rollcall.Invalid},
		"delete a parent":     {d.Delete("ou=a,dc=x"), rollcall.Conflict},
		"delete nothing":      {d.Delete("ou=z,dc=x"), rollcall.NotFound},
		"set on nothing":      {d.Set("ou=z,dc=x", "sn", "q"), rollcall.NotFound},
		"value that is there": {d.AddValue("cn=team,dc=x", "member", "UID=boss, ou=a, dc=x"), rollcall.Conflict},
		"value that is not":   {d.RemoveValue("cn=team,dc=x", "member", "uid=q,dc=x"), rollcall.NotFound},
		"rename nothing":      {d.Rename("ou=z,dc=x", "ou=y,dc=x"), rollcall.NotFound},
		"rename onto another": {d.Rename("ou=a,dc=x", "ou=b,dc=x"), rollcall.Conflict},
		"rename below itself": {d.Rename("ou=a,dc=x", "ou=q,ou=a,dc=x"), rollcall.Conflict},
		"rename to nowhere":   {d.Rename("ou=a,dc=x", "ou=a,ou=z,dc=x"), rollcall.NotFound},
	} {
		if test.err == nil || rollcall.KindOf(test.err) != test.want {
			t.Errorf("%s: got %v, want an error of kind %s", name, test.err, test.want)
		}
	}
	if got := d.Len(); got != 6 {
		t.Errorf("got %d entries, want the 6 there were", got)
	}
}
