package e2e

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// ldif writes the company: people, and groups before those that hold them, but
// for rings, which ringLDIF closes.
func (c *company) ldif() string {
	var b strings.Builder
	for _, unit := range []string{"OU=Staff", "OU=Groups"} {
		c.unit(&b, unit)
	}
	for _, city := range cities {
		c.unit(&b, "OU="+city+",OU=Staff")
	}
	for i := range c.people {
		c.person(&b, &c.people[i])
	}
	made := map[string]bool{}
	for i := range c.groups {
		c.group(&b, &c.groups[i], made)
		made[c.groups[i].name] = true
	}
	return b.String()
}

func (c *company) unit(b *strings.Builder, dn string) {
	line(b, "dn", dn+","+c.base)
	name, _, _ := strings.Cut(strings.TrimPrefix(dn, "OU="), ",")
	b.WriteString("objectClass: organizationalUnit\n")
	line(b, "ou", name)
	b.WriteString("\n")
}

func (c *company) person(b *strings.Builder, e *employee) {
	line(b, "dn", e.dn)
	if c.isAD {
		c.adAccount(b, e)
	} else {
		c.unixAccount(b, e)
	}
	for _, a := range [][2]string{{"sn", e.last}, {"givenName", e.first}, {"mail", e.mail},
		{"telephoneNumber", e.phone}, {"mobile", e.mobile}, {"title", e.title}} {
		line(b, a[0], a[1])
	}
	if e.manager >= 0 {
		line(b, "manager", c.people[e.manager].dn)
	}
	b.WriteString("\n")
}

func (c *company) adAccount(b *strings.Builder, e *employee) {
	control := 544 // an account that needs no password: none is set
	if e.disabled {
		control |= 2
	}
	fmt.Fprintf(b, "objectClass: user\nuserAccountControl: %d\n", control)
	if e.expired {
		b.WriteString("accountExpires: 130000000000000000\n") // in 2012
	}
	line(b, "sAMAccountName", e.login)
}

func (c *company) unixAccount(b *strings.Builder, e *employee) {
	b.WriteString("objectClass: inetOrgPerson\nobjectClass: shadowAccount\n")
	if e.expired {
		b.WriteString("shadowExpire: 1\n") // since 1970
	}
	if e.primary != "" {
		fmt.Fprintf(b, "objectClass: posixAccount\nuidNumber: 1\ngidNumber: %d\nhomeDirectory: /home\n", unixGID)
	}
	line(b, "uid", e.login)
	line(b, "cn", e.fullCN)
}

// unixGID is the number of unixGroup.
const unixGID = 4711

func (c *company) group(b *strings.Builder, g *group, made map[string]bool) {
	line(b, "dn", c.groupDN(g.name))
	line(b, "cn", g.name)
	line(b, "description", g.about)
	switch {
	case c.isAD:
		b.WriteString("objectClass: group\n")
		line(b, "sAMAccountName", g.name)
	case g.name == unixGroup:
		fmt.Fprintf(b, "objectClass: posixGroup\ngidNumber: %d\n", unixGID)
		for _, i := range g.people {
			if e := &c.people[i]; e.primary != g.name {
				line(b, "memberUid", e.login)
			}
		}
		b.WriteString("\n")
		return
	default:
		b.WriteString("objectClass: groupOfNames\n")
	}
	for _, i := range g.people {
		line(b, "member", c.people[i].dn)
	}
	for _, inner := range g.groups {
		if !c.isAD || made[inner] {
			line(b, "member", c.groupDN(inner))
		}
	}
	b.WriteString("\n")
}

// ringLDIF adds the members that did not exist yet when their group was made:
// Active Directory refuses those.
func (c *company) ringLDIF() string {
	var b strings.Builder
	made := map[string]bool{}
	for _, g := range c.groups {
		for _, inner := range g.groups {
			if !made[inner] {
				line(&b, "dn", c.groupDN(g.name))
				b.WriteString("changetype: modify\nadd: member\n")
				line(&b, "member", c.groupDN(inner))
				b.WriteString("\n")
			}
		}
		made[g.name] = true
	}
	return b.String()
}

func (c *company) groupDN(name string) string { return "CN=" + escape(name) + ",OU=Groups," + c.base }

// line writes one line of LDIF, nothing for an empty value.
func line(b *strings.Builder, name, value string) {
	if value == "" {
		return
	}
	fmt.Fprintf(b, "%s:: %s\n", name, base64.StdEncoding.EncodeToString([]byte(value)))
}
