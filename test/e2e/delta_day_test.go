package e2e

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

// follower is a registry of accounts that follows a directory by deltas.
type follower struct {
	*home
	modify func(ldif string)
	people string // where accounts are made
	isAD   bool
}

const followerConfig = `store: rollcall.db
directories:
  main:
    url: [%s]
    base: %q
    bind: {dn: %q, password: "${env:LDAP_PASSWORD}"}
    timeouts: {connect: 2s, idle: 5s}
sources:
  users:
    class: UserLDAP
    directory: main
    filter: (description=staff)
    key: %s
    attributes:
      login: {from: %s, reconcile: true}
      language: {value: EN US}
      profile_list: {value: "profileid->name:Portal user"}
    update: {profile_list: if_empty}
    gone: {after: 0, set: {status: disabled}}
    limits: {gone: none}
    delta: {full_every: 24h}
`

// followSlapd follows a slapd, over other addresses when they are given.
func followSlapd(t *testing.T, s *lab.SlapdServer, urls ...string) *follower {
	t.Helper()
	if len(urls) == 0 {
		urls = []string{s.LDAP}
	}
	f := &follower{home: newHome(t, "LDAP_PASSWORD="+s.Password), people: s.BaseDN, modify: s.Modify}
	f.write("rollcall.yaml", fmt.Sprintf(followerConfig, strings.Join(urls, ", "), s.BaseDN, s.AdminDN, "entryUUID", "uid"))
	return f.begin()
}

func followSamba(t *testing.T, s *lab.SambaServer, user, password string) *follower {
	t.Helper()
	f := &follower{home: newHome(t, "LDAP_PASSWORD="+password), people: s.UsersDN, isAD: true}
	f.modify = func(ldif string) { s.Ldbmodify(ldif) }
	f.write("rollcall.yaml", fmt.Sprintf(followerConfig, s.URL(), s.BaseDN, user, "objectGUID", "sAMAccountName"))
	return f.begin()
}

// begin makes two accounts and loads them.
func (f *follower) begin() *follower {
	f.t.Helper()
	f.modify(f.add("ada") + f.add("bob"))
	f.loaded(rollcall.LoadFull, "the first load")
	return f
}

func (f *follower) dn(login string) string {
	if f.isAD {
		return "CN=" + login + "," + f.people
	}
	return "cn=" + login + "," + f.people
}

func (f *follower) add(login string) string {
	if f.isAD {
		return fmt.Sprintf("dn: %s\nchangetype: add\nobjectClass: user\nsAMAccountName: %s\ndescription: staff\n\n", f.dn(login), login)
	}
	return fmt.Sprintf("dn: %s\nchangetype: add\nobjectClass: inetOrgPerson\nuid: %s\nsn: %[2]s\ndescription: staff\n\n", f.dn(login), login)
}

func (f *follower) delete(login string) string {
	return "dn: " + f.dn(login) + "\nchangetype: delete\n\n"
}

// rename gives somebody another login.
func (f *follower) rename(login, other string) string {
	attribute := "uid"
	if f.isAD {
		attribute = "sAMAccountName"
	}
	return fmt.Sprintf("dn: %s\nchangetype: modify\nreplace: %s\n%[2]s: %s\n\n", f.dn(login), attribute, other)
}

// loaded synchronizes, and compares how that was done and why.
func (f *follower) loaded(want rollcall.Load, why string, args ...string) rollcall.SourceRun {
	f.t.Helper()
	r := parse[rollcall.Run](f.t, f.want(exitDone, append([]string{"sync", "--json"}, args...)...)).Sources[0]
	if r.Load != want || !strings.Contains(r.Why, why) {
		f.t.Errorf("a %s load (%s), want %s (%s)", r.Load, r.Why, want, why)
	}
	return r
}

// are compares the accounts.
func (f *follower) are(want string) {
	f.t.Helper()
	same(f.t, "accounts", f.statuses(), want)
}

// followers are one of each kind of server that tells changes in its own way.
func followers(t *testing.T, do func(t *testing.T, f *follower)) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) *follower{
		"OpenLDAP, syncrepl":   func(t *testing.T) *follower { return followSlapd(t, lab.Slapd(t, lab.SlapdConfig{})) },
		"OpenLDAP, timestamps": func(t *testing.T) *follower { return followSlapd(t, lab.Slapd(t, lab.SlapdConfig{Plain: true})) },
		"Active Directory": func(t *testing.T) *follower {
			s := lab.Samba(t, lab.SambaConfig{})
			return followSamba(t, s, s.AdminDN, s.Password)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			do(t, open(t))
		})
	}
}

// TestK18OnlyWhatChangedIsUpdated: an entry that changed after the last run is
// read and updated, one that did not is not looked at.
func TestK18OnlyWhatChangedIsUpdated(t *testing.T) {
	followers(t, func(t *testing.T, f *follower) {
		f.modify(f.rename("ada", "eve"))
		r := f.loaded(rollcall.LoadDelta, "")
		if r.Counters.Updated != 1 || r.Counters.Read > 2 {
			t.Errorf("got %+v, want one account updated", r.Counters)
		}
		f.are("bob enabled\neve enabled")
	})
}

// TestX14OnlyThoseWhoChangedAreAsked: as K18, by each server's own stamps.
func TestX14OnlyThoseWhoChangedAreAsked(t *testing.T) {
	followers(t, func(t *testing.T, f *follower) {
		var crowd strings.Builder
		for n := range 20 {
			crowd.WriteString(f.add(fmt.Sprint("p", n)))
		}
		f.modify(crowd.String())
		f.loaded(rollcall.LoadFull, "asked for", "--full")
		f.modify(f.rename("p7", "q7"))
		r := f.loaded(rollcall.LoadDelta, "")
		// By timestamps, whoever changed within the overlap is read again.
		if most := 22; r.Counters.Read > most || !strings.Contains(r.Why, "timestamps") && r.Counters.Updated != 1 {
			t.Errorf("got %+v, want one account updated", r.Counters)
		}
		if r := f.loaded(rollcall.LoadDelta, ""); r.Counters.Updated != 0 {
			t.Errorf("got %+v, want nothing to do", r.Counters)
		}
	})
}

// TestX15AChangeInTheSameSecondIsNotLost: what follows a run at once, in the same
// second of every stamp, is seen by the next.
func TestX15AChangeInTheSameSecondIsNotLost(t *testing.T) {
	followers(t, func(_ *testing.T, f *follower) {
		f.modify(f.rename("ada", "a1"))
		f.loaded(rollcall.LoadDelta, "")
		for n := range 4 {
			f.modify(f.rename("ada", fmt.Sprint("x", n)))
			f.loaded(rollcall.LoadDelta, "")
			f.are(fmt.Sprintf("bob enabled\nx%d enabled", n))
		}
	})
}

// TestK19OnlyAFinishedRunMovesOn: after a run that was held, or killed in the
// middle, the next one still finds what that one had found.
func TestK19OnlyAFinishedRunMovesOn(t *testing.T) {
	followers(t, func(_ *testing.T, f *follower) {
		f.replace("rollcall.yaml", "limits: {gone: none}", "limits: {gone: none, changed: 0}")
		f.modify(f.rename("ada", "eve"))
		for range 2 {
			f.want(exitStopped, "sync")
		}
		f.replace("rollcall.yaml", "limits: {gone: none, changed: 0}", "limits: {gone: none}")
		for wait := 10 * time.Millisecond; wait < 60*time.Millisecond; wait += 10 * time.Millisecond {
			f.killed(wait)
		}
		f.loaded(rollcall.LoadDelta, "")
		f.are("bob enabled\neve enabled")
	})
}

// killed begins a sync and ends it with SIGKILL.
func (f *follower) killed(after time.Duration) {
	f.t.Helper()
	cmd := exec.Command(f.bin, "sync")
	cmd.Dir, cmd.Env = f.dir, f.env
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	time.Sleep(after)
	_ = cmd.Process.Kill() // it may have ended
	_ = cmd.Wait()
}

// TestAServerThatWasPutBackIsNotRead, a lagging replica as well: what it says is
// older than what is known. When that is how things are meant to be, it is read
// completely.
func TestAServerThatWasPutBackIsNotRead(t *testing.T) {
	t.Parallel()
	behind := func(t *testing.T, f *follower, restore func()) {
		f.modify(f.add("eve"))
		f.loaded(rollcall.LoadDelta, "")
		restore()
		a := f.want(exitFailed, "sync")
		contains(t, a, "knows less than what was read before", "--full")
		f.are("ada enabled\nbob enabled\neve enabled")
		f.loaded(rollcall.LoadFull, "asked for", "--full")
		f.are("ada enabled\nbob enabled\neve disabled")
		f.modify(f.add("max"))
		f.loaded(rollcall.LoadDelta, "")
		f.are("ada enabled\nbob enabled\neve disabled\nmax enabled")
	}
	t.Run("OpenLDAP", func(t *testing.T) {
		t.Parallel()
		s := lab.Slapd(t, lab.SlapdConfig{})
		f := followSlapd(t, s)
		behind(t, f, s.Snapshot())
	})
	t.Run("Active Directory", func(t *testing.T) {
		t.Parallel()
		s := lab.Samba(t, lab.SambaConfig{})
		f := followSamba(t, s, s.AdminDN, s.Password)
		other := &follower{home: newHome(t, "LDAP_PASSWORD="+s.Password)}
		other.write("rollcall.yaml", strings.Replace(f.read("rollcall.yaml"), "full_every: 24h", "full_every: 24h, by: dirsync", 1))
		restore := s.Snapshot()
		behind(t, f, func() {
			other.loaded(rollcall.LoadFull, "the first load")
			restore()
			contains(t, other.want(exitFailed, "sync"), "knows less than what was read before")
		})
	})
}

// TestAnotherServerIsReadCompletely: after a fail-over, and after a controller
// was restored, which gives it another invocation.
func TestAnotherServerIsReadCompletely(t *testing.T) {
	t.Parallel()
	t.Run("fail-over", func(t *testing.T) {
		t.Parallel()
		s := lab.Slapd(t, lab.SlapdConfig{})
		first, second := lab.Proxy(t, s.Addr), lab.Proxy(t, s.Addr)
		f := followSlapd(t, s, first.URL(), second.URL())
		first.Set(lab.Fault{Refuse: true})
		f.modify(f.delete("bob"))
		f.loaded(rollcall.LoadFull, "another server answers")
		f.are("ada enabled\nbob disabled")
		f.modify(f.add("eve"))
		f.loaded(rollcall.LoadDelta, "")
		first.Set(lab.Fault{})
		f.modify(f.delete("eve"))
		f.loaded(rollcall.LoadFull, "another server answers")
		f.are("ada enabled\nbob disabled\neve disabled")
	})
	t.Run("a restored controller", func(t *testing.T) {
		t.Parallel()
		s := lab.Samba(t, lab.SambaConfig{})
		f := followSamba(t, s, s.AdminDN, s.Password)
		s.Stop()
		s.Ldbmodify("dn: CN=NTDS Settings,CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,"+s.BaseDN+
			"\nchangetype: modify\nreplace: invocationId\ninvocationId: 7d2c7a0e-21f5-4a5c-9d1e-5a8f0c3b2e11\n\n", "--relax")
		s.Start()
		f.modify(f.add("eve"))
		f.loaded(rollcall.LoadFull, "another server answers")
		f.are("ada enabled\nbob enabled\neve enabled")
	})
}

// TestAServerThatWasImportedAnew: a slapd whose database was exported and
// imported again has new stamps on everything, so that all of it is read, and
// who left is found although no log tells.
func TestAServerThatWasImportedAnew(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{NoLog: true})
	f := followSlapd(t, s)
	f.modify(f.delete("bob"))
	f.modify(f.rename("ada", "eve"))
	s.Reload()
	f.loaded(rollcall.LoadDelta, "5 reported as changed") // the two, and what every server has
	f.are("bob disabled\neve enabled")
}

// TestAnOrdinaryAccountSeesNoDeletions: without the right to look into deleted
// objects, who was deleted is found by the next full load, and check says so.
func TestAnOrdinaryAccountSeesNoDeletions(t *testing.T) {
	t.Parallel()
	s := lab.Samba(t, lab.SambaConfig{})
	s.Tool("user", "create", "reader", "Geheim-4711!")
	f := followSamba(t, s, "reader@"+strings.ToLower(s.Realm), "Geheim-4711!")
	f.modify(f.delete("bob") + f.rename("ada", "eve"))
	contains(t, f.run("check"), "sees no deleted object", "next full load")
	f.loaded(rollcall.LoadDelta, "")
	f.are("bob enabled\neve enabled")
	f.loaded(rollcall.LoadFull, "asked for", "--full")
	f.are("bob disabled\neve enabled")
}

// TestAnAdministratorSeesDeletions by a delta, which check promises.
func TestAnAdministratorSeesDeletions(t *testing.T) {
	t.Parallel()
	s := lab.Samba(t, lab.SambaConfig{})
	f := followSamba(t, s, s.AdminDN, s.Password)
	f.modify(f.delete("bob"))
	contains(t, f.run("check"), "deletions included")
	f.loaded(rollcall.LoadDelta, "")
	f.are("ada enabled\nbob disabled")
}
