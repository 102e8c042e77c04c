package api

import (
	"time"

	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

// Page is a part of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Asks for the next page, as the parameter cursor; absent on the last one."`
}

// paging asks for a part of a list.
type paging struct {
	Cursor string `query:"cursor" max:"100" doc:"The text next of the page before; absent for the first page."`
	Limit  int    `query:"limit" default:"100" min:"1" max:"1000" doc:"How many items at most."`
}

// Account is an account as applications see it.
type Account struct {
	ID            rollcall.ObjectID `json:"id"`
	Class         string            `json:"class"`
	Login         string            `json:"login"`
	Name          string            `json:"name" doc:"The friendly name of the account's person, else the login."`
	Person        rollcall.ObjectID `json:"person,omitempty"`
	Email         string            `json:"email,omitempty"`
	Language      string            `json:"language"`
	Administrator bool              `json:"administrator"`
	Profiles      []string          `json:"profiles"`
	Roles         []Membership      `json:"roles" doc:"Organizational roles."`
	Functional    []Membership      `json:"functional_roles"`
	Groups        []Membership      `json:"groups" doc:"The name of a group is its path."`
	Licences      []string          `json:"licences" doc:"Names of licence packages."`
	IsLimited     bool              `json:"limited" doc:"Whether the account sees some organizations alone."`
	Organizations []Named           `json:"organizations" doc:"Those that it sees, with all below them, when it is limited."`
}

// Membership is a role or a group that an account belongs to.
type Membership struct {
	ID   rollcall.ObjectID `json:"id"`
	Name string            `json:"name"`
	Type string            `json:"type,omitempty"`
}

// Named is an object and its name.
type Named struct {
	Class string            `json:"class"`
	ID    rollcall.ObjectID `json:"id"`
	Name  string            `json:"name"`
}

// Directory is a directory of the configuration, without its credentials.
type Directory struct {
	Name    string   `json:"name"`
	URLs    []string `json:"urls"`
	Bases   []string `json:"bases"`
	Sources []string `json:"sources" doc:"The sources that read it."`
}

// Source is a data source.
type Source struct {
	Name       string            `json:"name"`
	ID         rollcall.ObjectID `json:"id,omitempty" doc:"Of its SynchroDataSource object; absent before its first run."`
	Class      string            `json:"class"`
	Configured bool              `json:"configured" doc:"Whether the configuration has it; others are fed by synchro_import."`
	Kind       string            `json:"kind,omitempty" doc:"Where its entries come from: ldap, csv, …"`
	Directory  string            `json:"directory,omitempty"`
	Scope      string            `json:"scope,omitempty" doc:"What selects its entries, in words."`
	Status     string            `json:"status,omitempty"`
	Replicas   int               `json:"replicas"`
	LastRun    *Outcome          `json:"last_run,omitempty"`
	LastGood   *Outcome          `json:"last_good_run,omitempty" doc:"The last run of it that went through."`
	User       rollcall.ObjectID `json:"-"` // who may run it besides administrators
}

// Outcome is a run as seen from one of its sources.
type Outcome struct {
	Run     int64             `json:"run"`
	Kind    string            `json:"kind"`
	State   rollcall.RunState `json:"state"`
	Started time.Time         `json:"started"`
	Ended   time.Time         `json:"ended,omitzero"`
	Age     int64             `json:"age_seconds" doc:"Since it started."`
}

// Replica is the record of one entry.
type Replica struct {
	ID           int64                 `json:"id"`
	Key          string                `json:"key"`
	Entry        string                `json:"entry,omitempty" doc:"The DN, or what else a person calls the record."`
	State        rollcall.ReplicaState `json:"state"`
	Object       *Named                `json:"object,omitempty" doc:"What it is tied to."`
	Creator      bool                  `json:"creator" doc:"Whether its entry made the object."`
	LastSeen     time.Time             `json:"last_seen,omitzero" doc:"Absent: at the source's last complete load."`
	LastModified time.Time             `json:"last_modified,omitzero"`
	Error        string                `json:"error,omitempty"`
	Warning      string                `json:"warning,omitempty"`
	Run          int64                 `json:"run,omitempty" doc:"The run that saw it first."`
}

// Run is one execution, or a plan.
type Run struct {
	ID      int64             `json:"id,omitempty"`
	Kind    string            `json:"kind" doc:"What was asked for: sync, plan, apply, undo, …"`
	State   rollcall.RunState `json:"state"`
	Started time.Time         `json:"started"`
	Ended   time.Time         `json:"ended,omitzero"`
	By      string            `json:"by"`
	Sources []SourceRun       `json:"sources"`
	Error   string            `json:"error,omitempty"`
	Digest  string            `json:"digest,omitempty" doc:"Of its changes, to tell two plans apart."`
	Undoes  int64             `json:"undoes,omitempty" doc:"Of an undo: the run that it took back."`
}

// SourceRun is one source's part of a run.
type SourceRun struct {
	rollcall.SourceRun
	Picture report.Picture `json:"picture" doc:"What became of every replica."`
}

// Binding is what the members of directory groups are given.
type Binding struct {
	Name     string            `json:"name"`
	Source   string            `json:"source"`
	Gives    []Gift            `json:"gives"`
	Nested   bool              `json:"nested"`
	Type     string            `json:"type" doc:"Of the memberships."`
	Vanished rollcall.Vanished `json:"vanished" doc:"What follows when a bound group is no longer there."`
	Groups   []BoundGroup      `json:"groups" doc:"The groups that the last run found."`
}

// Gift is one thing that a binding gives.
type Gift struct {
	Kind   rollcall.GrantKind `json:"kind"`
	Target string             `json:"target"`
}

// BoundGroup is a directory group that a binding ties to something.
type BoundGroup struct {
	Name   string             `json:"name"`
	DN     string             `json:"dn"`
	Key    string             `json:"key,omitempty" doc:"Its immutable identifier."`
	Kind   rollcall.GrantKind `json:"kind"`
	Target Named              `json:"target"`
}

// Grant is what somebody was given by belonging to a group.
type Grant struct {
	Kind   rollcall.GrantKind `json:"kind"`
	Type   string             `json:"type,omitempty"`
	Holder Named              `json:"holder"`
	Target Named              `json:"target"`
	Via    []string           `json:"via" doc:"The ways, each from the group that has the holder as its member."`
	Run    int64              `json:"run" doc:"That gave it."`
	Before bool               `json:"before" doc:"Whether somebody had made it before a group gave it."`
}

// JobState is where a job stands.
type JobState string

// The states of a job.
const (
	JobQueued  JobState = "queued"
	JobRunning JobState = "running"
	JobWaiting JobState = "waiting" // for another try
	JobDone    JobState = "done"
	JobParked  JobState = "parked" // after its last try
	JobStopped JobState = "stopped"
)

// Job is one piece of work in the queue, past or present.
type Job struct {
	ID       int64     `json:"id"`
	Line     string    `json:"line" doc:"The line of the timetable, or a name of its own."`
	Kind     string    `json:"kind"`
	Sources  []string  `json:"sources" doc:"None: all."`
	State    JobState  `json:"state"`
	By       string    `json:"by"`
	Created  time.Time `json:"created"`
	Due      time.Time `json:"due"`
	Started  time.Time `json:"started,omitzero" doc:"Of the last try."`
	Ended    time.Time `json:"ended,omitzero"`
	Attempt  int       `json:"attempt"`
	Attempts int       `json:"attempts" doc:"At most."`
	Node     string    `json:"node,omitempty"`
	Error    string    `json:"error,omitempty" doc:"Of the last try."`
}

// Line is one line of the timetable.
type Line struct {
	Name    string    `json:"name"`
	When    string    `json:"when,omitempty" doc:"Absent: only on demand."`
	Next    time.Time `json:"next,omitzero"`
	Sources []string  `json:"sources" doc:"None: all."`
	Retries int       `json:"retries"`
}

// Object is an item of the registry.
type Object struct {
	Named
	Fields map[string]any `json:"fields" doc:"Values of the fields that were asked for: numbers, truths, texts, and null for no value."`
}

// Explanation says why an object is as it is: the story of the one that is
// meant, all that may be meant, or why there is none.
type Explanation struct {
	Object     *report.Story `json:"object,omitempty"`
	Candidates []Named       `json:"candidates,omitempty" doc:"Several objects may be meant: ask again with one of them, as Class::id."`
	Absent     []Absence     `json:"absent,omitempty" doc:"The registry has no such object: what the directories know."`
}

// Absence is why a source did not bring somebody.
type Absence struct {
	Source string `json:"source"`
	Entry  string `json:"entry"`
	Why    string `json:"why"`
}
