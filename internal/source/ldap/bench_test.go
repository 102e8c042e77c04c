package ldap_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source/ldap"
	"rollcall/test/lab"
)

// benchCompany streams n persons of ten attributes, and groups of 50 of them
// each, ten deep, with a cycle at every end.
func benchCompany(n int) io.Reader {
	const base = "dc=example,dc=org"
	r, pw := io.Pipe()
	go func() {
		w := bufio.NewWriterSize(pw, 1<<16)
		fmt.Fprintf(w, "dn: ou=people,%[1]s\nobjectClass: organizationalUnit\nou: people\n\ndn: ou=groups,%[1]s\nobjectClass: organizationalUnit\nou: groups\n\n", base)
		for i := range n {
			fmt.Fprintf(w, "dn: uid=u%06[1]d,ou=people,%[2]s\nobjectClass: inetOrgPerson\nuid: u%06[1]d\ncn: Given%[1]d Surname%[1]d\nsn: Surname%[1]d\ngivenName: Given%[1]d\n"+
				"mail: u%06[1]d@example.org\ntelephoneNumber: +33 1 23 %06[1]d\nmobile: +33 6 12 %06[1]d\ntitle: Engineer\nemployeeNumber: E%06[1]d\no: Example Organisation\n\n", i, base)
		}
		for g := range n / 50 {
			next := g + 1
			if g%10 == 9 {
				next = g - 9
			}
			fmt.Fprintf(w, "dn: cn=g%04[1]d,ou=groups,%[2]s\nobjectClass: groupOfNames\ncn: g%04[1]d\nmember: cn=g%04[3]d,ou=groups,%[2]s\n", g, base, next)
			for i := range 50 {
				fmt.Fprintf(w, "member: uid=u%06d,ou=people,%s\n", g*50+i, base)
			}
			fmt.Fprintln(w)
		}
		_ = w.Flush()
		_ = pw.Close()
	}()
	return r
}

// BenchmarkCollect reads all persons of a real slapd, without and with their
// groups, and the same by ldapsearch. BENCH_ENTRIES sets how many.
func BenchmarkCollect(b *testing.B) {
	n := 20_000
	if set, err := strconv.Atoi(os.Getenv("BENCH_ENTRIES")); err == nil {
		n = set
	}
	s := lab.Slapd(b, lab.SlapdConfig{Data: benchCompany(n)})
	ten := []string{"uid", "cn", "sn", "givenName", "mail", "telephoneNumber", "mobile", "title", "employeeNumber", "o"}
	cfg := ldap.Config{
		Directory: directory.Config{URLs: []string{s.LDAP}, Bind: directory.Bind{User: s.AdminDN, Password: rollcall.Secret(s.Password)}},
		Filter:    "(objectClass=inetOrgPerson)", Key: "entryUUID", Fields: ten,
	}
	collect := func(b *testing.B, cfg ldap.Config) {
		c, err := ldap.New(cfg)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			got := 0
			if _, err := c.Collect(b.Context(), func(*rollcall.Entry) error { got++; return nil }); err != nil || got != n {
				b.Fatal(got, err)
			}
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.Sys)/(1<<20), "MiB-sys")
	}
	search := func(b *testing.B, filter string, attrs ...string) {
		args := append([]string{"-x", "-LLL", "-H", s.LDAP, "-D", s.AdminDN, "-w", s.Password, "-E", "pr=1000/noprompt", "-b", s.BaseDN, filter}, attrs...)
		for b.Loop() {
			if err := exec.CommandContext(b.Context(), "ldapsearch", args...).Run(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("persons/ours", func(b *testing.B) { collect(b, cfg) })
	b.Run("persons/ldapsearch", func(b *testing.B) { search(b, cfg.Filter, append(ten, "entryUUID")...) })
	grouped := cfg
	grouped.Fields = append(ten[:9:9], "groups")
	b.Run("persons with groups/ours", func(b *testing.B) { collect(b, grouped) })
	b.Run("groups/ldapsearch", func(b *testing.B) { search(b, "(objectClass=groupOfNames)", "member") })
	b.Run("groups/ours", func(b *testing.B) {
		c, err := directory.Dial(b.Context(), cfg.Directory)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		for b.Loop() {
			if _, _, err := c.Membership(b.Context(), directory.Groups{Bases: []string{s.BaseDN}}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
