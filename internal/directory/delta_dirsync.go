package directory

import (
	"bytes"
	"context"
	"errors"

	"rollcall/internal/rollcall"
)

// Flags of the control DirSync ([MS-ADTS] 3.1.1.3.4.1.3).
const (
	dirSyncOwn         = 0x00000001 // object security: what this user may see, rather than the right to replicate
	dirSyncIncremental = 0x80000000 // of long lists, such as members, only what changed
	dirSyncMost        = 1 << 20    // bytes of one answer
)

// DirSync asks a naming context of Active Directory what changed since a cookie.
// Without Own it needs the right to replicate changes (DS-Replication-Get-Changes);
// with Own everybody may ask, and is told of what he may see. Samba hides deleted
// objects from who may not see them in both cases (4.17, observed).
type DirSync struct {
	Context string // nothing below it will do as a base
	Cookie  []byte // where to begin; empty for the very beginning
	Own     bool
}

// DirSync calls emit for everything that changed, deleted objects included, until
// the server says that nothing follows, and returns the next cookie. An entry has
// its objectGUID and the attributes that changed. The attributes asked for would
// be a further filter, so all of them are asked for.
func (c *Conn) DirSync(ctx context.Context, q DirSync, emit func(*Entry) error) (cookie []byte, err error) {
	return c.dirSync(ctx, q, nil, emit)
}

// DirSyncCookie returns a cookie that stands for now: it asks from the very
// beginning for what is nowhere to be found. A cookie does not remember the
// filter that it came by.
func (c *Conn) DirSyncCookie(ctx context.Context, naming string, own bool) ([]byte, error) {
	nobody := AnyOf("objectGUID", [][]byte{make([]byte, 16)})
	return c.dirSync(ctx, DirSync{Context: naming, Own: own}, nobody, func(*Entry) error { return nil })
}

// DirSyncSeesDeleted reports whether any deleted object is told of.
func (c *Conn) DirSyncSeesDeleted(ctx context.Context, naming string, own bool) (bool, error) {
	found := false
	container := rollcall.FoldDN(deletedObjects + naming)
	_, err := c.dirSync(ctx, DirSync{Context: naming, Own: own}, MustFilter("(isDeleted=TRUE)"), func(e *Entry) error {
		if rollcall.FoldDN(string(e.DN)) == container {
			return nil // is marked as deleted itself, and shown to everybody
		}
		found = true
		return ErrStop
	})
	if errors.Is(err, ErrStop) {
		err = nil
	}
	return found, err
}

func (c *Conn) dirSync(ctx context.Context, q DirSync, filter *Filter, emit func(*Entry) error) ([]byte, error) {
	for {
		turn := &dirSyncTurn{}
		s := Search{
			Base: q.Context, Scope: ScopeSubtree, Filter: filter, Unpaged: true, Attributes: []string{"*"},
			Controls: []Control{q.control()}, dirSync: turn,
		}
		r, err := c.search(ctx, s, emit)
		switch {
		case err != nil:
			return nil, err
		case !turn.isWhole:
			return nil, rollcall.Errorf(rollcall.Invalid, "%s: the server answered the control DirSync without a cookie that can be read", r.what)
		case !turn.more:
			return turn.cookie, nil
		case bytes.Equal(turn.cookie, q.Cookie):
			return nil, rollcall.Errorf(rollcall.Unavailable, "%s: the server says that more changes follow, and gives the same cookie again", r.what)
		}
		q.Cookie = turn.cookie
	}
}

// control asks for one answer.
func (q *DirSync) control() Control {
	flags := dirSyncIncremental
	if q.Own {
		flags |= dirSyncOwn
	}
	value := appendInt(nil, tagInteger, int(int32(uint32(flags)))) // a signed number of 32 bits, as servers take it
	value = appendInt(value, tagInteger, dirSyncMost)
	value = appendElement(value, tagOctets, q.Cookie)
	return Control{OID: oidDirSync, Critical: true, Value: appendElement(nil, tagSequence, value)}
}

// dirSyncTurn is what ends one answer.
type dirSyncTurn struct {
	more    bool
	cookie  []byte
	isWhole bool // all of this was there
}

// done reads the control of an answer's end.
func (t *dirSyncTurn) done(controls []byte) {
	*t = dirSyncTurn{}
	ok := eachControl(controls, func(oid string, value []byte) {
		if oid == oidDirSync {
			t.isWhole = t.read(value)
		}
	})
	t.isWhole = t.isWhole && ok
}

func (t *dirSyncTurn) read(value []byte) bool {
	content, _, ok := expect(value, tagSequence)
	if !ok {
		return false
	}
	more, rest, ok := expect(content, tagInteger)
	if !ok {
		return false
	}
	flag, ok := integer(more)
	if !ok {
		return false
	}
	if _, rest, ok = expect(rest, tagInteger); !ok { // unused
		return false
	}
	cookie, _, ok := expect(rest, tagOctets)
	t.more, t.cookie = flag != 0, bytes.Clone(cookie)
	return ok && len(cookie) > 0
}
