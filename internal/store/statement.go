package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"sync"
)

// preparer is *sql.DB or *sql.Tx.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// statements prepares each query once and keeps those that were used last.
type statements struct {
	on     preparer
	d      dialect
	ready  func(ctx context.Context, query string) error // called before each use, unless nil
	mu     sync.Mutex
	cached map[string]*prepared
	clock  int64               // counts uses
	once   map[string]struct{} // statements of queries that were asked lately
}

// prepared is a statement that is kept.
type prepared struct {
	stmt  *sql.Stmt
	users int   // that have it in hand
	used  int64 // when it was last asked for, by the clock
}

// maxCached bounds the cache: the texts of updates depend on which attributes
// change, those of reads on the class, and there is no end to combinations.
const maxCached = 300

func newStatements(on preparer, d dialect) *statements {
	return &statements{on: on, d: d, cached: make(map[string]*prepared), once: map[string]struct{}{}}
}

// get returns the prepared form of a query and what to call when done with it.
func (s *statements) get(ctx context.Context, query string) (*sql.Stmt, func(), error) {
	if s.ready != nil {
		if err := s.ready(ctx, query); err != nil {
			return nil, nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.cached[query]
	if p == nil {
		stmt, err := s.on.PrepareContext(ctx, numbered(s.d, query))
		if err != nil {
			return nil, nil, err
		}
		if !s.makeRoom() {
			return stmt, func() { _ = stmt.Close() }, nil
		}
		p = &prepared{stmt: stmt}
		s.cached[query] = p
	}
	s.clock++
	p.used = s.clock
	p.users++
	return p.stmt, func() {
		s.mu.Lock()
		p.users--
		s.mu.Unlock()
	}, nil
}

// maxOnce bounds how many statements of queries are remembered, and longestOnce
// how long one may be: a few MiB together.
const (
	maxOnce     = 1000
	longestOnce = 4000
)

// comesAgain reports whether a query's statement was asked lately. What scripts
// ask differs in its parameters alone, and preparing takes a third of the time of
// a search that a look-up serves. PostgreSQL's driver keeps statements itself.
func (s *statements) comesAgain(query string) bool {
	if s.d.traits().isNumbered || len(query) > longestOnce {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, seen := s.once[query]; seen {
		return true
	}
	if len(s.once) >= maxOnce {
		clear(s.once)
	}
	s.once[query] = struct{}{}
	return false
}

// makeRoom closes the statement that nobody has asked for the longest time. It
// reports whether there is room for another.
func (s *statements) makeRoom() bool {
	if len(s.cached) < maxCached {
		return true
	}
	oldest, found := "", false
	for query, p := range s.cached {
		if p.users == 0 && (!found || p.used < s.cached[oldest].used) {
			oldest, found = query, true
		}
	}
	if found {
		_ = s.cached[oldest].stmt.Close() // it did its work
		delete(s.cached, oldest)
	}
	return found
}

func (s *statements) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.cached {
		_ = p.stmt.Close() // the connection goes next
	}
	clear(s.cached)
}

// numbered replaces each ? outside quotes by $1, $2 and so on where the dialect
// wants that.
func numbered(d dialect, query string) string {
	if !d.traits().isNumbered || !strings.Contains(query, "?") {
		return query
	}
	text := make([]byte, 0, len(query)+len(query)/4)
	var quote byte
	n := 0
	for i := 0; i < len(query); i++ {
		c := query[i]
		switch {
		case quote != 0: // a doubled quote ends and begins again at once
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '?':
			n++
			text = strconv.AppendInt(append(text, '$'), int64(n), 10)
			continue
		}
		text = append(text, c)
	}
	return string(text)
}

// quote makes an identifier of a checked name.
func quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// marks returns n parameter marks: ?,?,?
func marks(n int) string {
	if n == 0 {
		return ""
	}
	return strings.Repeat("?,", n-1) + "?"
}

// listSizes are the lengths of IN lists: few, so that few statements are
// prepared. A shorter list is filled up with its last member.
var listSizes = [...]int{1, 10, 100, 500}

// inLists calls do with "IN (?,…)" and its parameters for each part of a list
// of any length.
func inLists[T any](list []T, do func(in string, args []any) error) error {
	for len(list) > 0 {
		size := listSizes[len(listSizes)-1]
		for _, s := range listSizes {
			if len(list) <= s {
				size = s
				break
			}
		}
		n := min(size, len(list))
		args := make([]any, size)
		for i := range args {
			args[i] = list[min(i, n-1)]
		}
		if err := do("IN ("+marks(size)+")", args); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}
