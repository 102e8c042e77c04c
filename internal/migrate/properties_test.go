package migrate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// read returns name, value and line of each property.
func read(t testing.TB, text string) []setting {
	t.Helper()
	list, err := parseProperties([]byte(text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return list
}

// TestPropertiesAreReadAsJavaReadsThem has the examples of java.util.Properties.
func TestPropertiesAreReadAsJavaReadsThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want []setting
	}{
		{"Truth = Beauty\n", []setting{{1, "Truth", "Beauty"}}},
		{" Truth:Beauty", []setting{{1, "Truth", "Beauty"}}},
		{"Truth                    :Beauty\r\n", []setting{{1, "Truth", "Beauty"}}},
		{"Truth Beauty", []setting{{1, "Truth", "Beauty"}}},
		{"fruits    apple, banana, pear, \\\n    cantaloupe, \\\n\tkiwi\nnext=1", []setting{{1, "fruits", "apple, banana, pear, cantaloupe, kiwi"}, {4, "next", "1"}}},
		{"cheeses", []setting{{1, "cheeses", ""}}},
		{`\:\= = \:\=`, []setting{{1, ":=", ":="}}},
		{"a = b \n", []setting{{1, "a", "b "}}},
		{"# a comment \\\nb=1\n! another\n\n \t\n\\\n", []setting{{2, "b", "1"}, {6, "", ""}}},
		{`a=\t\n\r\f\\\z`, []setting{{1, "a", "\t\n\r\f\\z"}}},
		{`a=\u00e9\ud83d\ude00\ud83d`, []setting{{1, "a", "é😀\uFFFD"}}},
		{"a=b\\\\\nc=d", []setting{{1, "a", `b\`}, {2, "c", "d"}}},
		{"a=b\\", []setting{{1, "a", "b"}}},
		{"a=1\rb=2", []setting{{1, "a", "1"}, {2, "b", "2"}}},
		{"\uFEFFa=1", []setting{{1, "a", "1"}}},
		{"a=M\xfcller", []setting{{1, "a", "Müller"}}},
		{"a\\ b=c=d", []setting{{1, "a b", "c=d"}}},
		{"a==b", []setting{{1, "a", "=b"}}},
	} {
		if diff := cmp.Diff(c.want, read(t, c.text), cmp.AllowUnexported(setting{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.text, diff)
		}
	}
	if _, err := parseProperties([]byte("a=1\nb=\\u12g4")); err == nil || !strings.Contains(err.Error(), `line 2: \u12g4 is no character`) {
		t.Errorf("got %v, want the place of the mistake", err)
	}
}

func FuzzProperties(f *testing.F) {
	f.Add([]byte("a = b\\\n  c\n#x\n\\u00e9:\\ud83d\\ude00"))
	f.Add([]byte("\\"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := parseProperties(text)
		if err != nil {
			return
		}
		lines := strings.Count(string(text), "\n") + strings.Count(string(text), "\r") + 1
		before := 0
		for _, one := range list {
			if one.line <= before || one.line > lines {
				t.Errorf("line %d after line %d of %d", one.line, before, lines)
			}
			before = one.line
		}
	})
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte("{\"a\": [1, {\"b\": null}],\n\"c\": true}"))
	f.Add([]byte("[[[["))
	f.Fuzz(func(t *testing.T, text []byte) {
		root, err := parseJSON(text)
		if err != nil {
			return
		}
		if root.line < 1 || len(root.names) != len(root.under) {
			t.Errorf("%q: %+v", text, root)
		}
	})
}
