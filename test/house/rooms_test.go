// Package house checks the rules of the codebase that no linter checks.
package house

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestEveryRoomHasAnImportRule fails when a folder below internal has no
// depguard rule of its own: a new room says what it may import.
func TestEveryRoomHasAnImportRule(t *testing.T) {
	t.Parallel()
	patterns := importRules(t)
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(file string, entry os.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || !holdsProductionCode(t, file) {
			return err
		}
		room, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		covered := slices.ContainsFunc(patterns, func(pattern string) bool {
			ok, err := path.Match(pattern, filepath.ToSlash(room)+"/file.go")
			if err != nil {
				t.Errorf("pattern %q: %v", pattern, err)
			}
			return ok
		})
		if !covered {
			t.Errorf("%s has no import rule: add one to linters.settings.depguard.rules in .golangci.yml", room)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// importRules returns the file patterns of the strict rules, which list what a
// room may import, with each choice in braces written out.
func importRules(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", ".golangci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Linters struct {
			Settings struct {
				Depguard struct {
					Rules map[string]struct {
						ListMode string `yaml:"list-mode"`
						Files    []string
					}
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	var patterns []string
	for _, rule := range config.Linters.Settings.Depguard.Rules {
		if rule.ListMode != "strict" {
			continue
		}
		for _, pattern := range rule.Files {
			before, rest, hasChoice := strings.Cut(strings.TrimPrefix(pattern, "**/"), "{")
			if !hasChoice {
				patterns = append(patterns, before)
				continue
			}
			choices, after, _ := strings.Cut(rest, "}")
			for choice := range strings.SplitSeq(choices, ",") {
				patterns = append(patterns, before+choice+after)
			}
		}
	}
	return patterns
}

// holdsProductionCode reports whether a folder is a package, other than one of
// test helpers.
func holdsProductionCode(t *testing.T, dir string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	return !strings.HasSuffix(dir, "test") && slices.ContainsFunc(files, func(f string) bool { return !strings.HasSuffix(f, "_test.go") })
}
