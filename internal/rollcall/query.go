package rollcall

// Referrer is an object that points at another.
type Referrer struct {
	Object Ref
	Target ObjectID
}

// HistoryFilter selects steps of history. The zero filter selects all of them.
type HistoryFilter struct {
	Object Ref   // the zero Ref: of every object
	Run    int64 // 0: of every run and of none
	Newest bool  // newest first, else oldest first
	After  int64 // oldest first: only steps written after this one
	Limit  int   // 0: no limit
}

// ReplicaFilter selects a page of the replicas of one source, oldest first.
type ReplicaFilter struct {
	Source     ObjectID
	State      ReplicaState // "": any
	IsTroubled bool         // only those with an error or a warning
	After      int64        // only those with a greater ID
	Limit      int
}

// RunFilter selects a page of runs, newest first.
type RunFilter struct {
	States []RunState // none: any
	Before int64      // only those with a smaller ID; 0: all
	Limit  int
}
