package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"rollcall/internal/rollcall"
)

// Entry is one line of the timetable. Its name is what jobs are called by.
type Entry struct {
	Name     string
	Work     Work
	Schedule Schedule // nil: only on demand
	Retries  int      // tries after the first one that fails
	Lane     Lane
}

// Lane keeps kinds of jobs from waiting for one another: those of one lane are
// worked whatever those of the others do.
type Lane string

// The lanes.
const (
	LaneMain    Lane = ""        // whole runs, and imports
	LaneRemoval Lane = "removal" // those that take away
	LaneRetry   Lane = "retry"   // those that try again what failed
)

func lanes() []Lane { return []Lane{LaneMain, LaneRemoval, LaneRetry} }

// queue is what River calls a lane.
func (l Lane) queue() string {
	if l == LaneMain {
		return river.QueueDefault
	}
	return string(l)
}

// workers is how many jobs of a lane one node works at a time: a run is mostly
// one database writer.
func (l Lane) workers() int {
	if l == LaneMain {
		return 2
	}
	return 1
}

// Work is what a job is to do; its meaning is the Runner's.
type Work struct {
	Kind    string   `json:"kind"`
	Sources []string `json:"sources,omitempty"` // none: all
}

// State is where a job stands.
type State string

// The states of a job.
const (
	StateQueued  State = "queued"
	StateRunning State = "running"
	StateWaiting State = "waiting" // failed, and will be tried again
	StateDone    State = "done"
	StateParked  State = "parked"  // failed at its last try; requeue it or leave it
	StateStopped State = "stopped" // must not be tried again as it is, or somebody cancelled it
)

// Job is one piece of work in the queue, past or present.
type Job struct {
	ID       int64     `json:"id"`
	Entry    string    `json:"entry"`
	Work     Work      `json:"work"`
	State    State     `json:"state"`
	By       string    `json:"by"` // who asked; "timetable" otherwise
	Created  time.Time `json:"created"`
	Due      time.Time `json:"due"`
	Started  time.Time `json:"started,omitzero"` // the last try
	Ended    time.Time `json:"ended,omitzero"`
	Attempt  int       `json:"attempt"`
	Attempts int       `json:"attempts"` // at most
	Node     string    `json:"node,omitempty"`
	Error    string    `json:"error,omitempty"` // of the last try
}

// Runner carries out the work of jobs. An error of kind Stopped, Invalid,
// Forbidden or NotFound is for good; one of kind Conflict means that somebody
// else is at it, and costs no try; any other is worth another try.
type Runner func(ctx context.Context, j *Job) error

// args is a job as the queue keeps it. Only the entry makes it unique.
type args struct {
	Entry string `json:"entry" river:"unique"`
	Work  Work   `json:"work"`
	By    string `json:"by"`
}

// Kind implements river.JobArgs.
func (args) Kind() string { return "rollcall" }

// fromRow reads a job as the queue keeps it.
func fromRow(row *rivertype.JobRow) (Job, error) {
	var a args
	if err := json.Unmarshal(row.EncodedArgs, &a); err != nil {
		return Job{}, rollcall.Errorf(rollcall.Internal, "read job %d: %w", row.ID, err)
	}
	j := Job{
		ID: row.ID, Entry: a.Entry, Work: a.Work, By: a.By, State: stateOf(row.State),
		Created: row.CreatedAt.UTC(), Due: row.ScheduledAt.UTC(), Attempt: row.Attempt, Attempts: row.MaxAttempts,
	}
	if row.AttemptedAt != nil {
		j.Started = row.AttemptedAt.UTC()
	}
	if row.FinalizedAt != nil {
		j.Ended = row.FinalizedAt.UTC()
	}
	if n := len(row.AttemptedBy); n > 0 {
		j.Node = row.AttemptedBy[n-1]
	}
	if n := len(row.Errors); n > 0 && j.State != StateDone {
		j.Error = strings.TrimPrefix(row.Errors[n-1].Error, "JobCancelError: ") // River's mark of an error for good
	}
	return j, nil
}

func stateOf(s rivertype.JobState) State {
	switch s {
	case rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateScheduled:
		return StateQueued
	case rivertype.JobStateRunning:
		return StateRunning
	case rivertype.JobStateRetryable:
		return StateWaiting
	case rivertype.JobStateCompleted:
		return StateDone
	case rivertype.JobStateDiscarded:
		return StateParked
	case rivertype.JobStateCancelled:
		return StateStopped
	}
	return State(fmt.Sprint(s))
}

// states lists the queue's own states that one of ours stands for.
func states(s State) []rivertype.JobState {
	var of []rivertype.JobState
	for _, state := range rivertype.JobStates() {
		if stateOf(state) == s {
			of = append(of, state)
		}
	}
	return of
}
