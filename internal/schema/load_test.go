package schema_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
)

func load(t *testing.T, text string) (*rollcall.Model, error) {
	t.Helper()
	return schema.Load(fstest.MapFS{"model/m.yaml": {Data: []byte(text)}})
}

// shippedLine finds the line in a place of a shipped declaration.
var shippedLine = regexp.MustCompile(`(classes/[a-z-]+\.yaml):[0-9]+:`)

// Every *.bad.yml begins with the message it must give; a star at its end
// stands for the words of the YAML library, N for a line of a shipped file.
func TestBadDeclarationsAreRefusedInOneSentence(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.bad.yml")
	if err != nil || len(files) < 40 {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rule := strings.TrimSuffix(filepath.Base(name), ".bad.yml")
		first, _, _ := strings.Cut(string(text), "\n")
		want, found := strings.CutPrefix(first, "# want: ")
		if !found {
			t.Errorf("%s does not say what it wants", name)
		}
		_, err = schema.Load(fstest.MapFS{"model/" + rule + ".yaml": {Data: text}})
		if err == nil {
			t.Errorf("%s: no error", rule)
			continue
		}
		got := shippedLine.ReplaceAllString(err.Error(), "$1:N:")
		prefix, isOpen := strings.CutSuffix(want, "*")
		if got != want && (!isOpen || !strings.HasPrefix(got, prefix)) {
			t.Errorf("%s:\ngot  %s\nwant %s", rule, got, want)
		}
		if strings.Contains(got, "\n") {
			t.Errorf("%s: more than one sentence: %s", rule, got)
		}
		if kind := rollcall.KindOf(err); kind != rollcall.Invalid {
			t.Errorf("%s: got kind %v", rule, kind)
		}
	}
}

func TestLoadListsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := load(t, "extend:\n  Person:\n    attributes:\n      a: {type: key, to: A}\n      b: {type: key, to: B}\n")
	want := "model/m.yaml:4:7: attribute a of class Person names class A, which is not declared\n" +
		"model/m.yaml:5:7: attribute b of class Person names class B, which is not declared"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestLoadAddsWhatTheUserDeclares(t *testing.T) {
	t.Parallel()
	m, err := load(t, `
classes:
  Badge:
    parent: Typology
    labels: {name: Number}
    attributes:
      person_id: {type: key, to: Person, mandatory: true, on_delete: auto, label: Holder}
      holder: {type: field, via: person_id, remote: email}
      colour: {type: enum, values: {red: Red, 1: One, yes: Yes}, default: red}
      weight_grams: integer
    unique:
      colour: {on: [colour], skip: [colour], blocks: false, message: "$colour$ is taken"}
extend:
  Contact:
    attributes: {nick: {type: string, max: 10, pattern: "^[a-z]+$"}}
  Person:
    attributes: {badges: {type: children, to: Badge, remote: person_id}}
`)
	if err != nil {
		t.Fatal(err)
	}
	badge := m.Class("Badge")
	got := *badge.Attribute("person_id")
	got.Column = 0
	want := rollcall.Attribute{Code: "person_id", Label: "Holder", Type: rollcall.TypeKey, Mandatory: true, Target: "Person", OnDelete: rollcall.DeleteAuto, Declared: "Badge"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"red", "1", "yes"}, badge.Attribute("colour").Values); diff != "" {
		t.Error(diff)
	}
	labels := []string{badge.Attribute("name").Label, m.Class("ContactType").Attribute("name").Label, badge.Attribute("holder").Label, badge.Attribute("weight_grams").Label}
	if diff := cmp.Diff([]string{"Number", "Name", "Holder->Email", "Weight grams"}, labels); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]rollcall.Unique{{Code: "colour", Class: "Badge", On: []string{"colour"}, Skip: []string{"colour"}, Message: "$colour$ is taken"}}, badge.Unique); diff != "" {
		t.Error(diff)
	}
	for _, class := range []string{"Person", "Team"} { // an extension reaches the classes below
		nick := m.Class(class).Attribute("nick")
		if nick == nil || nick.MaxLength != 10 || nick.Declared != "Contact" {
			t.Errorf("%s: got %+v", class, nick)
		} else if _, err := nick.Canonical("A"); err == nil {
			t.Errorf("%s: the pattern does not hold", class)
		}
	}
	if badge.Root != "Typology" || badge.Category != "bizmodel" || !m.IsA("Badge", "Typology") {
		t.Errorf("got root %s, category %s", badge.Root, badge.Category)
	}
}

func TestAttributesOfAClassAreItsOwn(t *testing.T) {
	t.Parallel()
	m, err := load(t, `
classes:
  Thing:
    category: bizmodel
    named_by: [name]
    attributes: {name: string}
  Lamp:
    parent: Thing
    inactive: {name: [broken]}
    attributes: {power: integer}
  EternalLamp:
    parent: Lamp
    inactive: {}
    attributes: {fuel: string}
`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range m.Classes {
		for i, a := range c.Stored {
			if a.Column != i {
				t.Errorf("%s.%s: column %d, want %d", c.Name, a.Code, a.Column, i)
			}
		}
		if p := m.Class(c.Parent); p != nil {
			for i, a := range p.Stored { // a parent's columns come first, so a family shares them
				if c.Stored[i].Code != a.Code || c.Stored[i] == a {
					t.Errorf("%s and %s: column %d", c.Name, p.Name, i)
				}
			}
		}
	}
}

// Clients see the attributes of an object in the declared order, and exports
// carry the labels: both are as recorded from the original.
func TestShippedClassesLookAsRecorded(t *testing.T) {
	t.Parallel()
	m, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	for class, want := range map[string]string{
		"Person": "name status org_id org_name email phone notify function cis_list picture first_name employee_number mobile_phone " +
			"location_id location_name manager_id manager_name team_list user_list tickets_list",
		"UserLDAP": "contactid last_name first_name email org_id login language status profile_list allowed_org_list log reset_pwd_token ldap_server",
		"SynchroDataSource": "name description status user_id notify_contact_id scope_class database_table_name scope_restriction full_load_periodicity " +
			"reconciliation_policy action_on_zero action_on_one action_on_multiple delete_policy delete_policy_update delete_policy_retention " +
			"attribute_list user_delete_policy url_icon url_application",
		"SynchroAttLinkSet": "sync_source_id sync_source_name attcode update reconcile update_policy row_separator attribute_separator value_separator attribute_qualifier",
	} {
		var codes []string
		for _, a := range m.Class(class).Attributes {
			codes = append(codes, a.Code)
		}
		if got := strings.Join(codes, " "); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", class, got, want)
		}
	}
	var labels []string
	for _, code := range strings.Fields("name status org_name email phone notify function picture first_name employee_number mobile_phone location_name manager_name") {
		labels = append(labels, m.Class("Person").Attribute(code).Label)
	}
	want := "Last Name,Status,Organization name,Email,Phone,Notification,Function,Picture,First Name,Employee number,Mobile phone,Location name,Manager name"
	if got := strings.Join(labels, ","); got != want {
		t.Errorf("labels:\ngot  %s\nwant %s", got, want)
	}
}
