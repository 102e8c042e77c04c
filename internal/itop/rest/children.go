package rest

import (
	"context"
	"maps"
	"slices"
	"strings"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// writeChildren gives an object the contents of its 1:n link sets. A member that
// has the same values as one wanted stays; the others go: deleted when they
// cannot be without their host, else cut off (iTop 3.2.0).
func (ch *change) writeChildren(ctx context.Context, host *rollcall.Object, f *fieldSet, isNew bool) error {
	for _, code := range slices.Sorted(maps.Keys(f.children)) {
		set := host.Class.Attribute(code)
		if err := ch.writeSet(ctx, host, set, f.children[code], isNew); err != nil {
			return within(code, err)
		}
	}
	return nil
}

// child is a member of a 1:n link set that is to be made, and what was said of it.
type child struct {
	draft  registry.Draft
	fields *fieldSet
}

func (ch *change) writeSet(ctx context.Context, host *rollcall.Object, set *rollcall.Attribute, wanted []*fieldSet, isNew bool) error {
	class := ch.Model.Class(set.Target)
	if class.Abstract && len(wanted) > 0 {
		return faultf("class '%s' is abstract: its objects are of a class below it", class.Name)
	}
	var children []child
	for _, f := range wanted {
		d := registry.Draft{Object: rollcall.NewObject(class), Links: f.links, Reason: ch.comment}
		for _, s := range f.sets {
			d.Object.Set(s.Attribute, s.Value)
		}
		d.Object.Set(set.Remote, idText(host.ID))
		children = append(children, child{d, f})
	}
	if !isNew {
		var err error
		if children, err = ch.replace(ctx, host, set, class, children); err != nil {
			return err
		}
	}
	return ch.insertChildren(ctx, children)
}

// insertChildren makes members, and then what hangs on each of them in turn.
func (ch *change) insertChildren(ctx context.Context, children []child) error {
	if len(children) == 0 {
		return nil
	}
	drafts := make([]registry.Draft, len(children))
	for i := range children {
		drafts[i] = children[i].draft
	}
	if err := ch.insert(ctx, drafts); err != nil {
		return err
	}
	for i := range children {
		if err := ch.writeChildren(ctx, &drafts[i].Object, children[i].fields, true); err != nil {
			return err
		}
	}
	return nil
}

// replace removes the present members that are not wanted and returns those
// that are not there yet.
func (ch *change) replace(ctx context.Context, host *rollcall.Object, set *rollcall.Attribute, class *rollcall.Class, children []child) ([]child, error) {
	links, err := ch.tx.Links(ctx, set, []rollcall.ObjectID{host.ID})
	if err != nil {
		return nil, err
	}
	ids := make([]rollcall.ObjectID, len(links[0]))
	for i := range ids {
		ids[i] = links[0][i].ID
	}
	present, err := ch.tx.Objects(ctx, class, ids)
	if err != nil {
		return nil, err
	}
	var gone []rollcall.Object
	for i := range present {
		same := slices.IndexFunc(children, func(c child) bool { return fingerprint(&c.draft.Object) == fingerprint(&present[i]) })
		if same < 0 {
			gone = append(gone, present[i])
			continue
		}
		children = slices.Delete(children, same, same+1)
	}
	return children, ch.cutOff(ctx, set, class, gone)
}

// cutOff takes members out of a 1:n link set.
func (ch *change) cutOff(ctx context.Context, set *rollcall.Attribute, class *rollcall.Class, gone []rollcall.Object) error {
	if len(gone) == 0 {
		return nil
	}
	if key := class.Attribute(set.Remote); !key.Mandatory {
		edits := make([]registry.Edit, len(gone))
		for i := range gone {
			edits[i] = registry.Edit{Object: gone[i], Sets: []rollcall.Assignment{{Attribute: key.Code}}, Reason: ch.comment}
		}
		outcomes, err := ch.editor.Update(ctx, edits)
		if err != nil {
			return err
		}
		for i := range outcomes {
			if outcomes[i].Err != nil {
				return refusedWrite(outcomes[i].Err, &gone[i])
			}
		}
		return nil
	}
	ids := make([]rollcall.ObjectID, len(gone))
	for i := range gone {
		ids[i] = gone[i].ID
	}
	refused, err := ch.editor.Delete(ctx, class, ids, func(rollcall.ObjectID) (string, string) { return "", ch.comment })
	if err != nil {
		return err
	}
	for i, why := range refused {
		if why != nil {
			return refusedWrite(why, &gone[i])
		}
	}
	return nil
}

// fingerprint is equal for objects whose stored values are.
func fingerprint(o *rollcall.Object) string {
	var b strings.Builder
	b.WriteString(o.Class.Name)
	for i, a := range o.Class.Stored {
		if a.Kept {
			continue
		}
		text := o.Values[i]
		if canonical, err := a.Canonical(text); err == nil {
			text = canonical
		}
		b.WriteByte(0)
		b.WriteString(text)
	}
	return b.String()
}
