package engine

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
)

func linkRule() *rollcall.AttributeRule {
	return &rollcall.AttributeRule{ItemSeparator: "|", AttributeSeparator: ";", ValueSeparator: ":", Qualifier: "'"}
}

func TestParseLinks(t *testing.T) {
	t.Parallel()
	one := func(values map[string]string, conditions ...condition) linkSpec {
		if values == nil {
			values = map[string]string{}
		}
		return linkSpec{conditions: conditions, values: values}
	}
	for _, c := range []struct {
		text string
		want []linkSpec
		err  string
	}{
		{"", nil, ""},
		{"k->name:a", []linkSpec{one(nil, condition{"k", "name", "a"})}, ""},
		{"k->name:a|k->name:b", []linkSpec{one(nil, condition{"k", "name", "a"}), one(nil, condition{"k", "name", "b"})}, ""},
		{" k->name : a ;reason:x", []linkSpec{one(map[string]string{"reason": "x"}, condition{"k", "name", " a "})}, ""},
		{"k->name:a;k->org:b", []linkSpec{one(nil, condition{"k", "name", "a"}, condition{"k", "org", "b"})}, ""},
		{"k->name:'a;b|c:d'", []linkSpec{one(nil, condition{"k", "name", "a;b|c:d"})}, ""},
		{"k->name:'it''s'", []linkSpec{one(nil, condition{"k", "name", "it's"})}, ""},
		{"k->name:a:b", []linkSpec{one(nil, condition{"k", "name", "a:b"})}, ""},
		{"a", nil, "Wrong format for link attribute specification: value = a"},
		{"k:1|", nil, "Wrong format for link attribute specification: value = "},
	} {
		got, err := parseLinks(linkRule(), c.text)
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%q: got %v, want %s", c.text, err, c.err)
			}
			continue
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(linkSpec{}, condition{})); diff != "" || err != nil {
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
		specs, err := parseLinks(linkRule(), text)
		if err != nil {
			return
		}
		for _, spec := range specs {
			for _, c := range spec.conditions {
				plain := strings.ReplaceAll(text, "'", "")
				if !strings.Contains(plain, strings.ReplaceAll(c.value, "'", "")) {
					t.Fatalf("%q gave the value %q", text, c.value)
				}
			}
		}
	})
}
