package registry

import (
	"context"

	"rollcall/internal/rollcall"
)

// classRule is what one class asks beyond its declaration. It holds for the
// classes below, too.
type classRule struct {
	// prepare fills in values that follow from others, before any check.
	prepare func(e *Editor, it *item)
	// check refuses or warns. Its items are of one class and not empty; some
	// may be refused already.
	check func(ctx context.Context, e *Editor, items []*item) error
	// complete fills in values that follow from the id of a new object.
	complete func(it *item)
}

// classRules are all rules by class.
var classRules = map[string]classRule{
	"User":       {check: checkUser},
	"UserLocal":  {prepare: preparePassword},
	"Person":     {check: checkPerson},
	"Ticket":     {prepare: prepareTicket, complete: completeTicket},
	"Event":      {prepare: prepareEvent},
	"EventIssue": {prepare: prepareIssue},
	classSource:  {prepare: keepTable, check: checkSource, complete: completeSource},
}

// noteObsolescence keeps the day on which an object became obsolete, as long as
// it is; it reports whether that moved.
func (e *Editor) noteObsolescence(o *rollcall.Object) bool {
	a := o.Class.Attribute(rollcall.CodeObsolescenceDate)
	if a == nil {
		return false
	}
	was := o.Values[a.Column]
	switch {
	case !o.IsObsolete():
		o.Values[a.Column] = ""
	case was == "":
		o.Values[a.Column] = e.origin.At.UTC().Format(rollcall.DateLayout)
	}
	return o.Values[a.Column] != was
}

// prepareEvent gives an event without a date the present one.
func prepareEvent(e *Editor, it *item) {
	if it.was == nil && it.object.Get("date") == "" {
		it.object.Set("date", e.origin.At.UTC().Format(rollcall.DateTimeLayout))
	}
}

// prepareIssue cuts an issue to the length of its column: what went wrong is
// better told in part than not at all.
func prepareIssue(_ *Editor, it *item) {
	const most = 255
	if text := []rune(it.object.Get("issue")); len(text) > most {
		it.object.Set("issue", string(text[:most]))
	}
}

// systemClass refuses to write an object of a class that shows what the program
// keeps.
func systemClass(c *rollcall.Class) error {
	return rollcall.Errorf(rollcall.Forbidden, "objects of class %s are kept by the program: nobody else writes them", c.Name)
}
