package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
)

// company is what is to be written.
type company struct {
	persons, groups, depth int
	profiles               []string // groups that give them
	round                  int      // of changes
	seed                   uint64
	base                   string
	operational            bool
}

var (
	firstNames = strings.Fields("Anna Björn Chloé Dagmar Éloïse Filip Grażyna Håkon Inès Jürgen Katharina Łukasz Maëlys Niamh Oisín Paweł Róża Søren Thérèse Zoë")
	lastNames  = strings.Fields("Müller Østergaard Lefèvre Kowalczyk O'Brien Schäfer Bérard Zieliński Murphy Nielsen Weiß Fournier Dąbrowski Gallagher Rasmussen Köhler Sénéchal Wójcik Fitzgerald Kjær")
	endings    = strings.Fields("au aux beck berg by cki court dal eau elli feld gaard hagen heim holm inen ini kin lund mann mark nen nik owa poulos quist rup rud sen ska skov son stad stein sson ton vic villa wald wick")
	titles     = []string{"Account Manager", "Accountant", "Database Administrator", "Designer", "Engineer", "Network Administrator", "Product Manager", "Recruiter", "Sales Engineer", "Support Agent", "System Administrator", "Team Lead"}
	ranks      = []string{"Deputy ", "Junior ", "Principal ", "Senior "}
	cities     = []string{"Berlin", "Dublin", "København", "Kraków", "Lisboa", "Paris", "Praha", "Zürich"}
)

// write writes the whole directory.
func (c *company) write(w io.Writer) error {
	if c.persons < 0 || c.groups < 0 || c.depth < 1 {
		return errors.New("-persons and -groups cannot be negative, -depth is at least 1")
	}
	for _, ou := range []string{"people", "groups"} {
		if _, err := fmt.Fprintf(w, "dn: ou=%[1]s,%[2]s\nobjectClass: organizationalUnit\nou: %[1]s\n\n", ou, c.base); err != nil {
			return err
		}
	}
	var buf []byte
	for i := range c.persons {
		buf = c.appendPerson(buf[:0], i)
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	for g := range c.groups {
		buf = c.appendGroup(buf[:0], g)
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	for i := range c.profiles {
		buf = c.appendProfile(buf[:0], i)
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// writeChanges writes modifications that give n persons, evenly spread, a title
// that nobody had.
func (c *company) writeChanges(w io.Writer, n int) error {
	if n > c.persons {
		return fmt.Errorf("-changes %d: there are only %d persons", n, c.persons)
	}
	for i := range n {
		_, err := fmt.Fprintf(w, "dn: %s\nchangetype: modify\nreplace: title\ntitle: Title number %d of round %d\n\n", c.personDN(i*c.persons/n), i, c.round)
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *company) personDN(i int) string { return fmt.Sprintf("uid=u%07d,ou=people,%s", i, c.base) }
func (c *company) groupDN(g int) string  { return fmt.Sprintf("cn=g%05d,ou=groups,%s", g, c.base) }
func (c *company) profileDN(i int) string {
	return fmt.Sprintf("cn=itop-%s,ou=groups,%s", c.profiles[i], c.base)
}

// appendPerson appends the ith person: seeded by its number, so that it is the
// same however many others there are.
func (c *company) appendPerson(buf []byte, i int) []byte {
	r := rand.New(rand.NewPCG(c.seed, uint64(i)))
	// Of a hundred thousand persons some fourteen in a hundred have a namesake.
	first := firstNames[r.IntN(len(firstNames))] + "-" + firstNames[r.IntN(len(firstNames))]
	last := lastNames[r.IntN(len(lastNames))] + endings[r.IntN(len(endings))]
	number := fmt.Sprintf("%07d", i)
	buf = appendLine(buf, "dn", c.personDN(i))
	buf = append(buf, "objectClass: inetOrgPerson\n"...)
	buf = appendLine(buf, "uid", "u"+number)
	buf = appendLine(buf, "cn", first+" "+last+" "+strconv.Itoa(i))
	buf = appendLine(buf, "sn", last)
	buf = appendLine(buf, "givenName", first)
	buf = appendLine(buf, "mail", "u"+number+"@example.org")
	buf = appendLine(buf, "telephoneNumber", fmt.Sprintf("+49 30 %07d-%02d", r.IntN(10_000_000), r.IntN(100)))
	buf = appendLine(buf, "mobile", fmt.Sprintf("+49 171 %07d", r.IntN(10_000_000)))
	buf = appendLine(buf, "title", ranks[r.IntN(len(ranks))]+titles[r.IntN(len(titles))])
	buf = appendLine(buf, "employeeNumber", "E"+number)
	buf = appendLine(buf, "l", cities[r.IntN(len(cities))])
	if c.operational {
		buf = fmt.Appendf(buf, "entryUUID: %08x-0000-4000-8000-%012x\n", c.seed&0xffffffff, i)
		if c.groups > 0 {
			buf = appendLine(buf, "memberOf", c.groupDN(i%c.groups))
		}
	}
	return append(buf, '\n')
}

// appendGroup appends the gth group: its share of the persons, and the next
// group of its chain. The last group of the first chain holds the first one.
func (c *company) appendGroup(buf []byte, g int) []byte {
	buf = appendLine(buf, "dn", c.groupDN(g))
	buf = fmt.Appendf(buf, "objectClass: groupOfNames\ncn: g%05d\n", g)
	if c.operational {
		buf = fmt.Appendf(buf, "entryUUID: %08x-0000-4000-9000-%012x\n", c.seed&0xffffffff, g)
		if g%c.depth != 0 {
			buf = appendLine(buf, "memberOf", c.groupDN(g-1))
		} else if n := len(c.profiles); n > 0 {
			buf = appendLine(buf, "memberOf", c.profileDN(g/c.depth%n))
		}
	}
	for i := g; i < c.persons; i += c.groups {
		buf = appendLine(buf, "member", c.personDN(i))
	}
	endsChain := (g+1)%c.depth == 0 || g+1 == c.groups
	switch {
	case !endsChain:
		buf = appendLine(buf, "member", c.groupDN(g+1))
	case g < c.depth && g > 0:
		buf = appendLine(buf, "member", c.groupDN(0))
	case g >= c.persons: // a group must have a member
		buf = appendLine(buf, "member", c.groupDN(g))
	}
	return append(buf, '\n')
}

// appendProfile appends the ith group that gives a profile: it holds the first
// group of its share of the chains, and through them everybody in these.
func (c *company) appendProfile(buf []byte, i int) []byte {
	buf = appendLine(buf, "dn", c.profileDN(i))
	buf = fmt.Appendf(buf, "objectClass: groupOfNames\ncn: itop-%s\n", c.profiles[i])
	if c.operational {
		buf = fmt.Appendf(buf, "entryUUID: %08x-0000-4000-a000-%012x\n", c.seed&0xffffffff, i)
	}
	if i*c.depth >= c.groups { // a group must have a member
		return append(appendLine(buf, "member", c.profileDN(i)), '\n')
	}
	for g := i * c.depth; g < c.groups; g += len(c.profiles) * c.depth {
		buf = appendLine(buf, "member", c.groupDN(g))
	}
	return append(buf, '\n')
}

// appendLine appends one attribute value, in base64 where LDIF (RFC 2849) wants
// that. Values here never begin or end with a space.
func appendLine(buf []byte, name, value string) []byte {
	buf = append(append(buf, name...), ':')
	for i := range len(value) {
		if value[i] >= 0x80 {
			buf = append(buf, ": "...)
			buf = base64.StdEncoding.AppendEncode(buf, []byte(value))
			return append(buf, '\n')
		}
	}
	buf = append(buf, ' ')
	return append(append(buf, value...), '\n')
}
