package demo_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"go.uber.org/goleak"

	"rollcall/internal/demo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve serves a directory until the test ends, and returns its address.
func serve(t testing.TB, d *demo.Directory) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return l.Addr().String()
}

// dial connects without a bind.
func dial(t testing.TB, addr string) *ldap.Conn {
	t.Helper()
	c, err := ldap.DialURL("ldap://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	c.SetTimeout(10 * time.Second)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// signIn connects as the account that reads the sample company.
func signIn(t testing.TB, addr string) *ldap.Conn {
	t.Helper()
	c := dial(t, addr)
	if err := c.Bind(demo.BindDN, demo.BindPassword); err != nil {
		t.Fatal(err)
	}
	return c
}

// request asks for a whole subtree.
func request(base, filter string, attributes ...string) *ldap.SearchRequest {
	return ldap.NewSearchRequest(base, ldap.ScopeWholeSubtree, 0, 0, 0, false, filter, attributes, nil)
}

// find returns the entries that match in the sample company.
func find(t testing.TB, c *ldap.Conn, filter string, attributes ...string) []*ldap.Entry {
	t.Helper()
	got, err := c.Search(request(demo.BaseDN, filter, attributes...))
	if err != nil {
		t.Fatalf("search %s: %v", filter, err)
	}
	return got.Entries
}

// one returns the only entry that matches.
func one(t testing.TB, c *ldap.Conn, filter string, attributes ...string) *ldap.Entry {
	t.Helper()
	got := find(t, c, filter, attributes...)
	if len(got) != 1 {
		t.Fatalf("search %s: got %d entries, want 1", filter, len(got))
	}
	return got[0]
}
