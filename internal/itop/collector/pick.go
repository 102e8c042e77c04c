package collector

import (
	"context"
	"strconv"
	"strings"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
)

// pick says which value of an attribute is meant: mail, mail[2], mail[*], or
// manager->mail, the mail of the entry that the value names.
type pick struct {
	index     int
	all       bool
	separator string
	follow    string
}

// parsePick reads a mapping's right side. In strict mode it is the name of an
// attribute, whatever it looks like.
func parsePick(text string, strict bool) (attr string, p pick) {
	if strict {
		return strings.TrimSpace(text), p
	}
	attr, p.follow, _ = strings.Cut(strings.TrimSpace(text), "->")
	if base, rest, ok := strings.Cut(attr, "["); ok && strings.HasSuffix(rest, "]") {
		inner := strings.TrimSuffix(rest, "]")
		if n, err := strconv.Atoi(inner); err == nil && n > 0 {
			attr, p.index = base, n
		} else if strings.HasPrefix(inner, "*") {
			attr, p.all, p.separator = base, true, ", "
			if len(inner) > 1 {
				p.separator = inner[1:]
			}
		}
	}
	return attr, p
}

// readFollowed reads, once, what DN-valued attributes lead to: the attribute
// behind -> of every entry that has it.
func (s *ldapSource) readFollowed(ctx context.Context) error {
	for _, c := range s.plan {
		target := strings.ToLower(c.pick.follow)
		if target == "" || s.follow[target] != nil {
			continue
		}
		filter, err := directory.ParseFilter("(" + target + "=*)")
		if err != nil {
			return rollcall.Errorf(rollcall.Invalid, "the mapping %q: %q is no attribute: %w", s.fields.Get(c.name).str(), c.pick.follow, err)
		}
		of := map[string]string{}
		search := directory.Search{Base: s.base, Scope: directory.ScopeSubtree, Filter: filter, Attributes: []string{target}}
		_, err = s.conn.Search(ctx, search, func(e *directory.Entry) error {
			if v := e.First(target); v != "" {
				of[string(directory.AppendFoldedDN(nil, e.DN))] = v
			}
			return nil
		})
		if err != nil {
			return err
		}
		if s.follow == nil {
			s.follow = map[string]map[string]string{}
		}
		s.follow[target] = of
	}
	return nil
}

// followed returns what the entries named by DNs have; those outside the base or
// without a value drop out.
func (s *ldapSource) followed(dns [][]byte, p pick) [][]byte {
	of := s.follow[strings.ToLower(p.follow)]
	var list [][]byte
	for _, dn := range dns {
		if v, ok := of[string(directory.AppendFoldedDN(nil, dn))]; ok {
			list = append(list, []byte(v))
		}
	}
	return list
}
