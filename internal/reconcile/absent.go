package reconcile

import (
	"time"

	"rollcall/internal/rollcall"
)

// Absent decides for a replica whose entry was not in a complete load. The
// answer is "" (nothing new), VerbMiss (the first load without it: its time
// starts), VerbDisable, VerbDelete or VerbForget. Seen is when the last complete
// load that had it began.
//
// An entry that never got an object is forgotten when its time is up. An object
// that the source found and did not make is never deleted, only let go. What
// could not be done stays obsolete and is decided again at every load.
func Absent(gone rollcall.Gone, r *rollcall.Replica, seen, now time.Time) rollcall.Verb {
	first := r.LastSeen.IsZero()
	away := now.Sub(seen)
	waiting := func() rollcall.Verb {
		if first {
			return rollcall.VerbMiss
		}
		return ""
	}
	if gone.Then == rollcall.GoneIgnore || gone.Then == "" || away < gone.After {
		return waiting()
	}
	if r.Dest.ID == 0 {
		return rollcall.VerbForget
	}
	remove := rollcall.VerbForget
	if r.IsCreator {
		remove = rollcall.VerbDelete
	}
	switch gone.Then {
	case rollcall.GoneDelete:
		return remove
	case rollcall.GoneUpdate:
		if r.State != rollcall.StateObsolete {
			return rollcall.VerbDisable
		}
	case rollcall.GoneUpdateThenDelete:
		if r.State != rollcall.StateObsolete {
			return rollcall.VerbDisable
		}
		if away >= gone.After+gone.DeleteAfter {
			return remove
		}
	}
	return waiting()
}
