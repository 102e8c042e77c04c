package directory

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Entry is one entry as read. Everything in it is lent until the callback
// returns.
type Entry struct {
	DN     []byte
	Names  []string   // the attributes asked for, as asked; with "*" or "+", those found besides
	Values [][][]byte // beside Names; nil when the entry has no such attribute
}

// Get returns all values of an attribute, compared without case.
func (e *Entry) Get(name string) [][]byte {
	for i, n := range e.Names {
		if strings.EqualFold(n, name) {
			return e.Values[i]
		}
	}
	return nil
}

// First returns the first value of an attribute as text, empty when there is
// none.
func (e *Entry) First(name string) string {
	if vs := e.Get(name); len(vs) > 0 {
		return string(vs[0])
	}
	return ""
}

// Clone returns a copy that owns its bytes.
func (e *Entry) Clone() *Entry {
	c := &Entry{DN: bytes.Clone(e.DN), Names: slices.Clone(e.Names), Values: make([][][]byte, len(e.Values))}
	for i, vs := range e.Values {
		for _, v := range vs {
			c.Values[i] = append(c.Values[i], bytes.Clone(v))
		}
	}
	return c
}

// decoder turns the content of SearchResultEntry messages into one Entry that it
// uses over and over: in the steady state it allocates nothing.
type decoder struct {
	entry  Entry
	open   bool     // attributes that were not asked for are kept too
	flat   [][]byte // the values of the entry, attribute after attribute
	known  []descriptor
	byName map[string]int // into known
	ranges []valueRange   // of this entry: attributes that came in part
}

// descriptor is one spelling under which the server sent an attribute.
type descriptor struct {
	name  string
	field int // into Names; -1 for what was not asked for
	last  int // ranged: the number of the last value it holds, -1 for "the end"
	next  int // into known: what followed it last time, most likely follows again
}

// valueRange is an attribute of which the server sent only a part.
type valueRange struct{ field, next int }

const notRanged = -2

func newDecoder(names []string) *decoder {
	d := &decoder{byName: map[string]int{}}
	for _, n := range names {
		switch n {
		case "*", "+":
			d.open = true
		case "1.1":
		default:
			d.entry.Names = append(d.entry.Names, n)
		}
	}
	d.entry.Values = make([][][]byte, len(d.entry.Names))
	// The first descriptor stands before every entry's first attribute.
	d.known = append(d.known, descriptor{field: -1, next: -1, last: notRanged})
	return d
}

// decode reads one entry. It returns false when the message is malformed.
func (d *decoder) decode(body []byte) bool {
	dn, rest, ok := expect(body, tagOctets)
	if !ok {
		return false
	}
	attrs, _, ok := expect(rest, tagSequence)
	if !ok {
		return false
	}
	e := &d.entry
	e.DN = dn
	clear(e.Values)
	d.flat = d.flat[:0]
	d.ranges = d.ranges[:0]
	at := 0
	for len(attrs) > 0 {
		attr, more, ok := expect(attrs, tagSequence)
		if !ok {
			return false
		}
		name, vals, ok := expect(attr, tagOctets)
		if !ok {
			return false
		}
		set, _, ok := expect(vals, tagSet)
		if !ok {
			return false
		}
		at = d.find(at, name)
		if !d.values(&d.known[at], set) {
			return false
		}
		attrs = more
	}
	return true
}

// find returns the descriptor of a name, given the one before it.
func (d *decoder) find(before int, name []byte) int {
	if guess := d.known[before].next; guess >= 0 && d.known[guess].name == string(name) {
		return guess
	}
	at, ok := d.byName[string(name)]
	if !ok {
		at = d.learn(string(name))
	}
	if before < len(d.known) {
		d.known[before].next = at
	}
	return at
}

// maxKnown bounds what a hostile server can make us remember.
const maxKnown = 10_000

// learn works out which field a spelling belongs to.
func (d *decoder) learn(name string) int {
	desc := descriptor{name: name, field: -1, last: notRanged, next: -1}
	base, last := cutRange(name)
	desc.last = last
	for i, asked := range d.entry.Names {
		if strings.EqualFold(asked, base) || strings.EqualFold(cutBinary(asked), cutBinary(base)) {
			desc.field = i
			break
		}
	}
	if desc.field < 0 && d.open && len(d.entry.Names) < maxKnown {
		desc.field = len(d.entry.Names)
		d.entry.Names = append(d.entry.Names, base)
		d.entry.Values = append(d.entry.Values, nil)
	}
	if len(d.known) >= maxKnown { // forget all but the first
		d.known = d.known[:1]
		d.known[0].next = -1
		clear(d.byName)
	}
	d.known = append(d.known, desc)
	d.byName[name] = len(d.known) - 1
	return len(d.known) - 1
}

// values keeps the values of one attribute in its field.
func (d *decoder) values(desc *descriptor, set []byte) bool {
	start := len(d.flat)
	for len(set) > 0 {
		v, rest, ok := expect(set, tagOctets)
		if !ok {
			return false
		}
		d.flat = append(d.flat, v)
		set = rest
	}
	if desc.field < 0 {
		d.flat = d.flat[:start]
		return true
	}
	vs := d.flat[start:len(d.flat):len(d.flat)]
	if desc.last >= 0 {
		d.ranges = append(d.ranges, valueRange{field: desc.field, next: desc.last + 1})
	}
	// Active Directory sends an empty "member" beside "member;range=0-1499".
	if have := d.entry.Values[desc.field]; len(have) > 0 {
		vs = slices.Concat(have, vs)
	}
	if len(vs) > 0 {
		d.entry.Values[desc.field] = vs
	}
	return true
}

// cutBinary removes the transfer option, which does not make another attribute
// (RFC 4522).
func cutBinary(name string) string {
	if i := len(name) - len(";binary"); i > 0 && strings.EqualFold(name[i:], ";binary") {
		return name[:i]
	}
	return name
}

// rangeIs begins the option of ranged values ([MS-ADTS] 3.1.1.3.1.3.3).
const rangeIs = ";range="

// cutRange removes the option ;range=M-N and returns N, -1 for "*", notRanged
// when there is no such option.
func cutRange(name string) (base string, last int) {
	i := rangeAt(name)
	if i < 0 {
		return name, notRanged
	}
	option, others, _ := strings.Cut(name[i+1:], ";")
	if base = name[:i]; others != "" {
		base += ";" + others
	}
	_, to, ok := strings.Cut(option, "-")
	if !ok {
		return name, notRanged
	}
	if to == "*" {
		return base, -1
	}
	last, err := strconv.Atoi(to)
	if err != nil || last < 0 || last > 1<<30 {
		return name, notRanged
	}
	return base, last
}

// rangeAt returns where the option of ranges begins, -1 when there is none. The
// name is what a server sent: it need not be UTF-8.
func rangeAt(name string) int {
	for i := range len(name) - len(rangeIs) + 1 {
		if strings.EqualFold(name[i:i+len(rangeIs)], rangeIs) {
			return i
		}
	}
	return -1
}

func rangeOption(name string, from int) string { return fmt.Sprintf("%s%s%d-*", name, rangeIs, from) }
