package rest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// applyStimulus answers core/apply_stimulus.
func (c *call) applyStimulus(ctx context.Context) error {
	comment, f, given, list, err := c.target(ctx)
	if err != nil {
		return err
	}
	stimulus, err := c.text("stimulus")
	if err != nil {
		return err
	}
	switch {
	case !c.Rights.Allows(c.account, f.class, auth.Write):
		return c.refused("modifying", f.class)
	case !c.Rights.Allows(c.account, f.class, auth.BulkWrite):
		return c.refused("massively modifying", f.class)
	}
	return c.changeOne(ctx, comment, f, given, func(ch *change, o *rollcall.Object, fields *fieldSet) (bool, error) {
		return ch.stimulate(ctx, o, fields, stimulus, list)
	})
}

// stimulate leads an object from its state to the next one.
func (ch *change) stimulate(ctx context.Context, o *rollcall.Object, f *fieldSet, stimulus string, list fieldList) (bool, error) {
	life := o.Class.Lifecycle
	state := o.Get(o.Class.StateAttribute)
	var to *rollcall.Transition
	if life != nil {
		state = o.Get(life.Attribute)
		to = life.Transition(state, stimulus)
	}
	if to == nil {
		names, err := ch.tx.Names(ctx, o.Class, []rollcall.ObjectID{o.ID})
		if err != nil {
			return false, err
		}
		return false, ch.result(codeInternal, fmt.Sprintf("Invalid stimulus: '%s' on the object %s in state '%s'", stimulus, names[o.ID], state), "")
	}
	if !ch.Rights.AllowsStimulus(ch.account, o.Class, stimulus) {
		return false, ch.result(codeUnauthorized, fmt.Sprintf("The current user does not have enough permissions for applying the stimulus '%s' on data of class %s", stimulus, o.Class.Name), "")
	}
	if missing := lacking(o, f, life.Mandatory(o.Class, to.To)); len(missing) > 0 {
		return false, ch.result(codeInternal, "Missing mandatory attribute(s) for applying the stimulus: "+strings.Join(missing, ", ")+".", "")
	}
	if err := ch.edit(ctx, o, f); err != nil {
		return false, err
	}
	if err := ch.transit(ctx, o, life, to); err != nil {
		return false, err
	}
	return true, ch.show(ctx, o, list, shown{message: "updated"})
}

// lacking returns the attributes among codes that an object has no value of,
// counting what is about to be set.
func lacking(o *rollcall.Object, f *fieldSet, codes []string) []string {
	return slices.DeleteFunc(codes, func(code string) bool {
		if links, ok := f.links[code]; ok {
			return len(links) > 0
		}
		text, ok := f.get(code)
		if !ok {
			text = o.Get(code)
		}
		return text != ""
	})
}

// transit carries out a transition.
func (ch *change) transit(ctx context.Context, o *rollcall.Object, life *rollcall.Lifecycle, to *rollcall.Transition) error {
	now, err := ch.tx.Objects(ctx, o.Class, []rollcall.ObjectID{o.ID})
	if err != nil {
		return err
	}
	if len(now) != 1 {
		return rollcall.Errorf(rollcall.NotFound, "%s::%d does not exist any more", o.Class.Name, o.ID)
	}
	f := &fieldSet{class: o.Class}
	for _, code := range to.Stamps {
		f.sets = append(f.sets, rollcall.Assignment{Attribute: code, Value: ch.Now().UTC().Format(rollcall.DateTimeLayout)})
	}
	for _, code := range slices.Sorted(maps.Keys(to.Sets)) {
		f.sets = append(f.sets, rollcall.Assignment{Attribute: code, Value: to.Sets[code]})
	}
	f.sets = append(f.sets, rollcall.Assignment{Attribute: life.Attribute, Value: to.To})
	return ch.edit(ctx, &now[0], f)
}
