package ldap

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// keysAtOnce is how many entries one search asks for by key.
const keysAtOnce = 100

// Read implements source.Delta.
func (d *delta) Read(ctx context.Context, keys []string, emit func(*rollcall.Entry) error) error {
	if err := d.prove(ctx); err != nil {
		return err
	}
	before := d.total.Entries
	for batch := range slices.Chunk(keys, keysAtOnce) {
		values := make([][]byte, 0, len(batch))
		for _, key := range batch {
			if raw := d.rawKey(key); raw != nil {
				values = append(values, raw)
			}
		}
		if len(values) == 0 {
			continue
		}
		if err := d.search(ctx, directory.All(d.filter, directory.AnyOf(d.mapper.key, values)), emit); err != nil {
			return err
		}
	}
	if len(keys) == 0 || d.total.Entries > before {
		return nil
	}
	// Not one of those asked for: either all of them left, or this user sees nothing
	// any more. A full load tells, and its laws hold then.
	if err := d.sample(ctx, 1, func(*rollcall.Entry) error { return nil }); err != nil {
		return err
	}
	if d.total.Entries == before {
		return &source.NoDelta{Reason: "no entry at all is to be seen"}
	}
	return nil
}

// rawKey returns a key's text as the directory has it, nil for what is no key.
func (d *delta) rawKey(key string) []byte {
	if directory.SyntaxOf(d.mapper.key) != directory.GUID {
		return []byte(key)
	}
	raw, err := directory.ParseGUID(key)
	if err != nil {
		return nil
	}
	return raw
}

// prove looks for the sentinels, once: they stand for a user that sees what it
// should.
func (d *delta) prove(ctx context.Context) error {
	if d.isProved {
		return nil
	}
	for _, dn := range d.Collector.sentinels {
		found, err := d.conn.Exists(ctx, dn.String(), d.filter)
		if err != nil {
			return err
		}
		d.seen[dn.Fold()] = found
	}
	d.isProved = true
	return d.reading.sentinels(ctx)
}

// mostBelow bounds what a container that was renamed may hold: more is read as
// fast by a full load.
const mostBelow = 20_000

// subtrees adds the entries below containers that were renamed or moved. Such an
// entry changes its name with its container, and the server does not count that
// as a change of it.
func (d *delta) subtrees(ctx context.Context, all *changes) error {
	for _, dn := range all.containers {
		moved, err := d.isMoved(ctx, dn, all)
		if err != nil {
			return err
		}
		if !moved {
			continue
		}
		count := 0
		err = d.below(ctx, dn, func(key, _ string) error {
			if count++; count > mostBelow {
				return &source.NoDelta{Reason: fmt.Sprintf("%q was renamed, with more than %d entries below it", dn, mostBelow)}
			}
			all.keys[key] = true
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// isMoved reports whether a container may have another name than when its
// entries were read. One entry tells for all, unless the container was renamed
// while the last load went on: those which that load read afterwards have the new
// name already. So one more is looked at than it read.
func (d *delta) isMoved(ctx context.Context, dn string, all *changes) (bool, error) {
	now := map[string]string{}
	err := d.below(ctx, dn, func(key, name string) error {
		if all.keys[key] {
			return nil
		}
		if now[key] = name; len(now) > d.from.Read {
			return directory.ErrStop
		}
		if len(now) > mostBelow {
			return &source.NoDelta{Reason: fmt.Sprintf("%q changed since everything was read, with more than %d entries below it", dn, mostBelow)}
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	names, err := d.known.Names(ctx, slices.Collect(maps.Keys(now)))
	if err != nil {
		return false, err
	}
	for key, name := range now {
		was, isKnown := names[key]
		// Who is not known although it did not change came in with its container, or
		// the source does not read this part of the tree.
		if isKnown && !sameDN(was, name) || !isKnown && d.outside(name) == "" {
			return true, nil
		}
	}
	return false, nil
}

// below yields the key and name of each entry below a container that the
// source's filter finds.
func (d *delta) below(ctx context.Context, dn string, yield func(key, name string) error) error {
	syntax := directory.SyntaxOf(d.mapper.key)
	s := directory.Search{Base: dn, Scope: directory.ScopeSubtree, Filter: d.filter, Attributes: []string{d.mapper.key}}
	_, err := d.conn.Search(ctx, s, func(e *directory.Entry) error {
		if len(e.Values[0]) == 0 {
			return nil
		}
		return yield(syntax.Text(e.Values[0][0]), string(e.DN))
	})
	if errors.Is(err, directory.ErrStop) || rollcall.KindOf(err) == rollcall.NotFound {
		return nil
	}
	return err
}
