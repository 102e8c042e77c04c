package config

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"rollcall/internal/rollcall"
)

// DefaultPath is where the configuration is looked for.
const DefaultPath = "rollcall.yaml"

// Load reads a configuration file, with the secrets that it names.
func Load(path string) (*Config, error) {
	src, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, rollcall.Errorf(rollcall.NotFound,
			"there is no %s; name another with --config, or write one with rollcall init: %w", path, err)
	case err != nil:
		return nil, rollcall.Errorf(rollcall.Invalid, "read the configuration: %w", err)
	}
	return Parse(path, src, os.LookupEnv)
}

// Parse reads a configuration from its text. Path is where the text comes from:
// relative paths in it start at that folder. Lookup gives the environment. The
// error reports all that is wrong.
func Parse(path string, src []byte, lookup func(string) (string, bool)) (*Config, error) {
	root, err := parseTree(src)
	if err != nil {
		problem := Problem{Position{1, 1}, err.Error()}
		if pe, ok := errors.AsType[*errPlaced](err); ok {
			problem = pe.Problem
		}
		return nil, asError(path, src, nil, []Problem{problem})
	}
	c := &Config{Path: path, Directories: map[string]*Directory{}, text: src}
	r := &reader{dir: filepath.Dir(path), lookup: lookup, misspelt: map[key]bool{}}
	c.read(r, root)
	c.secrets = r.secrets
	c.Warnings = r.warnings
	if err := asError(path, src, r.secrets, r.problems); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Config) read(r *reader, root *value) {
	c.Store, c.Model = filepath.Join(r.dir, "rollcall.db"), filepath.Join(r.dir, "model")
	c.Serve = defaultServe()
	var sources, bindings, timetable, notices *value
	r.section(root, "the configuration", keys{
		"store": func(v *value) {
			r.text(&c.Store)(v)
			if !strings.HasPrefix(c.Store, "postgres://") && !strings.HasPrefix(c.Store, "postgresql://") {
				if strings.Contains(c.Store, "://") {
					r.problem(v.Position, "the store is a path (SQLite) or a postgres:// URL, not %q", withoutPassword(c.Store))
				}
				c.Store = r.path(c.Store)
			}
		},
		"model":       r.file(&c.Model),
		"mail":        func(v *value) { c.Mail.read(r, v) },
		"serve":       func(v *value) { c.Serve.read(r, v) },
		"directories": func(v *value) { c.readDirectories(r, v) },
		"sources":     func(v *value) { sources = v },
		"bindings":    func(v *value) { bindings = v },
		"timetable":   func(v *value) { timetable = v },
		"webhooks":    func(v *value) { c.readWebhooks(r, v) },
		"notices":     func(v *value) { notices = v },
		"traces":      func(v *value) { c.Traces.read(r, v) },
	})
	c.checkSignIn(r, root)
	// Sources come last: they name directories, whatever the order of the file.
	if sources != nil {
		c.readSources(r, sources)
	}
	if bindings != nil {
		c.readBindings(r, bindings)
	}
	if timetable != nil {
		c.readTimetable(r, timetable)
	}
	if notices != nil {
		c.readNotices(r, notices)
	}
}

var plainName = regexp.MustCompile(`^[\pL\pN][\pL\pN _.-]*$`)

// maxName is the most characters of a name. It is no part of the expression,
// which repeated so often takes 3 ms to build, at every start of the program.
const maxName = 64

func isPlainName(name string) bool {
	return utf8.RuneCountInString(name) <= maxName && plainName.MatchString(name)
}

// named reads a section whose keys are names that the user chose.
func (r *reader) named(v *value, what string, read func(name text, v *value)) {
	if v.shape != mapping {
		r.problem(v.Position, "%s must be a section with a key per name, not %s", what, v.shape)
		return
	}
	for _, f := range v.fields {
		switch {
		case !isPlainName(f.key.Text):
			r.problem(f.key.Position, "%q is no name: letters, digits, blanks and _ . - make one, up to 64", f.key.Text)
		case f.value.shape != mapping:
			r.problem(f.key.Position, "%s must be a section with keys, not %s", f.key.Text, f.value.shape)
		default:
			read(f.key, f.value)
		}
	}
}

// Source returns the source with a name, nil when there is none.
func (c *Config) Source(name string) *Source {
	i := slices.IndexFunc(c.Sources, func(s Source) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &c.Sources[i]
}

// StoreName is Store without a password.
func (c *Config) StoreName() string { return withoutPassword(c.Store) }

// withoutPassword masks the password of a URL.
func withoutPassword(s string) string {
	if !strings.Contains(s, "://") {
		return s
	}
	u, err := url.Parse(s)
	if err != nil {
		scheme, _, _ := strings.Cut(s, "://")
		return fmt.Sprintf("%s://…", scheme)
	}
	if query := u.Query(); query.Has("password") {
		query.Set("password", "xxxxx")
		u.RawQuery = query.Encode()
	}
	return u.Redacted()
}
