package config

import (
	"regexp"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// rules is what a source's section says about its class, before the class is
// known.
type rules struct {
	attributes []attribute
	updates    []policy // per attribute
	update     rollcall.UpdatePolicy
	blank      string // what a blank value does: keep, clear
	profiles   *profiles
	joinByID   bool
	onNone     rollcall.Action
	onOne      rollcall.Action
	onMany     rollcall.Action
	gone       gone
	limits     rollcall.Limits
}

// policy is one line of update.
type policy struct {
	code   text
	policy rollcall.UpdatePolicy
}

// profiles is the profiles section.
type profiles struct {
	Position
	rule rollcall.ProfileRule
}

// gone is the gone section.
type gone struct {
	Position
	after       time.Duration
	then        rollcall.Deprovision
	set         []assignment
	deleteAfter time.Duration
}

// assignment is one line of gone.set.
type assignment struct{ code, value text }

func (rs *rules) readActions(r *reader, v *value, source string) {
	r.section(v, "on of source "+source, keys{
		"none": choice(r, &rs.onNone, words(rollcall.ActCreate, rollcall.ActError)),
		"one":  choice(r, &rs.onOne, words(rollcall.ActUpdate, rollcall.ActError)),
		"many": choice(r, &rs.onMany, words(rollcall.ActCreate, rollcall.ActError, rollcall.ActTakeFirst)),
	})
}

var policies = map[string]rollcall.UpdatePolicy{
	"locked": rollcall.Locked, "unlocked": rollcall.Unlocked, "if_empty": rollcall.IfEmpty,
}

// blanks are what a value that is blank at the source may do: leave the
// attribute as it is, or clear it.
var blanks = words("keep", "clear")

func (rs *rules) readUpdate(r *reader, v *value, source string) {
	if v.shape != mapping {
		r.problem(v.Position, "update of source %s must be a section, such as {default: locked, phone: if_empty}", source)
		return
	}
	for _, f := range v.fields {
		if f.key.Text == "default" {
			choice(r, &rs.update, policies)(f.value)
			continue
		}
		p := policy{code: f.key}
		choice(r, &p.policy, policies)(f.value)
		if p.policy != "" {
			rs.updates = append(rs.updates, p)
		}
	}
}

func (rs *rules) readGone(r *reader, v *value, source string) {
	g := &rs.gone
	*g = gone{Position: v.Position, after: DefaultGoneAfter}
	sound := r.sound(func() { g.read(r, v, source) })
	if sound && v.shape == mapping {
		g.settle(r, v, source)
	}
}

func (g *gone) read(r *reader, v *value, source string) {
	r.section(v, "gone of source "+source, keys{
		"after": r.duration(&g.after),
		"then": choice(r, &g.then, words(rollcall.GoneIgnore, rollcall.GoneDelete,
			rollcall.GoneUpdate, rollcall.GoneUpdateThenDelete)),
		"set":          func(v *value) { g.readSet(r, v) },
		"delete_after": r.duration(&g.deleteAfter),
	})
}

func (g *gone) readSet(r *reader, v *value) {
	if v.shape != mapping {
		r.problem(v.Position, "set must be a section, such as {status: inactive}, not %s", v.shape)
		return
	}
	for _, f := range v.fields {
		if f.value.shape == nothing {
			r.problem(f.key.Position, "%s has no value; write \"\" to empty the attribute", f.key.Text)
			continue
		}
		a := assignment{code: f.key, value: text{Position: f.value.Position}}
		r.text(&a.value.Text)(f.value)
		g.set = append(g.set, a)
	}
}

// settle derives the policy from what is there and refuses what contradicts it.
func (g *gone) settle(r *reader, v *value, source string) {
	deletes := v.get("delete_after") != nil
	switch {
	case v.get("then") == nil && len(g.set) > 0:
		g.then = rollcall.GoneUpdate
	case v.get("then") == nil:
		r.problem(v.Position, "gone of source %s does not say what then: ignore, update, delete or update_then_delete", source)
		return
	}
	if g.then == rollcall.GoneUpdate && deletes {
		g.then = rollcall.GoneUpdateThenDelete
	}
	switch g.then {
	case rollcall.GoneUpdate, rollcall.GoneUpdateThenDelete:
		if len(g.set) == 0 {
			r.problem(v.Position, "gone says %s but not what to set, such as set: {status: inactive}", g.then)
		}
		if g.then == rollcall.GoneUpdateThenDelete && g.deleteAfter <= 0 {
			r.problem(v.Position, "gone says update_then_delete but not when to delete, such as delete_after: 90d")
		}
	default:
		if len(g.set) > 0 || deletes {
			r.problem(v.Position, "set and delete_after have no meaning where gone says %s", g.then)
		}
	}
}

func (rs *rules) readLimits(r *reader, v *value, source string) {
	r.section(v, "limits of source "+source, keys{
		"gone":    r.limit(&rs.limits.Gone),
		"changed": r.limit(&rs.limits.Changed),
		"new":     r.limit(&rs.limits.New),
	})
}

func (rs *rules) readProfiles(r *reader, v *value, source string) {
	p := &profiles{Position: v.Position}
	r.section(v, "profiles of source "+source, keys{
		"pattern": func(v *value) {
			if !r.scalar(v, "a pattern such as '^CN=itop-([^,]+),'") {
				return
			}
			p.rule.Pattern = r.pattern(v, dnPattern(r, v))
			if p.rule.Pattern != nil && p.rule.Pattern.NumSubexp() < 1 {
				r.problem(v.Position, "the pattern %q needs parentheses around the profile's name", v.text)
			}
		},
		"default": r.texts(&p.rule.Default),
	})
	if v.shape == mapping && r.lacks(v, "pattern") {
		r.problem(v.Position, "profiles of source %s has no pattern", source)
	}
	rs.profiles = p
}

// delimited is a pattern as the PHP collector wrote it: /pattern/flags.
var delimited = regexp.MustCompile(`^/(.*)/([a-zA-Z]*)$`)

// dnPattern returns a pattern for DNs. They compare without case, so patterns on
// them do too; (?-i:…) asks for case. The form /…/i is read as well.
func dnPattern(r *reader, v *value) string {
	source, flags := v.text, ""
	if m := delimited.FindStringSubmatch(source); m != nil {
		source = strings.ReplaceAll(m[1], `\/`, "/")
		for _, f := range m[2] {
			switch f {
			case 'i', 'u', 'D': // always so
			case 'm', 's':
				flags += string(f)
			default:
				r.problem(v.Position, "the pattern's flag %q has no counterpart here", string(f))
			}
		}
	}
	return "(?i" + flags + ")" + strings.TrimPrefix(source, "(?i)")
}
