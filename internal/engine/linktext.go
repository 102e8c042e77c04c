package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// linkSpec is one link of a link set's text: how to find the other side, and
// the link's further attributes.
type linkSpec struct {
	conditions []condition // all on the link class's key to the other side
	values     map[string]string
}

// condition is "<key>-><remote>:<value>", or "<key>:<id>" with remote "id".
type condition struct{ key, remote, value string }

// parseLinks reads the text of a link set (iTop 3.2.0, synchronization of link
// sets): <link>|<link>, each <item>;<item>, each <attribute>:<value> or
// <key>-><remote attribute>:<value>. An item in qualifiers may hold separators
// (on iTop the row separator alone splits inside qualifiers too). The error is
// the text that iTop gives.
func parseLinks(rule *rollcall.AttributeRule, text string) ([]linkSpec, error) {
	if text == "" {
		return nil, nil
	}
	var specs []linkSpec
	for _, link := range splitQualified(text, rule.ItemSeparator, rule.Qualifier) {
		spec := linkSpec{values: map[string]string{}}
		for _, item := range splitQualified(link, rule.AttributeSeparator, rule.Qualifier) {
			item = unqualify(item, rule.Qualifier)
			code, value, found := strings.Cut(item, rule.ValueSeparator)
			if !found {
				return nil, refusal("Wrong format for link attribute specification: value = %s", item)
			}
			code = strings.TrimSpace(code)
			if key, remote, isPath := strings.Cut(code, "->"); isPath {
				spec.conditions = append(spec.conditions, condition{key, remote, value})
				continue
			}
			spec.values[code] = value
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

// check holds a link specification against the link class, and turns keys given
// by ID into conditions.
func (s *linkSpec) check(model *rollcall.Model, attribute *rollcall.Attribute) error {
	class := model.Class(attribute.Target)
	for code, value := range s.values {
		a := class.Attribute(code)
		if a == nil {
			return refusal("Wrong attribute code for link attribute specification: class = %s, attcode = %s", class.Name, code)
		}
		if code == attribute.Remote {
			delete(s.values, code)
			s.conditions = append(s.conditions, condition{key: code, remote: "id", value: value})
		}
	}
	for _, c := range s.conditions {
		key := class.Attribute(c.key)
		if key == nil || !key.IsKey() {
			return refusal("Wrong attribute code for link attribute specification: class = %s, attcode = %s", class.Name, c.key)
		}
		remote := model.Class(key.Target)
		if c.remote != "id" && c.remote != "friendlyname" && remote.Attribute(c.remote) == nil {
			return refusal("Wrong attribute code for link attribute specification: class = %s, attcode = %s", remote.Name, c.remote)
		}
	}
	return nil
}

// linksText renders links in one order, so that two equal sets read alike.
func linksText(links []rollcall.Link) string {
	links = slices.Clone(links)
	slices.SortFunc(links, func(a, b rollcall.Link) int { return cmp.Compare(a.Target, b.Target) })
	var b strings.Builder
	for i, link := range links {
		if i > 0 {
			b.WriteByte('|')
		}
		b.WriteString(strconv.FormatInt(int64(link.Target), 10))
		codes := make([]string, 0, len(link.Values))
		for code, value := range link.Values {
			if value != "" {
				codes = append(codes, code)
			}
		}
		slices.Sort(codes)
		for _, code := range codes {
			fmt.Fprintf(&b, ";%s:%q", code, link.Values[code])
		}
	}
	return b.String()
}

// refusal is an error whose text is the wire's, capital letter and all.
func refusal(format string, args ...any) error {
	return rollcall.Errorf(rollcall.Invalid, format, args...)
}
