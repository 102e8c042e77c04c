package main

import (
	"regexp"
	"slices"
	"strings"
)

// asked turns the two ways in which people ask any program for help and version
// into ours: "help sync" is "sync --help", "--version" is "version".
func asked(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	case args[0] == "--version":
		return append([]string{"version"}, args[1:]...)
	}
	return args
}

// The parser's own words for what is wrong with a command line, where they speak
// to programmers.
var (
	noNumber = regexp.MustCompile(`^(\S+): expected a valid \d+ bit int but got (".*")$`)
	noValue  = regexp.MustCompile(`^(\S+): expected \w+ value but got "EOL" \(<EOL>\)$`)
)

// plainUsage says in plain words what the parser says of a command line.
func plainUsage(text string) string {
	if m := noNumber.FindStringSubmatch(text); m != nil {
		return strings.Trim(m[1], "[]") + " is a whole number, not " + m[2]
	}
	if m := noValue.FindStringSubmatch(text); m != nil {
		return m[1] + " wants a value"
	}
	// A flag that may be left out has the empty text among its choices.
	return strings.Replace(text, `must be one of "",`, "must be one of ", 1)
}
