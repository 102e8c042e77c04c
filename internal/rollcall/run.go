package rollcall

import "time"

// Problem is what is wrong with one entry, or with a source as a whole (Key is
// empty then). It never stops the other entries.
type Problem struct {
	Source    string `json:"source"`
	Key       string `json:"key,omitempty"`
	Entry     string `json:"entry,omitempty"` // the DN
	Attribute string `json:"attribute,omitempty"`
	Value     string `json:"value,omitempty"`
	Rule      string `json:"rule,omitempty"`
	Reason    string `json:"reason"`
	Warning   bool   `json:"warning,omitempty"` // the entry was taken over all the same
}

// Counters count what one run did for one source. The JSON names are those of
// the synchronization log (facts: iTop 3.2.0, SynchroLog), without "stats_nb_".
type Counters struct {
	Read                 int `json:"entries_read"`
	Total                int `json:"replica_total"` // replicas, those that the run made included
	Seen                 int `json:"replica_seen"`
	Created              int `json:"obj_created"`
	CreatedErrors        int `json:"obj_created_errors"`
	CreatedWarnings      int `json:"obj_created_warnings"`
	Updated              int `json:"obj_updated"`
	UpdatedErrors        int `json:"obj_updated_errors"`
	UpdatedWarnings      int `json:"obj_updated_warnings"`
	UnchangedWarnings    int `json:"obj_unchanged_warnings"`
	NewUpdated           int `json:"obj_new_updated"`
	NewUpdatedWarnings   int `json:"obj_new_updated_warnings"`
	NewUnchanged         int `json:"obj_new_unchanged"`
	NewUnchangedWarnings int `json:"obj_new_unchanged_warnings"`
	ReconciledErrors     int `json:"replica_reconciled_errors"`
	Deleted              int `json:"obj_deleted"`
	DeletedErrors        int `json:"obj_deleted_errors"`
	Obsoleted            int `json:"obj_obsoleted"`
	ObsoletedErrors      int `json:"obj_obsoleted_errors"`
	DisappearedNoAction  int `json:"replica_disappeared_no_action"`
	Missing              int `json:"replica_missing"` // unseen, their time still running
	Repaired             int `json:"obj_repaired"`    // part of Updated: drift put right
	EntryProblems        int `json:"entry_problems"`  // entries without a key, doubled keys, values that cannot be mapped
}

// Errors returns the number of replicas in error, as the status page counts it.
func (c Counters) Errors() int {
	return c.DeletedErrors + c.ObsoletedErrors + c.CreatedErrors + c.UpdatedErrors + c.ReconciledErrors
}

// Changes returns how many objects the run made, changed or deleted.
func (c Counters) Changes() int {
	return c.Created + c.Updated + c.NewUpdated + c.Deleted + c.Obsoleted
}

// RunState is how a run ended.
type RunState string

// The states of a run.
const (
	RunRunning   RunState = "running"
	RunCompleted RunState = "completed"
	RunFailed    RunState = "error"     // nothing was changed
	RunHeld      RunState = "held"      // stopped by a limit or a proof, nothing was changed; waits for approval
	RunDropped   RunState = "dropped"   // held, then refused
	RunApproved  RunState = "approved"  // held, then carried out by a later run
	RunOvertaken RunState = "overtaken" // held, then a later run of its sources went through
	RunUndone    RunState = "undone"
)

// SourceRun is one source's part of a run.
type SourceRun struct {
	Source   string   `json:"source"`
	ID       ObjectID `json:"source_id,omitempty"` // 0: find it by its name
	Counters Counters `json:"counters"`
	Held     string   `json:"held,omitempty"` // which limit or proof stopped it, in words
	Scope    string   `json:"scope,omitempty"`
	Granted  int      `json:"granted,omitempty"` // what bindings gave
	Taken    int      `json:"taken,omitempty"`   // and took away
	Load     Load     `json:"load,omitempty"`    // empty where deltas are not asked for
	Why      string   `json:"why,omitempty"`     // why a full load was made, or what a delta found
	Only     Part     `json:"only,omitempty"`    // which part of the work was done; "" for all of it

	Short  []Shortage `json:"short,omitempty"`  // licences that were wanted and not there
	Parked int        `json:"parked,omitempty"` // entries that failed at their last try

	AsOf  time.Time `json:"as_of,omitzero"` // of a run over rows that were delivered: the time it counts from
	Since time.Time `json:"since,omitzero"` // of such a run: by when a row must have been seen to be there
}

// Part is the part of its work that a run does.
type Part string

// The parts of a run.
const (
	PartAll     Part = ""        // bring in what is new and changed, and see to what is gone
	PartImport  Part = "import"  // bring in what is new and changed; nobody is taken away
	PartRemoval Part = "removal" // see to what is gone, after a complete read, and to nothing else
	PartRetry   Part = "retry"   // some entries alone: those that failed and are due, or those asked for
)

// Shortage is how many licences of a package are missing.
type Shortage struct {
	Package string `json:"package"`
	Have    int    `json:"have"`
	Used    int    `json:"used"`
	Wanted  int    `json:"wanted"` // besides those used
	Short   int    `json:"short"`
}

// Load is one pass over a source.
type Load string

// The two passes.
const (
	LoadFull  Load = "full"  // everything was read
	LoadDelta Load = "delta" // what changed since the load before was read
)

// Run is one execution.
type Run struct {
	ID      int64       `json:"id"`
	Kind    string      `json:"kind"` // sync, plan, apply, undo
	Started time.Time   `json:"started"`
	Ended   time.Time   `json:"ended"`
	State   RunState    `json:"state"`
	By      string      `json:"by"` // who started it
	Sources []SourceRun `json:"sources"`
	Error   string      `json:"error,omitempty"`
	Digest  string      `json:"digest,omitempty"` // of its changes, to tell two plans apart
	Undoes  int64       `json:"undoes,omitempty"` // of an undo: the run taken back
}
