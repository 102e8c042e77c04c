package e2e

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

// TestARefusedCookieIsAFullLoad: a provider that keeps a short log of what
// happened and is told to say so (olcSpReloadHint) refuses a cookie from before.
func TestARefusedCookieIsAFullLoad(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Modify("dn: olcOverlay={2}syncprov,olcDatabase={1}mdb,cn=config\nchangetype: modify\nreplace: olcSpSessionlog\nolcSpSessionlog: 2\n-\nreplace: olcSpReloadHint\nolcSpReloadHint: TRUE\n\n")
	f := followSlapd(t, s)
	f.modify(f.delete("bob"))
	for n := range 5 {
		f.modify(f.rename("ada", fmt.Sprint("a", n)))
	}
	f.loaded(rollcall.LoadFull, "the server refused the cookie")
	f.are("a4 enabled\nbob disabled")
	f.modify(f.rename("ada", "eve"))
	f.loaded(rollcall.LoadDelta, "")
	f.are("bob disabled\neve enabled")
}

// TestACopyOfAnotherServerIsNotRead: a server whose stamps are all of another one
// cannot tell what it has of those that were read before.
func TestACopyOfAnotherServerIsNotRead(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	f := followSlapd(t, s)
	s.Renumber(7)
	f.modify(f.delete("bob"))
	contains(t, f.want(exitFailed, "sync"), "knows less than what was read before", "--full")
	f.are("ada enabled\nbob enabled")
	f.loaded(rollcall.LoadFull, "asked for", "--full")
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
