package rest

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"

	"rollcall/internal/rollcall"
)

// encoder writes objects as members of an answer's "objects".
type encoder struct {
	*loader
	list  fieldList
	made  bool            // the object was made by this request: a password that is not set shows as such
	unkey map[string]bool // the keys that this request left or made empty (see unset)
	given bool            // the fields were listed one by one
	byOwn map[*rollcall.Class][]column
}

func (s *Service) encoder(l *loader, list fieldList) *encoder {
	return &encoder{loader: l, list: list, byOwn: map[*rollcall.Class][]column{}}
}

func (e *encoder) columns(c *rollcall.Class) []column {
	columns, ok := e.byOwn[c]
	if !ok {
		columns = e.s.columns(&e.list, c)
		e.byOwn[c] = columns
	}
	return columns
}

// batch is how many objects are looked at together: their keys and link sets
// cost a few queries a batch.
const batch = 500

// entry is what the answer says of one object beside its fields.
type entry struct {
	code    int
	message string
}

// appendAll appends objects with a comma between each two, and before the first
// when b has one already.
func (e *encoder) appendAll(ctx context.Context, b []byte, objects []rollcall.Object, first bool, say func(i int) entry) ([]byte, error) {
	for start := 0; start < len(objects); start += batch {
		part := objects[start:min(start+batch, len(objects))]
		if err := e.settle(ctx, part, e.columns, e.list.extended); err != nil {
			return b, err
		}
		for i := range part {
			if !first {
				b = append(b, ',')
			}
			first = false
			b = e.appendEntry(b, &part[i], say(start+i))
		}
	}
	return b, nil
}

// appendEntry appends one member of "objects".
func (e *encoder) appendEntry(b []byte, o *rollcall.Object, say entry) []byte {
	b = append(b, '"')
	b = append(b, o.Class.Name...)
	b = append(b, "::"...)
	b = appendInt(b, int(o.ID))
	b = append(b, `":{"code":`...)
	b = appendInt(b, say.code)
	b = append(b, `,"message":`...)
	b = appendText(b, say.message)
	b = append(b, `,"class":"`...)
	b = append(b, o.Class.Name...)
	b = append(b, `","key":"`...)
	b = appendInt(b, int(o.ID))
	b = append(b, `","fields":`...)
	b = e.appendFields(b, o, e.columns(o.Class), 0)
	return append(b, '}')
}

// appendFields appends an object's fields. PHP writes an empty map as [].
func (e *encoder) appendFields(b []byte, o *rollcall.Object, columns []column, depth int) []byte {
	if len(columns) == 0 {
		return append(b, "[]"...)
	}
	for i := range columns {
		c := byte(',')
		if i == 0 {
			c = '{'
		}
		b = append(b, c)
		b = append(b, columns[i].member...)
		b = e.appendColumn(b, o, &columns[i], depth)
	}
	return append(b, '}')
}

func (e *encoder) appendColumn(b []byte, o *rollcall.Object, col *column, depth int) []byte {
	switch col.kind {
	case fromValue:
		return e.appendOwn(b, col.attr, o.Values[col.attr.Column])
	case fromID:
		return append(appendInt(append(b, '"'), int(o.ID)), '"')
	case fromClass:
		return appendText(b, o.Class.Name)
	case fromName:
		return appendText(b, e.name(o, 0))
	case fromFlag:
		if o.IsObsolete() {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	case fromDate:
		return appendText(b, o.Get(rollcall.CodeObsolescenceDate))
	case fromSet:
		return e.appendSet(b, o, col.attr, depth)
	}
	t := e.follow(o, col)
	if t == nil {
		return appendText(b, e.unset(col, depth))
	}
	text := e.remote(t, col)
	if a := t.Class.Attribute(col.remote); col.kind == fromOther && a != nil {
		text = e.shown(t, a, text)
	}
	return appendText(b, text)
}

// shown is how a field shows the value of another object's attribute: a key that
// points nowhere as 0, a boolean as 1 or nothing, never a password.
func (e *encoder) shown(t *rollcall.Object, a *rollcall.Attribute, text string) string {
	switch {
	case text == "" && e.s.Model.KeyTarget(t.Class, a) != nil:
		return "0"
	case a.Type == rollcall.TypeBoolean:
		return flagText(text == "1")
	case a.Type == rollcall.TypePassword, a.Type == rollcall.TypeImage:
		return ""
	}
	return text
}

// unset is what a column shows that follows a key which points nowhere. Three
// oddities of iTop 3.2.0: a field that shows a key gives 0; a key that this
// request left or made empty gives the class it is declared with; and a name asked for by itself, in
// core/get, is made of empty parts, so that a person's is one blank.
func (e *encoder) unset(col *column, depth int) string {
	switch {
	case col.target == nil || depth > 0 && col.kind != fromOther:
		return ""
	case col.kind == fromOther:
		if a := col.target.Attribute(col.remote); a != nil && e.s.Model.KeyTarget(col.target, a) != nil {
			return "0"
		}
	case col.kind == fromOtherClass && e.unkey[col.attr.Code]:
		return col.target.Name
	case col.kind == fromOtherName && e.given && len(e.s.Model.Family(col.target.Name)) == 1:
		return col.target.FormatName(make([]string, len(col.target.NamedBy)))
	}
	return ""
}

// appendSet appends the members of a link set.
func (e *encoder) appendSet(b []byte, o *rollcall.Object, set *rollcall.Attribute, depth int) []byte {
	b = append(b, '[')
	if depth < deepestSets {
		members := e.sorted(e.members(o, set), e.s.Model.Class(set.Target))
		for i := range members {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.appendFields(b, &members[i], e.s.linkShape(set, members[i].Class, e.list.extended), depth+1)
		}
	}
	return append(b, ']')
}

// appendOwn appends the value of a stored attribute by its type.
func (e *encoder) appendOwn(b []byte, a *rollcall.Attribute, text string) []byte {
	switch a.Type {
	case rollcall.TypeBoolean:
		if text == "1" {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	case rollcall.TypeEnum, rollcall.TypeStopwatch:
		switch {
		case text == "":
			return append(b, "null"...)
		case a.Type == rollcall.TypeStopwatch: // a number, not in quotes (observed on UserRequest.tto)
			return append(b, text...)
		}
	case rollcall.TypeKey, rollcall.TypeTree:
		if text == "" {
			text = "0"
		}
	case rollcall.TypePassword:
		if text != "" || !e.made {
			text = hidden
		}
	case rollcall.TypeImage:
		return appendImage(b, text)
	case rollcall.TypeLog:
		return appendLog(b, text)
	case rollcall.TypeTags:
		return appendTags(b, text)
	case rollcall.TypeData:
		text = "" // tables and property sets show nothing
	}
	return appendText(b, text)
}

// hidden stands for a password that is set; and for one that is not, except in
// the answer that made the object.
const hidden = "*****"

// appendImage appends a picture. Its media type follows from its first bytes; no
// file name is kept.
func appendImage(b []byte, picture string) []byte {
	if picture == "" {
		return append(b, `{"data":"","mimetype":"","filename":"","downloads_count":0}`...)
	}
	b = append(b, `{"data":`...)
	b = appendText(b, base64.StdEncoding.EncodeToString([]byte(picture)))
	b = append(b, `,"mimetype":`...)
	b = appendText(b, http.DetectContentType([]byte(picture)))
	return append(b, `,"filename":"","downloads_count":0}`...)
}

// appendTags appends the codes of tags as a list.
func appendTags(b []byte, text string) []byte {
	b = append(b, '[')
	for i, code := range strings.Fields(text) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, code)
	}
	return append(b, ']')
}

// appendLog appends a case log, oldest entry first.
func appendLog(b []byte, text string) []byte {
	b = append(b, `{"entries":[`...)
	entries := rollcall.ParseLog(text)
	for i := range entries {
		if i > 0 {
			b = append(b, ',')
		}
		plain, markup := bothForms(&entries[i])
		b = append(b, `{"date":`...)
		b = appendText(b, entries[i].Date)
		b = append(b, `,"user_login":`...)
		b = appendText(b, entries[i].Name)
		b = append(b, `,"user_id":"`...)
		b = appendInt(b, int(entries[i].User))
		b = append(b, `","message":`...)
		b = appendText(b, plain)
		b = append(b, `,"message_html":`...)
		b = appendText(b, markup)
		b = append(b, '}')
	}
	return append(b, "]}"...)
}
