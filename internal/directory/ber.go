package directory

import "errors"

// The tags of RFC 4511 that we read or write.
const (
	tagBoolean  = 0x01
	tagInteger  = 0x02
	tagOctets   = 0x04
	tagEnum     = 0x0a
	tagSequence = 0x30
	tagSet      = 0x31

	opBindRequest       = 0x60
	opBindResponse      = 0x61
	opUnbindRequest     = 0x42
	opSearchRequest     = 0x63
	opSearchEntry       = 0x64
	opSearchDone        = 0x65
	opSearchReference   = 0x73
	opAbandonRequest    = 0x50
	opExtendedRequest   = 0x77
	opExtendedResponse  = 0x78
	opIntermediate      = 0x79
	tagControls         = 0xa0
	tagReferral         = 0xa3
	tagSASLCredentials  = 0x87
	tagExtendedName     = 0x80
	tagSimplePassword   = 0x80
	tagSASLBind         = 0xa3
	tagExtendedRespName = 0x8a
)

var errMalformed = errors.New("the server sent a malformed message")

// element reads the tag and length at the start of b and returns the tag, the
// content and what follows. Only what RFC 4511 section 5.1 allows is accepted:
// definite lengths and one-byte tags.
func element(b []byte) (tag byte, content, rest []byte, ok bool) {
	if len(b) < 2 {
		return 0, nil, nil, false
	}
	tag = b[0]
	n := int(b[1])
	head := 2
	if n >= 0x80 {
		size := n & 0x7f
		if size == 0 || size > 4 || len(b) < 2+size {
			return 0, nil, nil, false
		}
		n = 0
		for _, c := range b[2 : 2+size] {
			n = n<<8 | int(c)
		}
		head += size
	}
	if n > len(b)-head || tag&0x1f == 0x1f {
		return 0, nil, nil, false
	}
	return tag, b[head : head+n : head+n], b[head+n:], true
}

// expect reads an element that must have a tag.
func expect(b []byte, want byte) (content, rest []byte, ok bool) {
	tag, content, rest, ok := element(b)
	return content, rest, ok && tag == want
}

// integer decodes the content of an INTEGER or ENUMERATED.
func integer(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 8 {
		return 0, false
	}
	n := int64(int8(b[0]))
	for _, c := range b[1:] {
		n = n<<8 | int64(c)
	}
	return int(n), true
}

// messageSize returns the length of the whole message at the start of b, 0 when
// more bytes are needed to tell.
func messageSize(b []byte) (int, error) {
	if len(b) < 2 {
		return 0, nil
	}
	if b[0] != tagSequence {
		return 0, errMalformed
	}
	n := int(b[1])
	if n < 0x80 {
		return 2 + n, nil
	}
	size := n & 0x7f
	if size == 0 || size > 4 {
		return 0, errMalformed
	}
	if len(b) < 2+size {
		return 0, nil
	}
	n = 0
	for _, c := range b[2 : 2+size] {
		n = n<<8 | int(c)
	}
	return 2 + size + n, nil
}

// message is one LDAPMessage, its parts lent from the buffer it was read into.
type message struct {
	id       int
	op       byte
	body     []byte // the content of the operation
	controls []byte // the content of the controls, nil when there are none
}

func parseMessage(b []byte) (message, bool) {
	content, _, ok := expect(b, tagSequence)
	if !ok {
		return message{}, false
	}
	idBytes, rest, ok := expect(content, tagInteger)
	if !ok {
		return message{}, false
	}
	var m message
	if m.id, ok = integer(idBytes); !ok {
		return message{}, false
	}
	if m.op, m.body, rest, ok = element(rest); !ok {
		return message{}, false
	}
	if len(rest) > 0 && rest[0] == tagControls {
		m.controls, _, ok = expect(rest, tagControls)
	}
	return m, ok
}

// result decodes the LDAPResult at the start of an operation's content and
// returns what follows it.
func parseResult(body []byte) (r ResultError, rest []byte, ok bool) {
	codeBytes, rest, ok := expect(body, tagEnum)
	if !ok {
		return r, nil, false
	}
	if r.Code, ok = integer(codeBytes); !ok {
		return r, nil, false
	}
	matched, rest, ok := expect(rest, tagOctets)
	if !ok {
		return r, nil, false
	}
	diagnostic, rest, ok := expect(rest, tagOctets)
	if !ok {
		return r, nil, false
	}
	r.MatchedDN, r.Diagnostic = string(matched), string(diagnostic)
	if len(rest) > 0 && rest[0] == tagReferral {
		var urls []byte
		if urls, rest, ok = expect(rest, tagReferral); !ok {
			return r, nil, false
		}
		r.Referrals, ok = octetStrings(urls)
	}
	return r, rest, ok
}

func octetStrings(b []byte) ([]string, bool) {
	var list []string
	for len(b) > 0 {
		content, rest, ok := expect(b, tagOctets)
		if !ok {
			return nil, false
		}
		list, b = append(list, string(content)), rest
	}
	return list, true
}

// eachControl calls f for every control in the content of a controls element.
func eachControl(b []byte, f func(oid string, value []byte)) bool {
	for len(b) > 0 {
		control, rest, ok := expect(b, tagSequence)
		if !ok {
			return false
		}
		oid, control, ok := expect(control, tagOctets)
		if !ok {
			return false
		}
		if len(control) > 0 && control[0] == tagBoolean {
			if _, control, ok = expect(control, tagBoolean); !ok {
				return false
			}
		}
		var value []byte
		if len(control) > 0 {
			if value, _, ok = expect(control, tagOctets); !ok {
				return false
			}
		}
		f(string(oid), value)
		b = rest
	}
	return true
}

// Writing. Messages that we send are small and few, so nesting copies.

func appendElement(dst []byte, tag byte, content []byte) []byte {
	dst = append(dst, tag)
	n := len(content)
	switch {
	case n < 0x80:
		dst = append(dst, byte(n))
	case n < 1<<8:
		dst = append(dst, 0x81, byte(n))
	case n < 1<<16:
		dst = append(dst, 0x82, byte(n>>8), byte(n))
	default:
		dst = append(dst, 0x84, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(dst, content...)
}

func appendString(dst []byte, tag byte, s string) []byte {
	return appendElement(dst, tag, []byte(s))
}

func appendInt(dst []byte, tag byte, n int) []byte {
	content := []byte{byte(n)}
	for n > 0x7f || n < -0x80 {
		n >>= 8
		content = append([]byte{byte(n)}, content...)
	}
	return appendElement(dst, tag, content)
}

func appendBool(dst []byte, b bool) []byte {
	v := byte(0)
	if b {
		v = 0xff
	}
	return append(dst, tagBoolean, 1, v)
}

// Control is a request control.
type Control struct {
	OID      string
	Critical bool
	Value    []byte // its encoding; nil for none
}

func appendControls(dst []byte, controls []Control) []byte {
	if len(controls) == 0 {
		return dst
	}
	var all []byte
	for _, c := range controls {
		one := appendString(nil, tagOctets, c.OID)
		if c.Critical {
			one = appendBool(one, true)
		}
		if c.Value != nil {
			one = appendElement(one, tagOctets, c.Value)
		}
		all = appendElement(all, tagSequence, one)
	}
	return appendElement(dst, tagControls, all)
}
