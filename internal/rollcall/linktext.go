package rollcall

import "strings"

// LinkSpec is one link of a link set's text: how to find the other side, and
// the link's further attributes.
type LinkSpec struct {
	Conditions []LinkCondition // all on the link class's key to the other side
	Values     map[string]string
}

// LinkCondition is "<key>-><remote>:<value>", or "<key>:<id>" with remote "id".
type LinkCondition struct{ Key, Remote, Value string }

// LinkSyntax are the signs of a link set's text.
type LinkSyntax struct{ Item, Attribute, Value, Qualifier string }

// DefaultLinkSyntax returns the signs that iTop 3.2.0 has by default.
func DefaultLinkSyntax() LinkSyntax { return LinkSyntax{"|", ";", ":", "'"} }

// LinkSyntax returns the signs that a source's rule asks for.
func (r *AttributeRule) LinkSyntax() LinkSyntax {
	return LinkSyntax{r.ItemSeparator, r.AttributeSeparator, r.ValueSeparator, r.Qualifier}
}

// ParseLinks reads the text of a link set (iTop 3.2.0, synchronization of link
// sets): <link>|<link>, each <item>;<item>, each <attribute>:<value> or
// <key>-><remote attribute>:<value>. An item in qualifiers may hold separators
// (on iTop the row separator alone splits inside qualifiers too). The error is
// the text that iTop gives.
func ParseLinks(s LinkSyntax, text string) ([]LinkSpec, error) {
	if text == "" {
		return nil, nil
	}
	var specs []LinkSpec
	for _, link := range splitQualified(text, s.Item, s.Qualifier) {
		spec := LinkSpec{Values: map[string]string{}}
		for _, item := range splitQualified(link, s.Attribute, s.Qualifier) {
			item = unqualify(item, s.Qualifier)
			code, value, found := strings.Cut(item, s.Value)
			if !found {
				return nil, linkRefusal("Wrong format for link attribute specification: value = %s", item)
			}
			code = strings.TrimSpace(code)
			if key, remote, isPath := strings.Cut(code, "->"); isPath {
				spec.Conditions = append(spec.Conditions, LinkCondition{key, remote, value})
				continue
			}
			spec.Values[code] = value
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

// splitQualified splits at a separator outside qualifiers.
func splitQualified(text, separator, qualifier string) []string {
	if qualifier == "" || !strings.Contains(text, qualifier) {
		return strings.Split(text, separator)
	}
	var parts []string
	inside, start := false, 0
	for i := 0; i < len(text); {
		switch {
		case strings.HasPrefix(text[i:], qualifier):
			inside = !inside
			i += len(qualifier)
		case !inside && strings.HasPrefix(text[i:], separator):
			parts = append(parts, text[start:i])
			i += len(separator)
			start = i
		default:
			i++
		}
	}
	return append(parts, text[start:])
}

// unqualify takes the qualifiers off an item or off the value of one.
func unqualify(item, qualifier string) string {
	if qualifier == "" || !strings.Contains(item, qualifier) {
		return item
	}
	parts := strings.Split(item, qualifier+qualifier)
	for i := range parts {
		parts[i] = strings.ReplaceAll(parts[i], qualifier, "")
	}
	return strings.Join(parts, qualifier)
}

// Check holds a link specification against the link class, and turns keys given
// by ID into conditions.
func (s *LinkSpec) Check(model *Model, attribute *Attribute) error {
	class := model.Class(attribute.Target)
	for code, value := range s.Values {
		a := class.Attribute(code)
		if a == nil {
			return linkRefusal("Wrong attribute code for link attribute specification: class = %s, attcode = %s", class.Name, code)
		}
		if code == attribute.Remote {
			delete(s.Values, code)
			s.Conditions = append(s.Conditions, LinkCondition{Key: code, Remote: "id", Value: value})
		}
	}
	for _, c := range s.Conditions {
		key := class.Attribute(c.Key)
		if key == nil || !key.IsKey() {
			return linkRefusal("Wrong attribute code for link attribute specification: class = %s, attcode = %s", class.Name, c.Key)
		}
		remote := model.Class(key.Target)
		if c.Remote != "id" && c.Remote != "friendlyname" && remote.Attribute(c.Remote) == nil {
			return linkRefusal("Wrong attribute code for link attribute specification: class = %s, attcode = %s", remote.Name, c.Remote)
		}
	}
	return nil
}

// linkRefusal is an error whose text is the wire's, capital letter and all.
func linkRefusal(format string, args ...any) error { return Errorf(Invalid, format, args...) }
