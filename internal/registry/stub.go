package registry

import (
	"context"

	"rollcall/internal/rollcall"
)

type nameKey struct {
	class string
	id    rollcall.ObjectID
}
type sourceRights struct{}
type classRule struct{ unique *rollcall.Unique }

var classRules = map[string]classRule{}

// Create makes the drafts. The first result stands beside them.
func (e *Editor) Create(ctx context.Context, drafts []Draft) ([]error, error) { panic("later") }

// Update carries out the edits. The outcomes stand beside them.
func (e *Editor) Update(ctx context.Context, edits []Edit) ([]Outcome, error) { panic("later") }

// Delete deletes objects.
func (e *Editor) Delete(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID, keyed func(rollcall.ObjectID) (key, reason string)) ([]error, error) {
	panic("later")
}

// PlanDelete plans a deletion.
func (e *Editor) PlanDelete(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) (DeletePlan, error) {
	panic("later")
}

// Undo takes a run back.
func (e *Editor) Undo(ctx context.Context, run int64) error { panic("later") }

// Seed inserts predefined objects.
func (r *Registry) Seed(ctx context.Context, tx Storage) error { panic("later") }
