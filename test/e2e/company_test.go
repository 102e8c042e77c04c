package e2e

import (
	"fmt"
	"slices"
	"strings"
)

// employee is one person as the directory has it.
type employee struct {
	first, last, login         string
	mail, phone, mobile, title string
	city                       string // the OU
	manager                    int    // -1 for none
	disabled, expired          bool
	primary                    string // the primary group, when it is not Domain Users
	teams, profiles            []string
	dn, firstShown, fullCN     string
}

// group is one group as the directory has it.
type group struct {
	name, about string
	people      []int
	groups      []string
}

// company is the model that a directory is filled from and a registry is
// compared with.
type company struct {
	base   string
	isAD   bool // else inetOrgPerson, groupOfNames and RFC 2307
	people []employee
	groups []group
}

var (
	firsts = strings.Fields("Anna Björn Chloé Dagmar Éloïse Filip Grażyna Håkon Inès Jürgen Katharina Łukasz Maëlys Niamh Oisín Paweł Quentin Róża Søren Thérèse Ülkü Václav Wiebke Xenia Yaël Zoë Ángel Çağla Þóra Ørjan")
	lasts  = strings.Fields("Müller Østergaard Lefèvre Kowalczyk O'Brien Schäfer Bérard Zieliński Murphy Nielsen Weiß Fournier Dąbrowski Gallagher Rasmussen Köhler Sénéchal Wójcik Fitzgerald Kjær Ångström Čapek Đorđević Ěrben Ğülen Ħal Íñigo Ķirsis Ľubica Ñuñez Őry Řehoř Śliwa Ţepeş Ů Vögeli Ŵyn Ýr Žižka Ðæt Škoda Ãlves Ístván Ëmre Ïde Öz Ûber Ÿpres Æbbe Œdipe İpek Ījabs Ņikita Ţăran Ștefan Ćosić Ŕac Ņem Żak Çelik De\\,La\\+Cruz Ahn Bo Cy Di El Fa Gu Ho Ik Ju Ko Lu Mo")
	cities = []string{"Berlin", "København", "Kraków", "Paris"}
)

// newCompany makes n people in 40 groups: a tree of managers, accounts that are
// disabled or expired, people without a mail address or a first name, names that
// two people share, profiles by nested groups, by a cycle and by a primary
// group, and one group of up to 2,000.
func newCompany(n int, base string, isAD bool) *company {
	c := &company{base: base, isAD: isAD}
	for i := range n {
		e := employee{
			first: firsts[i%len(firsts)], last: strings.ReplaceAll(lasts[i/len(firsts)], `\`, ""), login: fmt.Sprintf("u%05d", i),
			phone: fmt.Sprintf("+49 30 %07d", i), mobile: fmt.Sprintf("+49 171 %07d", i), title: fmt.Sprintf("Engineer, grade %d", i%7),
			city: cities[i%len(cities)], manager: (i - 1) / 8, disabled: isAD && i%37 == 5, expired: i%41 == 7,
		}
		e.mail = e.login + "@corp.example.com"
		switch {
		case i == 0:
			e.manager = -1
		case i%97 == 13:
			e.first = "" // some directories have accounts like that
		case i%101 == 17:
			e.mail = ""
		case i%400 == 33: // the namesake of the one before
			e.first, e.last = c.people[i-1].first, c.people[i-1].last
		}
		rdn := "uid=" + e.login
		if e.fullCN = strings.TrimSpace(e.last + ", " + e.first); isAD {
			rdn = "CN=" + escape(e.fullCN)
		}
		e.dn = fmt.Sprintf("%s,OU=%s,OU=Staff,%s", rdn, e.city, base)
		c.people = append(c.people, e)
	}
	c.addGroups()
	c.settle()
	return c
}

// escape writes a value as a part of a DN (RFC 4514).
func escape(value string) string {
	return strings.NewReplacer(`,`, `\,`, `+`, `\+`).Replace(value)
}

// unixGroup is some people's primary group; outside Active Directory it is a
// posixGroup.
const unixGroup = "itop-Change Approver"

func (c *company) add(name, about string, groups []string, people ...int) {
	c.groups = append(c.groups, group{name, about, people, groups})
}

// addGroups adds 40 groups.
func (c *company) addGroups() {
	every := func(step, from, most int) (list []int) {
		for i := from; i < len(c.people) && len(list) < most; i += step {
			list = append(list, i)
		}
		return list
	}
	c.add("All Staff", "Alle Mitarbeiter", nil, every(1, 0, 2000)...)
	// A chain: each holds the one before, the last gives a profile.
	for depth := range 10 {
		var inner []string
		if depth > 0 {
			inner = []string{fmt.Sprintf("Ebene %d", depth-1)}
		}
		c.add(fmt.Sprintf("Ebene %d", depth), "", inner, every(200, depth, 11)...)
	}
	c.add("itop-Configuration Manager", "", []string{"Ebene 9"}, 3)
	// A ring, one of which gives a profile to all.
	c.add("Ring A", "", []string{"itop-Support Agent"}, 40, 41)
	c.add("Ring B", "", []string{"Ring A"}, 42)
	c.add("itop-Support Agent", "Support", []string{"Ring B"}, 43)
	c.add("itop-Administrator", "", nil, 0, 1)
	c.add(unixGroup, "", nil, every(90, 2, 20)...)
	c.add("itop-Portal power user", "Öffnet Tickets", []string{"All Staff"})
	c.add("Only groups", "", []string{"Ring A", "Ring B"})
	if c.isAD {
		c.add("Nobody", "has no members", nil)
	}
	for i := len(c.groups); i < 40; i++ {
		c.add(fmt.Sprintf("Équipe %02d", i), fmt.Sprintf("Projekt %d", i), nil, every(37, i, 60)...)
	}
	for _, i := range []int{92, 182, 272} { // members of it
		c.people[i].primary = unixGroup
	}
}

// isTeam reports whether the configuration that init writes makes a team of a
// group: it would name its members by DN, and may have none.
func (c *company) isTeam(g *group) bool { return c.isAD || g.name != unixGroup }

// settle works out what everybody's teams and profiles must be, by reading the
// groups over and over until nothing is added.
func (c *company) settle() {
	all := map[string]map[int]bool{}
	for _, g := range c.groups {
		all[g.name] = map[int]bool{}
		for _, i := range g.people {
			all[g.name][i] = true
		}
	}
	for grew := true; grew; {
		grew = false
		for _, g := range c.groups {
			for _, inner := range g.groups {
				for i := range all[inner] {
					grew = grew || !all[g.name][i]
					all[g.name][i] = true
				}
			}
		}
	}
	for _, g := range c.groups {
		profile, gives := strings.CutPrefix(g.name, "itop-")
		for i := range c.people {
			e := &c.people[i]
			// A primary group does not list those whose primary group it is.
			if slices.Contains(g.people, i) && e.primary != g.name && c.isTeam(&g) {
				e.teams = append(e.teams, g.name)
			}
			if gives && all[g.name][i] {
				e.profiles = append(e.profiles, profile)
			}
		}
	}
	for i := range c.people {
		e := &c.people[i]
		if len(e.profiles) == 0 {
			e.profiles = []string{"Portal user"}
		}
		slices.Sort(e.teams)
		slices.Sort(e.profiles)
		if e.firstShown = e.first; e.first == "" {
			e.firstShown = "-"
		}
	}
}
