package collector

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"

	"rollcall/internal/rollcall"
)

// fill makes a row of an entry; it returns false for one without a key.
func (s *ldapSource) fill(e *rollcall.Entry, index int) bool {
	s.buf = s.buf[:0]
	if key := s.value(e, &s.plan[0]); len(key) == 0 {
		if s.warn {
			s.skipped = append(s.skipped, index)
		}
		return false
	}
	for i := range s.plan {
		s.out.cells[i].text = s.value(e, &s.plan[i])
	}
	return true
}

// value works out one cell.
func (s *ldapSource) value(e *rollcall.Entry, c *column) []byte {
	if c.profile {
		return s.profile.value(s, e, c)
	}
	v, ok := s.attribute(e, c)
	if !ok {
		v = c.fallback
	} else if c.table != nil {
		if mapped, found := c.table.find(string(v)); found {
			v = []byte(mapped)
		}
	}
	return v
}

// attribute returns what an entry has for a column, false when it has nothing.
func (s *ldapSource) attribute(e *rollcall.Entry, c *column) ([]byte, bool) {
	if c.attr < 0 {
		return nil, false
	}
	values := e.Values[c.attr]
	if c.pick.index > 0 {
		if c.pick.index > len(values) {
			return nil, false
		}
		values = values[c.pick.index-1 : c.pick.index]
	}
	if len(values) == 0 {
		return nil, false
	}
	if c.pick.follow != "" {
		if values = s.followed(values, c.pick); len(values) == 0 {
			return nil, false
		}
	}
	switch {
	case c.picture > 0:
		return picture(values[0], c.picture, e), true
	case c.link != "":
		return s.links(values, c.link), true
	case c.pick.all:
		return bytes.Join(values, []byte(c.pick.separator)), true
	}
	return s.clean(values[0]), true
}

// clean makes sure that a cell is UTF-8, which iTop's upload demands.
func (s *ldapSource) clean(v []byte) []byte {
	if s.app.strict || utf8.Valid(v) {
		return v
	}
	return bytes.ToValidUTF8(v, []byte("\uFFFD"))
}

// links writes a link set: person_id->email:a@example.com|person_id->email:….
func (s *ldapSource) links(values [][]byte, item string) []byte {
	var b []byte
	for i, v := range values {
		if i > 0 {
			b = append(b, '|')
		}
		text := item + string(v)
		if strings.ContainsAny(string(v), "|;'") {
			text = "'" + strings.ReplaceAll(text, "'", "''") + "'"
		}
		b = append(b, text...)
	}
	return b
}

// picture returns one of the three columns of a picture.
func picture(data []byte, part int, e *rollcall.Entry) []byte {
	kind := http.DetectContentType(data)
	switch part {
	case 1:
		return base64.StdEncoding.AppendEncode(nil, data)
	case 2:
		return []byte(kind)
	}
	name := "picture"
	if dn, err := rollcall.ParseDN(string(e.Name)); err == nil && dn.RDN() != "" {
		name = dn.RDN()
	}
	_, ending, _ := strings.Cut(kind, "/")
	return []byte(name + "." + ending)
}
