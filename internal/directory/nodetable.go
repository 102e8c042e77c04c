package directory

import "math/bits"

// nodeTable finds a node by the hash of its name: a table with open addressing,
// because the hash need not be hashed again and one look at memory is enough.
type nodeTable struct {
	slots []nodeSlot
	used  int
}

// nodeSlot is free while its node is 0. It has the 96 bits of the hash that leave
// room for the node in 16 bytes: of ten million names, two share them once in
// 10^15 reads.
type nodeSlot struct {
	high uint64
	low  uint32
	node uint32 // one more than the node
}

// find returns the node of a hash.
func (t *nodeTable) find(h nameHash) (node uint32, ok bool) {
	if t.used == 0 {
		return 0, false
	}
	s := t.at(h.high, h.low)
	return s.node - 1, s.node != 0
}

// put adds a hash that is not there.
func (t *nodeTable) put(h nameHash, node uint32) {
	if t.used*4 >= len(t.slots)*3 {
		old := t.slots
		t.slots = make([]nodeSlot, len(old)+len(old)/2+64)
		for i := range old {
			if old[i].node != 0 {
				*t.at(old[i].high, old[i].low) = old[i]
			}
		}
	}
	*t.at(h.high, h.low) = nodeSlot{h.high, h.low, node + 1}
	t.used++
}

// at returns the slot of a hash, or the free one that it would take.
func (t *nodeTable) at(high uint64, low uint32) *nodeSlot {
	i, _ := bits.Mul64(high, uint64(len(t.slots)))
	for {
		s := &t.slots[i]
		if s.node == 0 || s.high == high && s.low == low {
			return s
		}
		if i++; i == uint64(len(t.slots)) {
			i = 0
		}
	}
}
