package e2e

import (
	"strings"
	"testing"

	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

// TestARefusedCookieIsAFullLoad: a provider that was imported anew and is told to
// say when it does not remember (olcSpReloadHint) refuses a cookie that is older
// than all it has.
func TestARefusedCookieIsAFullLoad(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{NoLog: true})
	s.Modify("dn: olcOverlay={2}syncprov,olcDatabase={1}mdb,cn=config\nchangetype: modify\nreplace: olcSpReloadHint\nolcSpReloadHint: TRUE\n\n")
	f := followSlapd(t, s)
	f.modify(f.delete("bob") + f.rename("ada", "eve"))
	s.Reload()
	f.loaded(rollcall.LoadFull, "the server refused the cookie")
	f.are("bob disabled\neve enabled")
	f.modify(f.add("max"))
	f.loaded(rollcall.LoadDelta, "")
	f.are("bob disabled\neve enabled\nmax enabled")
}

// TestACopyOfAnotherServerIsNotRead: a server whose stamps are all of another one
// cannot tell what it has of those that were read before.
func TestACopyOfAnotherServerIsNotRead(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	f := followSlapd(t, s)
	s.Renumber(7)
	contains(t, f.want(exitFailed, "sync"), "knows less than what was read before", "--full")
	f.are("ada enabled\nbob enabled")
	f.modify(f.delete("bob"))
	f.loaded(rollcall.LoadDelta, "") // it writes stamps of the old number again, and all of the other are new
	f.are("ada enabled\nbob disabled")
	f.modify(f.rename("ada", "eve"))
	f.loaded(rollcall.LoadDelta, "")
	f.are("bob disabled\neve enabled")
}

// TestAStaleReplicaIsNotRead: the replica that answers in place of the provider
// was cut off from it, and would bring the past back. Once it has caught up it is
// read completely.
func TestAStaleReplicaIsNotRead(t *testing.T) {
	t.Parallel()
	provider := lab.Slapd(t, lab.SlapdConfig{})
	link, front := lab.Proxy(t, provider.Addr), lab.Proxy(t, provider.Addr)
	replica := lab.Slapd(t, lab.SlapdConfig{Provider: link.URL(), ProviderPW: provider.Password})
	f := followSlapd(t, provider) // makes the accounts
	f.replace("rollcall.yaml", "url: ["+provider.LDAP+"]", "url: ["+front.URL()+", "+replica.LDAP+"]")
	f.replace("rollcall.yaml", provider.AdminDN, provider.ReaderDN) // whose password both have
	f.loaded(rollcall.LoadFull, "another server answers")
	caughtUp(t, f, provider, replica)

	link.Set(lab.Fault{Refuse: true})
	link.CutAll()
	f.modify(f.delete("bob"))
	f.loaded(rollcall.LoadDelta, "")
	front.Set(lab.Fault{Refuse: true})
	contains(t, f.want(exitFailed, "sync"), "knows less than what was read before")
	f.are("ada enabled\nbob disabled")

	link.Set(lab.Fault{})
	caughtUp(t, f, provider, replica)
	f.loaded(rollcall.LoadFull, "another server answers")
	f.modify(f.rename("ada", "eve"))
	caughtUp(t, f, provider, replica)
	f.loaded(rollcall.LoadDelta, "")
	f.are("bob disabled\neve enabled")
}

// caughtUp waits until a replica has what its provider has.
func caughtUp(t *testing.T, f *follower, provider, replica *lab.SlapdServer) {
	t.Helper()
	stamp := func(s *lab.SlapdServer) string {
		for line := range strings.Lines(s.Search("-s", "base", "contextCSN")) {
			if strings.HasPrefix(line, "contextCSN:") {
				return line
			}
		}
		return ""
	}
	f.until("the replica has caught up", func() bool { return stamp(replica) == stamp(provider) })
}
