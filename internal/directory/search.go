package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rollcall/internal/rollcall"
)

// Scope is how far below its base a search looks.
type Scope int

// The scopes, as on the wire.
const (
	ScopeBase Scope = iota
	ScopeOne
	ScopeSubtree
)

// String returns base, one or subtree.
func (s Scope) String() string {
	return [...]string{"base", "one", "subtree"}[s]
}

// ParseScope reads base, one or subtree, and the usual other spellings.
func ParseScope(text string) (Scope, error) {
	switch text {
	case "base":
		return ScopeBase, nil
	case "one", "onelevel", "single":
		return ScopeOne, nil
	case "", "sub", "subtree":
		return ScopeSubtree, nil
	}
	return 0, rollcall.Errorf(rollcall.Invalid, "unknown scope %q: use base, one or subtree", text)
}

// Search says what to read.
type Search struct {
	Base       string
	Scope      Scope
	Filter     *Filter   // nil for every entry
	Attributes []string  // what to ask for; none for just the names; "*" and "+" for all
	Unpaged    bool      // do not page, whatever the configuration says
	Controls   []Control // further ones

	ask     []string     // what to ask for, where it differs from what the answer is called
	sync    *syncing     // of a search by syncrepl
	dirSync *dirSyncTurn // of a search by DirSync
}

// Result is what a search was besides its entries.
type Result struct {
	Entries       int
	Pages         int
	Bytes         int64 // received
	References    int   // how often the server pointed elsewhere
	ReferenceURLs []string
}

// maxReferences is how many referrals a result names; all are counted.
const maxReferences = 100

// Control types that we use.
const (
	oidPaged   = "1.2.840.113556.1.4.319"
	oidSync    = "1.3.6.1.4.1.4203.1.9.1.1"
	oidDirSync = "1.2.840.113556.1.4.841"
)

// ErrStop is for a callback that has seen enough.
var ErrStop = errors.New("enough entries")

// Search calls emit for every entry that the search finds. A nil error means
// that the server said of every page that it succeeded and of the last one that
// nothing follows: the result is whole. The entry is lent until emit returns; an
// error of emit ends the search and is returned as it is.
func (c *Conn) Search(ctx context.Context, s Search, emit func(*Entry) error) (Result, error) {
	r, err := c.search(ctx, s, emit)
	if c.cfg.Referrals != FollowReferrals || len(r.jumps) == 0 {
		return r.Result, err
	}
	var answer *ResultError
	if err != nil && (!errors.As(err, &answer) || answer.Code != codeReferral) {
		return r.Result, err
	}
	return r.Result, c.follow(ctx, s, &r.Result, r.jumps, emit)
}

// running is the state of one search.
type running struct {
	Result
	conn    *Conn
	search  Search
	what    string
	first   int // the ID of the first page's request
	paged   bool
	dec     *decoder
	emit    func(*Entry) error
	jumps   [][]string // followed: the alternatives of each referral
	op      []byte
	final   ResultError // of the last page
	control bool        // the last page carried the paging control
}

func (c *Conn) search(ctx context.Context, s Search, emit func(*Entry) error) (*running, error) {
	r := &running{conn: c, search: s, emit: emit, dec: newDecoder(s.Attributes), what: fmt.Sprintf("search %s below %q", c.end.text, s.Base)}
	if s.Scope == ScopeBase {
		r.what = fmt.Sprintf("read %q at %s", s.Base, c.end.text)
	}
	if c.broken != nil {
		return r, fmt.Errorf("%s: %w", r.what, c.broken)
	}
	if err := r.choosePaging(ctx); err != nil {
		return r, err
	}
	r.op = r.request()
	_ = c.nc.SetWriteDeadline(time.Now().Add(c.cfg.IdleTimeout))
	r.first = c.id + 1
	if err := c.send(r.op, r.controls(nil)); err != nil {
		return r, c.fail(ctx, r.what, err, c.cfg.IdleTimeout)
	}
	return r, r.receive(ctx)
}

// choosePaging asks the server, once, whether it can page.
func (r *running) choosePaging(ctx context.Context) error {
	if r.search.Scope == ScopeBase || r.search.Unpaged || r.conn.cfg.PageSize < 0 {
		return nil
	}
	root, err := r.conn.Root(ctx)
	if err != nil {
		if _, answered := errors.AsType[*ResultError](err); !answered {
			return err
		}
		return nil // a server that hides its root entry: read without pages
	}
	r.paged = root.Paging
	return nil
}

// request encodes the search itself.
func (r *running) request() []byte {
	s, cfg := r.search, r.conn.cfg
	filter := s.Filter
	if filter == nil {
		filter = &Filter{op: filterPresent, attr: "objectClass"}
	}
	names := s.Attributes
	if s.ask != nil {
		names = s.ask
	}
	if len(names) == 0 {
		names = []string{"1.1"}
	}
	var attrs []byte
	for _, n := range names {
		attrs = appendString(attrs, tagOctets, n)
	}
	b := appendString(nil, tagOctets, s.Base)
	b = appendInt(b, tagEnum, int(s.Scope))
	b = appendInt(b, tagEnum, 0)    // never dereference aliases
	b = appendInt(b, tagInteger, 0) // no size limit of ours
	b = appendInt(b, tagInteger, int((cfg.TimeLimit+time.Second-1)/time.Second))
	b = appendBool(b, false) // values, too
	b = filter.encode(b)
	b = appendElement(b, tagSequence, attrs)
	return appendElement(nil, opSearchRequest, b)
}

// controls encodes the controls of the page that a cookie asks for.
func (r *running) controls(cookie []byte) []byte {
	all := r.search.Controls
	if r.paged {
		value := appendInt(nil, tagInteger, r.conn.cfg.PageSize)
		value = appendElement(value, tagOctets, cookie)
		// Critical: a server that cannot page must say so rather than send a
		// part and call it success.
		all = append(all[:len(all):len(all)], Control{OID: oidPaged, Critical: true, Value: appendElement(nil, tagSequence, value)})
	}
	return appendControls(nil, all)
}

// turn reads the end of a page and returns the request for the next one.
func (r *running) turn(m message) (request, controls []byte) {
	final, _, ok := parseResult(m.body)
	if !ok {
		final = ResultError{Code: codeMalformed}
	}
	r.final, r.control = final, false
	if r.search.sync != nil {
		r.search.sync.done(m.controls)
	}
	if r.search.dirSync != nil {
		r.search.dirSync.done(m.controls)
	}
	if final.Code != codeSuccess || !r.paged {
		return nil, nil
	}
	var cookie []byte
	ok = eachControl(m.controls, func(oid string, value []byte) {
		if oid != oidPaged {
			return
		}
		if seq, _, ok := expect(value, tagSequence); ok {
			if _, rest, ok := expect(seq, tagInteger); ok {
				cookie, _, r.control = expect(rest, tagOctets)
			}
		}
	})
	if !ok || len(cookie) == 0 {
		return nil, nil
	}
	return r.op, r.controls(cookie)
}

// codeMalformed stands for an answer that could not be read.
const codeMalformed = -1

// receive takes the answers until the last page ended.
func (r *running) receive(ctx context.Context) error {
	c := r.conn
	size := 0
	if r.paged {
		size = c.cfg.PageSize
	}
	p := startPump(ctx, c, size, r.turn)
	release := context.AfterFunc(ctx, p.halt)
	ended := false
	defer func() {
		release()
		if !ended {
			p.stop()
			c.abandon()
		}
	}()
	for ch := p.next(); ch != nil; ch = p.next() {
		if err := r.chunk(ctx, ch.buf[:ch.whole]); err != nil {
			return err
		}
		p.free <- ch
	}
	ended = true
	r.Pages, r.Bytes = p.pages, p.bytes
	if p.err != nil {
		err := c.fail(ctx, r.what, p.err, c.cfg.IdleTimeout)
		if r.Entries > 0 && ctx.Err() == nil {
			return &rollcall.Error{Kind: rollcall.KindOf(err), Msg: fmt.Sprintf("the read is not whole: it broke off after %d entries in page %d", r.Entries, p.pages+1), Err: err}
		}
		return err
	}
	return r.verdict()
}

// verdict says whether what arrived is everything.
func (r *running) verdict() error {
	switch {
	case r.final.Code == codeMalformed:
		r.conn.broken = errBroken
		return explainNetwork(r.what, r.conn.end, errMalformed)
	case r.final.Code == codeReferral:
		r.jump(r.final.Referrals)
		return r.final.explain(r.what)
	case r.final.Code != codeSuccess:
		final := r.final
		err := final.explain(r.what)
		if r.Entries > 0 {
			return &rollcall.Error{Kind: rollcall.KindOf(err), Msg: fmt.Sprintf("the read is not whole: it ended after %d entries", r.Entries), Err: err}
		}
		return err
	case r.paged && !r.control:
		return rollcall.Errorf(rollcall.Invalid, "%s: the server announces paged results but answered without them, so whether its %d entries are everything cannot be proved: set page_size to -1 to read without pages", r.what, r.Entries)
	}
	return nil
}

// chunk handles the messages in a piece of the stream.
func (r *running) chunk(ctx context.Context, b []byte) error {
	for len(b) > 0 {
		size, err := messageSize(b)
		if err != nil || size == 0 || size > len(b) {
			return errMalformed // the pump cut it, so this cannot be
		}
		m, ok := parseMessage(b[:size])
		if !ok {
			return r.malformed()
		}
		b = b[size:]
		if m.id < r.first { // left over from a search that was abandoned
			continue
		}
		switch m.op {
		case opSearchEntry:
			if err := r.entry(ctx, m); err != nil {
				return err
			}
		case opIntermediate:
			if r.search.sync != nil && !r.search.sync.info(m.body) {
				return r.malformed()
			}
		case opSearchReference:
			urls, ok := octetStrings(m.body)
			if !ok {
				return r.malformed()
			}
			r.jump(urls)
		}
	}
	return nil
}

func (r *running) malformed() error {
	r.conn.broken = errBroken
	return explainNetwork(r.what, r.conn.end, errMalformed)
}

func (r *running) entry(ctx context.Context, m message) error {
	if !r.dec.decode(m.body) || r.search.sync != nil && !r.search.sync.begin(m.controls) {
		return r.malformed()
	}
	if len(r.dec.ranges) > 0 && r.search.ask == nil && r.search.dirSync == nil { // DirSync tells what changed of a list
		if err := r.conn.completeRanges(ctx, r.dec); err != nil {
			return err
		}
	}
	r.Entries++
	return r.emit(&r.dec.entry)
}

// jump notes a referral: the URLs are alternatives.
func (r *running) jump(urls []string) {
	r.References++
	if len(urls) == 0 {
		return
	}
	if len(r.ReferenceURLs) < maxReferences {
		r.ReferenceURLs = append(r.ReferenceURLs, urls[0])
	}
	if r.conn.cfg.Referrals == FollowReferrals {
		r.jumps = append(r.jumps, urls)
	}
}

// abandon tells the server that nobody listens to the running operation any
// more.
func (c *Conn) abandon() {
	if c.broken != nil {
		return
	}
	_ = c.nc.SetWriteDeadline(time.Now().Add(time.Second))
	if err := c.send(appendInt(nil, opAbandonRequest, c.id), nil); err != nil {
		c.broken = errBroken
	}
}
