package directory

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// OIDs and marks of Active Directory ([MS-ADTS] 3.1.1.3.4.1).
const (
	oidShowDeleted = "1.2.840.113556.1.4.417"
	deletedObjects = "CN=Deleted Objects,"
)

// All returns a filter that holds where all the given ones do; nil ones hold
// everywhere.
func All(filters ...*Filter) *Filter {
	f := &Filter{op: filterAnd}
	var text strings.Builder
	for _, c := range filters {
		if c != nil {
			f.children = append(f.children, c)
			text.WriteString(c.text)
		}
	}
	if len(f.children) == 1 {
		return f.children[0]
	}
	f.text = "(&" + text.String() + ")"
	return f
}

// AnyOf returns a filter for the entries of which an attribute has one of the
// values. Values are bytes, not text of a filter.
func AnyOf(attribute string, values [][]byte) *Filter {
	f := &Filter{op: filterOr, text: "(" + attribute + "=…)"}
	for _, v := range values {
		f.children = append(f.children, &Filter{op: filterEqual, attr: attribute, value: string(v), text: "(" + attribute + "=…)"})
	}
	return f
}

// AtLeast returns a filter for the entries of which an attribute is not less
// than a value.
func AtLeast(attribute, value string) *Filter {
	return &Filter{op: filterGreater, attr: attribute, value: value, text: "(" + attribute + ">=" + EscapeFilter(value) + ")"}
}

// ContextCSN returns how far a naming context of OpenLDAP has come: one CSN for
// each server that writes, sorted. It is empty where syncprov is not at work, or
// this user may not read it.
func (c *Conn) ContextCSN(ctx context.Context, base string) ([]string, error) {
	e, err := c.Read(ctx, base, "contextCSN")
	if err != nil {
		return nil, err
	}
	var list []string
	for _, v := range e.Get("contextCSN") {
		list = append(list, string(v))
	}
	slices.Sort(list)
	return list, nil
}

// IsBehind reports whether CSNs are older than others: those of a server that
// has not seen, or has forgotten, what the others stand for. A CSN is
// time#count#server#mod, and compares as text with those of its own server.
func IsBehind(now, before []string) bool {
	newest := make(map[string]string, len(now))
	for _, csn := range now {
		newest[csnServer(csn)] = max(newest[csnServer(csn)], csn)
	}
	return slices.ContainsFunc(before, func(csn string) bool { return newest[csnServer(csn)] < csn })
}

func csnServer(csn string) string {
	if parts := strings.Split(csn, "#"); len(parts) == 4 {
		return parts[2]
	}
	return ""
}

// SyncCookie is the cookie by which syncrepl asks for the changes since CSNs.
func SyncCookie(csns []string) []byte {
	return []byte("rid=000,csn=" + strings.Join(csns, ";"))
}

// USN is how far a domain controller has come. Numbers count what that one
// controller wrote or took over: they say nothing of another, which is why the
// invocation goes with them. Restoring a controller gives it a new one.
type USN struct {
	Invocation string
	Highest    int64
}

// USN asks a domain controller how far it has come.
func (c *Conn) USN(ctx context.Context) (USN, error) {
	root, err := c.Read(ctx, "", "highestCommittedUSN", "dsServiceName")
	if err != nil {
		return USN{}, err
	}
	highest, err := strconv.ParseInt(root.First("highestCommittedUSN"), 10, 64)
	service := root.First("dsServiceName")
	if err != nil || service == "" {
		return USN{}, rollcall.Errorf(rollcall.Invalid, "%s does not say how far it has come (highestCommittedUSN, dsServiceName)", c.URL())
	}
	own, err := c.Read(ctx, service, "invocationId")
	if err != nil {
		return USN{}, err
	}
	invocation := own.Get("invocationId")
	if len(invocation) == 0 {
		return USN{}, rollcall.Errorf(rollcall.Forbidden, "this user may not read invocationId of %q at %s", service, c.URL())
	}
	return USN{GUID.Text(invocation[0]), highest}, nil
}

// ShowDeleted is the control that makes a search find deleted objects too, as
// far as the user may see them.
func ShowDeleted() Control { return Control{OID: oidShowDeleted, Critical: true} }

// SeesDeleted reports whether the user sees any of a domain's deleted objects.
// Their container alone proves nothing: Samba shows it to everybody (4.17,
// observed).
func (c *Conn) SeesDeleted(ctx context.Context, context string) (bool, error) {
	found := false
	s := Search{
		Base: deletedObjects + context, Scope: ScopeOne, Filter: MustFilter("(isDeleted=TRUE)"), Attributes: []string{"1.1"},
		Controls: []Control{ShowDeleted()},
	}
	_, err := c.Search(ctx, s, func(*Entry) error { found = true; return ErrStop })
	if errors.Is(err, ErrStop) {
		err = nil
	}
	switch rollcall.KindOf(err) {
	case rollcall.NotFound, rollcall.Forbidden:
		return false, nil
	}
	return found, err
}
