package rollcall

import "regexp"

// Group is a group of a directory as it was read. A list of groups is sorted by
// DN, and groups and entries name others of it by their place.
type Group struct {
	Key     string   // the immutable identifier, as text; empty when the group has none
	RawKey  string   // its bytes, as the server gave them
	DN      string   // as the server spells it
	Name    string   // what people call it
	Parents []uint32 // the groups that it belongs to directly
}

// GrantKind is what belonging to a group gives.
type GrantKind string

// The kinds of grant, as the configuration spells them.
const (
	GrantRole       GrantKind = "role"            // an organizational role
	GrantFunctional GrantKind = "functional_role" // a functional role
	GrantProfile    GrantKind = "profile"         // a profile
	GrantTeam       GrantKind = "team"            // membership in a team, of a person
	GrantPath       GrantKind = "path"            // membership in a group of our own, which mirrors the directory's
	GrantLicence    GrantKind = "licence"         // a licence of a package
)

// Vanished says what follows when a bound group is no longer there.
type Vanished string

// The policies.
const (
	VanishedKeep    Vanished = "keep"    // who had the grant keeps it
	VanishedRelease Vanished = "release" // the grants are taken away, the target stays
	VanishedDelete  Vanished = "delete"  // a target that a run made goes too
)

// GroupChoice says which groups are bound; one of its fields is given.
type GroupChoice struct {
	ID      string         // the immutable identifier
	Name    string         // compared without case
	DN      string         //
	Filter  string         // in which {0} stands for any name
	Pattern *regexp.Regexp // on the name; its parts are $1, $2 in the target
	Base    string         // all groups below
}

// Gift is one thing that a binding gives. Target is a name, in which $1 stands
// for a part of the pattern, or the path under which groups are mirrored.
type Gift struct {
	Kind   GrantKind
	Target string
}

// AllLicences is the target of a gift of every licence package.
const AllLicences = "*"

// Binding says what the members of directory groups are given.
type Binding struct {
	Name       string
	Groups     GroupChoice
	Gives      []Gift
	Members    string // a filter for the members of one group, with macros; "" for what groups and entries say
	Nested     bool   // members of groups within the group count too
	Type       string // of the memberships in roles and groups
	OnlyGroups bool   // entries of the source that are in no bound group do not count as read
	Rename     bool   // a role follows when its group is renamed
	Vanished   Vanished
	Taken      Limit // how many of the binding's grants a run may take away unasked
	Line       int   // where in the configuration, for messages
}

// BoundGroup is a group that a binding ties to a target, as runs keep it.
type BoundGroup struct {
	ID      int64
	Binding string
	Gift    Gift
	Key     string // of the group
	DN      string
	Name    string
	Target  Ref
	Made    bool // a run made the target
}

// Grant is one thing that somebody was given by belonging to a group, as runs
// keep it.
type Grant struct {
	ID      int64
	Binding string
	Kind    GrantKind
	Type    string // of a membership
	Holder  ObjectID
	Target  ObjectID
	Link    ObjectID // the object that ties both
	Made    bool     // a run made the link; else it was there before
	Via     string   // the groups by which the holder has it, as a person reads them
	Run     int64    // that gave it
}

// Holder is an object tied to an entry of a source, who may be given something.
type Holder struct {
	ID     ObjectID
	Key    string // of the entry
	IsGone bool   // the entry is gone for longer than allowed
}
