package rollcall

// Verb is what a change does.
type Verb string

// The verbs, in the order in which a report lists them.
const (
	VerbProvision Verb = "create"  // an entry without an object gets a new one
	VerbJoin      Verb = "join"    // an entry without a replica is tied to an object that exists
	VerbUpdate    Verb = "update"  // an object follows its entry
	VerbRepair    Verb = "repair"  // an object drifted from an entry that did not change
	VerbRestore   Verb = "restore" // a gone entry came back
	VerbDisable   Verb = "disable" // a gone entry's object gets the rule's values
	VerbDelete    Verb = "delete"  // a gone entry's object is deleted
	VerbForget    Verb = "forget"  // a gone entry's replica is dropped; the object was not its own and stays
	VerbMiss      Verb = "miss"    // an entry was not seen for the first time; its time runs
	VerbMove      Verb = "move"    // the entry has another name; nothing else changed
	VerbGrant     Verb = "grant"   // a member of a group is given what the group gives
	VerbTake      Verb = "take"    // who left the group loses it
	VerbFail      Verb = "fail"    // nothing is done: see the problem
)

// Set is one attribute's step from one value to another. Values of references
// and link sets are given as a person reads them beside the stored text.
type Set struct {
	Attribute string `json:"attribute"`
	Old       string `json:"old"`
	New       string `json:"new"`
	OldText   string `json:"old_text,omitempty"` // of a reference: the target's name
	NewText   string `json:"new_text,omitempty"`
	Why       string `json:"why,omitempty"` // "changed at the source", "drift", …
}

// Change is one item of a plan.
type Change struct {
	Source   string   `json:"source"`
	Key      string   `json:"key"`
	Entry    string   `json:"entry"` // the DN
	Verb     Verb     `json:"verb"`
	Class    string   `json:"class,omitempty"`
	ID       ObjectID `json:"id,omitempty"`   // 0 for an object to be made
	Name     string   `json:"name,omitempty"` // the object's friendly name, after the change
	Sets     []Set    `json:"sets,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	Error    string   `json:"error,omitempty"` // of VerbFail, as the replica keeps it
	Warnings []string `json:"warnings,omitempty"`
}
