package directory_test

import (
	"testing"
	"time"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

func TestDirectory389(t *testing.T) {
	t.Parallel()
	s := lab.Directory389(t)
	s.Add("dn: uid=ann," + s.BaseDN + "\nobjectClass: inetOrgPerson\nuid: ann\ncn: Ann\nsn: A\n\n" +
		"dn: uid=bob," + s.BaseDN + "\nobjectClass: inetOrgPerson\nuid: bob\ncn: Bob\nsn: B\nnsAccountLock: true\n")
	c := dial(t, directory.Config{URLs: []string{s.URL()}, Bind: directory.Bind{User: s.AdminDN, Password: rollcall.Secret(s.Password)}})
	root, err := c.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if root.Kind != directory.Directory389 || root.Key != "nsUniqueId" || root.Base != s.BaseDN || !root.Paging {
		t.Errorf("got %+v", root)
	}
	states := map[string]directory.Account{}
	_, err = c.Search(t.Context(), directory.Search{Base: root.Base, Scope: directory.ScopeSubtree, Filter: directory.MustFilter("(&(uid=*)(sn=*))"), Attributes: append([]string{"uid", root.Key}, directory.AccountAttributes(root.Kind)...)}, func(e *directory.Entry) error {
		if len(e.First(root.Key)) != 35 {
			t.Errorf("%s: got key %q", e.DN, e.First(root.Key))
		}
		states[e.First("uid")] = directory.AccountOf(root.Kind, e.Get, time.Now())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if states["ann"] != (directory.Account{}) || states["bob"] != (directory.Account{Disabled: true}) {
		t.Errorf("got %+v", states)
	}
}
