package store

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"rollcall/internal/rollcall"
)

// A query that asks for a text, name = 'x', would fold the text of every object
// of the class. A loose look-up keeps a hash of the folded text beside each
// object, so that an index finds those few that may be meant; what the query says
// is compared all the same. It is made when a class with many objects is first
// asked that way, and kept by whoever writes from then on.

const (
	// fewObjects are read faster than an index on them pays.
	fewObjects = 2000
	// mostLoose bounds the look-ups of one hierarchy that queries make: each makes
	// writing a little slower.
	mostLoose = 8
	// lookAgain is when a text is considered again that got no look-up.
	lookAgain = time.Minute
)

// asked is a text that a query compares with, and no look-up serves.
type asked struct {
	class *rollcall.Class
	code  string
}

// lookable marks a fragment as the text of an attribute, so that a comparison
// with it can be narrowed.
func (r *renderer) lookable(f fragment, p *place, class *rollcall.Class, code string) fragment {
	if f.is != textValue || p.table.isSystem || !ownTexts(r.model, class, code) {
		return f
	}
	f.asks = asked{class, code}
	if look := p.table.loose(code); look != nil {
		f.look = p.column(look.column.name)
	}
	return f
}

// ownTexts reports whether every object of a class and below tells the text of an
// attribute by itself.
func ownTexts(model *rollcall.Model, class *rollcall.Class, code string) bool {
	return !slices.ContainsFunc(model.Family(class.Name), func(c *rollcall.Class) bool { return !c.Abstract && !ownText(c, code) })
}

// loose returns the loose look-up on an attribute, nil when there is none.
func (t *table) loose(code string) *lookup {
	for _, look := range t.lookups {
		if look.isLoose && look.attrs[0] == code {
			return look
		}
	}
	return nil
}

// narrowed adds to a condition, that a text equals one of some literals, that the
// hash does. Where there is no look-up it notes that one is missing.
func (r *renderer) narrowed(condition, of fragment, literals ...string) fragment {
	switch {
	case of.asks.class == nil || len(literals) == 0 || len(literals) > fewValues:
		return condition
	case of.look == "":
		r.missing = append(r.missing, of.asks)
		return condition
	}
	hashes := make([]fragment, len(literals))
	for i, text := range literals {
		hashes[i] = r.numberParam(int64(newHash().add(rollcall.FoldLoosely(text))))
	}
	in := join(", ", conditionValue, hashes...).wrap(of.look+" IN (", ")", conditionValue)
	return join(" AND ", conditionValue, in, condition).wrap("(", ")", conditionValue)
}

// looker makes loose look-ups in the background, one at a time: meanwhile queries
// read what they must.
type looker struct {
	mu     sync.Mutex
	tried  map[string]time.Time // by root and attribute
	busy   sync.WaitGroup
	isBusy bool
	stop   context.CancelFunc // of what is under way
}

// note takes notice of texts that queries compare with.
func (s *Store) note(missing []asked) {
	s.looker.mu.Lock()
	defer s.looker.mu.Unlock()
	for _, a := range missing {
		key := a.class.Root + " " + a.code
		if s.looker.isBusy || s.looker.tried == nil || time.Since(s.looker.tried[key]) < lookAgain {
			continue
		}
		s.looker.tried[key], s.looker.isBusy = time.Now(), true
		ctx, stop := context.WithCancel(context.Background())
		s.looker.stop = stop
		s.looker.busy.Go(func() {
			defer stop()
			if err := s.look(ctx, a); err != nil && ctx.Err() == nil {
				s.log.Debug("no look-up was made for queries", slog.String("class", a.class.Root), slog.String("attribute", a.code), slog.Any("err", err))
			}
			s.looker.mu.Lock()
			s.looker.isBusy = false
			s.looker.mu.Unlock()
		})
	}
}

// look makes a look-up where it pays.
func (s *Store) look(ctx context.Context, a asked) error {
	t, err := s.layout().table(a.class)
	if err != nil {
		return err
	}
	count := 0
	for _, look := range t.lookups {
		if look.isLoose {
			count++
		}
	}
	if count >= mostLoose {
		return nil
	}
	var many int
	if err := s.one(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM "+t.quoted+" LIMIT ?) AS some", []any{fewObjects}, &many); err != nil || many < fewObjects {
		return err
	}
	return s.EnsureQueryLookup(ctx, a.class, a.code)
}

// EnsureQueryLookup makes queries fast that compare a text of a class with a
// literal: an attribute of its own, or friendlyname.
func (s *Store) EnsureQueryLookup(ctx context.Context, class *rollcall.Class, code string) error {
	t, err := s.layout().table(class)
	if err != nil {
		return err
	}
	if !ownTexts(s.model, class, code) {
		return rollcall.Errorf(rollcall.Invalid, "class %s: the text of %s is not its objects' own", class.Name, code)
	}
	if t.loose(code) != nil {
		return nil
	}
	return s.makeLookup(ctx, t, newLookup(0, looseMark+code, ""))
}

// endLooking stops what is under way, and waits for it.
func (s *Store) endLooking() {
	s.looker.mu.Lock()
	s.looker.tried = nil
	if s.looker.stop != nil {
		s.looker.stop()
	}
	s.looker.mu.Unlock()
	s.looker.busy.Wait()
}
