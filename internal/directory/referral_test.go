package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

func TestReferrals(t *testing.T) {
	t.Parallel()
	far := lab.Slapd(t, lab.SlapdConfig{Data: strings.NewReader("dn: ou=far,dc=example,dc=org\nobjectClass: organizationalUnit\nou: far\n\ndn: uid=zoe,ou=far,dc=example,dc=org\nobjectClass: account\nuid: zoe\n")})
	near := lab.Slapd(t, lab.SlapdConfig{Data: strings.NewReader(fmt.Sprintf(
		"dn: uid=ann,dc=example,dc=org\nobjectClass: account\nuid: ann\n\ndn: ou=far,dc=example,dc=org\nobjectClass: referral\nobjectClass: extensibleObject\nou: far\nref: ldap://127.0.0.1:1/ou=far,dc=example,dc=org\nref: %[1]s/ou=far,dc=example,dc=org\n\n"+
			"dn: ou=dead,dc=example,dc=org\nobjectClass: referral\nobjectClass: extensibleObject\nou: dead\nref: %[1]s/ou=nowhere,dc=example,dc=org\n", far.LDAP))})
	cfg := slapdConfig(near)
	cfg.Bind = directory.Bind{}
	read := func(cfg directory.Config, base, filter string) ([]string, directory.Result, error) {
		var uids []string
		r, err := dial(t, cfg).Search(t.Context(), directory.Search{Base: base, Scope: directory.ScopeSubtree, Filter: directory.MustFilter(filter), Attributes: []string{"uid"}}, func(e *directory.Entry) error {
			uids = append(uids, e.First("uid"))
			return nil
		})
		return uids, r, err
	}
	follow := cfg
	follow.Referrals = directory.FollowReferrals

	uids, r, err := read(cfg, near.BaseDN, "(uid=*)")
	if err != nil || !slices.Equal(uids, []string{"ann"}) || r.References != 2 || len(r.ReferenceURLs) != 2 {
		t.Errorf("reported: got %q, %+v, %v", uids, r, err)
	}
	if _, _, err := read(cfg, "uid=zoe,ou=far,"+near.BaseDN, "(uid=*)"); rollcall.KindOf(err) != rollcall.Invalid || !strings.Contains(err.Error(), "lives on another server: ldap://") {
		t.Errorf("a base elsewhere: got %v", err)
	}
	if uids, _, err := read(follow, "uid=zoe,ou=far,"+near.BaseDN, "(uid=*)"); err != nil || !slices.Equal(uids, []string{"zoe"}) {
		t.Errorf("a base elsewhere, followed: got %q, %v", uids, err)
	}
	if _, _, err := read(follow, near.BaseDN, "(uid=*)"); err == nil || !strings.Contains(err.Error(), "follow the referral to") || !strings.Contains(err.Error(), "noSuchObject") {
		t.Errorf("a part that cannot be read: got %v", err)
	}
	near.Modify("dn: ou=dead,dc=example,dc=org\ncontrol: 2.16.840.1.113730.3.4.2 true\nchangetype: delete\n")
	if uids, r, err := read(follow, near.BaseDN, "(uid=*)"); err != nil || !slices.Equal(uids, []string{"ann", "zoe"}) || r.Entries != 2 {
		t.Errorf("followed: got %q, %+v, %v", uids, r, err)
	}
}
