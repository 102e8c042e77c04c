package builtin_test

import (
	"errors"
	"strings"
	"testing"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source/builtin"
	"rollcall/internal/source/ldap"
)

func TestEveryKindIsMade(t *testing.T) {
	t.Parallel()
	for _, kind := range builtin.Kinds() {
		c, err := builtin.New(builtin.Settings{
			Kind: kind, Key: "entryUUID", Fields: []string{"cn"},
			LDAP: ldap.Config{Directory: directory.Config{URLs: []string{"ldap://127.0.0.1:1"}}},
			Decode: func(into any) error {
				*into.(*map[string]map[string]any) = map[string]map[string]any{"a": {"cn": "A"}}
				return nil
			},
		})
		if err != nil || c == nil {
			t.Errorf("%s: got %v, %v, want a collector", kind, c, err)
		}
	}
}

func TestAKindThatIsNotBuiltIsSaidSo(t *testing.T) {
	t.Parallel()
	_, err := builtin.New(builtin.Settings{Kind: "csv"})
	if err == nil || !strings.Contains(err.Error(), "not csv") || rollcall.KindOf(err) != rollcall.Invalid {
		t.Errorf("got %v, want an invalid configuration that names csv", err)
	}
}

func TestAnErrorOfASectionComesThrough(t *testing.T) {
	t.Parallel()
	broken := errors.New("line 3")
	_, err := builtin.New(builtin.Settings{Kind: "inline", Decode: func(any) error { return broken }})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want the section's error", err)
	}
	_, err = builtin.New(builtin.Settings{Kind: "ldap", LDAP: ldap.Config{Filter: "(cn=", Directory: directory.Config{URLs: []string{"ldap://127.0.0.1"}}}})
	if err == nil || rollcall.KindOf(err) != rollcall.Invalid {
		t.Errorf("got %v, want the filter refused", err)
	}
}
