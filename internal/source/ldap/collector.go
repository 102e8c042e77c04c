// Package ldap collects entries from an LDAP directory. It asks for the mapped
// attributes and nothing else, works out the computed fields, and proves that
// what it read is whole. Talking to servers is package directory's business.
package ldap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// Config says which entries of which directory make the source.
type Config struct {
	Directory directory.Config
	Bases     []string // the server's own naming context when there are none
	Scope     string   // base, one or subtree; subtree when empty
	Filter    string   // every entry when empty
	Key       string   // the immutable identifier; what suits the server when empty
	Fields    []string // what to read, computed fields included
	Groups    Groups   // for the field "groups"
	Sentinels []string // DNs that a whole read must contain
	Delta     bool     // leave checkpoints, so that later loads can read what changed
	DeltaBy   string   // DeltaDirSync, or empty for what suits the server
	Now       func() time.Time
}

// Groups says which groups the field "groups" knows. A group outside the bases
// or the filter does not count, nor does it lead to one that would.
type Groups struct {
	Bases  []string // the naming contexts of the source's bases when there are none
	Scope  string   // base, one or subtree; subtree when empty
	Filter string   // whatever is a group on this kind of server when empty
	Direct bool     // leave nested groups out
	Name   string   // the attribute that names a group; cn when empty
}

// Collector reads one LDAP source.
type Collector struct {
	cfg        Config
	scope      directory.Scope
	groupScope directory.Scope
	filter     *directory.Filter
	groups     *directory.Filter // nil: derived from the server
	sentinels  []rollcall.DN
	notices    []source.Finding
}

var (
	_ source.Collector = (*Collector)(nil)
	_ source.Checker   = (*Collector)(nil)
	_ source.Describer = (*Collector)(nil)
	_ source.Noticer   = (*Collector)(nil)
)

// New checks a configuration; it sends nothing.
func New(cfg Config) (*Collector, error) {
	c := &Collector{cfg: cfg}
	if c.cfg.Now == nil {
		c.cfg.Now = time.Now
	}
	if err := cfg.Directory.Validate(); err != nil {
		return nil, err
	}
	var err error
	if c.scope, err = directory.ParseScope(strings.ToLower(cfg.Scope)); err != nil {
		return nil, err
	}
	if cfg.Filter != "" {
		if c.filter, err = directory.ParseFilter(cfg.Filter); err != nil {
			return nil, err
		}
	}
	if cfg.Groups.Filter != "" {
		if c.groups, err = directory.ParseFilter(cfg.Groups.Filter); err != nil {
			return nil, fmt.Errorf("groups: %w", err)
		}
	}
	if c.cfg.Bases, err = directory.PruneBases(cfg.Bases, c.scope); err != nil {
		return nil, fmt.Errorf("base: %w", err)
	}
	if c.groupScope, err = directory.ParseScope(strings.ToLower(cfg.Groups.Scope)); err != nil {
		return nil, fmt.Errorf("groups: %w", err)
	}
	if c.cfg.Groups.Bases, err = directory.PruneBases(cfg.Groups.Bases, c.groupScope); err != nil {
		return nil, fmt.Errorf("base of groups: %w", err)
	}
	for _, s := range cfg.Sentinels {
		dn, err := rollcall.ParseDN(s)
		if err != nil {
			return nil, fmt.Errorf("sentinel: %w", err)
		}
		c.sentinels = append(c.sentinels, dn)
	}
	return c, nil
}

// Notices implements source.Noticer.
func (c *Collector) Notices() []source.Finding { return c.notices }

// Collect implements source.Collector. Groups are read first, then the entries
// in the server's order, base after base.
func (c *Collector) Collect(ctx context.Context, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	conn, err := directory.Dial(ctx, c.cfg.Directory)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if c.cfg.Delta {
		return c.collectFrom(ctx, conn, nil, emit)
	}
	_, err = c.CollectOver(ctx, conn, emit)
	return nil, err
}

// CollectOver is Collect over a connection that the caller opened and closes; it
// says what the searches came to besides.
func (c *Collector) CollectOver(ctx context.Context, conn *directory.Conn, emit func(*rollcall.Entry) error) (directory.Result, error) {
	return c.collectOver(ctx, conn, nil, emit)
}

// collectOver is CollectOver; begin, when given, gets the read with its groups
// before the first entry.
func (c *Collector) collectOver(ctx context.Context, conn *directory.Conn, begin func(*reading) error, emit func(*rollcall.Entry) error) (directory.Result, error) {
	c.notices = nil
	r, err := c.openFor(ctx, conn, begin != nil)
	if err != nil {
		return directory.Result{}, err
	}
	if begin != nil {
		if err := begin(r); err != nil {
			return directory.Result{}, err
		}
	}
	err = r.whole(ctx, emit)
	return r.total, err
}

// whole reads all entries and proves that they are all.
func (r *reading) whole(ctx context.Context, emit func(*rollcall.Entry) error) error {
	if err := r.entries(ctx, emit); err != nil {
		return err
	}
	if err := r.sentinels(ctx); err != nil {
		return err
	}
	r.Collector.notices = r.notices()
	return nil
}

// Sample collects the first n entries, to look at: nothing follows from an entry
// that is not among them.
func (c *Collector) Sample(ctx context.Context, n int, emit func(*rollcall.Entry) error) error {
	conn, err := directory.Dial(ctx, c.cfg.Directory)
	if err != nil {
		return err
	}
	defer conn.Close()
	r, err := c.open(ctx, conn)
	if err != nil {
		return err
	}
	return r.sample(ctx, n, emit)
}

// reading is one read of the source over one connection.
type reading struct {
	*Collector
	conn       *directory.Conn
	root       *directory.Root
	bases      []string
	mapper     *mapper
	membership *directory.Membership // nil when no groups were asked for
	total      directory.Result
	seen       map[string]bool // folded sentinels
	fold       []byte
}

// open finds out what the server is, settles what depends on it, and reads the
// groups when they are asked for.
func (c *Collector) open(ctx context.Context, conn *directory.Conn) (*reading, error) {
	return c.openFor(ctx, conn, false)
}

// openFor is open for a read that says the groups of every entry, or does not.
func (c *Collector) openFor(ctx context.Context, conn *directory.Conn, grouped bool) (*reading, error) {
	r, err := c.prepare(ctx, conn, grouped)
	if err != nil {
		return nil, err
	}
	return r, r.readGroups(ctx, grouped)
}

// prepare is openFor before anything of the tree is read.
func (c *Collector) prepare(ctx context.Context, conn *directory.Conn, grouped bool) (*reading, error) {
	root, err := conn.Root(ctx)
	if err != nil {
		return nil, err
	}
	r := &reading{Collector: c, conn: conn, root: root, bases: c.cfg.Bases, seen: map[string]bool{}}
	if len(r.bases) == 0 {
		if root.Base == "" {
			return nil, rollcall.Errorf(rollcall.Invalid, "%s does not say which base it holds: give the source a base", conn.URL())
		}
		r.bases = []string{root.Base}
	}
	for _, dn := range c.sentinels {
		r.seen[dn.Fold()] = false
	}
	r.mapper = newMapper(root.Kind, c.key(root), c.cfg.Fields, c.cfg.Now(), grouped)
	return r, nil
}

// readGroups reads the groups when they are asked for.
func (r *reading) readGroups(ctx context.Context, grouped bool) error {
	if r.mapper.wantsGroups || grouped {
		want := r.wantedGroups(grouped)
		want.Digests = r.cfg.Delta && !r.root.Kind.IsAD()
		m, _, err := r.conn.Membership(ctx, want)
		if err != nil {
			return fmt.Errorf("read the groups: %w", err)
		}
		r.useGroups(m)
	}
	return nil
}

// wantedGroups says which groups are to be read.
func (r *reading) wantedGroups(grouped bool) directory.Groups {
	want := directory.Groups{Bases: r.groupBases(), Scope: r.cfg.Groups.Scope, Filter: r.groups}
	if grouped {
		want.Key, want.Name = r.root.Key, r.cfg.Groups.Name
	}
	return want
}

func (r *reading) useGroups(m *directory.Membership) {
	r.mapper.useGroups(m, !r.cfg.Groups.Direct)
	r.membership = m
}

func (c *Collector) key(root *directory.Root) string {
	if c.cfg.Key != "" {
		return c.cfg.Key
	}
	return root.Key
}

// groupBases returns where to look for groups: the whole of each naming context
// that the source reads from, because groups rarely live among their members.
func (r *reading) groupBases() []string {
	if len(r.cfg.Groups.Bases) > 0 {
		return r.cfg.Groups.Bases
	}
	var bases []string
	for _, b := range r.bases {
		dn, err := rollcall.ParseDN(b)
		if err != nil {
			continue // checked by New, or the server's own word
		}
		best := b
		for _, text := range r.root.NamingContexts {
			if context, err := rollcall.ParseDN(text); err == nil && len(context) > 0 && dn.Under(context) {
				best = text
			}
		}
		if !slices.Contains(bases, best) {
			bases = append(bases, best)
		}
	}
	return bases
}

func (r *reading) entries(ctx context.Context, emit func(*rollcall.Entry) error) error {
	return r.search(ctx, r.filter, emit)
}

// search reads the entries below the bases that a filter finds.
func (r *reading) search(ctx context.Context, filter *directory.Filter, emit func(*rollcall.Entry) error) error {
	for _, base := range r.bases {
		s := directory.Search{Base: base, Scope: r.scope, Filter: filter, Attributes: r.mapper.attributes}
		got, err := r.conn.Search(ctx, s, func(e *directory.Entry) error {
			r.notice(e.DN)
			return emit(r.mapper.entry(e))
		})
		r.total.Entries += got.Entries
		r.total.Pages += got.Pages
		r.total.References += got.References
		r.total.ReferenceURLs = append(r.total.ReferenceURLs, got.ReferenceURLs...)
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) sample(ctx context.Context, n int, emit func(*rollcall.Entry) error) error {
	left := n
	err := r.entries(ctx, func(e *rollcall.Entry) error {
		if left == 0 {
			return directory.ErrStop
		}
		left--
		return emit(e)
	})
	if errors.Is(err, directory.ErrStop) {
		return nil
	}
	return err
}

// notice ticks off a sentinel.
func (r *reading) notice(dn []byte) {
	if len(r.seen) == 0 {
		return
	}
	r.fold = directory.AppendFoldedDN(r.fold[:0], dn)
	if _, ok := r.seen[string(r.fold)]; ok {
		r.seen[string(r.fold)] = true
	}
}

// sentinels reports the first sentinel that was not read.
func (r *reading) sentinels(ctx context.Context) error {
	for _, dn := range r.Collector.sentinels {
		if r.seen[dn.Fold()] {
			continue
		}
		why := "it does not exist, or this user may not see it"
		if found, err := r.conn.Exists(ctx, dn.String(), nil); err == nil && found {
			why = "it exists, but the bases, the scope or the filter leave it out"
		}
		return rollcall.Errorf(rollcall.Stopped, "the read is not whole: the sentinel %q is not among the %d entries read: %s", dn, r.total.Entries, why)
	}
	return nil
}

func (r *reading) notices() []source.Finding {
	var list []source.Finding
	if n := r.total.References; n > 0 && r.cfg.Directory.Referrals != directory.FollowReferrals {
		list = append(list, source.Finding{Level: source.Notice, Text: fmt.Sprintf(
			"%d parts of the tree live on other servers and were not read (%s): set referrals to follow to read them too", n, strings.Join(r.total.ReferenceURLs, ", "))})
	}
	if r.total.Entries == 0 {
		return append(list, source.Finding{Level: source.Warning, Text: fmt.Sprintf("no entry below %s matches the filter", quoteAll(r.bases))})
	}
	if n := r.mapper.keyless; n > 0 {
		list = append(list, source.Finding{Level: source.Warning, Text: fmt.Sprintf("%d of %d entries have no %s and cannot be followed", n, r.total.Entries, r.mapper.key)})
	}
	for _, f := range r.mapper.neverSeen() {
		list = append(list, source.Finding{Level: source.Notice, Text: fmt.Sprintf("no entry has a value for %q: check its spelling, and that this user may read it", f)})
	}
	return list
}

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(quoted, ", ")
}
