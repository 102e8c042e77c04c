package migrate

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// Draft is a configuration that is to be written for people to read.
type Draft struct {
	Title        string    // what it is for
	Directory    []Setting // of the directory main
	User         string    // who signs in there with a password; "" for nobody
	Organization string    // that everybody belongs to
	Sources      []Source
	Bindings     []Section
	Timetable    []Section
	SignIn       []Setting   // of serve.sign_in
	Classes      []Extension // attributes that the declared classes lack
	Account      []Taken     // what became of each setting, in the order of the file
}

// Setting is one line: a key, its value as YAML spells it, and what is to be said
// about it, a line each.
type Setting struct{ Key, Value, About string }

// Section is a named part of the configuration.
type Section struct {
	Name, About string
	Settings    []Setting
}

// Source is a section of sources; what decides about entries follows the
// attributes.
type Source struct {
	Section
	Attributes []Setting
	Rules      []Setting
}

// Extension is what a declared class gets besides its own attributes.
type Extension struct {
	Class      string
	Attributes []Setting
}

// Fate is what became of a setting.
type Fate string

// The fates.
const (
	TakenOver Fate = "taken over" // it means the same here
	Different Fate = "different"  // something else does its work, or it means a little else
	NotNeeded Fate = "not needed" // nothing is lost without it
	LeftOut   Fate = "left out"   // there is no counterpart
	Unknown   Fate = "unknown"    // it is no setting of the integration, or misspelt
)

// Taken is what became of one setting. Text names what it became, or says why
// not; it holds no secret.
type Taken struct {
	Line int    `json:"line"`
	Name string `json:"setting"`
	Fate Fate   `json:"became"`
	Text string `json:"text"`
}

// PasswordVariable is the environment variable that a Draft takes the
// directory's password from.
const PasswordVariable = "ROLLCALL_LDAP_PASSWORD"

// Password is how a Draft refers to the directory's password.
const Password = "${env:" + PasswordVariable + "}"

// Text spells a text in YAML, in quotes and with nothing in it that the
// configuration would replace.
func Text(text string) string {
	return Quote(strings.ReplaceAll(text, "${", "$${"))
}

// Quote spells a text in YAML as it is: JSON strings are YAML strings.
func Quote(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic(err) // a string can always be encoded
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// plain are words that YAML takes for text without quotes.
var plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// Word spells a name in YAML, without quotes where it can.
func Word(name string) string {
	keywords := []string{"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
	if plain.MatchString(name) && !slices.Contains(keywords, strings.ToLower(name)) {
		return name
	}
	return Text(name)
}

// Texts spells one text, or several as a list.
func Texts(list []string) string {
	if len(list) == 1 {
		return Text(list[0])
	}
	quoted := make([]string, len(list))
	for i, text := range list {
		quoted[i] = Text(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// Flow spells a section on one line, of keys and values that are YAML already;
// those without a value are left out.
func Flow(pairs ...string) string {
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			parts = append(parts, pairs[i]+": "+pairs[i+1])
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// From spells a rule that takes a field, with more keys and values.
func From(field string, more ...string) string {
	return Flow(append([]string{"from", Word(field)}, more...)...)
}

// Domain turns a base into the domain that it spells, or its first value.
func Domain(base string) string {
	dn, err := rollcall.ParseDN(base)
	if err != nil || len(dn) == 0 {
		return base
	}
	var labels []string
	for _, part := range dn {
		if strings.EqualFold(part[0].Type, "dc") {
			labels = append(labels, part[0].Value)
		}
	}
	if len(labels) == 0 {
		return dn.RDN()
	}
	return strings.Join(labels, ".")
}

// setting is a setting as it was read.
type setting struct {
	line  int
	name  string
	value string
}

// settings are those of one file, and what is told of them.
type settings struct {
	list     []setting
	index    map[string]int // by name as fold gives it: the last of a name counts
	fold     func(string) string
	told     map[int]Taken // by place in list
	problems []string
}

func newSettings(list []setting, fold func(string) string) *settings {
	s := &settings{list: list, index: map[string]int{}, fold: fold, told: map[int]Taken{}}
	for i, one := range list {
		name := fold(one.name)
		if before, doubled := s.index[name]; doubled {
			s.told[before] = Taken{Fate: NotNeeded, Text: fmt.Sprintf("line %d says it again, and the last one counts", one.line)}
		}
		s.index[name] = i
	}
	return s
}

// get returns the value of a setting, without white space around it, and whether
// it is there.
func (s *settings) get(name string) (value string, given bool) {
	i, given := s.index[s.fold(name)]
	if !given {
		return "", false
	}
	return strings.TrimSpace(s.list[i].value), true
}

// or returns the value of a setting, or what is usual when it is not there.
func (s *settings) or(name, usual string) string {
	if value, given := s.get(name); given {
		return value
	}
	return usual
}

// filled is or, where nothing means what is usual too.
func (s *settings) filled(name, usual string) string {
	if value, _ := s.get(name); value != "" {
		return value
	}
	return usual
}

// tell says what became of a setting; one that is not there is not spoken of.
func (s *settings) tell(name string, fate Fate, format string, args ...any) {
	if i, given := s.index[s.fold(name)]; given {
		s.told[i] = Taken{Fate: fate, Text: fmt.Sprintf(format, args...)}
	}
}

// wrong notes a mistake in a setting.
func (s *settings) wrong(name, format string, args ...any) {
	at := ""
	if i, given := s.index[s.fold(name)]; given {
		at = fmt.Sprintf("line %d: ", s.list[i].line)
	}
	s.problems = append(s.problems, at+fmt.Sprintf(format, args...))
}

// truth reads a setting that is true or false.
func (s *settings) truth(name string, usual bool) bool {
	value := s.filled(name, fmt.Sprint(usual))
	switch strings.ToLower(value) {
	case "true", "1", "yes":
		return true
	case "false", "0", "no":
		return false
	}
	s.wrong(name, "%s is true or false, not %q", name, value)
	return usual
}

// err returns all mistakes as one error.
func (s *settings) err(file string) error {
	if len(s.problems) == 0 {
		return nil
	}
	return rollcall.Errorf(rollcall.Invalid, "%s: %s", file, strings.Join(s.problems, "; "))
}

// account lists what became of every setting of the file. Those that nobody spoke
// of are unknown; near says what such a one may have meant.
func (s *settings) account(near func(name string) string) []Taken {
	list := make([]Taken, len(s.list))
	for i, one := range s.list {
		taken, known := s.told[i]
		if !known {
			taken = Taken{Fate: Unknown, Text: near(one.name)}
		}
		taken.Line, taken.Name = one.line, one.name
		list[i] = taken
	}
	return list
}
