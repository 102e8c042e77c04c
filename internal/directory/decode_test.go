package directory

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// encodeEntry writes a SearchResultEntry message.
func encodeEntry(id int, dn string, attrs ...[]string) []byte {
	var list []byte
	for _, a := range attrs {
		var vals []byte
		for _, v := range a[1:] {
			vals = appendString(vals, tagOctets, v)
		}
		one := appendString(nil, tagOctets, a[0])
		list = appendElement(list, tagSequence, appendElement(one, tagSet, vals))
	}
	body := appendString(nil, tagOctets, dn)
	body = appendElement(body, tagSequence, list)
	return appendElement(nil, tagSequence, appendElement(appendInt(nil, tagInteger, id), opSearchEntry, body))
}

// decodeAll returns an entry as we read it: every attribute under its spelling.
func decodeAll(raw []byte) (dn string, attrs map[string][]string, ok bool) {
	size, err := messageSize(raw)
	if err != nil || size == 0 || size != len(raw) {
		return "", nil, false
	}
	m, ok := parseMessage(raw)
	if !ok || m.op != opSearchEntry {
		return "", nil, false
	}
	d := newDecoder([]string{"*"})
	if !d.decode(m.body) {
		return "", nil, false
	}
	attrs = map[string][]string{}
	for i, name := range d.entry.Names {
		for _, v := range d.entry.Values[i] {
			attrs[strings.ToLower(name)] = append(attrs[strings.ToLower(name)], string(v))
		}
	}
	return string(d.entry.DN), attrs, true
}

// decodeReference returns the same as the decoder of go-ldap reads it.
func decodeReference(raw []byte) (dn string, attrs map[string][]string, ok bool) {
	p, err := ber.DecodePacketErr(raw)
	if err != nil || len(p.Children) < 2 || len(p.Children[1].Children) < 2 {
		return "", nil, false
	}
	attrs = map[string][]string{}
	for _, a := range p.Children[1].Children[1].Children {
		if len(a.Children) < 2 {
			return "", nil, false
		}
		base, _ := cutRange(string(a.Children[0].ByteValue))
		name := strings.ToLower(cutBinary(base))
		for _, v := range a.Children[1].Children {
			attrs[name] = append(attrs[name], string(v.ByteValue))
		}
	}
	return string(p.Children[1].Children[0].ByteValue), attrs, true
}

func TestDecoderReadsWhatGoLDAPReads(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z]{1,8}`)
		value := rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "bytes")) })
		names := rapid.SliceOfNDistinct(name, 0, 12, rapid.ID[string]).Draw(t, "names")
		attrs := make([][]string, len(names))
		for i, n := range names {
			attrs[i] = append([]string{n}, rapid.SliceOfN(value, 0, 5).Draw(t, "values")...)
		}
		raw := encodeEntry(rapid.IntRange(1, 1<<31-1).Draw(t, "id"), rapid.String().Draw(t, "dn"), attrs...)
		dn, got, ok := decodeAll(raw)
		wantDN, want, _ := decodeReference(raw)
		if !ok || dn != wantDN || !cmp.Equal(got, want) {
			t.Fatalf("got %v %q, want %q\n%s", ok, dn, wantDN, cmp.Diff(want, got))
		}
	})
}

func TestCutRange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, base string
		last       int
	}{
		{"member", "member", notRanged},
		{"member;range=0-1499", "member", 1499},
		{"member;Range=1500-*", "member", -1},
		{"cn;lang-de;range=0-1;x-y", "cn;lang-de;x-y", 1},
		{"member;range=5", "member;range=5", notRanged},
		{"member;range=0-x", "member;range=0-x", notRanged},
		{"member;range=0--2", "member;range=0--2", notRanged},
		{"member;range=", "member;range=", notRanged},
		{";range=0-1", "", 1},
		// In lower case these are longer, and shorter.
		{"0\xfe\xfe\xfe\xfe\xfe;rAnge=000", "0\xfe\xfe\xfe\xfe\xfe;rAnge=000", notRanged},
		{"\xfe\xfe;range=0-1", "\xfe\xfe", 1},
		{"\u212a\u212a;range=0-1", "\u212a\u212a", 1},
		{"", "", notRanged},
	} {
		if base, last := cutRange(c.name); base != c.base || last != c.last {
			t.Errorf("%q: got %q, %d, want %q, %d", c.name, base, last, c.base, c.last)
		}
	}
}

// FuzzDecoder: no bytes make the decoder panic, and what it accepts it reads as
// go-ldap's decoder does.
func FuzzDecoder(f *testing.F) {
	f.Add(encodeEntry(2, "cn=a", []string{"cn", "a"}, []string{"member;range=0-1", "x", "y"}, []string{"member"}))
	f.Add(encodeEntry(1<<20, "", []string{"jpegPhoto", strings.Repeat("\xff", 300)}))
	f.Add([]byte("\x30\x84\x00\x00\x00\x05\x02\x01\x01\x65\x00"))
	f.Add(encodeEntry(1, "", []string{"0\xfe\xfe\xfe\xfe\xfe;rAnge=000", "x"}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		dn, got, ok := decodeAll(raw)
		if m, parsed := parseMessage(raw); parsed {
			parseResult(m.body)
			octetStrings(m.body)
			eachControl(m.controls, func(string, []byte) {})
		}
		if !ok {
			return
		}
		wantDN, want, known := decodeReference(raw)
		if !known {
			t.Skip("asn1-ber looks into values that happen to be constructed")
		}
		for name, vs := range got {
			if base := cutBinary(name); base != name {
				delete(got, name)
				got[base] = vs
			}
		}
		if dn != wantDN {
			t.Fatalf("got %q, want %q", dn, wantDN)
		}
		for name, vs := range want {
			if vs != nil && !cmp.Equal(got[name], vs) {
				t.Fatalf("%s: got %q, want %q", name, got[name], vs)
			}
		}
	})
}

func TestDecoderFindsFieldsWhateverTheirSpellingAndOrder(t *testing.T) {
	t.Parallel()
	d := newDecoder([]string{"sAMAccountName", "member", "userCertificate", "cn"})
	decode := func(attrs ...[]string) map[string]string {
		m, ok := parseMessage(encodeEntry(1, "cn=x", attrs...))
		if !ok || !d.decode(m.body) {
			t.Fatal("not decoded")
		}
		got := map[string]string{}
		for i, n := range d.entry.Names {
			if vs := d.entry.Values[i]; vs != nil {
				got[n] = string(bytes.Join(vs, []byte("|")))
			}
		}
		return got
	}
	for range 3 { // the second time by prediction
		got := decode([]string{"CN", "a"}, []string{"cn;lang-fr", "un"}, []string{"other", "o"}, []string{"samaccountname", "s"}, []string{"userCertificate;binary", "c"})
		if want := map[string]string{"cn": "a", "sAMAccountName": "s", "userCertificate": "c"}; !cmp.Equal(got, want) {
			t.Fatal(cmp.Diff(want, got))
		}
		got = decode([]string{"samaccountname", "s"}, []string{"CN", "b", "c"})
		if want := map[string]string{"cn": "b|c", "sAMAccountName": "s"}; !cmp.Equal(got, want) {
			t.Fatal(cmp.Diff(want, got))
		}
		// As Active Directory sends a large group.
		got = decode([]string{"member"}, []string{"member;range=0-1", "x", "y"})
		if want := map[string]string{"member": "x|y"}; !cmp.Equal(got, want) || len(d.ranges) != 1 || d.ranges[0].next != 2 {
			t.Fatal(cmp.Diff(want, got), d.ranges)
		}
		if decode([]string{"member;range=2-*", "z"}); len(d.ranges) != 0 {
			t.Fatal("the last piece of a range was taken for a middle one")
		}
	}
}

func TestDecoderForgetsWhatAHostileServerInvents(t *testing.T) {
	t.Parallel()
	d := newDecoder([]string{"cn"})
	for i := range 3 * maxKnown {
		m, _ := parseMessage(encodeEntry(1, "cn=x", []string{fmt.Sprintf("x%d", i), "v"}, []string{"cn", "a"}))
		if !d.decode(m.body) || len(d.entry.Values[0]) != 1 {
			t.Fatalf("entry %d was not read", i)
		}
	}
	if len(d.known) > maxKnown {
		t.Errorf("it remembers %d spellings, want at most %d", len(d.known), maxKnown)
	}
}

// BenchmarkDecode reads one entry of ten attributes from memory.
func BenchmarkDecode(b *testing.B) {
	names := []string{"uid", "cn", "sn", "givenName", "mail", "telephoneNumber", "mobile", "title", "employeeNumber", "o"}
	attrs := make([][]string, len(names))
	for i, n := range names {
		attrs[i] = []string{n, "a value of usual length"}
	}
	raw := encodeEntry(7, "uid=u000001,ou=people,dc=example,dc=org", attrs...)
	d := newDecoder(names)
	b.ReportAllocs()
	for b.Loop() {
		m, ok := parseMessage(raw)
		if !ok || !d.decode(m.body) {
			b.Fatal("not decoded")
		}
	}
}
