package directory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

// TestSearch runs against one slapd with 5,300 persons: six pages.
func TestSearch(t *testing.T) {
	t.Parallel()
	const n = 5300
	s := lab.Slapd(t, lab.SlapdConfig{Data: people("dc=example,dc=org", n), Limits: []string{`dn.exact="cn=reader,dc=example,dc=org" size.soft=100 size.hard=2000 size.pr=unlimited size.prtotal=2000`}})
	persons := directory.Search{Base: "ou=people," + s.BaseDN, Scope: directory.ScopeSubtree, Filter: directory.MustFilter("(objectClass=inetOrgPerson)"), Attributes: tenAttributes}
	count := func(c *directory.Conn, search directory.Search) (directory.Result, error) {
		return c.Search(t.Context(), search, func(*directory.Entry) error { return nil })
	}

	t.Run("all pages arrive and equal what go-ldap reads", func(t *testing.T) {
		t.Parallel()
		var got []string
		r, err := dial(t, slapdConfig(s)).Search(t.Context(), persons, func(e *directory.Entry) error {
			got = append(got, fmt.Sprintf("%s %q", e.DN, e.Values))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Entries != n || r.Pages != 6 || len(got) != n {
			t.Errorf("got %d entries in %d pages, want %d in 6", r.Entries, r.Pages, n)
		}
		if want := readByGoLDAP(t, s); !slices.Equal(got, want) {
			t.Error(cmp.Diff(want, got))
		}
	})
	t.Run("without paging too", func(t *testing.T) {
		t.Parallel()
		unpaged := persons
		unpaged.Unpaged = true
		if r, err := count(dial(t, slapdConfig(s)), unpaged); err != nil || r.Entries != n || r.Pages != 1 {
			t.Errorf("got %+v, %v", r, err)
		}
	})
	t.Run("a callback that stops leaves a connection that works", func(t *testing.T) {
		t.Parallel()
		c := dial(t, slapdConfig(s))
		for _, after := range []int{0, 1, 999, 1500} {
			seen := 0
			_, err := c.Search(t.Context(), persons, func(*directory.Entry) error {
				if seen == after {
					return directory.ErrStop
				}
				seen++
				return nil
			})
			if !errors.Is(err, directory.ErrStop) {
				t.Fatalf("after %d: got %v, want ErrStop", after, err)
			}
			if r, err := count(c, persons); err != nil || r.Entries != n {
				t.Fatalf("after %d: got %+v, %v, want %d entries", after, r, err, n)
			}
		}
	})
	t.Run("an ended context ends the read at once, with an error", func(t *testing.T) {
		t.Parallel()
		c := dial(t, slapdConfig(s))
		ctx, cancel := context.WithCancel(t.Context())
		_, err := c.Search(ctx, persons, func(*directory.Entry) error {
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want canceled", err)
		}
	})
	t.Run("size limits are errors, never short results", func(t *testing.T) {
		t.Parallel()
		cfg := slapdConfig(s)
		cfg.Bind.User = s.ReaderDN
		paged, unpaged := persons, persons
		unpaged.Unpaged = true
		for name, search := range map[string]directory.Search{"paged": paged, "unpaged": unpaged} {
			_, err := count(dial(t, cfg), search)
			if err == nil || !strings.Contains(err.Error(), "the read is not whole") || !strings.Contains(err.Error(), "Limit") {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
	t.Run("a missing base says what exists", func(t *testing.T) {
		t.Parallel()
		_, err := count(dial(t, slapdConfig(s)), directory.Search{Base: "ou=b,ou=nobody," + s.BaseDN, Scope: directory.ScopeSubtree})
		if rollcall.KindOf(err) != rollcall.NotFound || !strings.Contains(err.Error(), `what exists ends at "dc=example,dc=org"`) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("scopes", func(t *testing.T) {
		t.Parallel()
		c := dial(t, slapdConfig(s))
		for scope, want := range map[directory.Scope]int{directory.ScopeBase: 1, directory.ScopeOne: n, directory.ScopeSubtree: n + 1} {
			if r, err := count(c, directory.Search{Base: persons.Base, Scope: scope}); err != nil || r.Entries != want {
				t.Errorf("%s: got %d, %v, want %d", scope, r.Entries, err, want)
			}
		}
	})
	t.Run("the server is known", func(t *testing.T) {
		t.Parallel()
		root, err := dial(t, slapdConfig(s)).Root(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if root.Kind != directory.OpenLDAP || root.Key != "entryUUID" || root.Base != s.BaseDN || !root.Paging || !root.Sync || !root.StartTLS || root.DirSync {
			t.Errorf("got %+v", root)
		}
	})
}

// TestBrokenReads: whatever breaks, a read ends with an error that says what.
func TestBrokenReads(t *testing.T) {
	t.Parallel()
	const n = 3500
	s := lab.Slapd(t, lab.SlapdConfig{Data: people("dc=example,dc=org", n)})
	persons := directory.Search{Base: "ou=people," + s.BaseDN, Scope: directory.ScopeSubtree, Attributes: tenAttributes}
	for _, c := range []struct {
		name, want string
		fault      lab.Fault
		kind       rollcall.Kind
	}{
		{"cut in the middle of page 3", "page 3: search", lab.Fault{CutEntries: 2500}, rollcall.Unavailable},
		{"cut between pages", "the server cut the connection", lab.Fault{CutPages: 3}, rollcall.Unavailable},
		{"reset in page 2", "the server cut the connection", lab.Fault{CutEntries: 1200, Reset: true}, rollcall.Unavailable},
		{"cut within a message", "the server cut the connection", lab.Fault{CutBytes: 100_003}, rollcall.Unavailable},
		{"silent in page 2", "said nothing for 300ms", lab.Fault{CutEntries: 1500, Stall: true}, rollcall.Unavailable},
		{"accepted and never answered", "said nothing for 300ms", lab.Fault{Hold: true}, rollcall.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			proxy := lab.Proxy(t, s.Addr)
			proxy.Set(c.fault)
			cfg := slapdConfig(s)
			cfg.URLs, cfg.IdleTimeout, cfg.ConnectTimeout = []string{proxy.URL()}, shortWait, shortWait
			conn, err := directory.Dial(t.Context(), cfg)
			if err == nil {
				defer conn.Close()
				_, err = conn.Search(t.Context(), persons, func(*directory.Entry) error { return nil })
			}
			if rollcall.KindOf(err) != c.kind || !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("got %v (%s), want %q (%s)", err, rollcall.KindOf(err), c.want, c.kind)
			}
		})
	}
}

func TestServerKilledInMidSearchIsAnError(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: people("dc=example,dc=org", 20_000)})
	c := dial(t, slapdConfig(s))
	_, err := c.Search(t.Context(), directory.Search{Base: s.BaseDN, Scope: directory.ScopeSubtree, Attributes: tenAttributes}, func(*directory.Entry) error {
		s.Kill()
		return nil
	})
	if rollcall.KindOf(err) != rollcall.Unavailable || !strings.Contains(err.Error(), "the read is not whole") {
		t.Errorf("got %v", err)
	}
}

func TestTimeLimitIsAnError(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: people("dc=example,dc=org", 60_000), Limits: []string{`dn.exact="cn=reader,dc=example,dc=org" time=1`}})
	cfg := slapdConfig(s)
	cfg.Bind.User = s.ReaderDN
	c := dial(t, cfg)
	// The server is made slow by a reader that does not read.
	first := true
	_, err := c.Search(t.Context(), directory.Search{Base: s.BaseDN, Scope: directory.ScopeSubtree, Unpaged: true, Attributes: []string{"*"}}, func(*directory.Entry) error {
		if first {
			first = false
			time.Sleep(2500 * time.Millisecond)
		}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "timeLimitExceeded (3)") {
		t.Errorf("got %v, want the time limit", err)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	s := lab.Slapd(t, lab.SlapdConfig{Data: people("dc=example,dc=org", 2500)})
	proxy := lab.Proxy(t, s.Addr)
	before := goleak.IgnoreCurrent()
	persons := directory.Search{Base: s.BaseDN, Scope: directory.ScopeSubtree, Attributes: tenAttributes}
	for _, fault := range []lab.Fault{{}, {CutPages: 1}, {CutEntries: 1500}, {CutBytes: 10}} {
		proxy.Set(fault)
		cfg := slapdConfig(s)
		cfg.URLs = []string{proxy.URL()}
		c, err := directory.Dial(t.Context(), cfg)
		if err != nil {
			continue
		}
		_, _ = c.Search(t.Context(), persons, func(*directory.Entry) error { return nil }) // whether it works or not
		_, _ = c.Search(t.Context(), persons, func(*directory.Entry) error { return directory.ErrStop })
		_ = c.Close()
	}
	proxy.CutAll()
	goleak.VerifyNone(t, before)
}

func readByGoLDAP(t *testing.T, s *lab.SlapdServer) []string {
	t.Helper()
	c, err := goldap.DialURL(s.LDAP)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Bind(s.AdminDN, s.Password); err != nil {
		t.Fatal(err)
	}
	res, err := c.SearchWithPaging(goldap.NewSearchRequest("ou=people,"+s.BaseDN, goldap.ScopeWholeSubtree, goldap.NeverDerefAliases, 0, 0, false, "(objectClass=inetOrgPerson)", tenAttributes, nil), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range res.Entries {
		var values [][][]byte
		for _, name := range tenAttributes {
			values = append(values, e.GetEqualFoldRawAttributeValues(name))
		}
		list = append(list, fmt.Sprintf("%s %q", e.DN, values))
	}
	return list
}
