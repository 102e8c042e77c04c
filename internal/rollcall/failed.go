package rollcall

import "time"

// FailedEntry is an entry that a run could not take over, or whose object it
// could not remove. It is tried again, ever later, and parked in the end.
type FailedEntry struct {
	Source  ObjectID  `json:"source_id"`
	Replica int64     `json:"replica"`
	Key     string    `json:"key"`
	Name    string    `json:"entry"`
	Error   string    `json:"error"`
	Since   time.Time `json:"since"`
	Tries   int       `json:"tries"` // by itself; runs of its source try it, too
	Next    time.Time `json:"next"`
	Parked  bool      `json:"parked"`
}

// FailedFilter chooses failed entries; its zero value takes all of them.
type FailedFilter struct {
	Source ObjectID  // 0: of all sources
	Parked bool      // only those that are parked
	Due    time.Time // only those that are due by then and not parked; zero: whenever they are
	Limit  int
}
