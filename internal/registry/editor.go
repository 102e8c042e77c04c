package registry

import (
	"context"
	"errors"
	"strings"

	"rollcall/internal/rollcall"
)

// Editor changes objects within one transaction.
//
// Its methods take batches, and cost a few queries a batch whatever its size. A
// refusal concerns one item, changes nothing for it and leaves the others
// alone. The last error each method returns is another thing: the database
// failed, and the transaction is lost.
type Editor struct {
	r             *Registry
	tx            Storage
	origin        rollcall.Origin
	administrator bool
	self          rollcall.ObjectID // of the account behind the origin; 0 for none
	names         map[nameKey]string
	sources       map[rollcall.ObjectID]*sourceRights
}

// ForUser says whether the person behind the origin is an administrator: some
// sources let only those delete what they own. An editor starts as one.
func (e *Editor) ForUser(administrator bool) *Editor {
	e.administrator = administrator
	return e
}

// ForAccount says which account is behind the origin: there are things that
// nobody does to their own account.
func (e *Editor) ForAccount(id rollcall.ObjectID) *Editor {
	e.self = id
	return e
}

// isSelf reports whether an object is the account behind the origin.
func (e *Editor) isSelf(class *rollcall.Class, id rollcall.ObjectID) bool {
	return e.self != 0 && id == e.self && e.r.model.IsA(class.Name, "User")
}

// Draft is an object to be made.
type Draft struct {
	Object   rollcall.Object            // of a class that is not abstract; Create brings its values to canonical form and, when ID is 0, gives it one
	Links    map[string][]rollcall.Link // by attribute: the contents of its link sets
	Key      string                     // the entry that causes it
	Reason   string
	Warnings []string // Create's: what is odd and did not stop it
}

// Edit is a change of one object.
type Edit struct {
	Object rollcall.Object            // as loaded; it is not changed
	Sets   []rollcall.Assignment      // of stored attributes
	Links  map[string][]rollcall.Link // by attribute: the complete new contents; links are matched by Target
	// Completes says that the edit finishes an object that the same run made: it is part of the making, and no step of
	// history of its own.
	Completes bool
	Key       string
	Reason    string
}

// Outcome is what became of an edit.
type Outcome struct {
	Sets     []rollcall.Set // what really changed; none: nothing
	Err      error          // why it was refused
	Warnings []string
}

// Issues is a refusal as a list of reasons. A check that fails on the value of
// an object gives one, whatever else the error holds.
type Issues []string

// Error returns the reasons, joined by commas.
func (i Issues) Error() string { return strings.Join(i, ", ") }

// IssuesOf returns the reasons that an error lists, none when it lists none.
func IssuesOf(err error) []string {
	if i, ok := errors.AsType[Issues](err); ok {
		return i
	}
	return nil
}

// refuse makes the error of a refused item.
func refuse(kind rollcall.Kind, issues []string) error {
	if len(issues) == 0 {
		return nil
	}
	return &rollcall.Error{Kind: kind, Err: Issues(issues)}
}

// Reserve returns the first of n consecutive ids of a class, for drafts that
// refer to one another.
func (e *Editor) Reserve(ctx context.Context, class *rollcall.Class, n int) (rollcall.ObjectID, error) {
	return e.tx.Reserve(ctx, class, n)
}
