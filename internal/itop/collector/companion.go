package collector

import (
	"context"
	"reflect"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
)

// companion is a task whose entries are those that another task reads just
// before it: persons and users with one filter. The directory is asked once, for
// the attributes of both. What the log says of the companion, and its files, wait
// for its turn.
type companion struct {
	source  *ldapSource
	reading *reading
	at      []int // of the source's attributes in what is read
	entry   rollcall.Entry
	emit    func(*row) error
}

// accompany makes companions of the tasks right behind t that would search as it
// does.
func (a *app) accompany(t *task, rest []*task) {
	leader, ok := t.source.(*ldapSource)
	if !ok || a.strict || t.ahead != nil {
		return
	}
	for _, next := range rest {
		source, ok := next.source.(*ldapSource)
		if !ok || next.ahead != nil || !leader.searchesAs(source) {
			return
		}
		out := a.newOutput(next)
		next.ahead = &reading{stop: func() {}, done: make(chan struct{}), out: out}
		close(next.ahead.done) // its turn comes after that of the task that reads for it
		source.log.part()
		leader.companions = append(leader.companions, &companion{source: source, reading: next.ahead, emit: out.add})
	}
}

// searchesAs reports whether both ask the same directory, as the same user, for
// the same entries.
func (s *ldapSource) searchesAs(other *ldapSource) bool {
	return s.base == other.base && s.filter == other.filter && reflect.DeepEqual(s.session.config, other.session.config) &&
		reflect.DeepEqual(s.groupBases(), other.groupBases())
}

// fieldsOfAll returns what to read: the source's attributes and those that its
// companions want besides.
func (s *ldapSource) fieldsOfAll() []string {
	all := &ldapSource{asked: s.asked[:len(s.asked):len(s.asked)]}
	for _, c := range s.companions {
		c.at = make([]int, len(c.source.asked))
		for i, name := range c.source.asked {
			c.at[i] = all.ask(name)
		}
		c.entry.Values = make([][][]byte, len(c.at))
	}
	return all.asked
}

// prepare lets the companion say and read what comes before the search.
func (c *companion) prepare(ctx context.Context, conn *directory.Conn) {
	c.reading.err = c.source.prepareBy(ctx, func(context.Context, directory.Config) (*directory.Conn, error) { return conn, nil })
}

// take writes the companion's row of an entry. Its failure is told when its turn
// comes, and is none of the task that reads.
func (c *companion) take(e *rollcall.Entry) {
	if c.reading.err != nil {
		return
	}
	c.entry.Key, c.entry.Name = e.Key, e.Name
	for i, at := range c.at {
		c.entry.Values[i] = e.Values[at]
	}
	if c.reading.err = c.source.take(&c.entry, c.emit); c.reading.err != nil {
		c.reading.out.discard()
	}
}
