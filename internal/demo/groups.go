package demo

import "strings"

// group is one group of the company.
type group struct {
	name, description string
	members           []string // DNs
}

// profiles says who gets which profile: the groups, by name, that are members of
// the profile's group.
var profiles = []struct {
	profile string
	groups  []string
}{
	{"Administrator", []string{"Operations Leads"}},
	{"Configuration Manager", []string{"IT Operations", "Site Reliability"}},
	{"Service Desk Agent", []string{"Support Agents"}},
	{"Support Agent", []string{"Customer Support", "IT Operations"}},
	{"Change Supervisor", []string{"Leads"}},
	{"Portal power user", []string{"Leads", "Sales"}},
	{"Service Manager", []string{"Operations Leads", "Project Aurora"}},
}

// The groups that the scripted day works on.
const (
	serviceDesk = "itop-Service Desk Agent"
	aurora      = "Project Aurora"
)

// groups returns all groups: departments, cities and roles hold people; profile
// groups hold other groups, three deep; the two projects hold each other.
func groups(people []*person) []group {
	pick := func(keep func(*person) bool) []string {
		var dns []string
		for _, p := range people {
			if keep(p) {
				dns = append(dns, p.dn())
			}
		}
		return dns
	}
	var all []group
	var departmentGroups []string
	for i := range departments {
		dept := &departments[i]
		all = append(all, group{dept.name, "Everybody in " + dept.name, pick(func(p *person) bool { return p.department == dept })})
		departmentGroups = append(departmentGroups, groupDN(dept.name))
	}
	for i := range cities {
		all = append(all, group{cities[i].name + " Office", "Everybody in " + cities[i].name,
			pick(func(p *person) bool { return p.city == &cities[i] })})
	}
	all = append(all,
		group{"All Staff", "Everybody, by department", departmentGroups},
		group{"Leads", "Heads and team leads", pick((*person).leads)},
		group{"Operations Leads", "Leads of IT operations",
			pick(func(p *person) bool { return p.department.code == "OPS" && p.leads() })},
		group{"Site Reliability", "Site reliability engineers",
			pick(func(p *person) bool { return p.title == "Site Reliability Engineer" })},
		group{"Support Agents", "First line", pick(func(p *person) bool { return strings.HasSuffix(p.title, "Support Agent") })},
		group{aurora, "A project whose members come from Borealis too",
			append(pick(func(p *person) bool { return p.department.code == "PRD" }), groupDN("Project Borealis"))},
		group{"Project Borealis", "A project whose members come from Aurora too",
			append(pick(func(p *person) bool { return p.title == "Test Engineer" }), groupDN(aurora))},
	)
	for _, p := range profiles {
		g := group{name: "itop-" + p.profile, description: "Gives the profile " + p.profile}
		for _, name := range p.groups {
			g.members = append(g.members, groupDN(name))
		}
		all = append(all, g)
	}
	return all
}
