package engine_test

import (
	"strings"
	"testing"
)

func TestADoubledKeyNamesAllWhoShareIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := persons(w, nil)
	f.put("x", "name", "N", "first_name", "F", "email", "n@x.com")
	f.doubled = []string{"x", "x"}
	result, _ := w.sync()
	if got, want := result.Problems[0].Reason, "3 entries share the key x (the others: cn=x; cn=x); none of them"; !strings.HasPrefix(got, want) || result.Problems[0].Entry != "cn=x" {
		t.Errorf("a new key: got %s: %q, want %q", result.Problems[0].Entry, got, want)
	}
	f.doubled = nil
	w.sync()
	f.doubled = strings.Split("x x x x x x x", " ")
	result, _ = w.sync()
	if got, want := result.Problems[0].Reason, "8 entries share the key x (the others: cn=x; cn=x; cn=x; cn=x; cn=x; and 2 more)"; !strings.HasPrefix(got, want) || result.Problems[0].Entry != "cn=x" {
		t.Errorf("a known key: got %s: %q, want %q", result.Problems[0].Entry, got, want)
	}
}
