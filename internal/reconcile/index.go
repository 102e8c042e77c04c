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
// It is in parts that grow one at a time, so that growing takes no memory to
// speak of. It is not safe for concurrent use.
type Index struct {
	seed  maphash.Seed
	parts [partCount]part
	known int // slots that came from a replica
	seen  int // replicas seen in this load

	isTrimmed bool
	isPartial bool
}

const partCount = 64

// part is a table with open addressing.
type part struct {
	slots []slot
	used  int
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
	x := &Index{seed: maphash.MakeSeed()}
	room /= partCount
	for i := range x.parts {
		// A third to stay three quarters full, and a little because chance does
		// not fill all parts alike.
		x.parts[i].slots = make([]slot, room+room*3/8+8)
	}
	return x
}

// NewPartialIndex returns an index for a delta load, into which only some of the
// replicas are entered: the entries of all others are known to be unchanged.
func NewPartialIndex() *Index {
	x := NewIndex(0)
	x.isPartial = true
	return x
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
	return nil
}

// See compares one entry of the load and remembers that it came. The ID is that
// of its replica, 0 for a new entry.
func (x *Index) See(key []byte, content rollcall.Hash) (Verdict, int64) {
	s, found := x.find(maphash.Bytes(x.seed, key))
	bits64 := contentBits(content)
	if !found {
		s.content, s.ref = bits64, flagUsed|flagSeen
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

// IsSeen reports whether an entry with the key came in this load, or did not
// have to come because it did not change.
func (x *Index) IsSeen(key string) bool {
	if x.isTrimmed {
		return true
	}
	hash := maphash.String(x.seed, key)
	s := x.parts[hash%partCount].at(hash)
	return s.ref&flagSeen != 0 || x.isPartial && s.ref == 0
}

// Has reports whether a key is known: of a replica, or of an entry that came.
func (x *Index) Has(key string) bool {
	hash := maphash.String(x.seed, key)
	return x.parts[hash%partCount].at(hash).ref != 0
}

// Known returns how many replicas were entered, Seen how many of them came.
func (x *Index) Known() int { return x.known }

// Seen returns how many replicas' entries came in this load.
func (x *Index) Seen() int { return x.seen }

// Missed returns how many replicas' entries did not come.
func (x *Index) Missed() int { return x.known - x.seen }

// Missing yields the replicas whose entries did not come, in no order. Away
// says that an earlier load missed it already; gone, that its object was
// deprovisioned.
func (x *Index) Missing(yield func(id int64, away, gone bool) bool) {
	for i := range x.parts {
		for _, s := range x.parts[i].slots {
			if s.ref&(flagUsed|flagSeen) != flagUsed {
				continue
			}
			if !yield(int64(s.ref>>flagBits), s.ref&flagAway != 0, s.ref&flagGone != 0) {
				return
			}
		}
	}
}

// Trim ends a load: all entries came. Where there were no replicas nobody can be
// missing, and whose replica is found later was an entry of this load: then the
// table is not needed any more.
func (x *Index) Trim() {
	if x.isTrimmed = x.known == 0; x.isTrimmed {
		x.parts = [partCount]part{}
	}
}

// find returns the slot of a key's fingerprint, or the free one it takes, which
// is then marked used.
func (x *Index) find(key uint64) (*slot, bool) {
	p := &x.parts[key%partCount]
	if p.used*4 >= len(p.slots)*3 {
		p.grow()
	}
	s := p.at(key)
	if s.ref != 0 {
		return s, true
	}
	s.key, s.ref = key, flagUsed
	p.used++
	return s, false
}

// at returns the slot of a key's fingerprint, or the free one that it would
// take.
func (p *part) at(key uint64) *slot {
	hi, _ := bits.Mul64(key, uint64(len(p.slots)))
	for i := hi; ; {
		s := &p.slots[i]
		if s.ref == 0 || s.key == key {
			return s
		}
		if i++; i == uint64(len(p.slots)) {
			i = 0
		}
	}
}

// grow keeps a quarter of the slots free.
func (p *part) grow() {
	old := p.slots
	p.slots = make([]slot, len(old)+len(old)/4+8)
	for i := range old {
		if old[i].ref != 0 {
			*p.at(old[i].key) = old[i]
		}
	}
}

func contentBits(h rollcall.Hash) uint64 { return binary.LittleEndian.Uint64(h[:8]) }
