package main

import (
	"io"
	"slices"
	"strings"
	"testing"
)

// TestEveryCommandHasAnExample: the help of a command shows how it is typed.
func TestEveryCommandHasAnExample(t *testing.T) {
	t.Parallel()
	parser, err := newParser(new(cli), newProgram(strings.NewReader(""), io.Discard, io.Discard), func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range commandsOf(parser.Model.Node)[1:] {
		if len(n.Children) > 0 || n.Passthrough { // the latter print a text of their own
			continue
		}
		if !strings.Contains(n.Detail, "Examples:\n\n    rollcall ") {
			t.Errorf("%s --help shows no example", n.FullPath())
		}
	}
}

func TestHelpAndVersionAreAskedForInAnyWay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typed, want []string }{
		{nil, []string{"--help"}},
		{[]string{"help"}, []string{"--help"}},
		{[]string{"help", "user", "add"}, []string{"user", "add", "--help"}},
		{[]string{"--version"}, []string{"version"}},
		{[]string{"--version", "--json"}, []string{"version", "--json"}},
		{[]string{"why", "help"}, []string{"why", "help"}},
	} {
		if got := asked(c.typed); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.typed, got, c.want)
		}
	}
}
