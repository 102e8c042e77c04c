package ldap

import (
	"bytes"
	"strings"
	"time"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
)

// mapper makes the source's entries of the directory's. It uses one entry and
// its memory over and over.
type mapper struct {
	kind        directory.Kind
	key         string
	keyAt       int // into attributes; -1 for the DN
	keySyntax   directory.Syntax
	attributes  []string
	fields      []field
	wantsGroups bool
	wantsState  bool
	wantsPlaces bool // entry.Groups is filled in
	places      []uint32
	now         time.Time

	walker  *directory.Walker
	nested  bool
	names   [][]byte // of the groups
	at      map[string]int
	groupAt groupAttributes

	entryOut rollcall.Entry
	current  *directory.Entry
	get      func(string) [][]byte
	values   [][]byte // of all fields that are not passed on as they are
	text     []byte   // behind values
	keyless  int
	filled   []bool // of each field: some entry had it
}

// field is where one of the asked fields comes from.
type field struct {
	computed string // one of rollcall.Field…; empty for an attribute
	at       int    // into attributes
	syntax   directory.Syntax
}

// groupAttributes are the places of what tells an entry's groups, -1 for those
// that are not asked for.
type groupAttributes struct{ memberOf, sid, primary, login, gid int }

func newMapper(kind directory.Kind, key string, fields []string, now time.Time, places bool) *mapper {
	m := &mapper{kind: kind, key: key, keySyntax: directory.SyntaxOf(key), now: now, at: map[string]int{}, filled: make([]bool, len(fields))}
	m.keyAt = -1
	if !strings.EqualFold(key, rollcall.FieldDN) {
		m.keyAt = m.ask(key)
	}
	for _, name := range fields {
		f := field{at: -1}
		switch low := strings.ToLower(name); low {
		case rollcall.FieldDN, rollcall.FieldParent, rollcall.FieldRDN:
			f.computed = low
		case rollcall.FieldGroups:
			f.computed, m.wantsGroups = low, true
		case rollcall.FieldDisabled, rollcall.FieldLocked, rollcall.FieldExpired, rollcall.FieldPasswordExpired:
			f.computed, m.wantsState = low, true
		default:
			f.at, f.syntax = m.ask(name), directory.SyntaxOf(name)
		}
		m.fields = append(m.fields, f)
	}
	if m.wantsState {
		for _, name := range directory.AccountAttributes(kind) {
			m.ask(name)
		}
	}
	m.groupAt = groupAttributes{-1, -1, -1, -1, -1}
	if m.wantsGroups || places {
		m.wantsPlaces = places
		if kind.IsAD() {
			m.groupAt.memberOf, m.groupAt.sid, m.groupAt.primary = m.ask("memberOf"), m.ask("objectSid"), m.ask("primaryGroupID")
		} else {
			m.groupAt.login, m.groupAt.gid = m.ask("uid"), m.ask("gidNumber")
		}
	}
	m.entryOut = rollcall.Entry{Fields: fields, Values: make([][][]byte, len(fields))}
	m.get = func(name string) [][]byte {
		if i, ok := m.at[strings.ToLower(name)]; ok {
			return m.current.Values[i]
		}
		return nil
	}
	return m
}

// ask returns the place of an attribute among those asked for; each is asked for
// once.
func (m *mapper) ask(name string) int {
	low := strings.ToLower(name)
	if at, ok := m.at[low]; ok {
		return at
	}
	m.at[low] = len(m.attributes)
	m.attributes = append(m.attributes, name)
	return len(m.attributes) - 1
}

func (m *mapper) useGroups(g *directory.Membership, nested bool) {
	m.walker, m.nested = g.NewWalker(), nested
	m.names = make([][]byte, g.Len())
	for i := range m.names {
		m.names[i] = []byte(g.DN(directory.GroupID(i)))
	}
}

// entry maps one entry; the result is lent until the next.
func (m *mapper) entry(e *directory.Entry) *rollcall.Entry {
	m.current = e
	m.values, m.text = m.values[:0], m.text[:0]
	out := &m.entryOut
	out.Name = e.DN
	out.Key = m.keyOf(e)
	if len(out.Key) == 0 {
		m.keyless++
	}
	var state directory.Account
	if m.wantsState {
		state = directory.AccountOf(m.kind, m.get, m.now)
	}
	if m.wantsPlaces {
		out.Groups = m.direct(e)
	}
	for i, f := range m.fields {
		out.Values[i] = m.field(e, f, state)
		if len(out.Values[i]) > 0 {
			m.filled[i] = true
		}
	}
	return out
}

func (m *mapper) keyOf(e *directory.Entry) []byte {
	if m.keyAt < 0 {
		return e.DN
	}
	vs := e.Values[m.keyAt]
	if len(vs) == 0 {
		return nil
	}
	if m.keySyntax == directory.Plain {
		return vs[0]
	}
	return m.append(m.keySyntax, vs[0])
}

func (m *mapper) field(e *directory.Entry, f field, state directory.Account) [][]byte {
	switch f.computed {
	case rollcall.FieldDN:
		return m.one(e.DN)
	case rollcall.FieldParent:
		_, parent := splitDN(e.DN)
		return m.one(parent)
	case rollcall.FieldRDN:
		rdn, _ := splitDN(e.DN)
		return m.one(rdnValue(rdn))
	case rollcall.FieldGroups:
		return m.groups(e)
	case rollcall.FieldDisabled:
		return m.flag(state.Disabled)
	case rollcall.FieldLocked:
		return m.flag(state.Locked)
	case rollcall.FieldExpired:
		return m.flag(state.Expired)
	case rollcall.FieldPasswordExpired:
		return m.flag(state.PasswordExpired)
	}
	vs := e.Values[f.at]
	if f.syntax == directory.Plain || f.syntax == directory.Binary {
		return vs
	}
	start := len(m.values)
	for _, v := range vs {
		if text := m.append(f.syntax, v); len(text) > 0 {
			m.values = append(m.values, text)
		}
	}
	return m.since(start)
}

// append turns one value into text that holds until the next entry.
func (m *mapper) append(syntax directory.Syntax, value []byte) []byte {
	start := len(m.text)
	m.text = syntax.Append(m.text, value)
	return m.text[start:len(m.text):len(m.text)]
}

func (m *mapper) since(start int) [][]byte { return m.values[start:len(m.values):len(m.values)] }

func (m *mapper) one(value []byte) [][]byte {
	if len(value) == 0 {
		return nil
	}
	m.values = append(m.values, value)
	return m.since(len(m.values) - 1)
}

func (m *mapper) flag(on bool) [][]byte {
	start := len(m.text)
	m.text = append(m.text, '0')
	if on {
		m.text[start] = '1'
	}
	return m.one(m.text[start : start+1 : start+1])
}

// groups returns the DNs of the entry's groups, in the order of their DNs.
func (m *mapper) groups(e *directory.Entry) [][]byte {
	start := len(m.values)
	for _, g := range m.walk(e).Groups(m.nested) {
		m.values = append(m.values, m.names[g])
	}
	return m.since(start)
}

// direct returns the places of the groups that the entry belongs to directly.
func (m *mapper) direct(e *directory.Entry) []uint32 {
	m.places = m.places[:0]
	for _, g := range m.walk(e).Groups(false) {
		m.places = append(m.places, uint32(g))
	}
	return m.places
}

// walk starts a walk from an entry by whatever tells its groups.
func (m *mapper) walk(e *directory.Entry) *directory.Walker {
	w := m.walker
	w.Begin()
	if !m.kind.IsAD() {
		w.DN(e.DN)
	}
	at := m.groupAt
	for _, v := range m.all(e, at.memberOf) {
		w.MemberOf(v)
	}
	for _, v := range m.all(e, at.login) {
		w.Login(v)
	}
	for _, v := range m.all(e, at.gid) {
		w.GID(v)
	}
	if sid, primary := m.all(e, at.sid), m.all(e, at.primary); len(sid) > 0 && len(primary) > 0 {
		start := len(m.text)
		if full := directory.PrimaryGroupSID(m.text, sid[0], primary[0]); full != nil {
			m.text = full
			w.SID(full[start:])
		}
	}
	return w
}

// member returns what tells the groups of an entry.
func (m *mapper) member(e *directory.Entry) directory.Member {
	at := m.groupAt
	of := directory.Member{DN: e.DN, Logins: m.all(e, at.login), GIDs: m.all(e, at.gid), MemberOf: m.all(e, at.memberOf)}
	if sid, primary := m.all(e, at.sid), m.all(e, at.primary); len(sid) > 0 && len(primary) > 0 {
		of.PrimarySID = directory.PrimaryGroupSID(nil, sid[0], primary[0])
	}
	return of
}

func (m *mapper) all(e *directory.Entry, at int) [][]byte {
	if at < 0 {
		return nil
	}
	return e.Values[at]
}

// neverSeen returns the fields that no entry had a value for.
func (m *mapper) neverSeen() []string {
	var names []string
	for i, ok := range m.filled {
		if !ok && m.fields[i].computed == "" {
			names = append(names, m.entryOut.Fields[i])
		}
	}
	return names
}

// splitDN cuts a DN after its first part.
func splitDN(dn []byte) (rdn, parent []byte) {
	quoted := false
	for i := 0; i < len(dn); i++ {
		switch dn[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case ',', ';':
			if !quoted {
				return dn[:i], bytes.TrimLeft(dn[i+1:], " ")
			}
		}
	}
	return dn, nil
}

// rdnValue returns the value of a DN's part, the first of several.
func rdnValue(rdn []byte) []byte {
	_, value, ok := bytes.Cut(rdn, []byte("="))
	if ok && !bytes.ContainsAny(value, `\+"#`) {
		return bytes.Trim(value, " ")
	}
	dn, err := rollcall.ParseDN(string(rdn))
	if err != nil {
		return nil
	}
	return []byte(dn.RDN())
}
