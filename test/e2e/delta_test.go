package e2e

import (
	"fmt"
	"testing"
	"time"

	"rollcall/internal/rollcall"
)

// twins are registries of one directory: some follow it by deltas, each in its
// own way, another reads all of it each time. Whatever happens, they must be the
// same.
type twins struct {
	t      testing.TB
	deltas []*home
	all    *home
}

// newTwins follows a directory by each of some ways, "" being the server's own.
func newTwins(t testing.TB, o *office, ways ...string) *twins {
	t.Helper()
	tw := &twins{t: t}
	for _, way := range ways {
		tw.deltas = append(tw.deltas, twin(t, o, "{full_every: 24h"+way+"}"))
	}
	tw.all = twin(t, o, "{}")
	return tw
}

func twin(t testing.TB, o *office, delta string) *home {
	t.Helper()
	h := newHome(t, o.env...)
	h.want(exitDone, append([]string{"init"}, o.init...)...)
	for _, source := range []string{"persons", "users"} {
		h.replace("rollcall.yaml", "\n  "+source+":\n", "\n  "+source+":\n    delta: "+delta+"\n")
	}
	return h
}

// loads runs a sync and returns how each source was read.
func (tw *twins) loads(h *home, args ...string) map[string]rollcall.SourceRun {
	tw.t.Helper()
	a := h.run(append([]string{"sync", "--json"}, args...)...)
	if a.code != exitDone && a.code != exitProblems {
		tw.t.Fatalf("sync: %s", a)
	}
	run := parse[rollcall.Run](tw.t, a)
	by := map[string]rollcall.SourceRun{}
	for _, s := range run.Sources {
		by[s.Source] = s
	}
	return by
}

// check synchronizes all and compares: the sources of deltas must have been read
// as wanted.
func (tw *twins) check(what string, want map[string]rollcall.Load) {
	tw.t.Helper()
	tw.loads(tw.all, "--full")
	all := tw.all.snapshot()
	for i, h := range tw.deltas {
		got := tw.loads(h)
		for _, name := range []string{"persons", "users"} {
			tw.t.Logf("%s: %s: %s, %s", what, name, got[name].Load, got[name].Why)
		}
		for name, load := range want {
			if got[name].Load != load {
				tw.t.Errorf("%s: %s was read by a %s load (%s), want %s", what, name, got[name].Load, got[name].Why, load)
			}
		}
		same(tw.t, what+": the registry after a delta", h.snapshot(), all)
		// And a full load finds nothing that a delta left behind, which one of them shows.
		if i > 0 {
			continue
		}
		if a := h.run("plan", "--check"); a.code == exitChanges {
			tw.t.Errorf("%s: after the delta there is more to do: %s", what, a)
		}
	}
}

var bothDelta = map[string]rollcall.Load{"persons": rollcall.LoadDelta}

// deltaEvents are done one after the other, each followed by a delta.
func deltaEvents(o *office) []struct{ name, ldif string } {
	hire := someone{"Hanna", "Heute", "Berlin"}
	return []struct{ name, ldif string }{
		{"nothing", ""},
		{"hire", o.add(hire)},
		{"change", o.change(rita, "replace: title\ntitle: Chief\n")},
		{"rename", o.rename(rita, someone{"Rita", "Blau", "Berlin"})},
		{"move to another OU", o.move(mo, someone{"Mo", "Wander", "Paris"})},
		{"disable", o.change(dora, o.disable)},
		{"enable", o.change(dora, o.enable)},
		{"expire", o.change(emil, o.expire)},
		{"re-creation under the same name", o.delete(nele) + o.add(nele)},
		{"a manager comes", o.change(sam, "replace: manager\nmanager: "+o.dn(kurt)+"\n")},
		{"the manager is renamed", o.rename(kurt, someone{"Kurt", "Kamm", "Paris"})},
		{"the manager goes", o.delete(someone{"Kurt", "Kamm", "Paris"})},
		{"delete", o.delete(leo)},
		{"move out of the filter", o.change(lara, "delete: mail\n")},
		{"an OU is renamed", fmt.Sprintf("dn: OU=Paris,%s\nchangetype: modrdn\nnewrdn: OU=Lyon\ndeleteoldrdn: 1\n\n", o.base)},
		{"an OU is renamed back", fmt.Sprintf("dn: OU=Lyon,%s\nchangetype: modrdn\nnewrdn: OU=Paris\ndeleteoldrdn: 1\n\n", o.base)},
		{"several at once", o.add(zora) + o.delete(hire) + o.change(tina, "replace: telephoneNumber\ntelephoneNumber: +49 1\n") + o.member("add", "itop-Administrator", o.dn(tina))},
	}
}

func deltaOffice(o *office) {
	o.modify(o.addUnit("Berlin") + o.addUnit("Paris") + o.addUnit("Groups"))
	text := ""
	for _, p := range []someone{rita, mo, nele, dora, emil, leo, lara, kurt, tina, sam, jana} {
		text += o.add(p)
	}
	text += o.addGroup("itop-Administrator", jana) + o.addGroup("itop-Support Agent", nele, rita)
	o.modify(text)
}

func testDeltas(t *testing.T, o *office, want map[string]rollcall.Load, ways ...string) {
	deltaOffice(o)
	tw := newTwins(t, o, ways...)
	tw.check("the first load", map[string]rollcall.Load{"persons": rollcall.LoadFull})
	for _, e := range deltaEvents(o) {
		if e.ldif != "" {
			o.modify(e.ldif)
		}
		began := time.Now()
		tw.check(e.name, want)
		t.Logf("%s: %s", e.name, time.Since(began).Round(time.Millisecond))
	}
}

func TestDeltasOfOpenLDAP(t *testing.T) {
	t.Parallel()
	testDeltas(t, slapdOffice(t), bothDelta, "")
}

func TestDeltasOfActiveDirectory(t *testing.T) {
	t.Parallel()
	testDeltas(t, sambaOffice(t), bothDelta, "", ", by: dirsync")
}
