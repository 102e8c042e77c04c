package mapping

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"rollcall/internal/rollcall"
)

// profiles gives an account the profiles that its groups name, as the text of a
// link set: sorted, without doubles, each found by its name.
//
// The pattern sees a group's DN with its escapes resolved, and what its first
// group captures is cut where the part of the DN ends. So (.*) never swallows
// the ",OU=" that follows, and a comma within a group's name ends nothing.
func (r *rule) profiles(v *view) (string, *fault) {
	var names []string
	for _, b := range v.values(r.groups) {
		name, f := r.named.get(r.Profiles, b)
		if f != nil {
			return "", f
		}
		if name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		names = slices.Clone(r.Profiles.Default)
	}
	// Names compare without case, as they do when the profile is looked up.
	slices.SortFunc(names, func(a, b string) int {
		if c := strings.Compare(rollcall.Fold(a), rollcall.Fold(b)); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	names = slices.CompactFunc(names, func(a, b string) bool { return rollcall.Fold(a) == rollcall.Fold(b) })
	return r.linkSet(names), nil
}

// profileNames remembers the profiles of groups: the same few groups come with
// entry after entry. It is safe for concurrent use.
type profileNames struct {
	mu sync.RWMutex
	of map[string]string // "" for a group that gives none
}

// mostRemembered bounds what a directory with very many groups takes.
const mostRemembered = 10_000

// get returns what a pattern captures of a group's DN, "" for nothing.
func (n *profileNames) get(p *rollcall.ProfileRule, group []byte) (string, *fault) {
	n.mu.RLock()
	name, known := n.of[string(group)]
	n.mu.RUnlock()
	if known {
		return name, nil
	}
	dn := string(group)
	if f := flawIn(dn); f != nil {
		return "", f
	}
	name = profileName(p, dn)
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.of) >= mostRemembered {
		clear(n.of)
	}
	n.of[dn] = name
	return name, nil
}

// profileName returns what a pattern captures of a group's DN, "" for nothing.
func profileName(p *rollcall.ProfileRule, dn string) string {
	flat := flatDN(dn)
	at := p.Pattern.FindStringSubmatchIndex(flat)
	if len(at) < 4 || at[2] < 0 {
		return ""
	}
	name, _, _ := strings.Cut(flat[at[2]:at[3]], ",")
	return strings.TrimSpace(strings.ReplaceAll(name, inValue, ","))
}

// linkSet writes the text of a set of links to objects found by their names:
// profileid->name:Portal user|profileid->name:…
func (r *rule) linkSet(names []string) string {
	item, attribute, value, qualifier := separators(r.AttributeRule)
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteString(item)
		}
		text := r.Attribute.Remote + "->name" + value + name
		if slices.ContainsFunc([]string{item, attribute, qualifier, "\n"}, func(s string) bool { return strings.Contains(name, s) }) {
			text = qualifier + strings.ReplaceAll(text, qualifier, qualifier+qualifier) + qualifier
		}
		b.WriteString(text)
	}
	return b.String()
}

// separators returns the separators of a link set's text, as iTop has them by
// default.
func separators(r *rollcall.AttributeRule) (item, attribute, value, qualifier string) {
	return cmp.Or(r.ItemSeparator, "|"), cmp.Or(r.AttributeSeparator, ";"), cmp.Or(r.ValueSeparator, ":"), cmp.Or(r.Qualifier, "'")
}
