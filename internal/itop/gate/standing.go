package gate

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// ObjectReader reads objects by their ids.
type ObjectReader interface {
	Objects(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]rollcall.Object, error)
}

// Standing returns the values of those parameters that every query has: what is
// known of the account and of its person. An account without a person has no
// values for those of the person, so that a query which names one lacks it
// (iTop 3.2.0).
func Standing(ctx context.Context, model *rollcall.Model, from ObjectReader, account *auth.Account, names []string) (map[string]string, error) {
	s := &standing{model: model, from: from, known: map[rollcall.Ref]*rollcall.Object{}}
	args := map[string]string{}
	for _, name := range names {
		switch name {
		case "current_contact_id":
			args[name] = idText(account.Contact)
			continue
		case "current_user->id":
			args[name] = idText(account.Ref.ID)
			continue
		case "current_user->login":
			args[name] = account.Login
			continue
		}
		who, code, _ := strings.Cut(name, "->")
		var class string
		var id rollcall.ObjectID
		switch who {
		case "current_user":
			class, id = account.Ref.Class, account.Ref.ID
		case "current_contact":
			class, id = "Contact", account.Contact
		default:
			continue
		}
		text, ok, err := s.value(ctx, class, id, code)
		if err != nil {
			return nil, fmt.Errorf("read the parameter %s: %w", name, err)
		}
		if ok {
			args[name] = text
		}
	}
	return args, nil
}

// standing follows the keys of an account and its person.
type standing struct {
	model *rollcall.Model
	from  ObjectReader
	known map[rollcall.Ref]*rollcall.Object
}

// value returns an attribute of an object as a query compares it.
func (s *standing) value(ctx context.Context, class string, id rollcall.ObjectID, code string) (text string, ok bool, err error) {
	o, err := s.object(ctx, class, id)
	if o == nil {
		return "", false, err
	}
	a := o.Class.Attribute(code)
	switch {
	case code == rollcall.CodeID:
		return idText(o.ID), true, nil
	case code == rollcall.CodeFriendlyName:
		return o.Name(), true, nil
	case code == rollcall.CodeFinalClass:
		return o.Class.Name, true, nil
	case a == nil || !rollcall.IsQueryable(a):
		return "", false, nil
	case a.IsKey() && o.Get(code) == "":
		return "0", true, nil
	case a.Type != rollcall.TypeField:
		return o.Get(code), true, nil
	}
	key := o.Class.Attribute(a.Via)
	target, err := strconv.ParseInt(o.Get(a.Via), 10, 64)
	if key == nil || err != nil {
		return "", true, nil // it points nowhere
	}
	if text, ok, err = s.value(ctx, key.Target, rollcall.ObjectID(target), a.Remote); !ok {
		return "", err == nil, err
	}
	return text, true, nil
}

// object returns an object, nil when there is none. Each is read once.
func (s *standing) object(ctx context.Context, class string, id rollcall.ObjectID) (*rollcall.Object, error) {
	c := s.model.Class(class)
	if c == nil || id == 0 {
		return nil, nil
	}
	ref := rollcall.Ref{Class: c.Root, ID: id}
	if o, ok := s.known[ref]; ok {
		return o, nil
	}
	found, err := s.from.Objects(ctx, c, []rollcall.ObjectID{id})
	if err != nil {
		return nil, err
	}
	s.known[ref] = nil
	if len(found) > 0 {
		s.known[ref] = &found[0]
	}
	return s.known[ref], nil
}

func idText(id rollcall.ObjectID) string { return strconv.FormatInt(int64(id), 10) }
