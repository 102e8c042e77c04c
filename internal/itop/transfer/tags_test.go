package transfer_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"rollcall/internal/registry/registrytest"
)

// TestTagsComeAndGoAsLists imports tags by label and by code, and exports them in
// each format.
func TestTagsComeAndGoAsLists(t *testing.T) {
	t.Parallel()
	w := extendedWorld(t, registrytest.SQLite(t), fstest.MapFS{"model/skills.yaml": {Data: []byte(`
extend:
  Person:
    attributes:
      skills: {type: tags, label: Skills, values: {go: Go, php: PHP & friends, sql: SQL}}
`)}})
	load := func(more ...string) string {
		form := map[string]string{"class": "Person", "output": "details", "charset": "UTF-8"}
		for i := 0; i < len(more); i += 2 {
			form[more[i]] = more[i+1]
		}
		text := w.ask(w.service.Import, form).Body.String()
		lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
		return lines[len(lines)-1]
	}
	header, coded := "Last Name,First Name,Organization->Name,Skills\n", "name,first_name,org_id->name,skills\n"
	for _, c := range []struct{ csv, localize, want string }{
		{header + "Klein,Ann,Demo,SQL|PHP & friends\n", "0", `0;created;Person;1;2;"Klein";"Ann";"PHP & friends|SQL"`},
		{header + "Klein,Ann,Demo,PHP & friends|SQL\n", "0", `0;unchanged;Person;1;2;Klein;Ann;PHP & friends|SQL`},
		{coded + "Klein,Ann,Demo,go\n", "1", `0;updated 1 cols;Person;1;2;Klein;Ann;"go"Modified`},
		{coded + "Klein,Ann,Demo,Go\n", "1", `0;Issue: Unexpected attribute value(s);Person;1;2;Klein;Ann;'Go' is an invalid value. Failed to process input: Go is not defined as a valid tag for Person:skills`},
		{coded + "Klein,Ann,Demo,\n", "1", `0;updated 1 cols;Person;1;2;Klein;Ann;""Modified`},
		{coded + "Klein,Ann,Demo,php|go\n", "1", `0;updated 1 cols;Person;1;2;Klein;Ann;"go|php"Modified`},
	} {
		if got := load("csvdata", c.csv, "no_localize", c.localize); got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.csv, got, c.want)
		}
	}
	for _, c := range []struct{ format, localize, want string }{
		{"csv", "0", "\"Skills\"\n\"Go|PHP & friends\"\n"},
		{"csv", "1", "\"skills\"\n\"go|php\"\n"},
		{"xml", "0", "<skills><Set>\n<Tag>Go</Tag><Tag>PHP &amp; friends</Tag></Set>\n</skills>\n"},
		{"html", "0", "<td>Go|PHP &amp; friends</td>"},
	} {
		got := w.ask(w.service.ExportV2, map[string]string{"expression": "SELECT Person", "format": c.format, "fields": "skills", "no_localize": c.localize}).Body.String()
		if !strings.Contains(got, c.want) {
			t.Errorf("%s, no_localize=%s: got %s, want %s", c.format, c.localize, got, c.want)
		}
	}
}
