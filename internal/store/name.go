package store

import (
	"context"
	"strings"

	"rollcall/internal/rollcall"
)

// friendlyName is the pseudo attribute that every class has.
const friendlyName = "friendlyname"

// maxHops bounds how many references a name may follow; a declaration that
// names classes by each other would never end.
const maxHops = 5

// Names returns the friendly names of the objects of class and below that
// exist.
func (q *queries) Names(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) (map[rollcall.ObjectID]string, error) {
	return q.names(ctx, class, ids, 0)
}

func (q *queries) names(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID, hops int) (map[rollcall.ObjectID]string, error) {
	texts, err := q.remoteTexts(ctx, class, ids, friendlyName, hops)
	if err != nil {
		return nil, err
	}
	return texts, nil
}

// texts returns beside objects the text of one of their attributes: stored, a
// field, the ID, the class or the friendly name.
func (q *queries) texts(ctx context.Context, objects []rollcall.Object, code string, hops int) ([]string, error) {
	out := make([]string, len(objects))
	byClass := map[*rollcall.Class][]int{}
	for i := range objects {
		byClass[objects[i].Class] = append(byClass[objects[i].Class], i)
	}
	for class, at := range byClass {
		via, remote := "", ""
		a := class.Attribute(code)
		switch {
		case a != nil && a.Column >= 0:
			for _, i := range at {
				out[i] = objects[i].Values[a.Column]
			}
		case a != nil && a.Type == rollcall.TypeField:
			via, remote = a.Via, a.Remote
		case code == "id":
			for _, i := range at {
				out[i] = idText(objects[i].ID)
			}
		case code == "finalclass":
			for _, i := range at {
				out[i] = class.Name
			}
		case code == friendlyName:
			if err := q.friendly(ctx, class, objects, at, out, hops); err != nil {
				return nil, err
			}
		default:
			via, remote = strings.TrimSuffix(code, "_"+friendlyName), friendlyName
		}
		if via == "" {
			continue
		}
		if err := q.follow(ctx, class, objects, at, out, via, remote, hops); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// friendly puts friendly names into out.
func (q *queries) friendly(ctx context.Context, class *rollcall.Class, objects []rollcall.Object, at []int, out []string, hops int) error {
	some := make([]rollcall.Object, len(at))
	for i, j := range at {
		some[i] = objects[j]
	}
	parts := make([][]string, len(class.NamedBy))
	for i, code := range class.NamedBy {
		var err error
		if parts[i], err = q.texts(ctx, some, code, hops); err != nil {
			return err
		}
	}
	row := make([]string, len(parts))
	for i, j := range at {
		for k := range parts {
			row[k] = parts[k][i]
		}
		out[j] = class.FormatName(row)
	}
	return nil
}

// follow puts into out an attribute of the objects that a key points at.
func (q *queries) follow(ctx context.Context, class *rollcall.Class, objects []rollcall.Object, at []int, out []string, via, remote string, hops int) error {
	key := class.Attribute(via)
	if key == nil || !key.IsKey() || hops >= maxHops {
		return nil
	}
	target := q.model.Class(key.Target)
	if target == nil {
		return rollcall.Errorf(rollcall.Internal, "class %s: key %s points at class %s, which is not declared", class.Name, via, key.Target)
	}
	ids := make([]rollcall.ObjectID, 0, len(at))
	seen := map[rollcall.ObjectID]bool{0: true}
	for _, i := range at {
		if id := parseID(objects[i].Values[key.Column]); !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	texts, err := q.remoteTexts(ctx, target, ids, remote, hops+1)
	if err != nil {
		return err
	}
	for _, i := range at {
		out[i] = texts[parseID(objects[i].Values[key.Column])]
	}
	return nil
}

// remoteTexts returns one attribute of the objects with the given IDs.
func (q *queries) remoteTexts(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID, code string, hops int) (map[rollcall.ObjectID]string, error) {
	if len(ids) == 0 {
		return map[rollcall.ObjectID]string{}, nil
	}
	v, err := q.view(class, q.needed(class, code))
	if err != nil {
		return nil, err
	}
	objects, err := v.objects(ctx, ids)
	if err != nil {
		return nil, err
	}
	texts, err := q.texts(ctx, objects, code, hops)
	if err != nil {
		return nil, err
	}
	byID := make(map[rollcall.ObjectID]string, len(objects))
	for i := range objects {
		byID[objects[i].ID] = texts[i]
	}
	return byID, nil
}

// needed returns the stored attributes that the text of an attribute comes
// from, over all classes below.
func (q *queries) needed(class *rollcall.Class, codes ...string) []string {
	need := []string{}
	for _, c := range q.model.Family(class.Name) {
		for _, code := range codes {
			a := c.Attribute(code)
			switch {
			case a != nil && a.Column >= 0:
				need = append(need, code)
			case a != nil && a.Type == rollcall.TypeField:
				need = append(need, a.Via)
			case code == friendlyName:
				for _, part := range c.NamedBy {
					if part != friendlyName {
						need = append(need, q.needed(c, part)...)
					}
				}
			default:
				need = append(need, strings.TrimSuffix(code, "_"+friendlyName))
			}
		}
	}
	return need
}
