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
	Limit  int   // 0: no limit
}
