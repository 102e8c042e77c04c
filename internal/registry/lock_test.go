package registry_test

import (
	"testing"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

const phoneLocked = "The field Phone (phone) is not writable because it is mastered by the data synchronization. Value not set."

func lockedAttributes(t *testing.T, w *world) {
	src := w.source("persons", "Person", "nobody", "phone", "master_locked", "function", "master_unlocked", "mobile_phone", "write_if_empty")
	off := w.make("SynchroAttribute", "sync_source_id", id(src.ID), "attcode", "email", "update", "0")
	other := w.source("other", "Person", "nobody")
	states := []rollcall.ReplicaState{rollcall.StateNew, rollcall.StateSynchronized, rollcall.StateModified, rollcall.StateOrphan, rollcall.StateObsolete}
	editors := map[string]func() *registry.Editor{
		"person": w.by, "own source": func() *registry.Editor { return w.sync(src.ID) }, "other source": func() *registry.Editor { return w.sync(other.ID) },
	}
	for _, state := range states {
		for who, editor := range editors {
			for _, tied := range []bool{true, false} {
				for code, value := range map[string]string{"phone": "9", "function": "f", "mobile_phone": "8", "email": "a@b.cc", "notify": "no"} {
					ann := w.person("N" + string(state) + who + code)
					if tied {
						w.tie(src, "Person", ann, false, state)
					}
					want := ""
					if tied && code == "phone" && who != "own source" {
						want = phoneLocked
					}
					got := w.update(editor(), w.edit("Person", ann, code, value))[0]
					if text(got.Err) != want {
						t.Errorf("%s writes %s (%s, tied %v): got %v, want %q", who, code, state, tied, got.Err, want)
					}
				}
			}
		}
	}
	// The same value is no write; an issue comes before a lock.
	ann := w.person("Same", "phone", "1")
	w.tie(src, "Person", ann, false, rollcall.StateSynchronized)
	must(t, w.update(w.by(), w.edit("Person", ann, "phone", "1"))[0].Err)
	got := w.update(w.by(), w.edit("Person", ann, "phone", "2", "email", "bad"))[0]
	if want := "Unexpected value for attribute 'Email' (email) : Wrong format [bad]"; text(got.Err) != want {
		t.Errorf("got %v, want %s", got.Err, want)
	}
	// One editor sees a lock that it makes itself.
	e := w.by()
	must(t, w.update(e, w.edit("Person", ann, "email", "x@y.zz"))[0].Err)
	must(t, w.update(e, w.edit("SynchroAttribute", off, "update", "1"))[0].Err)
	if got := w.update(e, w.edit("Person", ann, "email", "y@y.zz"))[0]; got.Err == nil {
		t.Error("the new lock does not hold")
	}
}

func TestLockedLinkSets(t *testing.T) {
	t.Parallel()
	const locked = "The field Profiles (profile_list) is not writable because it is mastered by the data synchronization. Value not set."
	w := sqlite(t)
	users := w.source("users", "UserLDAP", "nobody")
	w.make("SynchroAttLinkSet", "sync_source_id", id(users.ID), "attcode", "profile_list")
	teams := w.source("teams", "Team", "nobody")
	w.make("SynchroAttLinkSet", "sync_source_id", id(teams.ID), "attcode", "persons_list")
	user := w.user("ann", []rollcall.ObjectID{2})
	w.tie(users, "UserLDAP", user, true, rollcall.StateSynchronized)
	link := w.targetLinks("UserLDAP", "profile_list", user)[0].ID

	edit := w.edit("UserLDAP", user)
	edit.Links = map[string][]rollcall.Link{"profile_list": links(5)}
	if got := w.update(w.by(), edit)[0]; text(got.Err) != locked {
		t.Errorf("the set: got %v", got.Err)
	}
	if got := w.try(w.draft("URP_UserProfile", "userid", id(user), "profileid", "5"))[0]; text(got) != locked {
		t.Errorf("a link by hand: got %v", got)
	}
	if got := w.update(w.by(), w.edit("URP_UserProfile", link, "reason", "r"))[0]; text(got.Err) != locked {
		t.Errorf("a link's reason: got %v", got.Err)
	}
	if got := w.delete(w.by(), "URP_UserProfile", link)[0]; text(got) != locked {
		t.Errorf("a link's deletion: got %v", got)
	}
	must(t, w.update(w.sync(users.ID), edit)[0].Err)
	must(t, w.try(w.draft("URP_UserOrg", "userid", id(user), "allowed_org_id", id(w.org)))[0])

	// A locked list of members does not stop a membership made by hand.
	team := w.make("Team", "name", "T", "org_id", id(w.org))
	w.tie(teams, "Team", team, true, rollcall.StateSynchronized)
	ann := w.person("Klein")
	member := w.make("lnkPersonToTeam", "team_id", id(team), "person_id", id(ann))
	must(t, w.delete(w.by(), "lnkPersonToTeam", member)[0])
}

func (w *world) targetLinks(class, attr string, host rollcall.ObjectID) []rollcall.Link {
	w.Helper()
	found, err := w.tx.Links(w.ctx, w.model.Class(class).Attribute(attr), []rollcall.ObjectID{host})
	must(w, err)
	return found[0]
}
