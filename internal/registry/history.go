package registry

import (
	"context"
	"encoding/base64"
	"strings"

	"rollcall/internal/rollcall"
)

// A picture is kept in history as text; every other value as it is.
const picture = "data:;base64,"

// kept returns a value as history keeps it.
func kept(a *rollcall.Attribute, value string) string {
	if a.Type == rollcall.TypeImage && value != "" {
		return picture + base64.StdEncoding.EncodeToString([]byte(value))
	}
	return value
}

// unkept returns the value that history keeps.
func unkept(a *rollcall.Attribute, text string) (string, error) {
	code, ok := strings.CutPrefix(text, picture)
	if a.Type != rollcall.TypeImage || !ok {
		return text, nil
	}
	value, err := base64.StdEncoding.DecodeString(code)
	if err != nil {
		return "", rollcall.Errorf(rollcall.Internal, "read the picture %s from history: %w", a.Code, err)
	}
	return string(value), nil
}

// hidden stands for a password wherever a person reads.
const hidden = "*****"

// readable fills in what a person reads beside a set's stored text.
func (e *Editor) readable(a *rollcall.Attribute, s rollcall.Set) rollcall.Set {
	text := func(value string) string {
		switch {
		case value == "":
			return ""
		case a.IsKey():
			return e.nameOf(a.Target, parseID(value))
		case a.Type == rollcall.TypePassword:
			return hidden
		case a.Type == rollcall.TypeImage:
			return "a picture"
		}
		return ""
	}
	s.OldText, s.NewText = text(s.Old), text(s.New)
	return s
}

// shown returns sets as an outcome gives them: history alone keeps a password.
func shown(class *rollcall.Class, sets []rollcall.Set) []rollcall.Set {
	out := make([]rollcall.Set, len(sets))
	copy(out, sets)
	for i := range out {
		a := class.Attribute(out[i].Attribute)
		if a != nil && a.Type == rollcall.TypePassword {
			out[i].Old, out[i].New = out[i].OldText, out[i].NewText
		}
	}
	return out
}

// remains returns the values of an object that goes, for its last step.
func (e *Editor) remains(o *rollcall.Object) []rollcall.Set {
	var sets []rollcall.Set
	for i, a := range o.Class.Stored {
		if v := o.Values[i]; v != "" {
			sets = append(sets, e.readable(a, rollcall.Set{Attribute: a.Code, Old: kept(a, v)}))
		}
	}
	return sets
}

// namesOf returns the friendly names of objects as the store has them now; most
// classes need no query for it.
func (e *Editor) namesOf(ctx context.Context, objects []rollcall.Object) ([]string, error) {
	names := make([]string, len(objects))
	var w wanted
	for i := range objects {
		if isNamedByItself(objects[i].Class) {
			names[i] = objects[i].Name()
		} else {
			w.add(objects[i].Class.Name, objects[i].ID)
		}
	}
	if err := e.learn(ctx, &w); err != nil {
		return nil, err
	}
	for i := range objects {
		if !isNamedByItself(objects[i].Class) {
			names[i] = e.nameOf(objects[i].Class.Name, objects[i].ID)
		}
	}
	return names, nil
}

func isNamedByItself(c *rollcall.Class) bool {
	for _, code := range c.NamedBy {
		if a := c.Attribute(code); a == nil || !a.Stored() || a.IsKey() {
			return false
		}
	}
	return true
}

// diary collects steps of history.
type diary struct {
	e     *Editor
	steps []rollcall.History
}

func (d *diary) add(verb rollcall.HistoryVerb, o *rollcall.Object, name, key, reason string, sets []rollcall.Set) {
	d.steps = append(d.steps, rollcall.History{
		Origin: d.e.origin, Verb: verb, Object: rollcall.Ref{Class: o.Class.Name, ID: o.ID},
		Name: name, Key: key, Reason: reason, Sets: sets,
	})
}

// addAll adds one step for each of objects, which are in the store now.
func (d *diary) addAll(ctx context.Context, verb rollcall.HistoryVerb, objects []rollcall.Object, why func(i int) (key, reason string), sets func(i int) []rollcall.Set) error {
	names, err := d.e.namesOf(ctx, objects)
	if err != nil {
		return err
	}
	for i := range objects {
		key, reason := why(i)
		d.add(verb, &objects[i], names[i], key, reason, sets(i))
	}
	return nil
}

func (d *diary) write(ctx context.Context) error {
	if len(d.steps) == 0 {
		return nil
	}
	return d.e.tx.InsertHistory(ctx, d.steps)
}

func noSets(int) []rollcall.Set { return nil }
