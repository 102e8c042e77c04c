package rollcall_test

import (
	"testing"

	"rollcall/internal/rollcall"
)

func TestApplicationLink(t *testing.T) {
	t.Parallel()
	class := &rollcall.Class{Name: "Person", Attributes: []*rollcall.Attribute{
		{Code: "name", Type: rollcall.TypeString}, {Code: "secret", Type: rollcall.TypePassword},
	}}
	class.Index()
	object := rollcall.Object{Class: class, ID: 7, Values: []string{"Klein $replica->id$", "hash"}}
	replica := rollcall.Replica{ID: 3, Key: "k-1", Row: rollcall.Row{{Text: "said", Set: true}}}
	rules := rollcall.Rules{Attributes: []rollcall.AttributeRule{{Attribute: class.Attributes[0]}}}
	for template, want := range map[string]string{
		"":                         "",
		"https://x.com/plain":      "https://x.com/plain",
		"https://x/$this->name$":   "https://x/Klein $replica->id$", // what was filled in is not looked at again
		"$replica->primary_key$/x": "k-1/x",
		"$replica->id$":            "3",
		"$replica->name$":          "said",
		"$this->nosuch$":           "$this->nosuch$",
		"$this->secret$":           "$this->secret$",
	} {
		if got := rollcall.ApplicationLink(template, &object, &replica, &rules); got != want {
			t.Errorf("%q got %q, want %q", template, got, want)
		}
	}
}
