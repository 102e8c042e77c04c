package rollcall

import "time"

// Origin says who or what changes objects. Kind uses the wire's words.
type Origin struct {
	Kind   string   // interactive, webservice-rest, csv-import.php, synchro-data-source, custom-extension
	By     string   // the person or account, as a reader knows it
	Source ObjectID // the source, for synchro-data-source: its own locks do not bind it
	Run    int64    // 0 outside a run
	At     time.Time
}

// The origins that this product writes itself.
const (
	OriginInteractive = "interactive"
	OriginSync        = "synchro-data-source"
	OriginUndo        = "custom-extension"
)

// HistoryVerb is what happened to an object.
type HistoryVerb string

// The three things that can happen.
const (
	HistoryCreate HistoryVerb = "create"
	HistoryUpdate HistoryVerb = "update"
	HistoryDelete HistoryVerb = "delete"
)

// History is one step of one object's life, never changed once written.
type History struct {
	ID     int64       `json:"id"`
	Origin Origin      `json:"origin"`
	Verb   HistoryVerb `json:"verb"`
	Object Ref         `json:"object"`
	Name   string      `json:"name"`          // the friendly name at the time
	Key    string      `json:"key,omitempty"` // the entry that caused it
	Reason string      `json:"reason,omitempty"`
	Sets   []Set       `json:"sets,omitempty"` // update: old and new; delete: all old values; create: none, the object tells
}

// ReplicaHistory is a replica as it was before a run touched it, kept so that
// the run can be undone. A replica that the run made has none: its Run tells.
type ReplicaHistory struct {
	Run    int64
	Before Replica
}
