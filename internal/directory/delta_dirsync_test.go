package directory

import (
	"slices"
	"strings"
	"testing"

	"rollcall/internal/rollcall"
)

// dirSyncEnd ends an answer of DirSync.
func dirSyncEnd(m message, more int, cookie string) []byte {
	value := appendString(appendInt(appendInt(nil, tagInteger, more), tagInteger, 0), tagOctets, cookie)
	return reply(m.id, opSearchDone, codeSuccess, "", []Control{{OID: oidDirSync, Value: appendElement(nil, tagSequence, value)}})
}

// askedCookie is the cookie that a request came with.
func askedCookie(m message) string {
	cookie := ""
	eachControl(m.controls, func(_ string, value []byte) {
		content, _, _ := expect(value, tagSequence)
		_, content, _ = expect(content, tagInteger)
		_, content, _ = expect(content, tagInteger)
		text, _, _ := expect(content, tagOctets)
		cookie = string(text)
	})
	return cookie
}

// TestDirSyncAsksUntilNothingFollows: Samba gives everything at once whatever the
// size asked for, so that only a server of our own gives it in parts.
func TestDirSyncAsksUntilNothingFollows(t *testing.T) {
	t.Parallel()
	next := map[string]string{"one": "two", "two": "three", "three": "four"}
	conn, err := Dial(t.Context(), fakeServer(t, func(m message) []byte {
		at := askedCookie(m)
		if at == "three" { // an answer may be empty, and more follow
			return dirSyncEnd(m, 0, next[at])
		}
		return append(encodeEntry(m.id, "cn="+at, []string{"objectGUID", at}, []string{"member;range=1-1", "cn=a"}), dirSyncEnd(m, 1, next[at])...)
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var got []string
	cookie, err := conn.DirSync(t.Context(), DirSync{Context: "dc=x", Cookie: []byte("one")}, func(e *Entry) error {
		got = append(got, e.First("objectGUID"))
		return nil
	})
	if err != nil || string(cookie) != "four" || !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("got %q, cookie %q, %v", got, cookie, err)
	}
}

func TestDirSyncBelievesNoHalfAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(m message) []byte
		want   string
		kind   rollcall.Kind
	}{
		"more for ever":    {func(m message) []byte { return dirSyncEnd(m, 1, askedCookie(m)) }, "the same cookie again", rollcall.Unavailable},
		"no control":       {func(m message) []byte { return reply(m.id, opSearchDone, codeSuccess, "", nil) }, "without a cookie", rollcall.Invalid},
		"no cookie":        {func(m message) []byte { return dirSyncEnd(m, 0, "") }, "without a cookie", rollcall.Invalid},
		"malformed":        {malformedDirSync, "without a cookie", rollcall.Invalid},
		"an error at last": {func(m message) []byte { return reply(m.id, opSearchDone, codeBusy, "", nil) }, "busy", rollcall.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := Dial(t.Context(), fakeServer(t, c.answer))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			cookie, err := conn.DirSync(t.Context(), DirSync{Context: "dc=x", Cookie: []byte("one")}, func(*Entry) error { return nil })
			if err == nil || !strings.Contains(err.Error(), c.want) || rollcall.KindOf(err) != c.kind || cookie != nil {
				t.Errorf("got %q, %v, want %q", cookie, err, c.want)
			}
		})
	}
}

func malformedDirSync(m message) []byte {
	value := appendElement(nil, tagSequence, appendInt(nil, tagInteger, 1))
	return reply(m.id, opSearchDone, codeSuccess, "", []Control{{OID: oidDirSync, Value: value}})
}
