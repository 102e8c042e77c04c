package rollcall_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
)

func TestParseLinks(t *testing.T) {
	t.Parallel()
	one := func(values map[string]string, conditions ...rollcall.LinkCondition) rollcall.LinkSpec {
		if values == nil {
			values = map[string]string{}
		}
		return rollcall.LinkSpec{Conditions: conditions, Values: values}
	}
	for _, c := range []struct {
		text string
		want []rollcall.LinkSpec
		err  string
	}{
		{"", nil, ""},
		{"k->name:a", []rollcall.LinkSpec{one(nil, rollcall.LinkCondition{"k", "name", "a"})}, ""},
		{"k->name:a|k->name:b", []rollcall.LinkSpec{one(nil, rollcall.LinkCondition{"k", "name", "a"}), one(nil, rollcall.LinkCondition{"k", "name", "b"})}, ""},
		{" k->name : a ;reason:x", []rollcall.LinkSpec{one(map[string]string{"reason": "x"}, rollcall.LinkCondition{"k", "name", " a "})}, ""},
		{"k->name:a;k->org:b", []rollcall.LinkSpec{one(nil, rollcall.LinkCondition{"k", "name", "a"}, rollcall.LinkCondition{"k", "org", "b"})}, ""},
		{"k->name:'a;b|c:d'", []rollcall.LinkSpec{one(nil, rollcall.LinkCondition{"k", "name", "a;b|c:d"})}, ""},
		{"k->name:'it''s'", []rollcall.LinkSpec{one(nil, rollcall.LinkCondition{"k", "name", "it's"})}, ""},
		{"k->name:a:b", []rollcall.LinkSpec{one(nil, rollcall.LinkCondition{"k", "name", "a:b"})}, ""},
		{"a", nil, "Wrong format for link attribute specification: value = a"},
		{"k:1|", nil, "Wrong format for link attribute specification: value = "},
	} {
		got, err := rollcall.ParseLinks(rollcall.DefaultLinkSyntax(), c.text)
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%q: got %v, want %s", c.text, err, c.err)
			}
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%q: %v %s", c.text, err, diff)
		}
	}
}

// FuzzParseLinks wants no panic, and nothing lost: whatever is read came from
// the text.
func FuzzParseLinks(f *testing.F) {
	for _, seed := range []string{"k->name:a|k->name:b;r:x", "k->name:'a;b|c'", "''|;:", "a:'b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		specs, err := rollcall.ParseLinks(rollcall.DefaultLinkSyntax(), text)
		if err != nil {
			return
		}
		for _, spec := range specs {
			for _, c := range spec.Conditions {
				plain := strings.ReplaceAll(text, "'", "")
				if !strings.Contains(plain, strings.ReplaceAll(c.Value, "'", "")) {
					t.Fatalf("%q gave the value %q", text, c.Value)
				}
			}
		}
	})
}
