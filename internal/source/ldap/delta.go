package ldap

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

var (
	_ source.DeltaCollector = (*Collector)(nil)
	_ source.DeltaGrouper   = (*Collector)(nil)
)

// collectFrom is Collect with a checkpoint, taken before anything is read:
// what changes while the entries are read is read once more by the next delta.
// Begin, when given, gets the read with its groups before the first entry.
func (c *Collector) collectFrom(ctx context.Context, conn *directory.Conn, begin func(*reading) error, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	c.notices = nil
	r, err := c.prepare(ctx, conn, begin != nil)
	if err != nil {
		return nil, err
	}
	at, err := r.position(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.begin(ctx, &at); err != nil {
		return nil, err
	}
	if err := r.readGroups(ctx, begin != nil); err != nil {
		return nil, err
	}
	if at.Groups, _, err = r.digest(ctx); err != nil {
		return nil, err
	}
	if begin != nil {
		if err := begin(r); err != nil {
			return nil, err
		}
	}
	if err := r.whole(ctx, emit); err != nil {
		return nil, err
	}
	at.Read = r.total.Entries
	return at.bytes(), nil
}

// checkpoint is where the next delta begins, as the caller keeps it.
type checkpoint struct {
	Version int                 `json:"version"`
	No      string              `json:"no,omitempty"` // why there can be no delta
	Way     way                 `json:"way,omitempty"`
	Server  string              `json:"server,omitempty"` // its URL; on Active Directory the invocation
	What    string              `json:"what,omitempty"`   // a digest of what is read
	CSN     map[string][]string `json:"csn,omitempty"`    // by naming context
	USN     int64               `json:"usn,omitempty"`
	Time    time.Time           `json:"time,omitzero"`
	Cookies cookies             `json:"cookies,omitzero"`
	Groups  []byte              `json:"groups,omitempty"` // see digest
	Read    int                 `json:"read,omitempty"`   // how many entries the load read
}

const checkpointVersion = 3

// way is how changes are found.
type way string

const (
	bySync way = "sync" // syncrepl (RFC 4533): OpenLDAP with the overlay syncprov
	byUSN  way = "usn"  // uSNChanged: Active Directory
	byTime way = "time" // modifyTimestamp: elsewhere; removals are not seen

	byDirSync way = DeltaDirSync // the control of that name: Active Directory, when asked for
)

// backlinks are attributes that a server works out from other entries: they
// change without the entry that has them.
var backlinks = []string{
	"memberof", "ismemberof", "directreports", "managedobjects", "msds-memberoftransitive", "msds-resultantpso", "tokengroups",
	"nsrole", "hassubordinates", "numsubordinates", "subordinatecount",
}

// noDelta says why deltas cannot be made of what the configuration reads, empty
// when they can.
func (r *reading) noDelta() string {
	key := strings.ToLower(r.mapper.key)
	switch w := r.way(); {
	case r.cfg.Directory.Referrals == directory.FollowReferrals:
		return "referrals are followed, and other servers count for themselves"
	case w == byDirSync && !r.root.DirSync:
		return "the server does not have the control DirSync, which Active Directory has"
	case w == bySync && key != "entryuuid", (w == byUSN || w == byDirSync) && key != "objectguid":
		return fmt.Sprintf("the key is %s, and the server names what was removed by %s", r.mapper.key, r.root.Key)
	}
	asked := slices.Clone(r.cfg.Fields)
	if r.filter != nil {
		asked = append(asked, r.filter.Attributes()...)
	}
	for _, name := range asked {
		if low := strings.ToLower(name); slices.Contains(backlinks, low) {
			return fmt.Sprintf("%s is read, which changes without its entry (the field groups can take the place of memberOf)", name)
		}
	}
	return ""
}

func (r *reading) way() way {
	switch {
	case r.cfg.DeltaBy == DeltaDirSync:
		return byDirSync
	case r.root.Kind.IsAD():
		return byUSN
	case r.root.Kind == directory.OpenLDAP && r.root.Sync:
		return bySync
	}
	return byTime
}

// what is a digest of all that decides what is read.
func (c *Collector) what(bases []string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %d %q %q %q %q %q %t", bases, c.scope, c.cfg.Filter, c.cfg.Key, c.cfg.Fields, c.cfg.Groups.Bases, c.cfg.Groups.Filter, c.cfg.Groups.Direct)
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// position asks the server how far it has come.
func (r *reading) position(ctx context.Context) (checkpoint, error) {
	p := checkpoint{Version: checkpointVersion, Way: r.way(), Server: r.conn.URL(), What: r.what(r.bases), No: r.noDelta()}
	if p.No != "" {
		return p, nil
	}
	switch p.Way {
	case bySync:
		p.CSN = map[string][]string{}
		for _, base := range r.syncBases() {
			csn, err := r.conn.ContextCSN(ctx, base)
			if err != nil {
				return p, err
			}
			if len(csn) == 0 { // no syncprov, or this user may not see how far it is
				p.Way, p.CSN = byTime, nil
				return p, nil
			}
			p.CSN[base] = csn
		}
	case byUSN, byDirSync:
		usn, err := r.conn.USN(ctx)
		if err != nil {
			return p, err
		}
		p.Server, p.USN = usn.Invocation, usn.Highest
	}
	return p, nil
}

// begin completes the position of a load that has none to begin with. A delta
// takes what it finds instead.
func (r *reading) begin(ctx context.Context, at *checkpoint) error {
	switch {
	case at.No != "":
		return nil
	case at.Way == byDirSync:
		return r.firstCookies(ctx, at)
	case at.Way == byTime:
		return r.firstTime(ctx, at)
	}
	return nil
}

// syncBases returns the naming contexts of the source's bases: an entry that
// moves out of the bases stays in its context.
func (r *reading) syncBases() []string { return r.contexts() }

func (p *checkpoint) bytes() rollcall.Checkpoint {
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // nothing in it can fail
	}
	return b
}

// OpenDelta implements source.DeltaCollector.
func (c *Collector) OpenDelta(ctx context.Context, since rollcall.Checkpoint, known source.Known) (source.Delta, error) {
	return c.openDelta(ctx, since, &delta{known: known})
}

// OpenGroupedDelta implements source.DeltaGrouper.
func (c *Collector) OpenGroupedDelta(ctx context.Context, since rollcall.Checkpoint, known source.Known, only bool) (source.GroupedDelta, error) {
	return c.openDelta(ctx, since, &delta{known: known, isGrouped: true, only: only})
}

func (c *Collector) openDelta(ctx context.Context, since rollcall.Checkpoint, d *delta) (*delta, error) {
	if err := json.Unmarshal(since, &d.from); err != nil || d.from.Version != checkpointVersion {
		return nil, &source.NoDelta{Reason: "the checkpoint is of another version"}
	}
	conn, err := directory.Dial(ctx, c.cfg.Directory)
	if err != nil {
		return nil, err
	}
	if err := d.open(ctx, c, conn); err != nil {
		_ = conn.Close() // the first error tells more
		return nil, err
	}
	return d, nil
}

// delta reads what changed since a checkpoint, over one connection.
type delta struct {
	*reading
	from, to  checkpoint
	known     source.Known
	isGrouped bool // the groups of entries are asked for
	only      bool // entries in none of certain groups do not count
	isProved  bool // the sentinels were seen
}

// open holds the server against the checkpoint.
func (d *delta) open(ctx context.Context, c *Collector, conn *directory.Conn) error {
	var err error
	c.notices = nil
	if d.reading, err = c.prepare(ctx, conn, d.isGrouped); err != nil {
		return err
	}
	if d.to, err = d.position(ctx); err != nil {
		return err
	}
	if err := d.behind(); err != nil {
		return err
	}
	switch {
	case d.to.No != "":
		return &source.NoDelta{Reason: d.to.No}
	case d.from.No != "":
		return &source.NoDelta{Reason: "the last one could not tell where it stood: " + d.from.No}
	case d.from.What != d.to.What, d.from.Way != d.to.Way:
		return &source.NoDelta{Reason: "what is read changed"}
	case d.from.Server != d.to.Server:
		return &source.NoDelta{Reason: fmt.Sprintf("another server answers (%s, was %s)", d.to.Server, d.from.Server)}
	}
	return nil
}

// behind refuses a server that stands before the checkpoint: what it says now is
// older than what was taken over, and reading all of it would bring back what
// has changed since.
func (d *delta) behind() error {
	isBehind := false
	switch {
	case d.from.Way != d.to.Way:
	case d.to.Way == bySync:
		for base, csn := range d.from.CSN {
			now, same := d.to.CSN[base]
			isBehind = isBehind || same && directory.IsBehind(now, csn)
		}
	case d.to.Way == byUSN, d.to.Way == byDirSync:
		isBehind = d.from.Server == d.to.Server && d.to.USN < d.from.USN
	}
	if !isBehind {
		return nil
	}
	return rollcall.Errorf(rollcall.Unavailable, "%s knows less than what was read before: it lags behind, or was put back to an older state. "+
		"Nothing was read. When this is how things are meant to be, read everything anew with --full", d.conn.URL())
}

// Groups implements source.GroupedDelta.
func (d *delta) Groups(begin func([]rollcall.Group, source.GroupFinder) error) error {
	return begin(d.groupList(), &finder{reading: d.reading})
}

// Checkpoint implements source.Delta.
func (d *delta) Checkpoint() rollcall.Checkpoint {
	d.to.Read = d.total.Entries
	return d.to.bytes()
}

// Close implements source.Delta.
func (d *delta) Close() error { return d.conn.Close() }

// Changed implements source.Delta.
func (d *delta) Changed(ctx context.Context) ([]string, error) {
	var changed *changes
	var err error
	switch d.to.Way {
	case bySync:
		changed, err = d.changedBySync(ctx)
	case byUSN:
		changed, err = d.changedByUSN(ctx)
	case byDirSync:
		changed, err = d.changedByDirSync(ctx)
	default:
		changed, err = d.changedByTime(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := d.subtrees(ctx, changed); err != nil {
		return nil, err
	}
	if err := d.regroup(ctx, changed); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(changed.keys)), nil
}

// changes are what a server reported.
type changes struct {
	keys       map[string]bool
	containers []string  // DNs of changed entries that others lie below
	newest     time.Time // the newest stamp, where changes are found by stamps
}

func newChanges() *changes { return &changes{keys: map[string]bool{}} }

// changedBySync asks each naming context that moved. What the overlays refint and
// memberof write is no change to syncrepl and leaves entryCSN as it was: every
// server does it for itself (OpenLDAP 2.5, observed).
func (d *delta) changedBySync(ctx context.Context) (*changes, error) {
	all := newChanges()
	for _, base := range slices.Sorted(maps.Keys(d.to.CSN)) {
		if slices.Equal(d.from.CSN[base], d.to.CSN[base]) {
			continue
		}
		got, err := d.conn.Sync(ctx, base, directory.SyncCookie(d.from.CSN[base]))
		if directory.IsReload(err) {
			return all, &source.NoDelta{Reason: "the server refused the cookie: " + err.Error()}
		}
		if err != nil {
			return all, err
		}
		for _, e := range got.Changed {
			all.keys[e.UUID.Text()] = true
			if e.Has && !sameDN(e.DN, base) {
				all.containers = append(all.containers, e.DN)
			}
		}
		for _, uuid := range got.Deleted {
			all.keys[uuid.Text()] = true
		}
		if got.IsPresent {
			if err := d.absent(ctx, got.Present, all); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// absent adds the known entries that a server without a memory of deletions did
// not list as present. They are suspects: whether they are gone is seen when they
// are read.
func (d *delta) absent(ctx context.Context, present []directory.UUID, all *changes) error {
	if len(d.to.CSN) > 1 {
		return &source.NoDelta{Reason: "the server does not know what was deleted, and there are several naming contexts"}
	}
	there := make(map[string]bool, len(present))
	for _, uuid := range present {
		there[uuid.Text()] = true
	}
	return d.known.Keys(ctx, func(key []byte) error {
		if !there[string(key)] {
			all.keys[string(key)] = true
		}
		return nil
	})
}

func sameDN(a, b string) bool { return rollcall.FoldDN(a) == rollcall.FoldDN(b) }
