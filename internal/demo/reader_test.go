package demo_test

import (
	"context"
	"testing"

	"rollcall/internal/demo"
	"rollcall/internal/directory"
)

// read reads all people with the product's own reader, 50 a page.
func read(t *testing.T, addr string) (int, error) {
	t.Helper()
	ctx := context.Background()
	c, err := directory.Dial(ctx, directory.Config{
		URLs:     []string{"ldap://" + addr},
		Bind:     directory.Bind{User: demo.BindDN, Password: demo.BindPassword},
		PageSize: 50,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	root, err := c.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if root.Base != demo.BaseDN || root.Key != "entryUUID" || !root.Paging || root.Vendor != "Rollcall" {
		t.Errorf("got %+v, want a server of our own with pages and entryUUID below %s", root, demo.BaseDN)
	}
	count := 0
	_, err = c.Search(ctx, directory.Search{
		Base:       root.Base,
		Scope:      directory.ScopeSubtree,
		Filter:     directory.MustFilter(peopleFilter),
		Attributes: []string{"mail"},
	}, func(*directory.Entry) error { count++; return nil })
	return count, err
}

func TestOurOwnReaderReadsAllOrSaysThatItWasCut(t *testing.T) {
	t.Parallel()
	d := demo.NewCompany()
	addr := serve(t, d)
	if got, err := read(t, addr); got != 201 || err != nil {
		t.Errorf("got %d people and %v, want 201", got, err)
	}
	d.CutAfter(120)
	if got, err := read(t, addr); got >= 120 || err == nil {
		t.Errorf("cut: got %d people and %v, want fewer than 120 and an error", got, err)
	}
}
