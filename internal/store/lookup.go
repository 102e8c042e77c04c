package store

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"unicode"

	"rollcall/internal/rollcall"
)

// lookup is a combination of attributes that objects are searched by. Its
// column holds a hash of the folded values: one small number to index, however
// many and however long the texts are. Find compares the values themselves.
type lookup struct {
	id      int64
	attrs   []string // sorted
	isLoose bool     // for queries, which disregard accents: see query_look.go
	folded  string   // what its hashes depend on, as of when they were made
	column  column
}

const (
	lookupPrefix = "look_"
	looseMark    = "~" // in no attribute's code
)

// newLookup makes a look-up of what the table of look-ups keeps.
func newLookup(id int64, kept, folded string) *lookup {
	codes, isLoose := strings.CutPrefix(kept, looseMark)
	attrs := strings.Split(codes, ",")
	name := lookupPrefix + strings.Join(attrs, "_")
	if isLoose {
		name += looseMark
	}
	return &lookup{id: id, attrs: attrs, isLoose: isLoose, folded: folded, column: column{name: quote(shortName(name)), kind: number}}
}

// kept is how the table of look-ups keeps it.
func (look *lookup) kept() string {
	codes := strings.Join(look.attrs, ",")
	if look.isLoose {
		return looseMark + codes
	}
	return codes
}

// fold makes equal what the look-up does not tell apart.
func (look *lookup) fold(a *rollcall.Attribute, value string) string {
	if look.isLoose {
		return rollcall.FoldLoosely(value)
	}
	return foldValue(a, value)
}

// catalogue returns the column's name without quotes.
func (look *lookup) catalogue() string { return strings.Trim(look.column.name, `"`) }

// index is the index on the hashes.
func (look *lookup) index() indexSpec {
	return indexSpec{[]string{look.column.name}, look.column.name + " IS NOT NULL"}
}

// covers reports whether objects of a class have all attributes.
func (look *lookup) covers(class *rollcall.Class) bool {
	return !slices.ContainsFunc(look.attrs, func(code string) bool { return !ownText(class, code) })
}

// coversAll reports whether every object of some classes has a hash.
func (look *lookup) coversAll(classes []*rollcall.Class) bool {
	return !slices.ContainsFunc(classes, func(c *rollcall.Class) bool { return !c.Abstract && !look.covers(c) })
}

// ownText reports whether an object's own columns tell the text of an attribute.
func ownText(class *rollcall.Class, code string) bool {
	if code != friendlyName {
		a := class.Attribute(code)
		return a != nil && a.Column >= 0
	}
	return !slices.ContainsFunc(class.NamedBy, func(part string) bool { return part == friendlyName || !ownText(class, part) })
}

// reads reports whether a change of some attributes changes the hash.
func (look *lookup) reads(model *rollcall.Model, class *rollcall.Class, codes []string) bool {
	for _, attr := range look.attrs {
		if slices.Contains(codes, attr) {
			return true
		}
		if attr != friendlyName {
			continue
		}
		for _, c := range model.Family(class.Name) {
			if slices.ContainsFunc(c.NamedBy, func(part string) bool { return slices.Contains(codes, part) }) {
				return true
			}
		}
	}
	return false
}

// digest adds the texts of an object that the look-up covers.
func (look *lookup) digest(o *rollcall.Object, d *digest) {
	for _, code := range look.attrs {
		if code == friendlyName {
			parts := make([]string, len(o.Class.NamedBy))
			for i, part := range o.Class.NamedBy {
				parts[i] = o.Get(part)
			}
			d.add(look.fold(nil, o.Class.FormatName(parts)))
			continue
		}
		a := o.Class.Attribute(code)
		d.add(look.fold(a, o.Values[a.Column]))
	}
}

// foldValue returns what Find compares: texts folded, everything else as it is.
func foldValue(a *rollcall.Attribute, value string) string {
	if a != nil && a.Column >= 0 && kindOf(a) != text {
		return value
	}
	return rollcall.Fold(value)
}

// hash is FNV-1a over texts. It is written out because hash/fnv would copy
// every text; the numbers are stored, so it must never change.
type hash uint64

func newHash() hash { return 14695981039346656037 }

func (h hash) add(text string) hash {
	const prime = 1099511628211
	for i := range len(text) {
		h = (h ^ hash(text[i])) * prime
	}
	return (h ^ 0xff) * prime // 0xff is in no UTF-8 text: a, bc is not ab, c
}

// form describes all that a look-up's hashes depend on beside the values.
func (look *lookup) form(model *rollcall.Model, root string) string {
	h := fnv.New64a()
	for _, c := range model.Family(root) {
		if look.covers(c) {
			fmt.Fprintln(h, c.Name, c.NamedBy, c.NameForm)
		}
	}
	return fmt.Sprintf("1/%s/%016x", unicode.Version, h.Sum64())
}

// withLookups returns the layout with the look-ups that the database has.
func (l *layout) withLookups(ctx context.Context, on querier, d dialect) (*layout, error) {
	next := &layout{model: l.model, tables: make(map[string]*table, len(l.tables))}
	for root, t := range l.tables {
		fresh := *t
		fresh.lookups = nil
		next.tables[root] = &fresh
	}
	rows, err := on.QueryContext(ctx, "SELECT id, root, attributes, folded_by FROM lookup ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("read the look-ups: %w", d.translate(err))
	}
	defer func() { _ = rows.Close() }() // rows.Err tells of any trouble
	for rows.Next() {
		var id int64
		var root, attrs, folded string
		if err := rows.Scan(&id, &root, &attrs, &folded); err != nil {
			return nil, fmt.Errorf("read the look-ups: %w", err)
		}
		if t := next.tables[root]; t != nil {
			t.lookups = append(t.lookups, newLookup(id, attrs, folded))
		}
		next.newest = id
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the look-ups: %w", d.translate(err))
	}
	return next, nil
}

// lookupsOf returns the look-ups that objects of a class have a hash in.
func (t *table) lookupsOf(class *rollcall.Class) []*lookup {
	var some []*lookup
	for _, look := range t.lookups {
		if look.covers(class) {
			some = append(some, look)
		}
	}
	return some
}

// lookup returns the look-up on a combination, nil when there is none.
func (t *table) lookup(attrs []string) *lookup {
	for _, look := range t.lookups {
		if !look.isLoose && slices.Equal(look.attrs, attrs) {
			return look
		}
	}
	return nil
}

// lookupFor returns the look-up that finds every object of class and below by
// the texts among some attributes that are its own, nil when there is none.
func (q *queries) lookupFor(t *table, class *rollcall.Class, attrs []string) *lookup {
	own := slices.DeleteFunc(slices.Clone(attrs), func(code string) bool { return !ownText(class, code) })
	slices.Sort(own)
	look := t.lookup(own)
	if look == nil || len(own) == 0 || !look.coversAll(q.model.Family(class.Name)) {
		return nil
	}
	return look
}

// digests returns beside keys, which are of some attrs, the hash of an object
// that equals it, and its print where something is remembered.
func (look *lookup) digests(class *rollcall.Class, attrs []string, keys [][]string, r *recall) ([]int64, []keyPrint) {
	at := make([]int, len(look.attrs))
	for i, code := range look.attrs {
		at[i] = slices.Index(attrs, code)
	}
	hashes, prints := make([]int64, len(keys)), make([]keyPrint, len(keys))
	for i, key := range keys {
		d := r.digest()
		for j, code := range look.attrs {
			d.add(foldValue(class.Attribute(code), key[at[j]]))
		}
		hashes[i] = int64(d.hash)
		if d.prints {
			prints[i] = d.key()
		}
	}
	return hashes, prints
}

// EnsureLookup makes Find fast on a combination of attributes of class. Objects
// that exist are entered at once. It is cheap when the look-up is there.
func (s *Store) EnsureLookup(ctx context.Context, class *rollcall.Class, attrs []string) error {
	own, err := s.ensureFields(ctx, class, attrs)
	if err != nil || len(own) == 0 {
		return err
	}
	tab, err := s.layout().table(class)
	if err != nil {
		return err
	}
	if col := tab.columns[own[0]]; tab.lookup(own) != nil || len(own) == 1 && col != nil && col.isKey {
		return nil // keys have an index of their own
	}
	return s.makeLookup(ctx, tab, newLookup(0, strings.Join(own, ","), ""))
}

// makeLookup makes and fills a look-up.
func (s *Store) makeLookup(ctx context.Context, tab *table, look *lookup) error {
	err := s.write(ctx, func(tx *Tx) error { return tx.addLookup(ctx, tab, look) })
	if err != nil {
		return fmt.Errorf("make the look-up of %s by %s: %w", tab.root, strings.Join(look.attrs, ", "), err)
	}
	l, err := s.layout().withLookups(ctx, s.reader, s.d)
	if err != nil {
		return err
	}
	s.shape.Store(l)
	return nil
}

// ensureFields makes the look-ups on the far side of fields and returns the
// attributes that the class's own objects tell, sorted.
func (s *Store) ensureFields(ctx context.Context, class *rollcall.Class, attrs []string) ([]string, error) {
	var own []string
	for _, code := range attrs {
		if a := class.Attribute(code); a != nil && a.Type == rollcall.TypeField {
			target, err := s.target(class, a.Via)
			if err != nil {
				return nil, err
			}
			if err := s.EnsureLookup(ctx, target, []string{a.Remote}); err != nil {
				return nil, err
			}
			continue
		}
		if ownText(class, code) && !slices.Contains(own, code) {
			own = append(own, code)
		}
	}
	slices.Sort(own)
	return own, nil
}

// addLookup makes and fills a look-up unless another process just did.
func (t *Tx) addLookup(ctx context.Context, tab *table, look *lookup) error {
	if slices.ContainsFunc(t.layout().tables[tab.root].lookups, func(l *lookup) bool { return l.kept() == look.kept() }) {
		return nil
	}
	have, err := t.d.columns(ctx, t.tx, tab.name)
	if err != nil {
		return err
	}
	var ddl []string
	if _, there := have[look.catalogue()]; !there {
		ddl = append(ddl, "ALTER TABLE "+tab.quoted+" ADD COLUMN "+look.column.name+" "+t.d.traits().types[number])
	}
	if err := t.fillLookup(ctx, tab, look, append(ddl, look.index().statement(tab.name))); err != nil {
		return err
	}
	_, err = t.exec(ctx, "INSERT INTO lookup (root, attributes, folded_by) VALUES (?, ?, ?)",
		tab.root, look.kept(), look.form(t.model, tab.root))
	return err
}

// fillLookup runs ddl and then enters every object.
func (t *Tx) fillLookup(ctx context.Context, tab *table, look *lookup, ddl []string) error {
	for _, q := range ddl {
		if _, err := t.tx.ExecContext(ctx, q); err != nil {
			return t.d.translate(err)
		}
	}
	root := t.model.Class(tab.root)
	v, err := t.view(root, t.needed(root, look.attrs...))
	if err != nil {
		return err
	}
	return v.pages(ctx, 0, func(page []rollcall.Object) error {
		return t.enter(ctx, tab, look, page)
	})
}

// enter writes the hashes of objects; an object that is not covered has none.
func (t *Tx) enter(ctx context.Context, tab *table, look *lookup, objects []rollcall.Object) error {
	b := t.update(tab.quoted, []column{look.column}, "")
	for i := range objects {
		o := &objects[i]
		var h any
		if look.covers(o.Class) {
			d := t.recall.digest()
			look.digest(o, &d)
			t.recall.entered(tab, look, o.Class, &d)
			h = int64(d.hash)
		}
		if err := b.add(ctx, int64(o.ID), h); err != nil {
			return err
		}
	}
	return b.flush(ctx)
}

// refreshLookups writes the hashes of objects whose values changed.
func (t *Tx) refreshLookups(ctx context.Context, tab *table, lookups []*lookup, ids []rollcall.ObjectID) error {
	root := t.model.Class(tab.root)
	for _, look := range lookups {
		v, err := t.view(root, t.needed(root, look.attrs...))
		if err != nil {
			return err
		}
		objects, err := v.objects(ctx, ids)
		if err != nil {
			return err
		}
		if err := t.enter(ctx, tab, look, objects); err != nil {
			return fmt.Errorf("keep the look-up of %s: %w", tab.root, err)
		}
	}
	return nil
}

// refoldLookups makes the hashes again that an older program made by other
// rules of folding or naming.
func (s *Store) refoldLookups(ctx context.Context) error {
	for _, tab := range s.layout().sorted() {
		for _, look := range tab.lookups {
			form := look.form(s.model, tab.root)
			if look.folded == form {
				continue
			}
			err := s.write(ctx, func(tx *Tx) error {
				if err := tx.fillLookup(ctx, tab, look, nil); err != nil {
					return err
				}
				_, err := tx.exec(ctx, "UPDATE lookup SET folded_by = ? WHERE id = ?", form, look.id)
				return err
			})
			if err != nil {
				return fmt.Errorf("renew the look-up of %s: %w", tab.root, err)
			}
			look.folded = form
		}
	}
	return nil
}

// target returns the class that a key points at.
func (q *queries) target(class *rollcall.Class, key string) (*rollcall.Class, error) {
	a := class.Attribute(key)
	if a == nil || !a.IsKey() || q.model.Class(a.Target) == nil {
		return nil, rollcall.Errorf(rollcall.Internal, "class %s: %s points at no declared class", class.Name, key)
	}
	return q.model.Class(a.Target), nil
}
