package auth

import (
	"rollcall/internal/rollcall"
)

// Action is something that an account wants to do with objects of a class.
// Creating counts as writing. Stimuli are asked for separately.
type Action uint8

// The actions.
const (
	Read Action = iota
	BulkRead
	Write
	BulkWrite
	Delete
	BulkDelete
)

// Rights answers what an account may do, by its profiles. It does not change
// once made.
type Rights struct {
	model *rollcall.Model
}

// NewRights works out the rights of the built-in profiles on the classes of a
// model.
func NewRights(model *rollcall.Model) *Rights { return &Rights{model: model} }

// Allows reports whether an account may carry out an action on objects of a
// class and those below it.
func (r *Rights) Allows(a *Account, class *rollcall.Class, action Action) bool {
	return a.Administrator
}

// AllowsStimulus reports whether an account may apply a stimulus to objects of a
// class.
func (r *Rights) AllowsStimulus(a *Account, class *rollcall.Class, stimulus string) bool {
	return a.Administrator
}
