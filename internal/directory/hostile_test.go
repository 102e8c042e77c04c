package directory

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"rollcall/internal/rollcall"
)

// fakeServer answers every message with what answer makes of it; nil hangs up.
// It stands in only for servers that no real one will play: liars.
func fakeServer(t *testing.T, answer func(m message) []byte) Config {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go serveFake(nc, answer)
		}
	}()
	return Config{URLs: []string{"ldap://" + l.Addr().String()}, IdleTimeout: 5 * time.Second, ConnectTimeout: 5 * time.Second}
}

func serveFake(nc net.Conn, answer func(m message) []byte) {
	defer nc.Close()
	c := &Conn{nc: nc, cfg: Config{}.withDefaults()}
	for {
		raw, err := c.readMessage()
		if err != nil {
			return
		}
		m, ok := parseMessage(raw)
		if !ok || m.op == opUnbindRequest {
			return
		}
		var out []byte
		if m.op == opBindRequest {
			out = reply(m.id, opBindResponse, codeSuccess, "", nil)
		} else if out = answer(m); out == nil {
			return
		}
		if _, err := nc.Write(out); err != nil {
			return
		}
	}
}

func reply(id int, op byte, code int, diagnostic string, controls []Control) []byte {
	body := appendInt(nil, tagEnum, code)
	body = appendString(body, tagOctets, "")
	body = appendString(body, tagOctets, diagnostic)
	b := appendElement(appendInt(nil, tagInteger, id), op, body)
	return appendElement(nil, tagSequence, appendControls(b, controls))
}

// rootEntry answers a read of the root DSE: the server claims to page.
func rootEntry(m message) []byte {
	return append(encodeEntry(m.id, "", []string{"supportedControl", oidPaged}), reply(m.id, opSearchDone, codeSuccess, "", nil)...)
}

func isRootRead(m message) bool {
	base, rest, _ := expect(m.body, tagOctets)
	scope, _, _ := expect(rest, tagEnum)
	return len(base) == 0 && len(scope) == 1 && scope[0] == 0
}

func TestLiarsAreNeverBelieved(t *testing.T) {
	t.Parallel()
	entry := func(m message, dn string) []byte { return encodeEntry(m.id, dn, []string{"cn", "a"}) }
	cookie := func(value string) []Control {
		v := appendString(appendInt(nil, tagInteger, 0), tagOctets, value)
		return []Control{{OID: oidPaged, Value: appendElement(nil, tagSequence, v)}}
	}
	for _, c := range []struct {
		name, want string
		answer     func(m message) []byte
	}{
		{"announces paging and does not page", "cannot be proved", func(m message) []byte {
			return append(entry(m, "cn=a"), reply(m.id, opSearchDone, codeSuccess, "", nil)...)
		}},
		{"a limit on a later page", "the read is not whole: it ended after 2 entries", func(m message) []byte {
			if len(m.controls) > 0 && strings.Contains(string(m.controls), "next") {
				return append(entry(m, "cn=b"), reply(m.id, opSearchDone, codeAdminLimit, "too much", nil)...)
			}
			return append(entry(m, "cn=a"), reply(m.id, opSearchDone, codeSuccess, "", cookie("next"))...)
		}},
		{"says goodbye", "the server closes the connection: the server is shutting down", func(m message) []byte {
			return append(entry(m, "cn=a"), reply(0, opExtendedResponse, codeUnavailable, "", nil)...)
		}},
		{"malformed entry", "does not speak LDAP", func(m message) []byte {
			return appendElement(nil, tagSequence, appendElement(appendInt(nil, tagInteger, m.id), opSearchEntry, []byte("nonsense")))
		}},
		{"malformed end", "does not speak LDAP", func(m message) []byte {
			return appendElement(nil, tagSequence, appendElement(appendInt(nil, tagInteger, m.id), opSearchDone, []byte("x")))
		}},
		{"not LDAP at all", "does not speak LDAP", func(message) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") }},
		{"hangs up", "cut the connection", func(message) []byte { return nil }},
		{"announces a gigantic message", "more than the limit", func(message) []byte { return []byte("\x30\x84\x7f\xff\xff\xff\x02\x01\x02") }},
		{"announces a large message and sends none of it", "said nothing for 5s", func(message) []byte { return []byte("\x30\x84\x03\xff\xff\x00\x02\x01\x02") }},
		{"answers somebody else", "said nothing for 5s", func(m message) []byte {
			m.id += 1000
			return append(entry(m, "cn=a"), reply(m.id, opSearchDone, codeSuccess, "", cookie(""))...)
		}},
		{"unknown result", "result code (4711)", func(m message) []byte { return reply(m.id, opSearchDone, 4711, "odd", nil) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn, err := Dial(t.Context(), fakeServer(t, func(m message) []byte {
				if isRootRead(m) {
					return rootEntry(m)
				}
				return c.answer(m)
			}))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, err = conn.Search(t.Context(), Search{Base: "dc=x", Scope: ScopeSubtree, Attributes: []string{"cn"}}, func(*Entry) error { return nil })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestMessagesOfAnySizeArrive(t *testing.T) {
	t.Parallel()
	sizes := []int{0, 1, chunkSize - 50, chunkSize, chunkSize + 1, 3 * chunkSize, 10 << 20, 5}
	conn, err := Dial(t.Context(), fakeServer(t, func(m message) []byte {
		if isRootRead(m) {
			return reply(m.id, opSearchDone, codeSuccess, "", nil)
		}
		var out []byte
		for _, n := range sizes {
			out = append(out, encodeEntry(m.id, "cn=a", []string{"jpegPhoto", strings.Repeat("x", n)})...)
		}
		return append(out, reply(m.id, opSearchDone, codeSuccess, "", nil)...)
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 2 {
		var got []int
		if _, err := conn.Search(t.Context(), Search{Base: "dc=x", Scope: ScopeSubtree, Unpaged: true, Attributes: []string{"jpegPhoto"}}, func(e *Entry) error {
			got = append(got, len(e.Values[0][0]))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if len(got) != len(sizes) {
			t.Fatalf("got %v, want %v", got, sizes)
		}
		for i := range got {
			if got[i] != sizes[i] {
				t.Fatalf("got %v, want %v", got, sizes)
			}
		}
	}
}

func TestRangesThatBreakOffAreErrors(t *testing.T) {
	t.Parallel()
	conn, err := Dial(t.Context(), fakeServer(t, func(m message) []byte {
		done := reply(m.id, opSearchDone, codeSuccess, "", nil)
		if strings.Contains(string(m.body), "range=2-*") {
			return append(encodeEntry(m.id, "cn=g", []string{"member"}), done...)
		}
		return append(encodeEntry(m.id, "cn=g", []string{"member;range=0-1", "a", "b"}), done...)
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = conn.Read(t.Context(), "cn=g", "member")
	if rollcall.KindOf(err) != rollcall.Unavailable || !strings.Contains(err.Error(), "stopped in the middle of the values of member, at number 2") {
		t.Errorf("got %v", err)
	}
}

func TestEveryResultIsExplained(t *testing.T) {
	t.Parallel()
	for n, c := range codes {
		err := (&ResultError{Code: n, Diagnostic: "its words"}).explain("read x")
		for _, want := range []string{"read x: " + c.meaning, c.name, "its words"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%d: got %v, want %q", n, err, want)
			}
		}
		if rollcall.KindOf(err) != c.kind {
			t.Errorf("%d: got kind %s, want %s", n, rollcall.KindOf(err), c.kind)
		}
	}
	for sub, meaning := range subCodes {
		err := (&ResultError{Code: codeInvalidCredentials, Diagnostic: "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data " + sub + ", v4563\x00"}).explain("bind")
		if !strings.Contains(err.Error(), meaning+" ("+sub+")") {
			t.Errorf("%s: got %v", sub, err)
		}
	}
}

// FuzzStream: whatever a server sends, the read ends, and never well by chance.
func FuzzStream(f *testing.F) {
	f.Add(append(encodeEntry(1, "cn=a", []string{"cn", "a"}), reply(1, opSearchDone, 0, "", nil)...))
	f.Add([]byte("\x30\x84\x00\x01"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		ours, theirs := net.Pipe()
		go func() {
			go io.Copy(io.Discard, theirs) //nolint:errcheck // ends with the pipe
			_, _ = theirs.Write(stream)
			_ = theirs.Close()
		}()
		c := &Conn{nc: ours, cfg: Config{IdleTimeout: time.Minute}.withDefaults()}
		ended := false
		_, err := c.Search(t.Context(), Search{Base: "dc=x", Scope: ScopeBase, Attributes: []string{"*"}}, func(*Entry) error { return nil })
		for rest := stream; ; {
			size, sizeErr := messageSize(rest)
			if sizeErr != nil || size == 0 || size > len(rest) {
				break
			}
			m, ok := parseMessage(rest[:size])
			if r, _, parsed := parseResult(m.body); ok && parsed && m.id == 1 && m.op == opSearchDone && r.Code == codeSuccess {
				ended = true
			}
			rest = rest[size:]
		}
		if err == nil && !ended {
			t.Fatal("a stream without a successful end was taken as whole")
		}
		_ = ours.Close()
	})
}
