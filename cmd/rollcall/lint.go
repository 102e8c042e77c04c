package main

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// finding is one kind of trouble, with how often it was seen and where.
type finding struct {
	Level    source.Level `json:"level"`
	Text     string       `json:"text"`
	Count    int          `json:"count"`
	Examples []string     `json:"examples"`
}

// namesSeen holds, by source, the hashes of the names of all its entries, for
// those sources that were looked at as a whole.
type namesSeen map[string]map[uint64]struct{}

// linter looks at a source's entries before the first run does. It keeps a few
// bytes an entry.
type linter struct {
	job     *engine.Job
	others  namesSeen
	entries int

	keys    map[uint64]struct{}
	names   map[uint64]struct{}
	joins   map[uint64]string // join key -> the first entry that has it
	filled  []int             // beside the rules: entries with a value
	up      map[uint64]uint64 // of a reference within the source: from name to name
	wanted  []reference
	members map[uint64][]uint64 // of a set of members within the source
	labels  map[uint64]string   // names of entries that refer, to be shown

	trouble map[string]*finding
	order   []string
}

// reference is a name that an entry gives for another.
type reference struct {
	rule  int
	to    uint64
	entry string
	text  string
}

func newLinter(job *engine.Job, others namesSeen) *linter {
	return &linter{
		job: job, others: others,
		keys: map[uint64]struct{}{}, names: map[uint64]struct{}{}, joins: map[uint64]string{},
		filled: make([]int, len(job.Source.Rules.Attributes)),
		up:     map[uint64]uint64{}, members: map[uint64][]uint64{}, labels: map[uint64]string{},
		trouble: map[string]*finding{},
	}
}

// mostExamples is how many entries a finding names.
const mostExamples = 3

// note counts one case of a kind of trouble.
func (l *linter) note(level source.Level, kind, example string) {
	f := l.trouble[kind]
	if f == nil {
		f = &finding{Level: level, Text: kind, Examples: []string{}}
		l.trouble[kind] = f
		l.order = append(l.order, kind)
	}
	f.Count++
	if len(f.Examples) < mostExamples && example != "" {
		f.Examples = append(f.Examples, example)
	}
}

func sumOfText(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // never fails
	return h.Sum64()
}

// take looks at one entry.
func (l *linter) take(e *rollcall.Entry, row rollcall.Row, problems []rollcall.Problem) {
	l.entries++
	name := string(e.Name)
	self := sumOfText(rollcall.FoldDN(name))
	l.names[self] = struct{}{}
	if len(e.Key) == 0 {
		l.note(source.Warning, "entries without the key attribute are left alone", name)
	} else if key := sumOfText(string(e.Key)); hasKey(l.keys, key) {
		l.note(source.Warning, "entries share their key with another entry: none of them is taken over", name)
	} else {
		l.keys[key] = struct{}{}
	}
	for _, p := range problems {
		l.note(source.Warning, fmt.Sprintf("values of %s cannot be mapped", p.Attribute), fmt.Sprintf("%s: %s", name, p.Reason))
	}
	for i := range row {
		l.value(i, name, self, row[i])
	}
	l.join(name, row)
	for i, values := range e.Values {
		if len(values) > hugeGroup {
			l.note(source.Notice, fmt.Sprintf("fields %s hold more than %d values: their sets of links are large", e.Fields[i], hugeGroup),
				fmt.Sprintf("%s: %d values", name, len(values)))
		}
	}
}

// hugeGroup is how many members make a group worth mentioning.
const hugeGroup = 10_000

func hasKey(set map[uint64]struct{}, key uint64) bool {
	_, ok := set[key]
	return ok
}

// value looks at one mapped value.
func (l *linter) value(i int, name string, self uint64, cell rollcall.Cell) {
	rule := &l.job.Source.Rules.Attributes[i]
	att := rule.Attribute
	if cell.Set && cell.Text != "" {
		l.filled[i]++
	}
	switch {
	case !cell.Set && !rule.KeepBlank:
		return
	case cell.Text == "":
		if att.Mandatory && rule.Update {
			l.note(source.Warning, fmt.Sprintf("entries have no value for %s, which is mandatory: no object can be made of them", att.Code), name)
		}
		return
	case rule.By == rollcall.FieldDN:
		l.refer(i, name, self, cell.Text)
		return
	case rule.By != "" || att.Type == rollcall.TypeLinks:
		return
	}
	if _, err := att.Canonical(cell.Text); err != nil {
		l.note(source.Warning, fmt.Sprintf("values are refused by %s", att.Code), fmt.Sprintf("%s: %v", name, err))
	}
}

// refer remembers that an entry names others.
func (l *linter) refer(i int, name string, self uint64, text string) {
	rule := &l.job.Source.Rules.Attributes[i]
	within := rule.Source == "" || rule.Source == l.job.Source.Name
	for line := range strings.SplitSeq(text, "\n") {
		to := sumOfText(rollcall.FoldDN(line))
		l.wanted = append(l.wanted, reference{i, to, name, line})
		if !within {
			continue
		}
		l.labels[self] = name
		if rule.Attribute.IsKey() {
			l.up[self] = to
		}
	}
	if rule.Attribute.Type == rollcall.TypeLinks {
		for line := range strings.SplitSeq(text, "\n") {
			l.labels[self] = name
			l.members[self] = append(l.members[self], sumOfText(rollcall.FoldDN(line)))
		}
	}
}

// join looks for two entries that would be one object.
func (l *linter) join(name string, row rollcall.Row) {
	var parts, codes []string
	for i := range l.job.Source.Rules.Attributes {
		rule := &l.job.Source.Rules.Attributes[i]
		if !rule.Reconcile {
			continue
		}
		if !row[i].Set || row[i].Text == "" {
			return // matches nobody
		}
		parts, codes = append(parts, rollcall.Fold(row[i].Text)), append(codes, rule.Attribute.Code)
	}
	if len(parts) == 0 {
		return
	}
	key := sumOfText(strings.Join(parts, "\x00"))
	if first, taken := l.joins[key]; taken {
		l.note(source.Warning, fmt.Sprintf("entries have the same %s as another: which object is whose?", strings.Join(codes, ", ")),
			fmt.Sprintf("%s and %s", name, first))
		return
	}
	l.joins[key] = name
}

// findings sums up. References to nobody, loops and empty fields are only
// judged when every entry was seen.
func (l *linter) findings(whole bool) []finding {
	if whole {
		l.others[l.job.Source.Name] = l.names
		l.judgeReferences()
		l.judgeLoops()
	}
	for i, n := range l.filled {
		rule := &l.job.Source.Rules.Attributes[i]
		if n == 0 && l.entries > 0 && (rule.From != "" || rule.Expr != "") {
			l.note(source.Notice, fmt.Sprintf("%s never gets a value (%s)", rule.Attribute.Code, ruleText(rule)), "")
		}
	}
	list := make([]finding, 0, len(l.order))
	for _, kind := range l.order {
		f := *l.trouble[kind]
		if len(f.Examples) > 0 {
			f.Text = fmt.Sprintf("%d %s", f.Count, f.Text)
		}
		list = append(list, f)
	}
	slices.SortStableFunc(list, func(a, b finding) int { return cmp.Compare(b.Level, a.Level) })
	return list
}

func (l *linter) judgeReferences() {
	for _, r := range l.wanted {
		rule := &l.job.Source.Rules.Attributes[r.rule]
		of := cmp.Or(rule.Source, l.job.Source.Name)
		known, ok := l.others[of]
		if !ok || hasKey(known, r.to) {
			continue
		}
		// A group is often a member of a group: that is no mistake.
		if rule.Attribute.Type == rollcall.TypeLinks && hasKey(l.names, r.to) {
			continue
		}
		l.note(source.Notice, fmt.Sprintf("values of %s name nobody among the entries of source %s", rule.Attribute.Code, of),
			fmt.Sprintf("%s: %s", r.entry, r.text))
	}
}

// judgeLoops looks for managers who are their own superiors and for groups that
// contain themselves.
func (l *linter) judgeLoops() {
	done := map[uint64]bool{}
	for _, start := range sortedKeys(l.up) {
		path := map[uint64]bool{}
		for at, ok := start, true; ok && !done[at]; at, ok = l.up[at] {
			if path[at] {
				l.note(source.Notice, "chains of superiors lead back to where they began", l.labels[at])
				break
			}
			path[at] = true
		}
		for at := range path {
			done[at] = true
		}
	}
	g := groupWalk{linter: l, state: map[uint64]int{}}
	for _, start := range sortedKeys(l.members) {
		g.visit(start)
	}
}

// sortedKeys gives an order that is the same every time.
func sortedKeys[V any](m map[uint64]V) []uint64 {
	keys := make([]uint64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// groupWalk finds groups that contain themselves, with a stack of its own: nesting
// may be deep.
type groupWalk struct {
	*linter
	state map[uint64]int // 0 unseen, 1 on the path, 2 done
}

func (g *groupWalk) visit(start uint64) {
	type step struct {
		group uint64
		next  int
	}
	if g.state[start] != 0 {
		return
	}
	stack := []step{{group: start}}
	g.state[start] = 1
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		inside := g.members[top.group]
		if top.next == len(inside) {
			g.state[top.group] = 2
			stack = stack[:len(stack)-1]
			continue
		}
		member := inside[top.next]
		top.next++
		if _, isGroup := g.members[member]; !isGroup {
			continue
		}
		switch g.state[member] {
		case 0:
			g.state[member] = 1
			stack = append(stack, step{group: member})
		case 1:
			g.note(source.Notice, "groups contain themselves, directly or through others", g.labels[member])
		}
	}
}
