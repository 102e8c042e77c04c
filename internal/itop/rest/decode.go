package rest

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// fieldSet is what the parameter fields, or one member of a link set, says.
type fieldSet struct {
	class    *rollcall.Class
	sets     []rollcall.Assignment
	links    map[string][]rollcall.Link // n:n link sets by attribute, complete
	children map[string][]*fieldSet     // 1:n link sets by attribute, complete
	issues   []string                   // what speaks against it, beyond what the registry knows
	emptied  map[string]bool            // keys that pointed somewhere and shall not any more
}

// get returns the value that a field set gives an attribute.
func (f *fieldSet) get(code string) (string, bool) {
	for i := len(f.sets) - 1; i >= 0; i-- {
		if f.sets[i].Attribute == code {
			return f.sets[i].Value, true
		}
	}
	return "", false
}

// objectFields reads the parameter fields of a writing operation.
func (c *call) objectFields() (*value, error) {
	v, err := c.parameter("fields")
	switch {
	case err != nil:
		return nil, err
	case v.kind == kindArray && len(v.list) == 0: // PHP clients send an empty map like this
	case v.kind != kindObject:
		return nil, faultf("Parameter 'fields' must be an object: attribute codes and their values")
	}
	return v, nil
}

// fields decodes the values given for an object of a class; o is the object as
// it stands, nil for one to be made.
func (c *call) fields(ctx context.Context, from Reader, class *rollcall.Class, o *rollcall.Object, given *value) (*fieldSet, error) {
	f := &fieldSet{class: class}
	for i := range given.members {
		m := &given.members[i]
		if m.name == rollcall.CodeFinalClass {
			continue // ignored in silence (iTop 3.2.0)
		}
		if err := c.field(ctx, from, f, o, m); err != nil {
			return nil, within(m.name, err)
		}
	}
	return f, nil
}

// field decodes one value.
func (c *call) field(ctx context.Context, from Reader, f *fieldSet, o *rollcall.Object, m *member) error {
	a := f.class.Attribute(m.name)
	switch {
	case a == nil && (m.name == rollcall.CodeID || !c.isComputed(f.class, m.name)):
		return faultf("Unknown attribute")
	case a == nil, a.Type == rollcall.TypeField, a.ReadOnly:
		return faultf("Attempting to set the value on the read-only attribute %s::%s", f.class.Name, m.name)
	case a.Type == rollcall.TypeLinks || a.Type == rollcall.TypeChildren:
		return c.linkSet(ctx, from, f, a, &m.value)
	}
	text, err := c.value(ctx, from, f, o, a, &m.value)
	if err != nil {
		return err
	}
	f.sets = append(f.sets, rollcall.Assignment{Attribute: a.Code, Value: text})
	return nil
}

// isComputed reports whether a class shows a code that it does not declare.
func (c *call) isComputed(class *rollcall.Class, code string) bool {
	_, ok := c.find(class, code)
	return ok
}

// value decodes the value of a stored attribute to canonical text, or to a text
// that the registry refuses with the reason that belongs to the object.
func (c *call) value(ctx context.Context, from Reader, f *fieldSet, o *rollcall.Object, a *rollcall.Attribute, v *value) (string, error) {
	switch a.Type {
	case rollcall.TypeKey, rollcall.TypeTree:
		id, err := c.reference(ctx, from, a, v)
		if err != nil {
			return "", err
		}
		if id != 0 {
			return idText(id), nil
		}
		if o != nil && o.Values[a.Column] != "" {
			if f.emptied == nil {
				f.emptied = map[string]bool{}
			}
			f.emptied[a.Code] = true
		}
		return "", nil
	case rollcall.TypeLog:
		return c.caseLog(o, a, v)
	case rollcall.TypeImage:
		return document(v)
	case rollcall.TypeData:
		return property(v), nil
	case rollcall.TypeTags:
		return tags(a, v)
	case rollcall.TypePassword:
		return c.password(f, a, v)
	}
	text, ok := v.string()
	if ok {
		text, ok = c.plain(a, v, text)
	}
	if !ok {
		return "", faultf("the value must be a text, a number, true or false")
	}
	if a.Type == rollcall.TypeDate || a.Type == rollcall.TypeDateTime {
		if text == "" {
			return "", nil // whether it may be empty is the object's matter
		}
		if _, err := a.Canonical(text); err != nil {
			return "", faultf("%s", err.Error())
		}
	}
	return text, nil
}

// plain converts a value of a simple type as iTop does; text is the value as PHP
// makes it a string.
func (c *call) plain(a *rollcall.Attribute, v *value, text string) (string, bool) {
	if v.kind == kindObject {
		return "", false
	}
	switch a.Type {
	case rollcall.TypeBoolean:
		if v.kind == kindNull || v.kind == kindString && v.text == "" {
			return "", true
		}
		if v.kind == kindBool && v.flag || v.kind != kindBool && v.integer() != 0 {
			return "1", true
		}
		return "0", true
	case rollcall.TypeInteger:
		if v.kind == kindFloat {
			return idText(rollcall.ObjectID(v.integer())), true
		}
	case rollcall.TypeDuration:
		if n, ok := v.number(); !ok || n < 0 {
			return "", true
		} else if v.kind != kindInt {
			return idText(rollcall.ObjectID(n)), true
		}
	case rollcall.TypeDate, rollcall.TypeDateTime:
		if v.kind == kindInt || v.kind == kindFloat {
			return time.Unix(v.integer(), 0).UTC().Format(rollcall.DateTimeLayout), true
		}
	case rollcall.TypeHTML:
		return asMarkup(text), true
	}
	return text, true
}

// document decodes a picture: its bytes in base64. What has no data empties it.
func document(v *value) (string, error) {
	data, ok := v.get("data")
	if !ok {
		return "", nil
	}
	text, _ := data.string()
	picture, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\r", "", "\n", "", " ", "").Replace(text))
	if err != nil {
		return "", faultf("data must be in base64")
	}
	return string(picture), nil
}

// tags decodes a list of tag codes.
func tags(a *rollcall.Attribute, v *value) (string, error) {
	if v.kind != kindArray {
		return "", faultf("A tag set must be defined by an array of tag codes")
	}
	codes := make([]string, len(v.list))
	for i := range v.list {
		codes[i], _ = v.list[i].string()
		if !slices.Contains(a.Values, codes[i]) {
			return "", faultf("%s is not defined as a valid tag for %s:%s", codes[i], a.Declared, a.Code)
		}
	}
	if a.MaxLength > 0 && len(codes) > a.MaxLength {
		return "", faultf("Maximum number of tags (%d) reached for %s:%s", a.MaxLength, a.Declared, a.Code)
	}
	slices.Sort(codes)
	return strings.Join(slices.Compact(codes), " "), nil
}

// property decodes the value of a table or a property set.
func property(v *value) string {
	if v.kind == kindNull || v.kind == kindString && v.text == "" {
		return ""
	}
	return string(appendValue(nil, v))
}

// weakPassword is what iTop's default policy says of a password.
const weakPassword = "Password must be at least 8 characters and include uppercase, lowercase, numeric and special characters."

// password decodes a password in clear text to the form in which it is kept. The
// policy is for people's own passwords, not for tokens.
func (c *call) password(f *fieldSet, a *rollcall.Attribute, v *value) (string, error) {
	text, ok := v.string()
	if !ok || v.kind == kindArray {
		return "", faultf("the value must be a text")
	}
	if text == "" {
		return "", nil
	}
	if a.Code == "password" {
		if err := auth.CheckPolicy(rollcall.Secret(text)); err != nil {
			f.issues = append(f.issues, weakPassword)
			return "", nil
		}
	}
	return auth.Hash(rollcall.Secret(text))
}

// caseLog decodes what is added to a case log, or a whole one.
func (c *call) caseLog(o *rollcall.Object, a *rollcall.Attribute, v *value) (string, error) {
	var entries []rollcall.LogEntry
	if o != nil {
		entries = rollcall.ParseLog(o.Values[a.Column])
	}
	switch v.kind {
	case kindObject:
		if items, ok := v.get("items"); ok {
			entries = entries[:0:0]
			for i := range items.list {
				entry, err := c.logEntry(&items.list[i])
				if err != nil {
					return "", err
				}
				entries = append(entries, entry)
			}
			return rollcall.FormatLog(entries), nil
		}
		item, ok := v.get("add_item")
		if !ok {
			return "", faultf("a case log takes a text, or an object with add_item or items")
		}
		entry, err := c.logEntry(item)
		if err != nil {
			return "", err
		}
		entries = append(entries, entry)
	default:
		if text, _ := v.string(); text != "" {
			entries = append(entries, c.entryNow(text))
		}
	}
	return rollcall.FormatLog(entries), nil
}

func (c *call) entryNow(text string) rollcall.LogEntry {
	return rollcall.LogEntry{
		Date: c.Now().UTC().Format(rollcall.DateTimeLayout), User: c.account.Ref.ID, Name: c.account.Name,
		Message: text, HTML: true,
	}
}

// logEntry decodes one entry of a case log.
func (c *call) logEntry(v *value) (rollcall.LogEntry, error) {
	message, ok := v.get("message")
	if !ok {
		return rollcall.LogEntry{}, faultf("Missing mandatory entry: 'message'")
	}
	text, ok := message.string()
	if !ok {
		return rollcall.LogEntry{}, faultf("the message must be a text")
	}
	entry := c.entryNow(text)
	if format, ok := v.get("format"); ok {
		word, _ := format.string()
		entry.HTML = word != "text"
	}
	if date, ok := v.get("date"); ok {
		given, _ := date.string()
		at, err := time.Parse(rollcall.DateTimeLayout, given)
		if err != nil {
			return entry, faultf("the date of an entry must be written Y-m-d H:i:s, not '%s'", given)
		}
		entry.Date = at.Format(rollcall.DateTimeLayout)
	}
	if user, ok := v.get("user_id"); ok {
		if !c.account.Administrator {
			return entry, &fault{codeUnauthorized, "Only administrators can set the user id"}
		}
		entry.User, entry.Name = rollcall.ObjectID(user.integer()), ""
	}
	if login, ok := v.get("user_login"); ok {
		entry.Name, _ = login.string()
	}
	return entry, nil
}

// linkSet decodes the complete new contents of a link set.
func (c *call) linkSet(ctx context.Context, from Reader, f *fieldSet, a *rollcall.Attribute, v *value) error {
	if v.kind != kindArray {
		return faultf("A link set must be defined by an array of objects")
	}
	class := c.Model.Class(a.Target)
	if class == nil {
		return rollcall.Errorf(rollcall.Internal, "class %s is not declared", a.Target)
	}
	if a.Type == rollcall.TypeChildren {
		if f.children == nil {
			f.children = map[string][]*fieldSet{}
		}
		f.children[a.Code] = []*fieldSet{}
	} else {
		if f.links == nil {
			f.links = map[string][]rollcall.Link{}
		}
		f.links[a.Code] = []rollcall.Link{}
	}
	for i := range v.list {
		if v.list[i].kind != kindObject {
			return faultf("A link set must be defined by an array of objects")
		}
		item, err := c.fields(ctx, from, class, nil, &v.list[i])
		if err != nil {
			return err
		}
		f.issues = append(f.issues, item.issues...)
		if a.Type == rollcall.TypeChildren {
			f.children[a.Code] = append(f.children[a.Code], item)
			continue
		}
		f.links[a.Code] = append(f.links[a.Code], item.link(a))
	}
	return nil
}

// link makes the member of an n:n link set that a field set describes.
func (f *fieldSet) link(set *rollcall.Attribute) rollcall.Link {
	link := rollcall.Link{Values: map[string]string{}}
	for _, s := range f.sets {
		switch s.Attribute {
		case set.Via: // the host it is
		case set.Remote:
			link.Target = parseID(s.Value)
		default:
			link.Values[s.Attribute] = s.Value
		}
	}
	return link
}
