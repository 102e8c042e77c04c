package store

import (
	"context"
	"database/sql"
	"hash/maphash"
)

// recall is what a transaction remembers of its look-ups, so that a load which
// fills a table need not ask it about what nobody has, or about the same holder
// for hundreds of his namesakes. Both cost a page somewhere in the table, which
// a large load has to read from the disk.
type recall struct {
	lookups map[string]*recollection // by column and table
	seeds   [2]maphash.Seed
}

// recollection is what is remembered of one look-up.
type recollection struct {
	hashes *sieve                // all hashes there are; nil when there were too many to begin with
	taken  map[keyPrint]struct{} // keys that some object is known to have
}

// keyPrint stands for a folded key. It is keyed anew for each transaction: that
// two keys share one will not happen, by chance or by design.
type keyPrint [2]uint64

const (
	// recallRows is how many objects a table may hold for a transaction to learn
	// its hashes.
	recallRows = 10_000
	// recallTaken bounds how many taken keys are remembered, some 40 bytes each.
	recallTaken = 200_000
)

func newRecall() *recall {
	return &recall{lookups: map[string]*recollection{}, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
}

// print stands for a key that a matcher looks for.
func (r *recall) print(m *matcher, key string) (p keyPrint) {
	for i, seed := range r.seeds {
		var h maphash.Hash
		h.SetSeed(seed)
		for _, part := range m.attrs { // writing to a hash never fails
			h.WriteString(part)
			h.WriteByte(0xff)
		}
		h.WriteString(m.class.Name)
		h.WriteByte(0xff)
		h.WriteString(key)
		p[i] = h.Sum64()
	}
	return p
}

// recollect returns what is remembered of a look-up, nil outside a write
// transaction.
func (q *queries) recollect(ctx context.Context, t *table, look *lookup) (*recollection, error) {
	if q.recall == nil {
		return nil, nil
	}
	name := look.column.name + t.quoted
	if m := q.recall.lookups[name]; m != nil {
		return m, nil
	}
	m := &recollection{taken: map[keyPrint]struct{}{}}
	var highest int64
	if err := q.one(ctx, "SELECT COALESCE(MAX(id), 0) FROM "+t.quoted, nil, &highest); err != nil {
		return nil, err
	}
	if highest <= recallRows {
		m.hashes = &sieve{}
		column := look.column.name
		err := q.each(ctx, "SELECT "+column+" FROM "+t.quoted+" WHERE "+column+" IS NOT NULL", nil, func(rows *sql.Rows) error {
			var hash int64
			err := rows.Scan(&hash)
			m.hashes.add(uint64(hash))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	q.recall.lookups[name] = m
	return m, nil
}

// possible leaves out the hashes that no object has.
func (m *recollection) possible(hashes []int64) []int64 {
	if m == nil || m.hashes == nil {
		return hashes
	}
	kept := hashes[:0]
	for _, h := range hashes {
		if m.hashes.mayHave(uint64(h)) {
			kept = append(kept, h)
		}
	}
	return kept
}

// entered notes the hash of an object that is written.
func (r *recall) entered(t *table, look *lookup, hash int64) {
	if m := r.lookups[look.column.name+t.quoted]; m != nil && m.hashes != nil {
		m.hashes.add(uint64(hash))
	}
}

// forget drops which keys of a table are taken: objects of it changed or went.
func (r *recall) forget(t *table) {
	for _, look := range t.lookups {
		if m := r.lookups[look.column.name+t.quoted]; m != nil {
			clear(m.taken)
		}
	}
}

// sieve is a Bloom filter that grows: it never forgets a hash, and takes about
// one in a hundred others for one of its own.
type sieve struct{ layers []sieveLayer }

// sieveLayer has ten bits for each hash that it has room for.
type sieveLayer struct {
	bits       []uint64
	room, held int
}

const (
	sieveRoom   = 1 << 16 // of the first layer; each further one has twice the room
	sieveBits   = 10
	sieveProbes = 6
)

func (s *sieve) add(hash uint64) {
	last := len(s.layers) - 1
	if last < 0 || s.layers[last].held == s.layers[last].room {
		last++
		room := sieveRoom << last
		s.layers = append(s.layers, sieveLayer{bits: make([]uint64, room*sieveBits/64), room: room})
	}
	l := &s.layers[last]
	l.held++
	n := uint64(len(l.bits)) * 64
	for step := range uint64(sieveProbes) {
		at := probe(hash, step) % n
		l.bits[at/64] |= 1 << (at % 64)
	}
}

func (s *sieve) mayHave(hash uint64) bool {
	for i := range s.layers {
		if s.layers[i].mayHave(hash) {
			return true
		}
	}
	return false
}

func (l *sieveLayer) mayHave(hash uint64) bool {
	n := uint64(len(l.bits)) * 64
	for step := range uint64(sieveProbes) {
		if at := probe(hash, step) % n; l.bits[at/64]&(1<<(at%64)) == 0 {
			return false
		}
	}
	return true
}

// probe returns one of the places of a hash, by double hashing.
func probe(hash, step uint64) uint64 {
	return hash>>32 + step*(hash<<32>>32|1)
}
