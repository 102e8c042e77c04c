package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The people to whom something happens, each to one of them alone.
var (
	rita  = someone{"Rita", "Rot", "Berlin"}
	mo    = someone{"Mo", "Wander", "Berlin"}
	nele  = someone{"Nele", "Neu", "Berlin"}
	dora  = someone{"Dora", "Dunkel", "Paris"}
	erna  = someone{"Erna", "Erwacht", "Paris"}
	emil  = someone{"Emil", "Ende", "Paris"}
	leo   = someone{"Leo", "Laeufer", "Berlin"}
	lena  = someone{"Lena", "Leise", "Berlin"}
	lara  = someone{"Lara", "Los", "Berlin"}
	zora  = someone{"Zora", "Zurueck", "Berlin"}
	zita  = someone{"Zita", "Zweimal", "Berlin"}
	zeno  = someone{"Zeno", "Zeit", "Berlin"}
	jana  = someone{"Jana", "Jetzt", "Paris"}
	kurt  = someone{"Kurt", "Kehrt", "Paris"}
	nina  = someone{"Nina", "Nacht", "Paris"}
	nico  = someone{"Nico", "Nebel", "Paris"}
	tina  = someone{"Tina", "Tritt", "Paris"}
	sam   = someone{"Sam", "Stetig", "Paris"} // who never changes
	hanna = someone{"Hanna", "Heute", "Paris"}
)

// The three policies on those who are gone.
const (
	asWritten = "" // by init: a person waits 7 days, an account is disabled at once
	atOnce    = "{after: 0d, then: update_then_delete, set: {status: inactive, phone: \"\", function: left}, delete_after: 90d}"
	deletes   = "{after: 0d, then: delete}"
)

// event is something that happens in a directory, and what it means.
type event struct {
	name   string
	policy string
	onlyAD bool
	given  func(o *office, h *home) // has happened and is synchronized before
	do     func(o *office, h *home)
	want   []string // what differs in the registry afterwards
	why    []question
}

// question is put to why after the event.
type question struct {
	about string // object and attribute; [Class name] is an object by its ID from before the event
	says  []string
}

// apply is an event that an LDIF makes.
func apply(ldif func(o *office) string) func(*office, *home) {
	return func(o *office, _ *home) { o.modify(ldif(o)) }
}

var events = []event{
	{
		name: "hire",
		do:   apply(func(o *office) string { return o.add(hanna) }),
		want: []string{"+ Person Hanna Heute", "+ URP_UserProfile hheute / Portal user", "+ UserLDAP hheute"},
		why:  []question{{"hheute status", []string{"source  users", "enabled", "create"}}},
	},
	{
		name: "rename",
		do:   apply(func(o *office) string { return o.rename(rita, someone{"Rita", "Blau", "Berlin"}) }),
		want: []string{"~ Person Rita Rot: name Rot -> Blau", "~ UserLDAP rrot: login rrot -> rblau"},
		why:  []question{{"rblau login", []string{"rrot -> rblau", "create"}}, {"Rita.Rot@example.org name", []string{"Rot -> Blau"}}},
	},
	{
		name: "move to another OU",
		do:   apply(func(o *office) string { return o.move(mo, someone{"Mo", "Wander", "Paris"}) }),
		why:  []question{{"mwander", []string{"Paris"}}},
	},
	{
		name: "re-creation under the same name",
		do:   apply(func(o *office) string { return o.delete(nele) + o.add(nele) }),
		want: []string{
			"+ URP_UserProfile nneu / Portal user", "- URP_UserProfile nneu / Support Agent",
			"- lnkPersonToTeam itop-Support Agent / Nele Neu",
		},
		why: []question{{"nneu", []string{"made anew"}}},
	},
	{
		name: "disable",
		do:   apply(func(o *office) string { return o.change(dora, o.disable) }),
		want: []string{"~ Person Dora Dunkel: status active -> inactive", "~ UserLDAP ddunkel: status enabled -> disabled"},
		why: []question{
			{"ddunkel status", []string{"entry.disabled || entry.expired", "enabled -> disabled", "source  users"}},
			{"Dora.Dunkel@example.org status", []string{"active -> inactive", "source  persons"}},
		},
	},
	{
		name:  "enable",
		given: apply(func(o *office) string { return o.change(erna, o.disable) }),
		do:    apply(func(o *office) string { return o.change(erna, o.enable) }),
		want:  []string{"~ Person Erna Erwacht: status inactive -> active", "~ UserLDAP eerwacht: status disabled -> enabled"},
		why:   []question{{"eerwacht status", []string{"disabled -> enabled", "enabled -> disabled"}}},
	},
	{
		name: "expire",
		do:   apply(func(o *office) string { return o.change(emil, o.expire) }),
		want: []string{"~ Person Emil Ende: status active -> inactive", "~ UserLDAP eende: status enabled -> disabled"},
		why:  []question{{"eende status", []string{"entry.disabled || entry.expired", "enabled -> disabled"}}},
	},
	{
		name: "delete, a person waits",
		do:   apply(func(o *office) string { return o.delete(leo) }),
		want: []string{"- lnkPersonToTeam Helpdesk / Leo Laeufer", "~ UserLDAP llaeufer: status enabled -> disabled"},
		why:  []question{{"llaeufer status", []string{"enabled -> disabled", "gone since"}}, {"Leo.Laeufer@example.org", []string{"last seen"}}},
	},
	{
		name: "delete, inactive and stripped at once", policy: atOnce,
		do: apply(func(o *office) string { return o.delete(lena) }),
		want: []string{
			"- lnkPersonToTeam Helpdesk / Lena Leise",
			"~ Person Lena Leise: function Clerk -> left", "~ Person Lena Leise: phone +49 30 1 -> ", "~ Person Lena Leise: status active -> inactive",
			"~ UserLDAP lleise: status enabled -> disabled",
		},
		why: []question{{"Lena.Leise@example.org status", []string{"active -> inactive", "gone since"}}},
	},
	{
		name: "delete, deleted", policy: deletes,
		do: apply(func(o *office) string { return o.delete(lara) }),
		want: []string{
			"- Person Lara Los", "- URP_UserProfile llos / Portal user", "- UserLDAP llos", "- lnkPersonToTeam Helpdesk / Lara Los",
		},
		why: []question{{"[Person Lara Los]", []string{"deleted", "delete by", "gone since", "create by"}}, {"[UserLDAP llos]", []string{"deleted", "gone since"}}},
	},
	{
		name:  "restore of an account",
		given: apply(func(o *office) string { return o.delete(zora) }),
		do:    func(o *office, h *home) { o.restore(zora, h.key("zzurueck")) },
		want:  []string{"~ UserLDAP zzurueck: status disabled -> enabled"},
		why:   []question{{"zzurueck status", []string{"disabled -> enabled", "enabled -> disabled", "gone since"}}},
	},
	{
		name: "restore of somebody inactive", policy: atOnce,
		given: apply(func(o *office) string { return o.delete(zita) }),
		do:    func(o *office, h *home) { o.restore(zita, h.key("zzweimal")) },
		want:  []string{"~ Person Zita Zweimal: function left -> Clerk", "~ Person Zita Zweimal: phone  -> +49 30 1", "~ Person Zita Zweimal: status inactive -> active", "~ UserLDAP zzweimal: status disabled -> enabled"},
		why:   []question{{"Zita.Zweimal@example.org status", []string{"inactive -> active", "active -> inactive"}}},
	},
	{
		name: "restore of somebody deleted", policy: deletes,
		given: func(o *office, h *home) { h.write("key", h.key("zzeit")); o.modify(o.delete(zeno)) },
		do:    func(o *office, h *home) { o.restore(zeno, h.read("key")) },
		want:  []string{"+ Person Zeno Zeit", "+ URP_UserProfile zzeit / Portal user", "+ UserLDAP zzeit"},
		why:   []question{{"zzeit status", []string{"create"}}},
	},
	{
		name: "join a group",
		do:   apply(func(o *office) string { return o.member("add", "itop-Support Agent", o.dn(jana)) }),
		want: []string{
			"+ URP_UserProfile jjetzt / Support Agent", "+ lnkPersonToTeam itop-Support Agent / Jana Jetzt",
			"- URP_UserProfile jjetzt / Portal user",
		},
		why: []question{{"jjetzt profile_list", []string{"Support Agent", "profiles:"}}},
	},
	{
		name: "leave a group",
		do:   apply(func(o *office) string { return o.member("delete", "itop-Support Agent", o.dn(kurt)) }),
		want: []string{
			"+ URP_UserProfile kkehrt / Portal user", "- URP_UserProfile kkehrt / Support Agent",
			"- lnkPersonToTeam itop-Support Agent / Kurt Kehrt",
		},
		why: []question{{"kkehrt profile_list", []string{"Support Agent", "Portal user"}}},
	},
	{
		name: "the last one leaves a group", onlyAD: true, // elsewhere a group has a member
		do:   apply(func(o *office) string { return o.member("delete", "Solo", o.dn(tina)) }),
		want: []string{"- lnkPersonToTeam Solo / Tina Tritt"},
	},
	{
		name: "a group joins a group",
		do:   apply(func(o *office) string { return o.member("add", "itop-Change Approver", o.groupDN("Night shift")) }),
		want: []string{
			"+ URP_UserProfile nnacht / Change Approver", "+ URP_UserProfile nnebel / Change Approver",
			"- URP_UserProfile nnacht / Portal user", "- URP_UserProfile nnebel / Portal user",
		},
		why: []question{{"nnacht profile_list", []string{"Change Approver"}}},
	},
	{
		name: "a group leaves a group",
		do:   apply(func(o *office) string { return o.member("delete", "itop-Change Approver", o.groupDN("Night shift")) }),
		want: []string{
			"+ URP_UserProfile nnacht / Portal user", "+ URP_UserProfile nnebel / Portal user",
			"- URP_UserProfile nnacht / Change Approver", "- URP_UserProfile nnebel / Change Approver",
		},
	},
}

// colleagues are so many that a few who leave are no mass.
const colleagues = 80

// fill puts everybody in their places.
func (o *office) fill() {
	text := o.addUnit("Berlin") + o.addUnit("Paris") + o.addUnit("Groups")
	for _, p := range []someone{rita, mo, nele, dora, erna, emil, leo, lena, lara, zora, zita, zeno, jana, kurt, nina, nico, tina, sam} {
		text += o.add(p)
	}
	for i := range colleagues {
		text += o.add(someone{"Kim", fmt.Sprintf("Kollege%d", i), "Paris"})
	}
	o.modify(text + o.addGroup("Helpdesk", rita, mo, leo, lena, lara, sam) + o.addGroup("itop-Support Agent", nele, kurt, sam) +
		o.addGroup("Solo", tina) + o.addGroup("itop-Change Approver", sam) + o.addGroup("Night shift", nina, nico))
}

func TestEachEventInTheDirectory(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(testing.TB) *office{"Samba": sambaOffice, "OpenLDAP": slapdOffice} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := start(t)
			o.fill()
			homes := map[string]*home{}
			for _, policy := range []string{asWritten, atOnce, deletes} {
				homes[policy] = o.settleIn(t, policy)
			}
			for i := range events {
				if events[i].onlyAD && !o.isAD {
					continue
				}
				t.Run(events[i].name, func(t *testing.T) {
					h := *homes[events[i].policy]
					h.t = t
					events[i].run(t, o, &h)
				})
			}
		})
	}
}

// settleIn makes a home whose configuration has the given policy.
func (o *office) settleIn(t testing.TB, policy string) *home {
	h := newHome(t, o.env...)
	h.want(exitDone, append([]string{"init"}, o.init...)...)
	if policy != asWritten {
		h.replace("rollcall.yaml", atOnce7, policy)
	}
	if policy == deletes {
		h.replace("rollcall.yaml", "{after: 0d, then: update, set: {status: disabled}}", deletes)
	}
	return h
}

// atOnce7 is the policy on persons that init writes.
const atOnce7 = "{after: 7d, then: update_then_delete, set: {status: inactive}, delete_after: 90d}"

// run lets the event happen, and sees what it comes to, that it can be told why,
// that it can be taken back, and that it then comes to the same again.
func (e *event) run(t *testing.T, o *office, h *home) {
	h.want(exitDone, "sync")
	if e.given != nil {
		e.given(o, h)
		h.want(exitDone, "sync")
	}
	before := h.snapshot()
	same(t, "the plan before the event", h.planned(exitDone), nil)
	e.do(o, h)
	code := exitDone
	if len(e.want) > 0 {
		code = exitChanges
	}
	planned := h.planned(code)
	done := parse[run](t, h.want(exitDone, "sync", "--json"))
	same(t, "what the event came to", difference(before, h.snapshot()), e.want)
	for _, q := range e.why {
		contains(t, h.want(exitDone, append([]string{"why"}, before.arguments(q.about)...)...), q.says...)
	}
	h.want(exitDone, "undo", strconv.FormatInt(done.ID, 10))
	same(t, "the registry after undo", h.snapshot(), before)
	same(t, "the plan after undo", h.planned(code), planned)
	h.want(exitDone, "sync")
	same(t, "what the event came to after undo", difference(before, h.snapshot()), e.want)
	same(t, "the plan after all", h.planned(exitDone), nil)
}

// key returns the key of the entry that an account follows.
func (h *home) key(login string) string {
	h.t.Helper()
	told := parse[struct {
		Replicas []struct {
			Key string `json:"key"`
		} `json:"replicas"`
	}](h.t, h.want(exitDone, "why", login, "--json"))
	if len(told.Replicas) != 1 {
		h.t.Fatalf("%s follows %d entries, want one", login, len(told.Replicas))
	}
	return told.Replicas[0].Key
}

// planned returns the changes of plan --check, which must end with code.
func (h *home) planned(code int) []string {
	h.t.Helper()
	plan := parse[struct {
		Changes []json.RawMessage `json:"changes"`
	}](h.t, h.want(code, "plan", "--check", "--json"))
	var lines []string
	for _, c := range plan.Changes {
		lines = append(lines, string(c))
	}
	return lines
}

// difference says in lines what became of a registry's objects: "+" for one that
// came, "-" for one that went, "~" for a value that changed.
func difference(before, after snapshot) []string {
	var lines []string
	for _, class := range classes {
		for id := range before[class] {
			if _, there := after[class][id]; !there {
				lines = append(lines, "- "+before.describe(class, id))
			}
		}
		for id, now := range after[class] {
			was, there := before[class][id]
			if !there {
				lines = append(lines, "+ "+after.describe(class, id))
				continue
			}
			for _, attribute := range slices.Sorted(maps.Keys(now)) {
				if now[attribute] != was[attribute] {
					lines = append(lines, fmt.Sprintf("~ %s: %s %s -> %s", before.describe(class, id), attribute, was[attribute], now[attribute]))
				}
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// arguments turns the text of a question into arguments.
func (s snapshot) arguments(about string) []string {
	name, byID := strings.CutPrefix(about, "[")
	if !byID {
		return strings.Fields(about)
	}
	name = strings.TrimSuffix(name, "]")
	class, _, _ := strings.Cut(name, " ")
	for id := range s[class] {
		if s.describe(class, id) == name {
			return []string{class + "::" + id}
		}
	}
	return []string{name}
}

// describe names an object as a person would.
func (s snapshot) describe(class, id string) string {
	r := s[class][id]
	name := r["name"]
	switch class {
	case "Person":
		name = r["first_name"] + " " + r["name"]
	case "UserLDAP":
		name = r["login"]
	case "lnkPersonToTeam":
		p := s["Person"][r["person_id"]]
		name = s["Team"][r["team_id"]]["name"] + " / " + p["first_name"] + " " + p["name"]
	case "URP_UserProfile":
		name = s["UserLDAP"][r["userid"]]["login"] + " / " + profileNames[r["profileid"]]
	}
	return class + " " + name
}
