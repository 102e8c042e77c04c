package demo

import (
	"fmt"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// The names of the sample company. The account may read everything; its
// password protects nothing, since the server listens on this machine alone.
const (
	Company      = "Brightwater"
	BaseDN       = "dc=brightwater,dc=example"
	PeopleDN     = "ou=People," + BaseDN
	GroupsDN     = "ou=Groups," + BaseDN
	BindDN       = "cn=rollcall,ou=Service," + BaseDN
	BindPassword = "roll-call"
)

// mailDomain is that of everybody's address.
const mailDomain = "brightwater.example"

// locked is the pwdAccountLockedTime of an account that an administrator
// switched off for good.
const locked = "000001010000Z"

// person is one employee as the company is put together.
type person struct {
	first, last, uid, mail, title string
	city                          *city
	department                    *department
	number                        int
	manager                       *person
	disabled                      bool
}

func (p *person) name() string { return p.first + " " + p.last }

// leads reports whether others report to the person.
func (p *person) leads() bool {
	return p.manager == nil || p.title == p.department.head || p.title == p.department.lead
}

func (p *person) dn() string { return personDN(p.uid, p.city.name) }

func personDN(uid, city string) string {
	return "uid=" + rollcall.EscapeDN(uid) + "," + cityDN(city)
}

func cityDN(city string) string { return "ou=" + rollcall.EscapeDN(city) + "," + PeopleDN }

func groupDN(name string) string { return "cn=" + rollcall.EscapeDN(name) + "," + GroupsDN }

// NewCompany returns the sample company: about 200 people in five cities and
// seven departments, their managers, teams, nested groups and a few accounts
// switched off. It is the same every time but for its time stamps.
func NewCompany() *Directory {
	d, err := NewDirectory(BaseDN, time.Now)
	if err == nil {
		err = populate(d, hire())
	}
	if err != nil {
		panic("the sample company contradicts itself: " + err.Error())
	}
	return d
}

// hire makes up everybody, superiors first.
func hire() []*person {
	chief := &person{first: "Solveig", last: "Ångström", uid: "sangstroem", mail: "solveig.angstroem@" + mailDomain,
		title: "Chief Executive Officer", city: &cities[4], department: &departments[0], number: 1000}
	people := []*person{chief}
	taken := map[string]bool{chief.uid: true}
	hired := make([]int, len(cities))
	for i := range departments {
		dept := &departments[i]
		var head, lead *person
		for j := range dept.share * len(cities) {
			at := (i + j) % len(cities)
			p := newPerson(&cities[at], hired[at], taken)
			hired[at]++
			p.department, p.number = dept, 1000+len(people)
			switch {
			case j == 0:
				p.title, p.manager, head, lead = dept.head, chief, p, p
			case j%8 == 1:
				p.title, p.manager, lead = dept.lead, head, p
			default:
				p.title, p.manager = dept.titles[j%len(dept.titles)], lead
				p.disabled = p.number%37 == 5
			}
			people = append(people, p)
		}
	}
	return people
}

// newPerson makes up the nth person of a city, with a login and an address that
// nobody has.
func newPerson(c *city, n int, taken map[string]bool) *person {
	p := &person{first: c.first[n%firstNames], last: c.last[n%lastNames], city: c}
	login := plain(p.first)[:1] + plain(p.last)
	p.uid = login
	for n := 2; taken[p.uid]; n++ {
		p.uid = fmt.Sprintf("%s%d", login, n)
	}
	taken[p.uid] = true
	p.mail = plain(p.first) + "." + plain(p.last) + strings.TrimPrefix(p.uid, login) + "@" + mailDomain
	return p
}

// attributes returns the person's entry.
func (p *person) attributes() []Attribute {
	attrs := []Attribute{
		Attr("objectClass", "top", "person", "organizationalPerson", "inetOrgPerson"),
		Attr("uid", p.uid),
		Attr("cn", p.name()),
		Attr("sn", p.last),
		Attr("givenName", p.first),
		Attr("displayName", p.name()),
		Attr("mail", p.mail),
		Attr("telephoneNumber", fmt.Sprintf("%s %03d", p.city.code, p.number%1000)),
		Attr("mobile", fmt.Sprintf("%s 555 01%02d", strings.Fields(p.city.code)[0], p.number%100)),
		Attr("title", p.title),
		Attr("departmentNumber", p.department.code),
		Attr("ou", p.department.name),
		Attr("o", Company),
		Attr("l", p.city.name),
		Attr("preferredLanguage", p.city.language),
		Attr("employeeNumber", fmt.Sprint(p.number)),
		Attr("employeeType", "employee"),
	}
	if p.manager != nil {
		attrs = append(attrs, Attr("manager", p.manager.dn()))
	}
	if p.disabled {
		attrs = append(attrs, Attr("pwdAccountLockedTime", locked))
	}
	return attrs
}

// populate fills a directory with the company.
func populate(d *Directory, people []*person) error {
	type item struct {
		dn    string
		attrs []Attribute
	}
	unit := func(dn string) item { return item{dn, []Attribute{Attr("objectClass", "top", "organizationalUnit")}} }
	items := []item{
		{BaseDN, []Attribute{Attr("objectClass", "top", "dcObject", "organization"), Attr("o", Company)}},
		unit("ou=Service," + BaseDN),
		{BindDN, []Attribute{
			Attr("objectClass", "top", "organizationalRole", "simpleSecurityObject"),
			Attr("userPassword", BindPassword), Attr("description", "Reads the directory for Rollcall"),
		}},
		unit(PeopleDN),
	}
	for _, c := range cities {
		items = append(items, unit(cityDN(c.name)))
	}
	for _, p := range people {
		items = append(items, item{p.dn(), p.attributes()})
	}
	items = append(items, unit(GroupsDN))
	for _, g := range groups(people) {
		items = append(items, item{groupDN(g.name), []Attribute{
			Attr("objectClass", "top", "groupOfNames"), Attr("description", g.description), Attr("member", g.members...),
		}})
	}
	for _, i := range items {
		if err := d.Add(i.dn, i.attrs...); err != nil {
			return err
		}
	}
	return nil
}
