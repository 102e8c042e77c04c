package baddays

import (
	"strings"
	"testing"
)

// TestBadConfigurations has what people write by mistake: the program says the
// file, the line, the column, and what was meant, shows the line, and sends
// nothing.
func TestBadConfigurations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		old, new string // what is replaced in a sound configuration
		want     []string
	}{
		{"unknown key", "    filter:", "    fliter:",
			[]string{`rollcall.yaml:20:5: unknown key "fliter" in source persons; did you mean "filter"?`, "20 |     fliter:", "^"}},
		{"unknown key at the top", "sources:", "source:",
			[]string{`rollcall.yaml:9:1: unknown key "source" in the configuration; did you mean "sources"?`}},
		{"unknown attribute of the class", "function:", "funktion:",
			[]string{`rollcall.yaml:26:7: `, `"funktion"`, `did you mean "function"?`}},
		{"unknown class", "class: Person", "class: Persons",
			[]string{`rollcall.yaml:18:12: `, `Persons`, `did you mean "Person"?`}},
		{"unknown directory", "directory: corp", "directory: crop",
			[]string{`rollcall.yaml:19:16: there is no directory "crop"; did you mean "corp"?`}},
		{"a word instead of a number", "page_size: 20", "page_size: many",
			[]string{`rollcall.yaml:7:16: "many" is no whole number from 1 to 100000`}},
		{"a word instead of a truth", "page_size: 20", "starttls: maybe",
			[]string{`rollcall.yaml:7:15: "maybe" is neither true nor false`}},
		{"a list instead of a section", "gone:   {after: 0d, then: update, set: {status: inactive}}", "gone: [update]",
			[]string{`rollcall.yaml:29:`, "gone of source persons must be a section with keys, not a list"}},
		{"a duration without a unit", "{after: 0d, then: update, set: {status: inactive}}", "{after: 7, then: update, set: {status: inactive}}",
			[]string{`rollcall.yaml:29:21: "7" is no duration; write a number with its unit: 90m, 12h, 7d, 2w`}},
		{"no class", "    class: Person\n", "", []string{`rollcall.yaml:17:3: source persons has no class, such as Person`}},
		{"no key", "    key: entryUUID\n    attributes:\n      name:       ", "    attributes:\n      name:       ",
			[]string{`rollcall.yaml:17:3: source persons has no key: name the field that identifies an entry for ever`}},
		{"a DN as the key", "    key: entryUUID\n    attributes:\n      name:       ", "    key: dn\n    attributes:\n      name:       ",
			[]string{`rollcall.yaml:21:10: a DN changes when its entry is moved or renamed`}},
		{"a mandatory attribute missing", "      org_id:     {value: Example, by: name}\n", "",
			[]string{`rollcall.yaml:17:3: `, "org_id"}},
		{"no url", "    url: ldap://127.0.0.1:9\n", "", []string{`rollcall.yaml:3:3: directory corp has no url, such as ldaps://dc1.example.com`}},
		{"an unknown enum value", "{status: inactive}", "{status: gone}", []string{`rollcall.yaml:29:`, `"gone"`, "known here: active, inactive"}},
		{"an expression that does not parse", "{from: title}", "{expr: 'entry.title +'}", []string{`rollcall.yaml:26:`, "attribute function"}},
		{"a pattern that does not parse", "{from: title}", "{from: title, lookup: {'(': x}}", []string{`rollcall.yaml:26:42: the pattern "(" is wrong: missing closing )`}},
		{"a tab", "    page_size: 20", "\tpage_size: 20", []string{`rollcall.yaml:7:1: `, "tab"}},
		{"a key twice", "    page_size: 20", "    page_size: 20\n    page_size: 30", []string{`rollcall.yaml:8:5: `, "page_size"}},
		{"no YAML at all", "store: rollcall.db", "{{{", []string{`rollcall.yaml:`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, setting{URL: "ldap://127.0.0.1:9", NoUsers: true}, "unused")
			sound := o.read("rollcall.yaml")
			if !strings.Contains(sound, c.old) {
				t.Fatalf("the sound configuration has no %q", c.old)
			}
			o.write("rollcall.yaml", strings.Replace(sound, c.old, c.new, 1))
			for _, command := range []string{"sync", "plan", "check"} {
				got := o.run(command).ended(failed)
				for _, text := range c.want {
					if !strings.Contains(got.stderr, text) {
						t.Errorf("rollcall %s: got %q, want it to say %q", command, got.stderr, text)
					}
				}
				if strings.Contains(got.stderr, "goroutine") {
					t.Errorf("rollcall %s: it crashed:\n%s", command, got.stderr)
				}
			}
		})
	}
}

// TestAllMistakesAreToldTogether has several in one file.
func TestAllMistakesAreToldTogether(t *testing.T) {
	t.Parallel()
	o := newOffice(t, setting{URL: "http://127.0.0.1:9", NoUsers: true}, "unused")
	text := strings.NewReplacer("page_size: 20", "page_size: many", "class: Person", "klass: Person").Replace(o.read("rollcall.yaml"))
	o.write("rollcall.yaml", text)
	got := o.run("sync").ended(failed)
	for _, want := range []string{"rollcall.yaml:4:10: ", "rollcall.yaml:7:16: ", `rollcall.yaml:18:5: unknown key "klass" in source persons; did you mean "class"?`} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("got %q, want it to say %q", got.stderr, want)
		}
	}
}

// TestNoConfiguration says what to do about it.
func TestNoConfiguration(t *testing.T) {
	t.Parallel()
	o := &office{t: t, dir: t.TempDir()}
	o.run("sync").ended(failed).says("there is no rollcall.yaml", "--config", "rollcall init")
	o.run("-c", "elsewhere.yaml", "sync").ended(failed).says("there is no elsewhere.yaml")
}

// TestBadCommandLines end with the code for usage.
func TestBadCommandLines(t *testing.T) {
	t.Parallel()
	o := newOffice(t, setting{URL: "ldap://127.0.0.1:9"}, "unused")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"snyc"}, "snyc"},
		{[]string{"sync", "--fast"}, "--fast"},
		{[]string{"sync", "person"}, "there is no source person in rollcall.yaml; it has organizations, persons, users"},
		{[]string{"export", "Persons"}, "there is no class Persons"},
		{[]string{"runs", "first"}, "first"},
		{[]string{"--log-level", "loud", "sync"}, "loud"},
		{[]string{"apply", "--drop", "x.plan"}, "--drop needs the ID of a held run"},
	} {
		got := o.run(c.args...).ended(usage)
		if !strings.Contains(got.stderr, c.want) {
			t.Errorf("%v: got %q, want it to say %q", c.args, got.stderr, c.want)
		}
	}
}
