package reconcile

import (
	"encoding/binary"
	"errors"
	"hash/maphash"
	"math/bits"

	"rollcall/internal/rollcall"
)

// Verdict is what a full compare says of one entry.
type Verdict uint8

// The verdicts.
const (
	Same    Verdict = iota // its replica is at rest and has the same content
	Due                    // the same content, but its replica is not at rest or was away
	Changed                // another content than its replica
	New                    // no replica
	Doubled                // its key already came in this load
)

// ErrCollision says that two different keys have one fingerprint. At a million
// entries that happens once in forty million loads; the next load draws another
// seed and is not affected.
var ErrCollision = errors.New("two entry keys share a fingerprint; run again")

// Index compares the entries of one load with the replicas of its source. It
// keeps 24 bytes an entry, whatever the entries' size, at three quarters full.
// It is not safe for concurrent use.
type Index struct {
	seed  maphash.Seed
	slots []slot
	used  int
	known int // slots that came from a replica
	seen  int // replicas seen in this load
}

// slot holds 64 bits of a keyed fingerprint of the key, 64 bits of the content
// hash, and the replica's ID above the flags. A changed entry's full key is
// compared once more when its replica is loaded; an entry passes for the same
// only when all 128 bits agree.
type slot struct{ key, content, ref uint64 }

const (
	flagUsed = 1 << iota
	flagSeen
	flagDue
	flagGone
	flagAway
	flagBits = 5
)

// NewIndex returns an index with room for a number of entries; it grows beyond.
func NewIndex(room int) *Index {
	return &Index{seed: maphash.MakeSeed(), slots: make([]slot, room+room/3+16)}
}

// Add enters a replica. Its error is ErrCollision.
func (x *Index) Add(m *rollcall.Mark) error {
	ref := uint64(m.ID)<<flagBits | flagUsed
	if m.Due {
		ref |= flagDue
	}
	if m.Gone {
		ref |= flagGone
	}
	if !m.LastSeen.IsZero() {
		ref |= flagAway
	}
	s, found := x.find(maphash.Bytes(x.seed, m.Key))
	if found {
		return ErrCollision
	}
	s.content, s.ref = contentBits(m.Content), ref
	x.known++
	x.grow()
	return nil
}

// See compares one entry of the load and remembers that it came. The ID is that
// of its replica, 0 for a new entry.
func (x *Index) See(key []byte, content rollcall.Hash) (Verdict, int64) {
	s, found := x.find(maphash.Bytes(x.seed, key))
	bits64 := contentBits(content)
	if !found {
		s.content, s.ref = bits64, flagUsed|flagSeen
		x.grow()
		return New, 0
	}
	id := int64(s.ref >> flagBits)
	if s.ref&flagSeen != 0 {
		return Doubled, id
	}
	s.ref |= flagSeen
	x.seen++
	switch {
	case s.content != bits64:
		return Changed, id
	case s.ref&(flagDue|flagGone|flagAway) != 0:
		return Due, id
	}
	return Same, id
}

// IsSeen reports whether an entry with the key came in this load.
func (x *Index) IsSeen(key string) bool {
	s, found := x.find(maphash.String(x.seed, key))
	if !found {
		x.drop(s)
		return false
	}
	return s.ref&flagSeen != 0
}

// Known returns how many replicas were entered, Seen how many of them came.
func (x *Index) Known() int { return x.known }

// Seen returns how many replicas' entries came in this load.
func (x *Index) Seen() int { return x.seen }

// Missing yields the replicas whose entries did not come, in no order. Away
// says that an earlier load missed it already; gone, that its object was
// deprovisioned.
func (x *Index) Missing(yield func(id int64, away, gone bool) bool) {
	for i := range x.slots {
		ref := x.slots[i].ref
		if ref&(flagUsed|flagSeen) != flagUsed {
			continue
		}
		if !yield(int64(ref>>flagBits), ref&flagAway != 0, ref&flagGone != 0) {
			return
		}
	}
}

// find returns the slot of a key's fingerprint, or the free one it takes, which
// is then marked used.
func (x *Index) find(key uint64) (*slot, bool) {
	hi, _ := bits.Mul64(key, uint64(len(x.slots)))
	for i := hi; ; {
		s := &x.slots[i]
		if s.ref == 0 {
			s.key, s.ref = key, flagUsed
			x.used++
			return s, false
		}
		if s.key == key {
			return s, true
		}
		if i++; i == uint64(len(x.slots)) {
			i = 0
		}
	}
}

// drop frees the slot that find just took; nothing can have probed past it yet.
func (x *Index) drop(s *slot) {
	*s = slot{}
	x.used--
}

// grow keeps a quarter of the slots free.
func (x *Index) grow() {
	if x.used*4 < len(x.slots)*3 {
		return
	}
	old := x.slots
	x.slots = make([]slot, len(old)+len(old)/2+16)
	x.used = 0
	for _, s := range old {
		if s.ref != 0 {
			t, _ := x.find(s.key)
			*t = s
		}
	}
}

func contentBits(h rollcall.Hash) uint64 { return binary.LittleEndian.Uint64(h[:8]) }
