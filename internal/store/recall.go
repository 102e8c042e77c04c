package store

import (
	"context"
	"database/sql"
	"hash/maphash"

	"rollcall/internal/rollcall"
)

// recall is what a transaction remembers of its look-ups, so that a load which
// fills a table need not ask it about what nobody has, or about the same holder
// for hundreds of his namesakes. Both cost a page somewhere in the table, which
// a large load has to read from the disk.
type recall struct {
	lookups map[string]*recollection // by column and table
	seed    maphash.Seed
	late    map[string]string // by column and table: what makes an index that is not there
	exec    func(ctx context.Context, query string) error
}

// recollection is what is remembered of one look-up.
type recollection struct {
	hashes *hashSet              // all hashes there are; nil when there were too many to begin with
	taken  map[keyPrint]struct{} // keys that some object is known to have; nil while nobody asked
	asked  bool                  // the database was asked: somebody may have a key
}

// keyPrint stands for the folded texts of a key and a class, of which or below
// which somebody has it. It is keyed anew for each transaction: that two keys
// share one will not happen, by chance or by design.
type keyPrint uint64

// recallRows is how many objects a table may hold for a transaction to learn its
// hashes.
const recallRows = 10_000

func newRecall(exec func(ctx context.Context, query string) error) *recall {
	return &recall{exec: exec, late: map[string]string{}, lookups: map[string]*recollection{}, seed: maphash.MakeSeed()}
}

// of is the print of a key for one class.
func (p keyPrint) of(class *rollcall.Class, r *recall) keyPrint {
	return p ^ keyPrint(maphash.String(r.seed, class.Name))
}

// digest is what stands for the folded texts of a key: the hash that is stored,
// and the print of the transaction's own.
type digest struct {
	hash   hash
	print  maphash.Hash
	prints bool
}

// digest returns an empty one; outside of a write transaction, where nothing is
// remembered, it makes no print.
func (r *recall) digest() (d digest) {
	d.hash = newHash()
	if r != nil {
		d.prints = true
		d.print.SetSeed(r.seed)
	}
	return d
}

func (d *digest) add(text string) {
	d.hash = d.hash.add(text)
	if d.prints { // writing to a hash never fails
		d.print.WriteString(text)
		d.print.WriteByte(0xff)
	}
}

func (d *digest) key() keyPrint { return keyPrint(d.print.Sum64()) }

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
	m := &recollection{}
	var highest int64
	if err := q.one(ctx, "SELECT COALESCE(MAX(id), 0) FROM "+t.quoted, nil, &highest); err != nil {
		return nil, err
	}
	if highest <= recallRows {
		m.hashes = &hashSet{}
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

// possible leaves out the hashes that no object has, and has the index made that
// finds the others.
func (q *queries) possible(ctx context.Context, t *table, look *lookup, hashes []int64) ([]int64, error) {
	m, err := q.recollect(ctx, t, look)
	if err != nil || m == nil {
		return hashes, err
	}
	if m.hashes != nil {
		kept := hashes[:0]
		for _, h := range hashes {
			if m.hashes.has(uint64(h)) {
				kept = append(kept, h)
			}
		}
		hashes = kept
	}
	if len(hashes) == 0 {
		return nil, nil
	}
	m.asked = true
	return hashes, q.needIndex(ctx, look.column.name, t.quoted)
}

// entered notes the key of an object that is written.
func (r *recall) entered(t *table, look *lookup, class *rollcall.Class, d *digest) {
	m := r.lookups[look.column.name+t.quoted]
	if m == nil {
		return
	}
	if m.hashes != nil {
		m.hashes.add(uint64(d.hash))
	}
	if m.taken != nil {
		m.taken[d.key().of(class, r)] = struct{}{}
	}
}

// forget drops which keys of some look-ups of a table are taken: objects of it
// changed or went.
func (r *recall) forget(t *table, lookups []*lookup) {
	for _, look := range lookups {
		if m := r.lookups[look.column.name+t.quoted]; m != nil {
			clear(m.taken)
		}
	}
}

// hashSet keeps 32 bits of each hash, and where it found room tells as many more:
// once in hundreds of millions it takes another hash for one of its own. It never
// forgets, and never moves what it has.
type hashSet struct{ layers []hashLayer }

// hashLayer is a table with open addressing, three quarters full at most.
type hashLayer struct {
	tags []uint32 // 0 is free
	used int
}

// hashRoom is the size of the first layer; each further one is twice as large.
const hashRoom = 1 << 16

func (s *hashSet) add(hash uint64) {
	if s.has(hash) {
		return
	}
	last := len(s.layers) - 1
	if last < 0 || s.layers[last].used*4 >= len(s.layers[last].tags)*3 {
		last++
		s.layers = append(s.layers, hashLayer{tags: make([]uint32, hashRoom<<last)})
	}
	l := &s.layers[last]
	*l.at(hash) = tagOf(hash)
	l.used++
}

func (s *hashSet) has(hash uint64) bool {
	for i := range s.layers {
		if *s.layers[i].at(hash) != 0 {
			return true
		}
	}
	return false
}

// at returns the tag of a hash, or the free place that it would take.
func (l *hashLayer) at(hash uint64) *uint32 {
	tag, mask := tagOf(hash), uint64(len(l.tags)-1)
	for i := hash >> 32 & mask; ; i = (i + 1) & mask {
		if p := &l.tags[i]; *p == 0 || *p == tag {
			return p
		}
	}
}

func tagOf(hash uint64) uint32 { return max(1, uint32(hash)) }
