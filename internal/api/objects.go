package api

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/auth"
	"rollcall/internal/oql"
	"rollcall/internal/rollcall"
)

type objectsIn struct {
	OQL    string `query:"oql" required:"true" max:"10000" doc:"Such as SELECT Person WHERE status = 'active'. It selects one class."`
	Fields string `query:"fields" max:"5000" doc:"Attribute codes with commas between; absent: none. Sets of links are asked for by a query of their class."`
	paging
}

// objects lists objects by their IDs, so that a page stays where it is while
// objects come and go.
func (c *call) objects(ctx context.Context, in *objectsIn) (*Page[Object], error) {
	query, err := oql.Compile(c.Model, in.OQL, nil)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "oql: %w", err)
	}
	if len(query.Columns) != 1 {
		return nil, rollcall.Errorf(rollcall.Invalid, "oql: the query selects %d classes: name one after SELECT", len(query.Columns))
	}
	if err := c.mayRead(query); err != nil {
		return nil, err
	}
	class := query.Class()
	columns, err := c.columns(class, in.Fields)
	if err != nil {
		return nil, err
	}
	after, err := in.number()
	if err != nil {
		return nil, err
	}
	query = c.Rights.Visible(c.account, query).After(rollcall.ObjectID(after))
	window := rollcall.Window{Limit: in.Limit + 1, Order: []rollcall.OrderBy{{Attribute: rollcall.CodeID}}, Only: []string{}}
	for _, att := range columns {
		window.Only = append(window.Only, att.Code)
	}
	var found []rollcall.Object
	err = c.Store.Select(ctx, query, window, func(row []rollcall.Object) error {
		found = append(found, row[0])
		return nil
	})
	if err != nil {
		return nil, err
	}
	values, err := c.values(ctx, found, columns)
	if err != nil {
		return nil, err
	}
	names, err := c.names(ctx, func(yield func(rollcall.Ref)) {
		for i := range found {
			yield(rollcall.Ref{Class: class.Name, ID: found[i].ID})
		}
	})
	if err != nil {
		return nil, err
	}
	at := -1
	return pageOf(found, in.Limit, func(o *rollcall.Object) (Object, string) {
		at++
		name := names[rollcall.Ref{Class: class.Name, ID: o.ID}]
		return Object{Named{o.Class.Name, o.ID, name}, values[at]}, strconv.FormatInt(int64(o.ID), 10)
	}), nil
}

// mayRead refuses a query that reads a class, selected or not, which whoever
// asks may not: conditions tell values too.
func (c *call) mayRead(q *rollcall.Query) error {
	for _, part := range q.Parts {
		for _, table := range part.Tables {
			if !c.Rights.Allows(c.account, table.Class, auth.Read) || !c.Rights.Allows(c.account, table.Class, auth.BulkRead) {
				return rollcall.Errorf(rollcall.Forbidden, "the account's profiles do not let it read objects of class %s", table.Class.Name)
			}
		}
	}
	for inner := range q.Inner() {
		if err := c.mayRead(inner); err != nil {
			return err
		}
	}
	return nil
}

// columns reads a list of fields.
func (c *call) columns(class *rollcall.Class, list string) ([]*rollcall.Attribute, error) {
	var columns []*rollcall.Attribute
	for code := range strings.SplitSeq(list, ",") {
		code = strings.TrimSpace(code)
		if code == "" {
			continue
		}
		att := class.Attribute(code)
		switch {
		case att == nil:
			return nil, rollcall.Errorf(rollcall.Invalid, "fields: class %s has no attribute %q", class.Name, shorten(code))
		case att.Type == rollcall.TypeLinks || att.Type == rollcall.TypeChildren:
			return nil, rollcall.Errorf(rollcall.Invalid, "fields: %s is a set: ask for it with a query of class %s", code, att.Target)
		case shows(c.Model, class, att).Type == rollcall.TypePassword:
			return nil, rollcall.Errorf(rollcall.Forbidden, "fields: %s is a secret, which is never shown", code)
		case slices.Contains(columns, att):
			return nil, rollcall.Errorf(rollcall.Invalid, "fields: %s is named twice", code)
		}
		columns = append(columns, att)
	}
	return columns, nil
}

// shows follows a field to the attribute that it shows.
func shows(model *rollcall.Model, class *rollcall.Class, att *rollcall.Attribute) *rollcall.Attribute {
	for att.Type == rollcall.TypeField {
		via := model.KeyTarget(class, class.Attribute(att.Via))
		if via == nil || via.Attribute(att.Remote) == nil {
			return att // a friendly name
		}
		class, att = via, via.Attribute(att.Remote)
	}
	return att
}

// values returns the fields of objects, each typed as its attribute is.
func (c *call) values(ctx context.Context, objects []rollcall.Object, columns []*rollcall.Attribute) ([]map[string]any, error) {
	list := make([]map[string]any, len(objects))
	for i := range list {
		list[i] = make(map[string]any, len(columns))
	}
	if len(objects) == 0 {
		return list, nil
	}
	for _, att := range columns {
		texts := make([]string, len(objects))
		kind := att
		if att.Type == rollcall.TypeField {
			var err error
			if texts, err = c.Desk.Texts(ctx, objects, att); err != nil {
				return nil, err
			}
			if kind = shows(c.Model, objects[0].Class, att); kind.IsKey() {
				kind = nil // its name is shown
			}
		} else {
			for i := range objects {
				texts[i] = objects[i].Get(att.Code)
			}
		}
		for i, text := range texts {
			value, err := typed(kind, text)
			if err != nil {
				return nil, fmt.Errorf("read %s of %s::%d: %w", att.Code, objects[i].Class.Name, objects[i].ID, err)
			}
			list[i][att.Code] = value
		}
	}
	return list, nil
}

// typed gives a value the type that JSON has for it. Texts are never null.
func typed(att *rollcall.Attribute, text string) (any, error) {
	if att == nil {
		return text, nil
	}
	switch att.Type {
	case rollcall.TypeInteger, rollcall.TypeDuration, rollcall.TypeStopwatch, rollcall.TypeKey, rollcall.TypeTree:
		if text == "" {
			return nil, nil
		}
		return strconv.ParseInt(text, 10, 64)
	case rollcall.TypeBoolean:
		if text == "" {
			return nil, nil
		}
		return text == "1", nil
	case rollcall.TypeEnum, rollcall.TypeLanguage, rollcall.TypeDate, rollcall.TypeDateTime, rollcall.TypeDecimal:
		if text == "" {
			return nil, nil
		}
	case rollcall.TypeImage:
		return rollcall.PictureText(text), nil
	}
	return text, nil
}
