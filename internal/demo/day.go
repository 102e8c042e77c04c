package demo

import (
	"fmt"
)

// event is one thing that happens on the scripted day.
type event struct {
	tells string
	does  func(*Directory) error
}

// Day plays one working day on the sample company: a hire, a leaver, a rename, a
// move, a marriage, an account switched off and a change of groups. It returns a
// line on each, in order. The day can be played once.
func Day(d *Directory) ([]string, error) {
	var lines []string
	for _, e := range day() {
		if err := e.does(d); err != nil {
			return lines, fmt.Errorf("play the day: %w", err)
		}
		lines = append(lines, e.tells)
	}
	return lines, nil
}

// cast picks the people of the day: by city and department, nobody twice, nobody
// who leads others, since a leaver's reports would be left without a manager.
func cast() (find func(city, department string) *person) {
	people := hire()
	taken := map[*person]bool{}
	return func(city, department string) *person {
		for _, p := range people {
			if p.city.name == city && p.department.code == department && !p.leads() && !p.disabled && !taken[p] {
				taken[p] = true
				return p
			}
		}
		panic("the sample company has nobody left in " + department + " in " + city)
	}
}

func day() []event {
	find := cast()
	return []event{
		hireEvent(find("København", "SAL").manager),
		leaveEvent(find("Dublin", "FIN")),
		renameEvent(find("Kraków", "OPS")),
		moveEvent(find("Berlin", "ENG"), &cities[1]),
		marriageEvent(find("Paris", "SAL")),
		disableEvent(find("Dublin", "SUP")),
		groupEvent(find("Paris", "ENG"), find("Berlin", "PRD")),
	}
}

func hireEvent(manager *person) event {
	p := &person{first: "Signe", last: "Nørgaard", uid: "snoergaard", mail: "signe.noergaard@" + mailDomain, title: "Account Manager",
		city: &cities[4], department: manager.department, number: 1901, manager: manager}
	return event{
		fmt.Sprintf("hire: %s joins as %s in %s, reporting to %s", p.name(), p.title, p.city.name, manager.name()),
		func(d *Directory) error {
			if err := d.Add(p.dn(), p.attributes()...); err != nil {
				return err
			}
			return d.AddValue(groupDN(p.department.name), "member", p.dn())
		},
	}
}

func leaveEvent(p *person) event {
	return event{
		fmt.Sprintf("leaver: %s, %s in %s, is deleted", p.name(), p.title, p.city.name),
		func(d *Directory) error { return d.Delete(p.dn()) },
	}
}

func renameEvent(p *person) event {
	login := plain(p.first) + "." + plain(p.last)
	return event{
		fmt.Sprintf("rename: %s gets the login %s instead of %s, and so another DN", p.name(), login, p.uid),
		func(d *Directory) error { return d.Rename(p.dn(), personDN(login, p.city.name)) },
	}
}

func moveEvent(p *person, to *city) event {
	return event{
		fmt.Sprintf("move: %s goes from %s to %s, entry and all", p.name(), p.city.name, to.name),
		func(d *Directory) error {
			dn := personDN(p.uid, to.name)
			if err := d.Rename(p.dn(), dn); err != nil {
				return err
			}
			if err := d.Set(dn, "l", to.name); err != nil {
				return err
			}
			return d.Set(dn, "telephoneNumber", fmt.Sprintf("%s %03d", to.code, p.number%1000))
		},
	}
}

func marriageEvent(p *person) event {
	const last = "Saint-Clair"
	name := p.first + " " + last
	mail := plain(p.first) + "." + plain(last) + "@" + mailDomain
	return event{
		fmt.Sprintf("marriage: %s is %s now, at %s", p.name(), name, mail),
		func(d *Directory) error {
			for _, a := range []Attribute{Attr("sn", last), Attr("cn", name), Attr("displayName", name), Attr("mail", mail)} {
				if err := d.Set(p.dn(), a.Name, a.Values...); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func disableEvent(p *person) event {
	return event{
		fmt.Sprintf("disabled: the account of %s, %s in %s, is switched off", p.name(), p.title, p.city.name),
		func(d *Directory) error { return d.Set(p.dn(), "pwdAccountLockedTime", locked) },
	}
}

func groupEvent(in, out *person) event {
	return event{
		fmt.Sprintf("groups: %s joins %s, and %s leaves %s", in.name(), serviceDesk, out.name(), aurora),
		func(d *Directory) error {
			if err := d.AddValue(groupDN(serviceDesk), "member", in.dn()); err != nil {
				return err
			}
			return d.RemoveValue(groupDN(aurora), "member", out.dn())
		},
	}
}
