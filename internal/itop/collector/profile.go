package collector

import (
	"bytes"
	"fmt"
	"strings"

	"rollcall/internal/rollcall"
)

// profileRule works out the profiles of a user.
type profileRule struct {
	synchronize bool
	nested      bool // groups within groups and the primary group count too
	strict      bool
	pattern     *pattern
	profile     string // the one of whoever has no other
	groups      int    // place of the groups among the attributes asked for
	known       map[string]string
}

func newProfileRule(p *Parameters, defaults *Value, strict bool) (*profileRule, error) {
	r := &profileRule{strict: strict, profile: defaults.Get("profile").str(), groups: -1, known: map[string]string{}}
	mode := p.Text("synchronize_profiles", "no")
	r.synchronize = mode != "no"
	if !strict && strings.EqualFold(strings.TrimSpace(mode), "no") {
		r.synchronize = false // No and NO meant yes
	}
	r.nested = strings.EqualFold(mode, "nested") && !strict
	if !r.synchronize {
		return r, nil
	}
	var err error
	if r.pattern, err = parsePattern(p.Text("itop_group_pattern", "/^CN=itop-(.*),OU=.*/")); err != nil {
		return nil, fmt.Errorf("itop_group_pattern: %w", err)
	}
	return r, nil
}

// attribute is what the groups are read from.
func (r *profileRule) attribute() string {
	if r.nested {
		return rollcall.FieldGroups
	}
	return "memberof"
}

func (r *profileRule) describe() string {
	if r.synchronize {
		return fmt.Sprintf("   iTop 'profile_list' is filled from LDAP '%s' using the regular expression %s to extract the name of the iTop profile\n", r.attribute(), r.pattern.text)
	}
	return fmt.Sprintf("   iTop 'profile_list' is filled with the constant value 'profileid->name:%s'\n", r.profile)
}

// value returns the text of a user's link set of profiles.
func (r *profileRule) value(s *ldapSource, e *rollcall.Entry, c *column) []byte {
	list, ok := s.attribute(e, c)
	if !ok {
		list = c.fallback
	}
	if r.synchronize {
		if values := e.Values[r.groups]; len(values) > 0 {
			list = r.fromGroups(values)
		}
	}
	if len(list) == 0 || len(list) == 1 && list[0] == '0' {
		return append([]byte("profileid->name:"), r.profile...)
	}
	return list
}

func (r *profileRule) fromGroups(groups [][]byte) []byte {
	var list []byte
	for _, g := range groups {
		item, known := r.known[string(g)]
		if !known {
			item = r.item(string(g))
			if len(r.known) < 10_000 {
				r.known[string(g)] = item
			}
		}
		if item == "" || !r.strict && containsItem(list, item) {
			continue
		}
		if len(list) > 0 {
			list = append(list, '|')
		}
		list = append(list, item...)
	}
	return list
}

func containsItem(list []byte, item string) bool {
	for one := range bytes.SplitSeq(list, []byte("|")) {
		if string(one) == item {
			return true
		}
	}
	return false
}

// item returns the link to the profile that a group names, empty for none.
func (r *profileRule) item(group string) string {
	m := r.pattern.match(group)
	if m == nil {
		return ""
	}
	name := ""
	if len(m) > 1 {
		name = m[1]
	}
	if !r.strict {
		// A greedy pattern takes the rest of the DN along: the name of a group
		// ends where its part of the DN does.
		if name = unescapeDN(cutPart(name)); name == "" {
			return ""
		}
	}
	return "profileid->name:" + name
}

// cutPart cuts a text at its first comma that is not escaped.
func cutPart(text string) string {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case ',':
			return text[:i]
		}
	}
	return text
}

// unescapeDN resolves the escapes of a DN's value.
func unescapeDN(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	dn, err := rollcall.ParseDN("cn=" + text)
	if err != nil {
		return text
	}
	return dn.RDN()
}
