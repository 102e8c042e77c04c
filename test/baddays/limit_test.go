package baddays

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"rollcall/test/lab"
)

// account returns an account that may sign in, as LDIF.
func account(name, secret string) string {
	return fmt.Sprintf("dn: cn=%[1]s,%[2]s\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: %[1]s\nuserPassword: %[3]s\n\n", name, baseDN, secret)
}

func accountDN(name string) string { return "cn=" + name + "," + baseDN }

// TestLimitsOfTheServer reads as accounts that a server grants less than a whole
// read needs.
func TestLimitsOfTheServer(t *testing.T) {
	t.Parallel()
	const secret = "limited-access"
	limit := func(name, limits string) string { return fmt.Sprintf("dn.exact=%q %s", accountDN(name), limits) }
	s := lab.Slapd(t, lab.SlapdConfig{
		Data: io.MultiReader(company(120), strings.NewReader(
			account("free", secret)+account("small", secret)+account("unpaged", secret)+account("unindexed", secret))),
		Limits: []string{limit("small", "size=50"), limit("unpaged", "size.prtotal=disabled"), limit("unindexed", "size.unchecked=10")},
	})
	for _, c := range []struct {
		account string
		want    []string
	}{
		{"small", []string{"the read is not whole: it ended after 50 entries", "the server stopped at its size limit", "raise the limit for this user", "sizeLimitExceeded (4)"}},
		{"unindexed", []string{"the server stopped at an administrative limit", "index what the filter uses, or raise the limit for this user", "adminLimitExceeded (11)"}},
		{"unpaged", []string{"the server stopped at an administrative limit", "adminLimitExceeded (11): pagedResults control not allowed"}},
	} {
		t.Run(c.account, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, setting{URL: s.URL(), BindDN: accountDN("free")}, secret)
			o.sync()
			before := o.dump()
			o.reconfigure(func(s *setting) { s.BindDN = accountDN(c.account) })
			o.run("sync").ended(failed).says(append(c.want, `below "ou=people,dc=example,dc=org"`)...)
			o.unchanged(before)
			o.reconfigure(func(s *setting) { s.BindDN = accountDN("free") })
			o.sync().shows("persons: 120 read, 0 errors")
		})
	}
}

// TestTimeLimitOfTheServer has a server that may work for a second on a search,
// and a network that makes it take longer.
func TestTimeLimitOfTheServer(t *testing.T) {
	t.Parallel()
	const secret = "limited-access"
	photo := base64.StdEncoding.EncodeToString(make([]byte, 100_000))
	var staff strings.Builder
	for i := range 150 {
		staff.WriteString(strings.TrimSpace(person("people", i)) + "\njpegPhoto:: " + photo + "\n\n")
	}
	s := lab.Slapd(t, lab.SlapdConfig{
		Data:   strings.NewReader(unit("people") + staff.String() + account("free", secret) + account("slow", secret)),
		Limits: []string{fmt.Sprintf("dn.exact=%q time=1", accountDN("slow"))},
	})
	proxy := lab.Proxy(t, s.Addr)
	o := newOffice(t, setting{URL: proxy.URL(), BindDN: accountDN("free"), NoUsers: true, PageSize: 1000}, secret)
	o.sync().shows("persons: 150 read, 0 errors")
	before := o.dump()

	proxy.Set(lab.Fault{Delay: 6 * time.Millisecond}) // before each 32 KiB
	o.reconfigure(func(s *setting) { s.BindDN, s.Persons = accountDN("slow"), "picture: {from: jpegPhoto}" })
	o.run("sync").ended(failed).says("the read is not whole: it ended after", "the server spent its time limit on it",
		"ask for smaller pages", "timeLimitExceeded (3)")
	o.unchanged(before)

	proxy.Set(lab.Fault{})
	o.reconfigure(func(s *setting) { s.BindDN, s.Persons = accountDN("free"), "" })
	o.sync().shows("persons: 150 read, 0 errors")
}
