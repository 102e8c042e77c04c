package ldap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
)

// Candidate is an entry that may be the one somebody misses, and why the source
// has it or not.
type Candidate struct {
	DN       string
	Key      string     // empty when the entry has none
	Included bool       // a run reads it
	Reasons  []string   // why it is left out, in words
	Groups   []string   // the DNs of its groups, when the source reads groups
	Ways     [][]string // beside Groups: how it comes to belong there, the direct group first
}

// maxCandidates is how many entries a look-up names.
const maxCandidates = 20

// Find looks for entries that a person means by a DN, a key, a login, an address
// or a name, whether or not the source reads them, and says of each what keeps
// it out: base, scope, the clauses of the filter that it does not fulfil, or a
// missing key.
func (c *Collector) Find(ctx context.Context, text string) ([]Candidate, error) {
	conn, err := directory.Dial(ctx, c.cfg.Directory)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	r, err := c.open(ctx, conn)
	if err != nil {
		return nil, err
	}
	found, err := r.lookUp(ctx, strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	var list []Candidate
	for _, e := range found {
		candidate, err := r.judge(ctx, e)
		if err != nil {
			return nil, err
		}
		list = append(list, candidate)
	}
	return list, nil
}

// lookUp reads the entries that a text may mean: under the source's bases first,
// then in the whole of their naming contexts; exact matches before parts of names.
func (r *reading) lookUp(ctx context.Context, text string) ([]*directory.Entry, error) {
	if text == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "say whom to look for: a name, login, address or DN")
	}
	if dn, err := rollcall.ParseDN(text); err == nil && len(dn) > 0 {
		e, err := r.conn.Read(ctx, dn.String(), r.mapper.attributes...)
		if err == nil {
			return []*directory.Entry{e}, nil
		}
		if rollcall.KindOf(err) != rollcall.NotFound {
			return nil, err
		}
	}
	wide := slices.Concat(r.bases, r.contexts())
	for _, filter := range r.nameFilters(text) {
		for _, base := range wide {
			found, err := r.matches(ctx, base, filter)
			if err != nil || len(found) > 0 {
				return found, err
			}
		}
	}
	return nil, nil
}

// contexts returns the naming contexts above the source's bases.
func (r *reading) contexts() []string {
	inner := *r
	inner.Collector = &Collector{}
	return inner.groupBases()
}

func (r *reading) matches(ctx context.Context, base string, filter *directory.Filter) ([]*directory.Entry, error) {
	var found []*directory.Entry
	_, err := r.conn.Search(ctx, directory.Search{Base: base, Scope: directory.ScopeSubtree, Filter: filter, Attributes: r.mapper.attributes}, func(e *directory.Entry) error {
		if len(found) == maxCandidates {
			return directory.ErrStop
		}
		found = append(found, e.Clone())
		return nil
	})
	if errors.Is(err, directory.ErrStop) || rollcall.KindOf(err) == rollcall.NotFound {
		err = nil
	}
	return found, err
}

// nameFilters returns the filters to try for a text, the strictest first.
func (r *reading) nameFilters(text string) []*directory.Filter {
	value := directory.EscapeFilter(text)
	var exact, part strings.Builder
	for _, a := range []string{"uid", "sAMAccountName", "userPrincipalName", "mail", "cn", "displayName", "name", "employeeNumber", "employeeID", "sn", "givenName"} {
		fmt.Fprintf(&exact, "(%s=%s)", a, value)
	}
	for _, a := range []string{"cn", "displayName", "mail", "sn", "uid"} {
		fmt.Fprintf(&part, "(%s=*%s*)", a, value)
	}
	if words := strings.Fields(text); len(words) == 2 {
		first, last := directory.EscapeFilter(words[0]), directory.EscapeFilter(words[1])
		fmt.Fprintf(&exact, "(&(givenName=%s)(sn=%s))(&(givenName=%s)(sn=%s))", first, last, last, first)
	}
	if key := r.keyValue(text); key != "" {
		fmt.Fprintf(&exact, "(%s=%s)", r.mapper.key, key)
	}
	return []*directory.Filter{
		directory.MustFilter("(|" + exact.String() + ")"),
		directory.MustFilter("(|" + part.String() + ")"),
	}
}

// keyValue returns a key's text in the form that a filter takes.
func (r *reading) keyValue(text string) string {
	switch {
	case r.mapper.keyAt < 0:
		return ""
	case directory.SyntaxOf(r.mapper.key) == directory.GUID:
		raw, err := directory.ParseGUID(text)
		if err != nil {
			return ""
		}
		var b strings.Builder
		for _, c := range raw {
			fmt.Fprintf(&b, `\%02x`, c)
		}
		return b.String()
	}
	return directory.EscapeFilter(text)
}

// judge says what keeps an entry out.
func (r *reading) judge(ctx context.Context, e *directory.Entry) (Candidate, error) {
	mapped := r.mapper.entry(e)
	out := Candidate{DN: string(e.DN), Key: string(mapped.Key)}
	if r.mapper.walker != nil {
		for _, g := range r.mapper.groups(e) {
			out.Groups = append(out.Groups, string(g))
		}
		for _, g := range out.Groups {
			out.Ways = append(out.Ways, r.mapper.walk(e).Path(g))
		}
	}
	if where := r.outside(out.DN); where != "" {
		out.Reasons = append(out.Reasons, where)
	}
	if r.filter != nil {
		reasons, err := r.unfulfilled(ctx, out.DN, r.filter)
		if err != nil {
			return out, err
		}
		out.Reasons = append(out.Reasons, reasons...)
	}
	if out.Key == "" {
		out.Reasons = append(out.Reasons, fmt.Sprintf("it has no %s, the source's key", r.mapper.key))
	}
	out.Included = len(out.Reasons) == 0
	return out, nil
}

// outside says that an entry lies outside the bases and scope, empty when it does
// not.
func (r *reading) outside(text string) string {
	dn, err := rollcall.ParseDN(text)
	if err != nil {
		return ""
	}
	for _, b := range r.bases {
		base, err := rollcall.ParseDN(b)
		if err != nil || !dn.Under(base) {
			continue
		}
		deep := len(dn) - len(base)
		if r.scope == directory.ScopeSubtree || r.scope == directory.ScopeOne && deep == 1 || r.scope == directory.ScopeBase && deep == 0 {
			return ""
		}
		return fmt.Sprintf("it lies below the base %q, but not within the scope %q", b, r.scope)
	}
	return fmt.Sprintf("it lies outside the base %s", quoteAll(r.bases))
}

// unfulfilled asks the server for each clause of the filter whether the entry
// fulfils it, and goes into a clause that it does not.
func (r *reading) unfulfilled(ctx context.Context, dn string, f *directory.Filter) ([]string, error) {
	ok, err := r.conn.Exists(ctx, dn, f)
	if err != nil || ok {
		return nil, err
	}
	clauses := f.And()
	if len(clauses) == 1 && clauses[0] == f {
		return []string{r.clause(ctx, dn, f)}, nil
	}
	var reasons []string
	for _, c := range clauses {
		more, err := r.unfulfilled(ctx, dn, c)
		if err != nil {
			return nil, err
		}
		reasons = append(reasons, more...)
	}
	if len(reasons) == 0 { // the entry changed meanwhile, or a clause is "undefined" to the server
		reasons = []string{fmt.Sprintf("it does not fulfil %s", f)}
	}
	return reasons, nil
}

// clause says which clause is not fulfilled and what the entry has instead.
func (r *reading) clause(ctx context.Context, dn string, f *directory.Filter) string {
	text := fmt.Sprintf("it does not fulfil %s", f)
	names := f.Attributes()
	e, err := r.conn.Read(ctx, dn, names...)
	if err != nil {
		return text
	}
	var has []string
	said := map[string]bool{}
	for _, name := range names {
		if said[strings.ToLower(name)] {
			continue
		}
		said[strings.ToLower(name)] = true
		values := e.Get(name)
		if len(values) == 0 {
			has = append(has, "no "+name)
			continue
		}
		texts := make([]string, 0, len(values))
		for _, v := range values {
			texts = append(texts, directory.SyntaxOf(name).Text(v))
		}
		has = append(has, name+"="+strings.Join(texts, ", "))
	}
	return text + "; it has " + strings.Join(has, "; ")
}
