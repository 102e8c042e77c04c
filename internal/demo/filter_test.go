package demo_test

import (
	"strings"
	"testing"
	"time"

	"rollcall/internal/demo"
)

// TestFilters compares filters with what RFC 4511 and RFC 4517 say they find in
// a directory of four entries below the base.
func TestFilters(t *testing.T) {
	t.Parallel()
	d, err := demo.NewDirectory("dc=x", func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) })
	if err != nil {
		t.Fatal(err)
	}
	add := func(dn string, attrs ...demo.Attribute) {
		t.Helper()
		if err := d.Add(dn, attrs...); err != nil {
			t.Fatal(err)
		}
	}
	add("dc=x", demo.Attr("userPassword", "secret"))
	add("ou=up,dc=x")
	add("uid=a,ou=up,dc=x", demo.Attr("cn", "Ärger  Anna"), demo.Attr("uidNumber", "9"), demo.Attr("telephoneNumber", "+49 30-1"),
		demo.Attr("manager", "UID=b, DC=x"))
	add("uid=b,dc=x", demo.Attr("cn", "Berta (b*)"), demo.Attr("uidNumber", "12"), demo.Attr("manager", "uid=a,ou=up,dc=x"))
	add("cn=g,dc=x", demo.Attr("member", "uid=a,ou=up,dc=x", "cn=h,dc=x"))
	add("cn=h,dc=x", demo.Attr("member", "uid=b,dc=x", "cn=g,dc=x"))
	c := dial(t, serve(t, d))
	if err := c.Bind("dc=x", "secret"); err != nil {
		t.Fatal(err)
	}
	for filter, want := range map[string]string{
		"(uid=A)":                                "a",
		"(cn=ärger anna)":                        "a",
		"(cn= ÄRGER ANNA )":                      "a",
		"(cn=Arger Anna)":                        "",
		"(cn~=ärger anna)":                       "a",
		"(cn=Ä*)":                                "a",
		"(cn=*na)":                               "a",
		"(cn=ä*r*a)":                             "a",
		"(cn=*a*a*a*a*)":                         "",
		`(cn=berta \28b\2a\29)`:                  "b",
		"(cn=ber*ta*)":                           "b",
		"(cn=bertab*)":                           "",
		"(uidNumber>=10)":                        "b",
		"(uidNumber<=9)":                         "a",
		"(telephoneNumber=+49301)":               "a",
		"(uidNumber=*)":                          "a b",
		"(!(uidNumber=9))":                       "x up b g h",
		"(!(sAMAccountName=x))":                  "", // undefined, and so is its negation
		"(|(sAMAccountName=x)(uid=a))":           "a",
		"(&(uid=*)(!(uid=a)))":                   "b",
		"(&)":                                    "x up a b g h",
		"(|)":                                    "",
		"(manager=uid=b,dc=x)":                   "a",
		"(manager=uid=*)":                        "",
		"(uidNumber:1.2.840.113556.1.4.803:=8)":  "a b",
		"(uidNumber:1.2.840.113556.1.4.803:=12)": "b",
		"(uidNumber:1.2.840.113556.1.4.804:=3)":  "a",
		"(uidNumber:1.2.840.113556.1.4.803:=x)":  "",
		"(memberOf=cn=h,dc=x)":                   "b g",
		"(memberOf:1.2.840.113556.1.4.1941:=cn=g,dc=x)":       "a b g h",
		"(member:1.2.840.113556.1.4.1941:=uid=b,dc=x)":        "g h",
		"(manager:1.2.840.113556.1.4.1941:=uid=a,ou=up,dc=x)": "a b",
		"(uid:1.2.840.113556.1.4.1941:=a)":                    "",
		"(ou:dn:=up)":                                         "up a",
		"(ou:=up)":                                            "up",
		"(cn:caseIgnoreMatch:=G)":                             "g",
		"(userPassword=secret)":                               "",
		"(userPassword=*)":                                    "",
		"(modifyTimestamp>=20260301120000Z)":                  "x up a b g h",
		"(modifyTimestamp>=20260301120001Z)":                  "",
		"(hasSubordinates=TRUE)":                              "x up",
	} {
		result, err := c.Search(request("dc=x", filter, "1.1"))
		if err != nil {
			t.Errorf("%s: %v", filter, err)
			continue
		}
		var got []string
		for _, e := range result.Entries {
			first, _, _ := strings.Cut(e.DN, ",")
			_, value, _ := strings.Cut(first, "=")
			got = append(got, value)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q", filter, got, want)
		}
	}
}
