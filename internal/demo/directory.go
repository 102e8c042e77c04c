package demo

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rollcall/internal/rollcall"
)

// Attribute is one attribute of an entry with all its values.
type Attribute struct {
	Name   string
	Values []string
}

// Attr makes an Attribute.
func Attr(name string, values ...string) Attribute { return Attribute{Name: name, Values: values} }

// Directory is a tree of entries in memory. Its methods may be called at any
// time, from any goroutine, while it is being served; a search sees the entries
// as they were when it began.
type Directory struct {
	base     rollcall.DN
	now      func() time.Time
	cutAfter atomic.Int64

	mu      sync.Mutex
	entries map[string]*entry // by folded DN; an entry is replaced, never changed
	last    int64             // the highest entry.seq
	current *view             // of entries; nil once they changed
}

// NewDirectory returns a directory without entries, for those at or below base.
// The clock stamps the entries.
func NewDirectory(base string, now func() time.Time) (*Directory, error) {
	dn, err := rollcall.ParseDN(base)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "base %q: %w", base, err)
	}
	return &Directory{base: dn, now: now, entries: map[string]*entry{}}, nil
}

// Len returns the number of entries.
func (d *Directory) Len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.entries)
}

// CutAfter makes the server cut each connection, those that are open included,
// once it has sent n entries over it; 0 makes it stop doing so.
func (d *Directory) CutAfter(n int) { d.cutAfter.Store(int64(n)) }

// Add adds an entry below one that exists. The value of its first DN part is
// added to its attributes when they do not have it.
func (d *Directory) Add(name string, attrs ...Attribute) error {
	dn, err := d.parse(name)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	fold := dn.Fold()
	if d.entries[fold] != nil {
		return rollcall.Errorf(rollcall.Conflict, "add %s: it exists", name)
	}
	if parent := dn.Parent(); fold != d.base.Fold() && d.entries[parent.Fold()] == nil {
		return rollcall.Errorf(rollcall.NotFound, "add %s: nothing exists at %s", name, parent)
	}
	d.last++
	at := d.now().UTC()
	e := &entry{seq: d.last, uuid: d.uuid(d.last), created: at, modified: at, attrs: slices.Clone(attrs)}
	e.setName(dn)
	d.put(e)
	return nil
}

// Set replaces all values of an attribute; no values remove it.
func (d *Directory) Set(name, attribute string, values ...string) error {
	return d.change(name, func(e *entry) error {
		e.set(attribute, values)
		return nil
	})
}

// AddValue adds one value to an attribute.
func (d *Directory) AddValue(name, attribute, value string) error {
	return d.change(name, func(e *entry) error {
		if e.has(attribute, value) {
			return rollcall.Errorf(rollcall.Conflict, "add to %s of %s: it has %q", attribute, name, value)
		}
		e.set(attribute, append(slices.Clone(e.stored(attribute)), value))
		return nil
	})
}

// RemoveValue removes one value from an attribute.
func (d *Directory) RemoveValue(name, attribute, value string) error {
	return d.change(name, func(e *entry) error {
		if !e.has(attribute, value) {
			return rollcall.Errorf(rollcall.NotFound, "remove from %s of %s: it has no %q", attribute, name, value)
		}
		e.remove(attribute, value)
		return nil
	})
}

// Delete deletes an entry that has none below it. Attributes of other entries
// that name it lose that value.
func (d *Directory) Delete(name string) error {
	dn, err := d.parse(name)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	fold := dn.Fold()
	if d.entries[fold] == nil {
		return rollcall.Errorf(rollcall.NotFound, "delete %s: it does not exist", name)
	}
	for _, e := range d.entries {
		if e.parent == fold {
			return rollcall.Errorf(rollcall.Conflict, "delete %s: %s lies below it", name, e.name)
		}
	}
	delete(d.entries, fold)
	d.current = nil
	d.follow(map[string]string{fold: ""})
	return nil
}

// Rename gives an entry another name, place or both; those below it move along,
// and attributes of other entries that name them follow.
func (d *Directory) Rename(from, to string) error {
	source, err := d.parse(from)
	if err != nil {
		return err
	}
	target, err := d.parse(to)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.entries[source.Fold()] == nil:
		return rollcall.Errorf(rollcall.NotFound, "rename %s: it does not exist", from)
	case target.Fold() != source.Fold() && d.entries[target.Fold()] != nil:
		return rollcall.Errorf(rollcall.Conflict, "rename %s: %s exists", from, to)
	case len(target) > len(source) && target.Under(source):
		return rollcall.Errorf(rollcall.Conflict, "rename %s: %s lies below it", from, to)
	case d.entries[target.Parent().Fold()] == nil:
		return rollcall.Errorf(rollcall.NotFound, "rename %s: nothing exists at %s", from, target.Parent())
	}
	moved := map[string]string{}
	for _, e := range slices.Collect(maps.Values(d.entries)) {
		if !e.dn.Under(source) {
			continue
		}
		delete(d.entries, e.fold)
		c := e.clone()
		if len(e.dn) == len(source) {
			old := e.dn[0][0]
			c.remove(old.Type, old.Value)
			c.modified = d.now().UTC()
		}
		c.setName(slices.Concat(e.dn[:len(e.dn)-len(source)], target))
		moved[e.fold] = c.name
		d.put(c)
	}
	d.follow(moved)
	return nil
}

// change replaces an entry by a copy that edit has worked on.
func (d *Directory) change(name string, edit func(*entry) error) error {
	dn, err := d.parse(name)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.entries[dn.Fold()]
	if e == nil {
		return rollcall.Errorf(rollcall.NotFound, "change %s: it does not exist", name)
	}
	c := e.clone()
	if err := edit(c); err != nil {
		return err
	}
	c.modified = d.now().UTC()
	d.put(c)
	return nil
}

// put stores an entry; the lock is held.
func (d *Directory) put(e *entry) {
	d.entries[e.fold] = e
	d.current = nil
}

// follow rewrites references to entries that moved, from folded DN to new DN,
// and drops those to entries that are gone, whose new DN is empty; the lock is
// held.
func (d *Directory) follow(moved map[string]string) {
	for _, e := range slices.Collect(maps.Values(d.entries)) {
		var c *entry
		for i, a := range e.attrs {
			if typeOf(a.Name).syntax != dnSyntax || !slices.ContainsFunc(a.Values, func(v string) bool {
				_, ok := moved[rollcall.FoldDN(v)]
				return ok
			}) {
				continue
			}
			if c == nil {
				c = e.clone()
			}
			var values []string
			for _, v := range a.Values {
				if to, ok := moved[rollcall.FoldDN(v)]; ok {
					v = to
				}
				if v != "" {
					values = append(values, v)
				}
			}
			c.attrs[i].Values = values
		}
		if c != nil {
			c.attrs = slices.DeleteFunc(c.attrs, func(a Attribute) bool { return len(a.Values) == 0 })
			c.modified = d.now().UTC()
			d.put(c)
		}
	}
}

func (d *Directory) parse(name string) (rollcall.DN, error) {
	dn, err := rollcall.ParseDN(name)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "DN %q: %w", name, err)
	}
	if !dn.Under(d.base) {
		return nil, rollcall.Errorf(rollcall.Invalid, "DN %q does not lie below %s", name, d.base)
	}
	return dn, nil
}

// uuid makes the identifier of the entry with a number: the same in every
// process, so that a demo can be repeated, and laid out as RFC 9562's version 8.
func (d *Directory) uuid(seq int64) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(d.base.Fold()), uint64(seq)))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
