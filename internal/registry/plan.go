package registry

import "rollcall/internal/rollcall"

// DeletePlan is what a deletion would do.
type DeletePlan struct {
	Deletions []Deletion // those asked for first, in their order
	Resets    []Reset
	Blocks    []Block
}

// Deletion is an object that would go.
type Deletion struct {
	Object rollcall.Ref
	Name   string
	Asked  bool     // it was asked for; else it hangs on one that was
	Issues []string // why it cannot go
	// Forbidden says that an issue is about who asks, not about the object: nobody deletes their own account.
	Forbidden bool
}

// Reset is a key that would be emptied because its target goes.
type Reset struct {
	Object    rollcall.Ref
	Attribute *rollcall.Attribute
	Target    rollcall.ObjectID
	Issues    []string // why it cannot be emptied
}

// Block is an object that must be deleted before its target can go.
type Block struct {
	Object    rollcall.Ref
	Attribute *rollcall.Attribute
	Target    rollcall.ObjectID
}

// Stopped reports whether an issue stands against the plan as a whole.
func (p *DeletePlan) Stopped() bool {
	for _, d := range p.Deletions {
		if len(d.Issues) > 0 {
			return true
		}
	}
	for _, r := range p.Resets {
		if len(r.Issues) > 0 {
			return true
		}
	}
	return len(p.Blocks) > 0
}
