package directory

import (
	"bytes"
	"context"
	"errors"

	"rollcall/internal/rollcall"
)

// Parts of RFC 4533.
const (
	oidSyncState = "1.3.6.1.4.1.4203.1.9.1.2"
	oidSyncDone  = "1.3.6.1.4.1.4203.1.9.1.3"
	oidSyncInfo  = "1.3.6.1.4.1.4203.1.9.1.4"

	tagInfoValue   = 0x81 // of an IntermediateResponse
	tagSyncIDSet   = 0xa3
	syncRefresh    = 1 // refreshOnly
	codeProtocol   = 2
	codeSyncReload = 4096 // e-syncRefreshRequired
)

// UUID is an entryUUID as syncrepl sends it.
type UUID [16]byte

// Text returns the UUID as the attribute entryUUID spells it.
func (u UUID) Text() string { return BigGUID.Text(u[:]) }

// SyncResult is what a server says of the changes since a cookie (RFC 4533).
type SyncResult struct {
	Changed []SyncedEntry // added or changed, in the server's order
	Deleted []UUID
	// Present lists the entries that are there and did not change, when the server
	// does not remember what was deleted: whoever is neither in it nor in Changed
	// is gone.
	Present   []UUID
	IsPresent bool // the server answered with Present rather than with Deleted
	Cookie    []byte
}

// SyncedEntry is one entry that was added or changed.
type SyncedEntry struct {
	UUID UUID
	DN   string
	Has  bool // entries may lie below it
}

// IsReload reports whether an error says that the server cannot tell what
// changed since a cookie: it refuses it, or asks to read everything anew.
func IsReload(err error) bool {
	answer, ok := errors.AsType[*ResultError](err)
	return ok && (answer.Code == codeSyncReload || answer.Code == codeProtocol || answer.Code == codeUnwilling || answer.Code == codeUnavailableExtension)
}

// Sync asks for everything below a base that changed since a cookie, by syncrepl
// in its mode refreshOnly. Attributes stay at the server: only names and UUIDs
// are told.
func (c *Conn) Sync(ctx context.Context, base string, cookie []byte) (*SyncResult, error) {
	value := appendInt(nil, tagEnum, syncRefresh)
	value = appendElement(value, tagOctets, cookie)
	s := Search{
		Base: base, Scope: ScopeSubtree, Unpaged: true, Attributes: []string{"hasSubordinates"},
		Controls: []Control{{OID: oidSync, Critical: true, Value: appendElement(nil, tagSequence, value)}},
		sync:     &syncing{},
	}
	_, err := c.search(ctx, s, func(e *Entry) error { return s.sync.take(e) })
	if err != nil {
		return nil, err
	}
	out := &s.sync.out
	// A server that ends without refreshDeletes has listed those who are there
	// (RFC 4533 section 3.3.2).
	out.IsPresent = !s.sync.deletes
	return out, nil
}

// syncing is what a search by syncrepl gathers besides its entries.
type syncing struct {
	out     SyncResult
	state   int
	uuid    UUID
	deletes bool // the refresh ended with a delete phase
}

// The states of an entry (RFC 4533 section 2.3).
const (
	syncPresent = 0
	syncAdd     = 1
	syncModify  = 2
	syncDelete  = 3
)

// begin reads the state control that goes with the next entry.
func (s *syncing) begin(controls []byte) bool {
	found := false
	ok := eachControl(controls, func(oid string, value []byte) {
		if oid != oidSyncState {
			return
		}
		seq, _, ok := expect(value, tagSequence)
		if !ok {
			return
		}
		state, rest, ok := expect(seq, tagEnum)
		if !ok {
			return
		}
		uuid, _, ok := expect(rest, tagOctets)
		if !ok || len(uuid) != len(s.uuid) {
			return
		}
		copy(s.uuid[:], uuid)
		s.state, found = integer(state)
	})
	return ok && found
}

// take keeps one entry.
func (s *syncing) take(e *Entry) error {
	switch s.state {
	case syncPresent:
		s.out.Present = append(s.out.Present, s.uuid)
	case syncDelete:
		s.out.Deleted = append(s.out.Deleted, s.uuid)
	case syncAdd, syncModify:
		s.out.Changed = append(s.out.Changed, SyncedEntry{UUID: s.uuid, DN: string(e.DN), Has: e.First("hasSubordinates") == "TRUE"})
	default:
		return rollcall.Errorf(rollcall.Invalid, "the server sent %q in a state %d, which RFC 4533 does not know", e.DN, s.state)
	}
	return nil
}

// info reads an IntermediateResponse. Of the four sync info messages only the
// lists of UUIDs matter in refreshOnly: the phases are told by what ends them.
func (s *syncing) info(body []byte) bool {
	name, rest, ok := expect(body, tagExtendedName)
	if !ok || string(name) != oidSyncInfo {
		return ok // somebody else's
	}
	value, _, ok := expect(rest, tagInfoValue)
	if !ok {
		return false
	}
	tag, content, _, ok := element(value)
	if !ok || tag != tagSyncIDSet {
		return ok
	}
	deletes := false
	for len(content) > 0 {
		tag, part, rest, ok := element(content)
		if !ok {
			return false
		}
		content = rest
		switch tag {
		case tagBoolean:
			deletes = len(part) == 1 && part[0] != 0
		case tagSet:
			if !s.list(part, deletes) {
				return false
			}
		}
	}
	return true
}

func (s *syncing) list(uuids []byte, deletes bool) bool {
	for len(uuids) > 0 {
		one, rest, ok := expect(uuids, tagOctets)
		if !ok || len(one) != len(UUID{}) {
			return false
		}
		uuids = rest
		if deletes {
			s.out.Deleted = append(s.out.Deleted, UUID(one))
		} else {
			s.out.Present = append(s.out.Present, UUID(one))
		}
	}
	return true
}

// done reads the control that ends the refresh.
func (s *syncing) done(controls []byte) {
	_ = eachControl(controls, func(oid string, value []byte) { // what is not there leaves the cautious answer
		if oid != oidSyncDone {
			return
		}
		content, _, ok := expect(value, tagSequence)
		for ok && len(content) > 0 {
			var tag byte
			var part []byte
			if tag, part, content, ok = element(content); !ok {
				return
			}
			switch tag {
			case tagOctets:
				s.out.Cookie = bytes.Clone(part)
			case tagBoolean:
				s.deletes = len(part) == 1 && part[0] != 0
			}
		}
	})
}
