package rollcall

import "time"

// ReplicaState is where a replica stands; the words are those of the wire.
type ReplicaState string

// The states.
const (
	StateNew          ReplicaState = "new"          // no object yet
	StateSynchronized ReplicaState = "synchronized" // the object has what the entry says
	StateModified     ReplicaState = "modified"     // the entry changed and the object has not followed
	StateOrphan       ReplicaState = "orphan"       // the object vanished beneath it
	StateObsolete     ReplicaState = "obsolete"     // not seen for longer than allowed
)

// Hash is the first 16 bytes of a SHA-256.
type Hash [16]byte

// Replica is the record of one entry and the object it is tied to.
type Replica struct {
	ID           int64
	Source       ObjectID
	Key          string
	Name         string // the DN when last read
	Content      Hash   // of the entry as read, salted with the rules' fingerprint
	State        ReplicaState
	Dest         Ref       // the zero Ref when tied to nothing
	IsCreator    bool      // this replica's entry made the object
	LastSeen     time.Time // zero: at the source's last complete load
	LastError    string
	LastWarning  string
	Created      time.Time // when its object was created by a run
	LastModified time.Time // when a run last changed its object
	Restore      string    // JSON of what the gone rule overwrote, to put back on return
	Run          int64     // the run that made this replica
	Row          Row       // the values last taken over, beside Rules.Attributes
	Delivered    Row       // what its data row says when somebody else wrote it since; nil: the same
}

// Mark is what a full compare needs of a replica.
type Mark struct {
	ID       int64
	Key      []byte // lent: holds until the next mark
	Content  Hash
	Due      bool      // not at rest (state, error or warning): decided again even if its entry did not change
	Gone     bool      // obsolete
	LastSeen time.Time // zero: at the source's last complete load
}

// Standing is what is known of a source between runs.
type Standing struct {
	LastComplete time.Time // when the last complete and applied load began; zero for never
	LastRun      int64     // that load's run
	Scope        string    // Source.Scope at that load
	Fingerprint  Hash      // Rules.Fingerprint at that load
	Drift        int64     // up to where that load knew of objects written past the registry
	Replicas     int       // how many there are now
	Left         int       // entries that imports since then found gone and left alone
}

// Resume is where a source's next delta load begins.
type Resume struct {
	Checkpoint Checkpoint // nil: only a full load will do
	LastFull   time.Time  // when the last full load began
	Run        int64      // the run that left this
	Replicas   int        // how many there were after it
}
