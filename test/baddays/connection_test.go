package baddays

import (
	"testing"
	"time"

	"rollcall/test/lab"
)

// TestTheWayToTheServer breaks everything between the program and its server.
func TestTheWayToTheServer(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: company(120)})
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, o *office, p *lab.FaultProxy)
		want  []string
	}{
		{
			name:  "wrong host",
			spoil: func(_ *testing.T, o *office, _ *lab.FaultProxy) { o.Config.URL = "ldap://no-such-host.invalid" },
			want:  []string{"ldap://no-such-host.invalid", "no-such-host.invalid", "check"},
		},
		{
			name:  "closed port",
			spoil: func(t *testing.T, o *office, _ *lab.FaultProxy) { o.Config.URL = closedPort(t) },
			want:  []string{"nothing listens on 127.0.0.1:", "check the port, and that the server runs"},
		},
		{
			name:  "connection reset",
			spoil: func(_ *testing.T, _ *office, p *lab.FaultProxy) { p.Set(lab.Fault{Refuse: true}) },
			want:  []string{"the server cut the connection"},
		},
		{
			name:  "accepts and never answers",
			spoil: func(_ *testing.T, o *office, p *lab.FaultProxy) { o.Config.Wait = "5s"; p.Set(lab.Fault{Hold: true}) },
			want:  []string{"bind to ldap://127.0.0.1:", "said nothing for 5s"},
		},
		{
			name: "stops answering in the middle of page 3",
			spoil: func(_ *testing.T, o *office, p *lab.FaultProxy) {
				o.Config.Wait = "5s"
				p.Set(lab.Fault{CutPages: 3, CutEntries: 7, Stall: true})
			},
			want: []string{"the read is not whole: it broke off after 47 entries in page 3", "said nothing for 5s"},
		},
		{
			name:  "cut in the middle of page 3",
			spoil: func(_ *testing.T, _ *office, p *lab.FaultProxy) { p.Set(lab.Fault{CutPages: 3, CutEntries: 7}) },
			want:  []string{"the read is not whole: it broke off after 47 entries in page 3", "the server cut the connection"},
		},
		{
			name: "reset in the middle of page 3",
			spoil: func(_ *testing.T, _ *office, p *lab.FaultProxy) {
				p.Set(lab.Fault{CutPages: 3, CutEntries: 7, Reset: true})
			},
			want: []string{"the read is not whole: it broke off after", "the server cut the connection"},
		},
		{
			name: "not a directory",
			spoil: func(t *testing.T, o *office, _ *lab.FaultProxy) {
				o.Config.URL = chatter(t, "220 mail.example.org ESMTP\r\n")
			},
			want: []string{"what answers there does not speak LDAP"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			proxy := lab.Proxy(t, s.Addr)
			o := officeAt(t, s, proxy.URL())
			o.sync()
			before := o.dump()
			c.spoil(t, o, proxy)
			o.configure()
			o.run("sync").ended(failed).says(c.want...)
			o.unchanged(before)
			o.run("plan").ended(failed).says(c.want...)
			o.unchanged(before)

			proxy.Set(lab.Fault{})
			o.reconfigure(func(s *setting) { s.URL = proxy.URL() })
			o.sync().shows("persons: 120 read, 0 errors")
			if got, want := o.states(), "completed error completed"; got != want {
				t.Errorf("got runs %s, want %s", got, want)
			}
		})
	}
}

// TestServerKilledInMidSearch kills the server itself.
func TestServerKilledInMidSearch(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: company(120)})
	proxy := lab.Proxy(t, s.Addr)
	o := officeAt(t, s, proxy.URL())
	o.sync()
	before := o.dump()

	proxy.Set(lab.Fault{CutPages: 1000, Delay: 5 * time.Millisecond}) // no cut: a delay before each message
	known := proxy.Connections()
	run := o.start(o.command("sync"))
	for proxy.Connections() == known {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(200 * time.Millisecond) // some 40 of the 120 entries
	s.Kill()
	o.finish(run).ended(failed).says("the read is not whole: it broke off after", "the server cut the connection: look into its log, and try again")
	o.unchanged(before)

	o.run("sync").ended(failed) // it is still down
	o.unchanged(before)
	s.Start()
	proxy.Set(lab.Fault{})
	o.sync().shows("persons: 120 read, 0 errors")
}

// TestAFaultInTheSecondSourceUndoesTheFirst has changes for persons, which are
// read before the accounts whose server fails.
func TestAFaultInTheSecondSourceUndoesTheFirst(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: company(60)})
	proxy := lab.Proxy(t, s.Addr)
	o := officeAt(t, s, s.URL())
	o.reconfigure(func(s *setting) { s.UsersURL = proxy.URL() })
	o.sync()
	before := o.dump()

	o.reconfigure(func(s *setting) { s.Persons = "phone: {value: '+49 30 1234'}" }) // changes every person
	proxy.Set(lab.Fault{CutPages: 3, CutEntries: 3})                                // the pages before: the root entry, the groups
	o.run("sync").ended(failed).says("source users: collect: the read is not whole: it broke off after 23 entries in page 2")
	o.unchanged(before)

	proxy.Set(lab.Fault{})
	o.sync()
	if n := ask[int](o, "SELECT count(*) FROM obj_contact WHERE phone = '+49 30 1234'")[0]; n != 60 {
		t.Errorf("got %d persons with the new phone, want 60", n)
	}
}

// TestFailOver gives the program two servers, the first of which is down: no bad
// day at all.
func TestFailOver(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: company(30)})
	o := officeAt(t, s, "["+closedPort(t)+", "+s.URL()+"]")
	o.sync().shows("persons: 30 read, 0 errors")
	o.reconfigure(func(s *setting) { s.URL = "[" + closedPort(t) + ", " + closedPort(t) + "]" })
	o.run("sync").ended(failed).says("none of 2 servers could be used", "nothing listens on", "; ")
}
