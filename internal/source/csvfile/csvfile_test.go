package csvfile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
	"rollcall/internal/source/csvfile"
	"rollcall/internal/source/sourcetest"
)

func TestCollector(t *testing.T) {
	t.Parallel()
	open := func(text, key string, fields ...string) func(testing.TB) source.Collector {
		return func(t testing.TB) source.Collector {
			file := filepath.Join(t.TempDir(), "x.csv")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := csvfile.New(csvfile.Config{Document: source.Document{File: file}, Key: key, Fields: fields})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
	}
	const good = "\ufeffID;Name;mail\r\n1;\"A;\"\"b\"\"\";a@x\r\n\r\n2;é;\r\n3;\"two\nlines\";c@x\n"
	sourcetest.Run(t, sourcetest.Suite{
		Open: open(good, "id", "name", "Mail"),
		Want: map[string]sourcetest.Entry{
			"1": {Name: "record 2", Fields: map[string][]string{"name": {`A;"b"`}, "Mail": {"a@x"}}},
			"2": {Name: "record 4", Fields: map[string][]string{"name": {"é"}}},
			"3": {Name: "record 5", Fields: map[string][]string{"name": {"two\nlines"}, "Mail": {"c@x"}}},
		},
		Broken: map[string]func(testing.TB) source.Collector{
			"empty":           open("", "id"),
			"no key":          open("a;b\n1;2\n", "id"),
			"no column":       open("id;b\n1;2\n", "id", "c"),
			"too few values":  open("id;b\n1;2\n3\n", "id", "b"),
			"too many values": open("id;b\n1;2;3\n", "id", "b"),
			"not UTF-8":       open("id;b\n1;\xe9\n", "id", "b"),
			"cut in a value":  open("id;b\n1;2\n3;4", "id", "b"),
			"cut in quotes":   open("id;b\n1;2\n3;\"4\n", "id", "b"),
			"cut in header":   open("id;b", "id", "b"),
			"not there": func(t testing.TB) source.Collector {
				c, err := csvfile.New(csvfile.Config{Document: source.Document{File: filepath.Join(t.TempDir(), "none")}, Key: "id"})
				if err != nil {
					t.Fatal(err)
				}
				return c
			},
		},
	})
}

// A file whose writer leaves the last line end out, and the header too, is read
// when the configuration says so.
func TestAFileWithoutHeaderAndLastLineEnd(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(file, []byte("1,A\n2,B"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := csvfile.New(csvfile.Config{
		Document: source.Document{File: file}, Separator: ",", Columns: []string{"id", "name"}, Unended: true, Key: "id", Fields: []string{"name"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if _, err := c.Collect(t.Context(), func(e *rollcall.Entry) error {
		got = append(got, string(e.Key)+string(e.Values[0][0]))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1A", "2B"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want [][]string
	}{
		"line ends":         {"a;b\r\nc;d\ne;f", [][]string{{"a", "b"}, {"c", "d"}, {"e", "f"}}},
		"CR alone":          {"a;b\rc;d", [][]string{{"a", "b\rc", "d"}}},
		"quotes":            {`"a""b";"c;d";"e` + "\n" + `f";""`, [][]string{{`a"b`, "c;d", "e\nf", ""}}},
		"backslash":         {`"a\"b";c\d`, [][]string{{`a\"b`, `c\d`}}},
		"behind a quote":    {`"ab"cd;"a" ;x`, [][]string{{"abcd", "a ", "x"}}},
		"before a quote":    {`  "a"; b`, [][]string{{"a", " b"}}},
		"blank line":        {"a\n\nb", [][]string{{"a"}, {""}, {"b"}}},
		"trailing":          {"a;b;\n", [][]string{{"a", "b", ""}}},
		"an open quote":     {"a;\"b\nc", [][]string{{"a", "b\nc"}}},
		"a quote in a word": {`a"b;c`, [][]string{{`a"b`, "c"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, records(t, c.text)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func records(t testing.TB, text string) [][]string {
	t.Helper()
	r, err := csvfile.NewReader(strings.NewReader(text), csvfile.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	var list [][]string
	for {
		record, err := r.Read()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return nil
			}
			return list
		}
		var cells []string
		for _, c := range record {
			cells = append(cells, string(c))
		}
		list = append(list, cells)
	}
}

// FuzzReader: whatever comes, no value is invented: all of them together are no
// longer than the text.
func FuzzReader(f *testing.F) {
	f.Add("a;\"b\"\"c\"\n\"d\\\"e\"f;\n")
	f.Fuzz(func(t *testing.T, text string) {
		size := 0
		for _, record := range records(t, text) {
			for _, c := range record {
				size += len(c)
			}
		}
		if size > len(text) {
			t.Errorf("%d bytes of values from %d bytes of text", size, len(text))
		}
	})
}
