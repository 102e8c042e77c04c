package rollcall

import (
	"regexp"
	"strconv"
	"time"
)

// UpdatePolicy says what a source may do to an attribute once its object exists.
type UpdatePolicy string

// The policies, as stored and as on the wire. The configuration calls them
// locked, unlocked and if_empty.
const (
	Locked   UpdatePolicy = "master_locked"   // the source alone writes it
	Unlocked UpdatePolicy = "master_unlocked" // written when the source's own value changes; others may write it
	IfEmpty  UpdatePolicy = "write_if_empty"  // written while the object has none
)

// Action is what to do with a new entry by how many objects its join rule finds.
type Action string

// The actions; which are allowed where is checked when the configuration is read.
const (
	ActCreate    Action = "create"
	ActUpdate    Action = "update"
	ActTakeFirst Action = "take_first"
	ActError     Action = "error"
)

// Deprovision is what follows when an entry is gone.
type Deprovision string

// The policies.
const (
	GoneIgnore           Deprovision = "ignore"
	GoneDelete           Deprovision = "delete"
	GoneUpdate           Deprovision = "update"
	GoneUpdateThenDelete Deprovision = "update_then_delete"
)

// LookupRule turns a value that Pattern finds into To, in which $1 stands for
// the first group.
type LookupRule struct {
	Pattern *regexp.Regexp
	To      string
}

// AttributeRule says how one attribute of the class gets its value.
type AttributeRule struct {
	Attribute                                                    *Attribute
	From                                                         string // a field of the entry
	Value                                                        string // a constant, when HasValue
	HasValue                                                     bool   //
	Expr                                                         string // an expression over the entry
	Default                                                      string // used when the value is empty, when HasDefault
	HasDefault                                                   bool
	KeepBlank                                                    bool         // a blank value leaves the attribute alone
	Required                                                     bool         // an entry without a value is told as a problem
	All                                                          bool         // of a multi-valued field: all values, joined by Separator; else the first
	Separator                                                    string       //
	Lookup                                                       []LookupRule // first match wins
	OnMiss                                                       string       // no rule of Lookup matches: "keep", "empty", "error"
	Profiles                                                     *ProfileRule // the links come from groups
	By                                                           string       // of a reference: the target's attribute to search; "dn": an entry of the source; "": the ID itself
	Source                                                       string       // by dn: the source whose entry is meant; "" for this one
	Reconcile                                                    bool         // part of the join rule
	Update                                                       bool         // false: used to join only
	Policy                                                       UpdatePolicy
	ItemSeparator, AttributeSeparator, ValueSeparator, Qualifier string // of a link set's text
	Line                                                         int    // where in the configuration, for messages
}

// ProfileRule gives an account the profiles whose names Pattern finds in its
// groups' DNs, and Default when it finds none.
type ProfileRule struct {
	Pattern *regexp.Regexp
	Default []string
}

// Gone says what happens to the object of an entry that left its source.
type Gone struct {
	After       time.Duration // how long an entry may go unseen
	Then        Deprovision
	Set         []Assignment  // with update and update_then_delete
	DeleteAfter time.Duration // with update_then_delete: counted from when it was last seen
}

// Assignment sets one attribute.
type Assignment struct{ Attribute, Value string }

// Limit is the most changes of one kind that a run may make unasked: a count or
// a share of the replicas; the zero value is no limit.
type Limit struct {
	Count   int
	Percent float64
	IsSet   bool
}

// Of returns the number of changes that the limit allows among total replicas:
// shares are rounded up, so that one change among a few is never a mass.
func (l Limit) Of(total int) int {
	if l.Percent > 0 {
		n := float64(total) * l.Percent / 100
		if whole := int(n); float64(whole) < n {
			return whole + 1
		}
		return int(n)
	}
	return l.Count
}

// Limits hold per run and source.
type Limits struct{ Gone, Changed, New Limit }

// Rules are what a source's entries mean for its class.
type Rules struct {
	Attributes  []AttributeRule
	JoinByID    bool // the entry key is the object's ID (use_primary_key)
	OnNone      Action
	OnOne       Action
	OnMany      Action
	Gone        Gone
	Limits      Limits
	UserDelete  string // who else may delete what the source created: everybody, administrators, nobody
	Fingerprint Hash   // of all that decides a row: a change re-reads every entry
}

// Source is one connected system: where its entries come from and what they mean.
type Source struct {
	ID    ObjectID // of its SynchroDataSource object
	Name  string
	Class *Class
	Rules Rules
	Scope string // what selects the entries, in words: base, scope, filter, key
	Table string // its synchro_data_ table
}

// String returns the limit as a configuration spells it.
func (l Limit) String() string {
	switch {
	case !l.IsSet:
		return "none"
	case l.Percent > 0:
		return strconv.FormatFloat(l.Percent, 'f', -1, 64) + "%"
	}
	return strconv.Itoa(l.Count)
}
