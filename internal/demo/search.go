package demo

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"rollcall/internal/rollcall"
)

// search is a search request, checked.
type search struct {
	base      string // folded
	scope     int64
	limit     int64 // of entries
	typesOnly bool
	filter    *filter
	selection selection
}

// parseSearch reads a SearchRequest; the error's text is for the client.
func parseSearch(op *ber.Packet) (*search, error) {
	if len(op.Children) != 8 {
		return nil, errProtocol
	}
	q := &search{base: rollcall.FoldDN(text(op.Children[0])), limit: math.MaxInt64}
	var ok bool
	if q.scope, ok = op.Children[1].Value.(int64); !ok || q.scope < ldap.ScopeBaseObject || q.scope > ldap.ScopeChildren {
		return nil, fmt.Errorf("unknown scope %v", op.Children[1].Value)
	}
	if limit, _ := op.Children[3].Value.(int64); limit > 0 {
		q.limit = limit
	}
	q.typesOnly, _ = op.Children[5].Value.(bool)
	var err error
	if q.filter, err = parseFilter(op.Children[6]); err != nil {
		return nil, err
	}
	for _, attribute := range op.Children[7].Children {
		q.selection = append(q.selection, text(attribute))
	}
	return q, nil
}

// search answers a SearchRequest.
func (s *session) search(id int64, op *ber.Packet, c controls) error {
	const reply = ldap.ApplicationSearchResultDone
	q, err := parseSearch(op)
	switch {
	case err != nil:
		return s.result(id, reply, ldap.LDAPResultProtocolError, err.Error())
	case c.broken:
		return s.result(id, reply, ldap.LDAPResultProtocolError, "malformed paged results control or cookie")
	}
	v := s.directory.view()
	if q.base == "" && q.scope == ldap.ScopeBaseObject {
		if err := s.entry(id, v, v.rootDSE(), q); err != nil {
			return err
		}
		return s.result(id, reply, ldap.LDAPResultSuccess, "")
	}
	switch base := v.byDN[q.base]; {
	case s.user == "":
		return s.result(id, reply, ldap.LDAPResultInsufficientAccessRights, "sign in first: anonymous clients may read the root DSE alone")
	case base == nil:
		return s.result(id, reply, ldap.LDAPResultNoSuchObject, "")
	}
	return s.entries(id, v, q, c.page)
}

// entries sends the entries that match, or one page of them, and the result.
func (s *session) entries(id int64, v *view, q *search, page *paging) error {
	const reply = ldap.ApplicationSearchResultDone
	first, most := 0, q.limit
	if page != nil {
		first, _ = slices.BinarySearchFunc(v.entries, page.after+1, func(e *entry, seq int64) int { return int(e.seq - seq) })
		// A page of 0 entries tells the server to forget the search (RFC 2696, section 3).
		if page.size == 0 {
			return s.result(id, reply, ldap.LDAPResultSuccess, "", pageEnd(0))
		}
		most = min(most, page.size)
	}
	var sent, last int64
	for _, e := range v.entries[first:] {
		if !q.covers(v, e) || q.filter.matches(v, e) != isTrue {
			continue
		}
		if sent == most {
			if page != nil && sent == page.size {
				return s.result(id, reply, ldap.LDAPResultSuccess, "", pageEnd(last))
			}
			return s.result(id, reply, ldap.LDAPResultSizeLimitExceeded, "")
		}
		if err := s.entry(id, v, e, q); err != nil {
			return err
		}
		sent, last = sent+1, e.seq
	}
	if page != nil {
		return s.result(id, reply, ldap.LDAPResultSuccess, "", pageEnd(0))
	}
	return s.result(id, reply, ldap.LDAPResultSuccess, "")
}

// covers reports whether an entry is in the scope of the search.
func (q *search) covers(v *view, e *entry) bool {
	switch q.scope {
	case ldap.ScopeBaseObject:
		return e.fold == q.base
	case ldap.ScopeSingleLevel:
		return e.parent == q.base
	case ldap.ScopeWholeSubtree:
		if e.fold == q.base {
			return true
		}
	}
	for up := v.byDN[e.parent]; up != nil; up = v.byDN[up.parent] {
		if up.fold == q.base {
			return true
		}
	}
	return false
}

// entry sends one entry, and ends the connection when that was the last one
// allowed.
func (s *session) entry(id int64, v *view, e *entry, q *search) error {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	op.AppendChild(octets(e.name))
	list := ber.NewSequence("")
	for _, a := range q.selection.of(v, e) {
		attribute := ber.NewSequence("")
		attribute.AppendChild(octets(a.Name))
		values := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, value := range a.Values {
			if !q.typesOnly {
				values.AppendChild(octets(value))
			}
		}
		attribute.AppendChild(values)
		list.AppendChild(attribute)
	}
	op.AppendChild(list)
	if err := s.send(id, op); err != nil {
		return err
	}
	s.sent++
	if cut := s.directory.cutAfter.Load(); cut > 0 && s.sent >= cut {
		return errCut
	}
	return nil
}

// selection is the list of attributes that a search asks for.
type selection []string

// operationalNames are the attributes that + stands for, in order.
var operationalNames = []string{
	"entryUUID", "entryDN", "createTimestamp", "modifyTimestamp", "structuralObjectClass", "hasSubordinates",
	"memberOf", "pwdAccountLockedTime",
}

// of returns the attributes of an entry that were asked for.
func (s selection) of(v *view, e *entry) []Attribute {
	var out []Attribute
	add := func(name string, values []string) {
		seen := slices.ContainsFunc(out, func(a Attribute) bool { return strings.EqualFold(a.Name, name) })
		if len(values) > 0 && !seen && typeOf(attributeName(name)).syntax != groupOfBytes {
			out = append(out, Attribute{Name: name, Values: values})
		}
	}
	wanted := s
	if len(wanted) == 0 {
		wanted = selection{"*"}
	}
	for _, want := range wanted {
		switch want {
		case "*":
			for _, a := range e.attrs {
				if !typeOf(a.Name).operational {
					add(a.Name, a.Values)
				}
			}
		case "+":
			for _, name := range operationalNames {
				add(name, v.values(e, strings.ToLower(name)))
			}
		case "1.1":
		default:
			base := attributeName(want)
			name, values := typeOf(base).name, v.values(e, base)
			if low, high, ok := parseRange(want); ok {
				name, values = cutRange(name, values, low, high)
			}
			add(name, values)
		}
	}
	return out
}

// parseRange reads the option ;range=low-high of an attribute description; high
// is -1 for *.
func parseRange(description string) (low, high int, ok bool) {
	_, option, _ := strings.Cut(strings.ToLower(description), ";")
	bounds, ok := strings.CutPrefix(option, "range=")
	if !ok {
		return 0, 0, false
	}
	from, to, ok := strings.Cut(bounds, "-")
	low, err := strconv.Atoi(from)
	if !ok || err != nil || low < 0 {
		return 0, 0, false
	}
	if to == "*" {
		return low, -1, true
	}
	high, err = strconv.Atoi(to)
	return low, high, err == nil && high >= low
}

// cutRange returns the part of the values that was asked for, and the name that
// says which part it is, as Active Directory does: a range that reaches the last
// value ends in *.
func cutRange(name string, values []string, low, high int) (string, []string) {
	if low >= len(values) {
		return name, nil
	}
	if high < 0 || high >= len(values)-1 {
		return fmt.Sprintf("%s;range=%d-*", name, low), values[low:]
	}
	return fmt.Sprintf("%s;range=%d-%d", name, low, high), values[low : high+1]
}

// rootDSE returns the entry that tells what the server is.
func (v *view) rootDSE() *entry {
	return &entry{attrs: []Attribute{
		Attr("objectClass", "top"),
		Attr("namingContexts", v.base.String()),
		Attr("supportedLDAPVersion", "3"),
		Attr("supportedControl", ldap.ControlTypePaging, manageDSAIT),
		Attr("supportedFeatures", "1.3.6.1.4.1.4203.1.5.1"), // + asks for all operational attributes (RFC 3673)
		Attr("vendorName", "Rollcall"),
		Attr("vendorVersion", "sample directory"),
	}}
}
