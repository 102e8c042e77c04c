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

// FuzzDirSyncControl reads the control that ends an answer of DirSync
// ([MS-ADTS] 3.1.1.3.4.1.3).
func FuzzDirSyncControl(f *testing.F) {
	for _, more := range []int{0, 1, -1} {
		value := appendElement(appendInt(appendInt(nil, tagInteger, more), tagInteger, 0), tagOctets, []byte("MSDS"))
		body := appendElement(appendElement(nil, tagOctets, []byte(oidDirSync)), tagOctets, appendElement(nil, tagSequence, value))
		f.Add(appendElement(nil, tagSequence, body))
	}
	f.Fuzz(func(t *testing.T, controls []byte) {
		var turn dirSyncTurn
		turn.done(controls)
		if turn.isWhole && (len(turn.cookie) == 0 || !bytes.Contains(controls, turn.cookie)) {
			t.Errorf("got the cookie %x, which is not in %x", turn.cookie, controls)
		}
	})
}
