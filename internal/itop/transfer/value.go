package transfer

import (
	"context"
	"slices"
	"strconv"

	"rollcall/internal/rollcall"
)

// shape says what the text of a code is: of which type, and for an enum of
// which attribute. It is nil-attributed for what no class declares.
type shape struct {
	kind rollcall.Type
	attr *rollcall.Attribute // the declared attribute at the end of the path, nil when there is none
}

// shapeOf follows a code to where its values are stored.
func shapeOf(model *rollcall.Model, class *rollcall.Class, code string) shape {
	for hops := 0; class != nil && hops < 8; hops++ {
		switch code {
		case rollcall.CodeID:
			return shape{kind: rollcall.TypeKey}
		case rollcall.CodeFinalClass:
			return shape{kind: rollcall.TypeClass}
		case rollcall.CodeFriendlyName:
			return shape{kind: rollcall.TypeString}
		case rollcall.CodeObsolescenceFlag:
			return shape{kind: rollcall.TypeBoolean}
		case rollcall.CodeObsolescenceDate:
			return shape{kind: rollcall.TypeDate}
		}
		if a := class.Attribute(code); a != nil && a.Type != rollcall.TypeField {
			return shape{a.Type, a}
		}
		d, ok := model.Derive(class, code)
		if !ok {
			break
		}
		class, code = model.KeyTarget(class, d.Via), d.Code
	}
	return shape{kind: rollcall.TypeString}
}

// keep is how many values of other objects a values remembers per code.
const keep = 50_000

// remoteCode is a code as seen from a class that some key points at.
type remoteCode struct {
	class *rollcall.Class
	code  string
}

// values reads texts of objects, following keys as far as a code leads. It asks
// for the objects behind keys once each, a batch at a time. It belongs to one
// goroutine.
type values struct {
	model  *rollcall.Model
	store  Reader
	behind map[remoteCode]map[string]string // id text -> text
}

func newValues(model *rollcall.Model, store Reader) *values {
	return &values{model: model, store: store, behind: map[remoteCode]map[string]string{}}
}

// of returns beside the objects of one class or classes below it the canonical
// text of a code.
func (v *values) of(ctx context.Context, class *rollcall.Class, objects []rollcall.Object, code string) ([]string, error) {
	out := make([]string, len(objects))
	switch code {
	case rollcall.CodeID:
		for i := range objects {
			out[i] = idText(objects[i].ID)
		}
		return out, nil
	case rollcall.CodeFinalClass:
		for i := range objects {
			if objects[i].Class != nil {
				out[i] = objects[i].Class.Name
			}
		}
		return out, nil
	case rollcall.CodeFriendlyName:
		return out, v.friendly(ctx, objects, out)
	case rollcall.CodeObsolescenceFlag:
		for i := range objects {
			out[i] = flag(objects[i].IsObsolete())
		}
		return out, nil
	case rollcall.CodeObsolescenceDate: // which classes below may have, and not this one
		stored(objects, code, out)
		return out, nil
	}
	if a := class.Attribute(code); a != nil && a.Stored() {
		stored(objects, code, out)
		return out, nil
	}
	d, ok := v.model.Derive(class, code)
	if !ok {
		return out, nil
	}
	via, err := v.of(ctx, class, objects, d.Via.Code)
	if err != nil {
		return nil, err
	}
	return out, v.follow(ctx, v.model.KeyTarget(class, d.Via), via, d.Code, out)
}

// stored copies the values of a stored attribute. Its column is another in each
// class, and the objects of one class come in long runs.
func stored(objects []rollcall.Object, code string, out []string) {
	var class *rollcall.Class
	column := -1
	for i := range objects {
		if objects[i].Class != class {
			class, column = objects[i].Class, -1
			if class != nil {
				if a := class.Attribute(code); a != nil {
					column = a.Column
				}
			}
		}
		if column >= 0 {
			out[i] = objects[i].Values[column]
		}
	}
}

// friendly fills in friendly names.
func (v *values) friendly(ctx context.Context, objects []rollcall.Object, out []string) error {
	for start := 0; start < len(objects); {
		class := objects[start].Class
		end := start + 1
		for end < len(objects) && objects[end].Class == class {
			end++
		}
		if class != nil {
			if err := v.friendlyRun(ctx, class, objects[start:end], out[start:end]); err != nil {
				return err
			}
		}
		start = end
	}
	return nil
}

func (v *values) friendlyRun(ctx context.Context, class *rollcall.Class, objects []rollcall.Object, out []string) error {
	columns := make([][]string, len(class.NamedBy))
	for i, part := range class.NamedBy {
		if part == rollcall.CodeFriendlyName {
			continue
		}
		var err error
		if columns[i], err = v.of(ctx, class, objects, part); err != nil {
			return err
		}
	}
	parts := make([]string, len(columns))
	for n := range objects {
		for i := range columns {
			if columns[i] != nil {
				parts[i] = columns[i][n]
			}
		}
		out[n] = class.FormatName(parts)
	}
	return nil
}

// follow fills in a code of the objects that keys point at.
func (v *values) follow(ctx context.Context, target *rollcall.Class, keys []string, code string, out []string) error {
	if target == nil {
		return nil
	}
	if code == rollcall.CodeID {
		copy(out, keys)
		return nil
	}
	at := remoteCode{target, code}
	known := v.behind[at]
	if known == nil || len(known) > keep {
		known = map[string]string{}
		v.behind[at] = known
	}
	var missing []rollcall.ObjectID
	for _, key := range keys {
		if _, there := known[key]; !there && key != "" {
			known[key] = ""
			missing = append(missing, parseID(key))
		}
	}
	if len(missing) > 0 {
		objects, err := v.store.Objects(ctx, target, missing)
		if err != nil {
			return err
		}
		texts, err := v.of(ctx, target, objects, code)
		if err != nil {
			return err
		}
		for i := range objects {
			known[idText(objects[i].ID)] = texts[i]
		}
	}
	for i, key := range keys {
		out[i] = known[key]
	}
	return nil
}

// needs returns the stored attributes that a code is read from, over all classes
// below the one that declares it.
func needs(model *rollcall.Model, class *rollcall.Class, code string) []string {
	var need []string
	add := func(c *rollcall.Class, code string) {
		if a := c.Attribute(code); a != nil && a.Stored() {
			need = append(need, code)
		} else if d, ok := model.Derive(c, code); ok {
			need = append(need, needs(model, c, d.Via.Code)...)
		}
	}
	for _, c := range model.Family(class.Name) {
		switch code {
		case rollcall.CodeFriendlyName:
			for _, part := range c.NamedBy {
				if part != rollcall.CodeFriendlyName {
					add(c, part)
				}
			}
		case rollcall.CodeObsolescenceFlag:
			for att := range c.Inactive {
				add(c, att)
			}
		default:
			add(c, code)
		}
	}
	slices.Sort(need)
	return slices.Compact(need)
}

func flag(is bool) string {
	if is {
		return "1"
	}
	return "0"
}

func idText(id rollcall.ObjectID) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(int64(id), 10)
}

func parseID(text string) rollcall.ObjectID {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return rollcall.ObjectID(id)
}
