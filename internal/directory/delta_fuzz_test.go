package directory

import (
	"bytes"
	"testing"
)

// FuzzSyncMessages reads what a server may say beside the entries of a syncrepl
// search: controls of entries, of the end, and lists of UUIDs (RFC 4533).
func FuzzSyncMessages(f *testing.F) {
	uuid := bytes.Repeat([]byte{7}, len(UUID{}))
	state := appendElement(appendInt(nil, tagEnum, syncDelete), tagOctets, uuid)
	control := func(oid string, value []byte) []byte {
		body := appendElement(nil, tagOctets, []byte(oid))
		return appendElement(nil, tagSequence, appendElement(body, tagOctets, value))
	}
	f.Add(control(oidSyncState, appendElement(nil, tagSequence, state)))
	f.Add(control(oidSyncDone, appendElement(nil, tagSequence, appendElement(nil, tagOctets, []byte("rid=000,csn=1")))))
	set := appendElement([]byte{tagBoolean, 1, 0xff}, tagSet, appendElement(nil, tagOctets, uuid))
	info := appendElement(nil, tagExtendedName, []byte(oidSyncInfo))
	f.Add(appendElement(info, tagInfoValue, appendElement(nil, tagSyncIDSet, set)))
	f.Fuzz(func(t *testing.T, message []byte) {
		var s syncing
		s.begin(message)
		s.info(message)
		s.done(message)
		if most := len(message) / len(UUID{}); len(s.out.Deleted)+len(s.out.Present) > most {
			t.Errorf("got %d UUIDs from %d bytes", len(s.out.Deleted)+len(s.out.Present), len(message))
		}
	})
}
