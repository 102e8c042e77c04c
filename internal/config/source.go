package config

import (
	"maps"
	"slices"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// Defaults of a source.
const (
	DefaultFilter    = "(objectClass=*)"
	DefaultGoneAfter = 7 * 24 * time.Hour
)

// DefaultGoneLimit stops a run that would take leave of more than this.
var DefaultGoneLimit = rollcall.Limit{Percent: 10, IsSet: true}

func (c *Config) readSources(r *reader, v *value) {
	r.named(v, "sources", func(name text, v *value) {
		s := Source{
			Position: name.Position, Name: name.Text,
			Depth: "sub", Status: "implementation", UserDelete: "nobody",
			rules: rules{
				update: rollcall.Locked,
				onNone: rollcall.ActCreate, onOne: rollcall.ActUpdate, onMany: rollcall.ActError,
				gone:   gone{then: rollcall.GoneIgnore},
				limits: rollcall.Limits{Gone: DefaultGoneLimit},
			},
		}
		s.read(r, v)
		s.settle(r, v, c)
		c.Sources = append(c.Sources, s)
	})
}

func (s *Source) read(r *reader, v *value) {
	s.section = v
	what := "source " + s.Name
	join := "attributes"
	other := func(kind string) func(*value) {
		return func(v *value) {
			if v.shape != mapping {
				r.problem(v.Position, "%s must be a section with keys, not %s", kind, v.shape)
			}
			s.oneKind(r, v, kind)
			s.Section = r.own(v, kind)
		}
	}
	r.section(v, what, keys{
		"class": r.name(&s.Class),
		"directory": func(v *value) {
			s.oneKind(r, v, KindLDAP)
			r.name(&s.Directory)(v)
		},
		KindCSV: other(KindCSV), KindJSON: other(KindJSON), KindSQL: other(KindSQL), KindLDIF: other(KindLDIF),
		KindInline:        other(KindInline),
		"base":            r.texts(&s.Bases),
		"scope":           choice(r, &s.Depth, words("base", "one", "sub")),
		"filter":          r.text(&s.Filter),
		"key":             r.name(&s.Key),
		"groups":          func(v *value) { s.readGroups(r, v) },
		"sentinels":       r.texts(&s.Sentinels),
		"delta":           func(v *value) { s.readDelta(r, v) },
		"attributes":      func(v *value) { s.rules.readAttributes(r, v, s.Name) },
		"profiles":        func(v *value) { s.rules.readProfiles(r, v, s.Name) },
		"join":            choice(r, &join, words("attributes", "id")),
		"on":              func(v *value) { s.rules.readActions(r, v, s.Name) },
		"update":          func(v *value) { s.rules.readUpdate(r, v, s.Name) },
		"blank":           choice(r, &s.rules.blank, blanks),
		"gone":            func(v *value) { s.rules.readGone(r, v, s.Name) },
		"limits":          func(v *value) { s.rules.readLimits(r, v, s.Name) },
		"description":     r.text(&s.Description),
		"status":          choice(r, &s.Status, words("implementation", "production", "obsolete")),
		"user":            r.text(&s.User),
		"notify":          r.text(&s.Notify),
		"user_delete":     choice(r, &s.UserDelete, words("everybody", "administrators", "nobody")),
		"url_icon":        r.text(&s.IconURL),
		"url_application": r.verbatim(&s.AppURL),
		"table":           r.text(&s.Table),
	})
	s.rules.joinByID = join == "id"
}

// oneKind notes where a source's entries come from.
func (s *Source) oneKind(r *reader, v *value, kind string) {
	if s.Kind != "" && s.Kind != kind {
		r.problem(v.Position, "a source reads one thing: source %s has both %s and %s", s.Name, sourceKey(s.Kind), sourceKey(kind))
	}
	s.Kind = kind
}

func sourceKey(kind string) string {
	if kind == KindLDAP {
		return "directory"
	}
	return kind
}

func (s *Source) readGroups(r *reader, v *value) {
	s.Groups.Nested, s.Groups.Depth = true, "sub"
	r.section(v, "groups of source "+s.Name, keys{
		"base":   r.texts(&s.Groups.Base),
		"scope":  choice(r, &s.Groups.Depth, words("base", "one", "sub")),
		"filter": r.text(&s.Groups.Filter),
		"nested": r.truth(&s.Groups.Nested),
		"name":   r.name(&s.Groups.Name),
	})
}

// DefaultFullEvery is the longest time between two full loads of a source with
// deltas.
const DefaultFullEvery = 24 * time.Hour

// readDelta reads how often a source is read completely when its other loads
// read what changed, and how they find that out.
func (s *Source) readDelta(r *reader, v *value) {
	s.FullEvery = DefaultFullEvery
	r.section(v, "delta of source "+s.Name, keys{
		"full_every": r.duration(&s.FullEvery),
		"by":         choice(r, &s.DeltaBy, words("dirsync")),
	})
	if every := v.get("full_every"); every != nil && s.FullEvery < time.Minute {
		r.problem(every.Position, "a minute is the shortest interval")
	}
}

// settle completes a source with defaults and looks at what only the whole
// section tells.
func (s *Source) settle(r *reader, v *value, c *Config) {
	if r.lacks(v, "class") {
		r.problem(s.Position, "source %s has no class, such as Person", s.Name)
	}
	if r.lacks(v, "attributes") && s.rules.profiles == nil {
		r.problem(s.Position, "source %s has no attributes: nothing says what its entries mean", s.Name)
	}
	if v.get("groups") == nil {
		s.Groups.Nested = true
	}
	if r.lacks(v, "gone") {
		r.warn(s.Position, "source %s does not say what happens when an entry is gone, so nothing does; add a gone section", s.Name)
	}
	switch s.Kind {
	case "":
		if !r.lacks(v, "directory") {
			break
		}
		r.problem(s.Position, "source %s says nothing of where its entries come from: add directory, csv, json, sql or ldif", s.Name)
	case KindLDAP:
		s.settleLDAP(r, v, c)
	default:
		if s.Section != nil {
			s.Section.config = c
		}
		if s.Kind == KindInline && v.get("key") == nil {
			s.Key = InlineKey
		}
		for _, key := range []string{"base", "scope", "filter", "groups", "sentinels", "delta"} {
			if f := v.get(key); f != nil {
				r.problem(f.Position, "%s is for directories; source %s reads %s", key, s.Name, s.Kind)
			}
		}
	}
	if s.Kind != KindInline && r.lacks(v, "key") {
		r.problem(s.Position, "source %s has no key: name the field that identifies an entry for ever, such as objectGUID or entryUUID", s.Name)
	}
	if strings.EqualFold(s.Key, rollcall.FieldDN) {
		r.problem(v.get("key").Position, "a DN changes when its entry is moved or renamed; use objectGUID, entryUUID or another value that never does")
	}
}

func (s *Source) settleLDAP(r *reader, v *value, c *Config) {
	d := c.Directories[s.Directory]
	if d == nil {
		r.problem(v.get("directory").Position, "there is no directory %q%s", s.Directory,
			didYouMean(s.Directory, slices.Sorted(maps.Keys(c.Directories))))
		return
	}
	if len(s.Bases) == 0 {
		s.Bases = slices.Clone(d.Base)
	}
	if len(s.Bases) == 0 && r.lacks(v, "base") && !r.misspelt[key{nil, d.Name}] {
		r.problem(s.Position, "neither source %s nor directory %s has a base", s.Name, d.Name)
	}
	if s.Filter == "" {
		s.Filter = DefaultFilter
	}
	s.Filter = strings.TrimSpace(s.Filter)
	if f := v.get("filter"); f != nil && !strings.HasPrefix(s.Filter, "(") {
		r.problem(f.Position, "a filter begins with a parenthesis: (%s)", s.Filter)
	}
}

// ScopeText says in words what selects the source's entries. A change of it
// makes what the source no longer lists no proof of absence.
func (s *Source) ScopeText() string {
	switch {
	case s.Kind == KindLDAP:
	case s.Kind == KindInline || s.Section == nil:
		return s.Kind + ", key " + s.Key
	default:
		return s.Section.scope() + ", key " + s.Key
	}
	only := ""
	if s.onlyGroups {
		only = ", of the bound groups alone"
	}
	bases := slices.Clone(s.Bases)
	slices.Sort(bases)
	return s.Depth + " of " + strings.Join(bases, " and ") + ", filter " + s.Filter + ", key " + s.Key + only
}
