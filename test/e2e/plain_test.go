package e2e

import (
	"strings"
	"testing"

	"rollcall/test/lab"
)

// TestPlainCompany takes a directory with nothing but the standard schemas:
// groups are found by their members, nested, circular and by RFC 2307, with no
// memberOf to help, and the configuration that init writes is used unedited.
func TestPlainCompany(t *testing.T) {
	t.Parallel()
	c := newCompany(400, "dc=example,dc=org", false)
	s := lab.Slapd(t, lab.SlapdConfig{Plain: true, Data: strings.NewReader(c.ldif())})
	h := newHome(t)
	contains(t, h.want(exitDone, "init", s.LDAP), "OpenLDAP", "entryUUID", "organization  example")
	contains(t, h.want(exitDone, "check"), "nothing will be trouble", "1 groups contain themselves")
	h.want(exitChanges, "plan", "--check")
	h.want(exitDone, "plan")
	h.want(exitDone, "sync")
	before := h.snapshot()
	c.compare(t, before, "example")
	h.want(exitDone, "sync")
	same(t, "the registry after the second sync", h.snapshot(), before)
	h.want(exitDone, "plan", "--check")
}
