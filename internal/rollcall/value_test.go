package rollcall_test

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"rollcall/internal/rollcall"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for _, tt := range [][2]string{
		{"", ""}, {"abc", "abc"}, {"ABC", "abc"}, {"a b ", "a b"}, {"  ", ""}, {" a", " a"}, {"a\t", "a\t"},
		{"É", "é"}, {"E\u0301", "é"}, {"e", "e"}, {"STRASSE", "strasse"}, {"ẞ", "ß"}, {"ΣΑΣ", "σασ"}, {"σας", "σασ"},
		{"\u212A", "k"}, {"ſ", "s"}, {"ſ\u0323", "ṣ"}, {"ı", "ı"}, {"I", "i"}, {"µ", "μ"}, {"Ǆ", "ǆ"}, {"ǅ", "ǆ"}, {"ABCé ", "abcé"},
	} {
		if got := rollcall.Fold(tt[0]); got != tt[1] {
			t.Errorf("Fold(%q): got %q, want %q", tt[0], got, tt[1])
		}
	}
	if rollcall.Fold("e") == rollcall.Fold("é") {
		t.Error("accents must stay significant")
	}
}

func TestFoldOfEveryRuneIsInItsOrbit(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) || norm.NFC.String(string(r)) != string(r) {
			continue
		}
		folded := rollcall.Fold("x" + string(r) + "x")
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			if got := rollcall.Fold("x" + string(next) + "x"); got != folded {
				t.Errorf("%U and %U are the same letter: got %q and %q", r, next, folded, got)
			}
		}
		if !strings.EqualFold(folded, norm.NFC.String("x"+string(r)+"x")) {
			t.Errorf("%U became another letter: %q", r, folded)
		}
	}
}

func TestFoldIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		once := rollcall.Fold(s)
		if twice := rollcall.Fold(once); twice != once {
			t.Fatalf("got %q, then %q", once, twice)
		}
		if got := rollcall.Fold(norm.NFD.String(s)); got != once {
			t.Fatalf("decomposed: got %q, want %q", got, once)
		}
		if got := rollcall.Fold(s + " "); got != once {
			t.Fatalf("with a space: got %q, want %q", got, once)
		}
	})
}

// TestFoldOfLatinPairsIsThatOfAnyText compares the short way, which texts without
// marks take, with the long one, which any other character forces.
func TestFoldOfLatinPairsIsThatOfAnyText(t *testing.T) {
	t.Parallel()
	for a := rune(1); a < 0x300; a++ {
		for b := rune(1); b < 0x300; b++ {
			text := string([]rune{a, b})
			if got, want := rollcall.Fold(text+"x")+"一", rollcall.Fold(text+"x一"); got != want {
				t.Fatalf("Fold(%q): got %q, want %q", text+"x", got, want)
			}
		}
	}
}

func TestFoldOfFoldedTextDoesNotAllocate(t *testing.T) {
	text := "cn=someone,ou=people,dc=example,dc=com"
	if n := testing.AllocsPerRun(100, func() { _ = rollcall.Fold(text) }); n != 0 {
		t.Errorf("got %v allocations", n)
	}
}

func attr(kind rollcall.Type) *rollcall.Attribute {
	return &rollcall.Attribute{Code: "phone", Label: "Phone", Type: kind}
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	enum := attr(rollcall.TypeEnum)
	enum.Values = []string{"active", "Inactive", "inactive"}
	limited := attr(rollcall.TypeString)
	limited.MaxLength = 3
	patterned := attr(rollcall.TypeString)
	patterned.Pattern = regexp.MustCompile(`^[a-z]*$`)
	tags := attr(rollcall.TypeTags)
	tags.Values, tags.MaxLength = []string{"sql", "go", "c"}, 2
	decimal := attr(rollcall.TypeDecimal)
	decimal.Digits, decimal.Decimals = 5, 2
	const wrong = "Unexpected value for attribute 'Phone' (phone) : "
	tests := []struct {
		attr       *rollcall.Attribute
		give, want string
		wantErr    string
	}{
		{attr: attr(rollcall.TypeString), give: " a\nb ", want: " a\nb "},
		{attr: attr(rollcall.TypeString), give: "a\x00b", wantErr: wrong + `Wrong format [a\0b]`},
		{attr: attr(rollcall.TypeText), give: "a\xffb", wantErr: wrong + "Wrong format [a\uFFFDb]"},
		{attr: limited, give: "äöü", want: "äöü"},
		{attr: limited, give: "äöüß", wantErr: wrong + "String too long (found 4, limited to 3)"},
		{attr: patterned, give: "Ab", wantErr: wrong + "Wrong format [Ab]"},
		{attr: attr(rollcall.TypeEmail), give: "o'neil&co_1@ex-ample.co.uk", want: "o'neil&co_1@ex-ample.co.uk"},
		{attr: attr(rollcall.TypeEmail), give: "not a mail", wantErr: wrong + "Wrong format [not a mail]"},
		{attr: attr(rollcall.TypePhone), give: "+33 (0)1-2.3", want: "+33 (0)1-2.3"},
		{attr: attr(rollcall.TypePhone), give: "NULL", wantErr: wrong + "Wrong format [NULL]"},
		{attr: attr(rollcall.TypeURL), give: "https://example.com/x?y=1", want: "https://example.com/x?y=1"},
		{attr: attr(rollcall.TypeURL), give: "javascript:alert(1)", wantErr: wrong + "Wrong format [javascript:alert(1)]"},
		{attr: attr(rollcall.TypeURL), give: "http:///x", wantErr: wrong + "Wrong format [http:///x]"},
		{attr: attr(rollcall.TypeURL), give: "http://a b", wantErr: wrong + "Wrong format [http://a b]"},
		{attr: attr(rollcall.TypeIP), give: "10.0.0.255", want: "10.0.0.255"},
		{attr: attr(rollcall.TypeIP), give: "10.0.0.01", wantErr: wrong + "Wrong format [10.0.0.01]"},
		{attr: enum, give: "active", want: "active"},
		{attr: enum, give: "ACTIVE", want: "active"},
		{attr: enum, give: "Inactive", want: "Inactive"},
		{attr: enum, give: "INACTIVE", wantErr: wrong + "Value not allowed [INACTIVE]"},
		{attr: enum, give: "bogus", wantErr: wrong + "Value not allowed [bogus]"},
		{attr: tags, give: " sql\tgo sql ", want: "go sql"},
		{attr: tags, give: "  ", want: ""},
		{attr: tags, give: "sql GO", wantErr: wrong + "Tag value 'GO' is not a valid tag list"},
		{attr: tags, give: "sql go c", wantErr: wrong + "Tag value 'sql go c' is not a valid tag list"},
		{attr: attr(rollcall.TypeInteger), give: "+007", want: "7"},
		{attr: attr(rollcall.TypeInteger), give: "-7", want: "-7"},
		{attr: attr(rollcall.TypeInteger), give: "7x", wantErr: wrong + "Wrong format [7x]"},
		{attr: attr(rollcall.TypeInteger), give: "9223372036854775808", wantErr: wrong + "Wrong format [9223372036854775808]"},
		{attr: attr(rollcall.TypeDuration), give: "-7", wantErr: wrong + "Wrong format [-7]"},
		{attr: attr(rollcall.TypeKey), give: "012", want: "12"},
		{attr: attr(rollcall.TypeKey), give: "0", want: ""},
		{attr: attr(rollcall.TypeTree), give: "00", want: ""},
		{attr: attr(rollcall.TypeKey), give: "abc", wantErr: wrong + "Wrong format [abc]"},
		{attr: attr(rollcall.TypeKey), give: "-1", wantErr: wrong + "Wrong format [-1]"},
		{attr: decimal, give: "1.005", want: "1.01"},
		{attr: decimal, give: "-0.001", want: "0.00"},
		{attr: decimal, give: "+12.", want: "12.00"},
		{attr: decimal, give: "999.994", want: "999.99"},
		{attr: decimal, give: "999.995", wantErr: wrong + "Wrong format [999.995]"},
		{attr: decimal, give: "1e9", wantErr: wrong + "Wrong format [1e9]"},
		{attr: decimal, give: "--1", wantErr: wrong + "Wrong format [--1]"},
		{attr: decimal, give: ".", wantErr: wrong + "Wrong format [.]"},
		{attr: attr(rollcall.TypeBoolean), give: "TRUE", want: "1"},
		{attr: attr(rollcall.TypeBoolean), give: "no", want: "0"},
		{attr: attr(rollcall.TypeBoolean), give: "perhaps", wantErr: wrong + "Wrong format [perhaps]"},
		{attr: attr(rollcall.TypeDate), give: "2026-02-28", want: "2026-02-28"},
		{attr: attr(rollcall.TypeDate), give: "2026-02-28 10:00:00", want: "2026-02-28"},
		{attr: attr(rollcall.TypeDateTime), give: "2026-02-28", want: "2026-02-28 00:00:00"},
		{attr: attr(rollcall.TypeDateTime), give: "2026-02-28T10:00:00+02:00", want: "2026-02-28 08:00:00"},
		{attr: attr(rollcall.TypeDateTime), give: "0000-00-00 00:00:00", want: ""},
		{attr: attr(rollcall.TypeDate), give: "31/01/2024", wantErr: `Wrong format for date attribute phone, expecting "Y-m-d" and got "31/01/2024"`},
		{attr: attr(rollcall.TypeDateTime), give: "2026-02-30 10:00:00", wantErr: `Wrong format for date attribute phone, expecting "Y-m-d H:i:s" and got "2026-02-30 10:00:00"`},
		{attr: attr(rollcall.TypeImage), give: "\xff\x00", want: "\xff\x00"},
		{attr: attr(rollcall.TypeData), give: `{"a":1}`, want: `{"a":1}`},
		{attr: attr(rollcall.TypeData), give: `{`, wantErr: wrong + "Wrong format [{]"},
	}
	for _, tt := range tests {
		got, err := tt.attr.Canonical(tt.give)
		if err != nil && err.Error() != tt.wantErr || err == nil && (tt.wantErr != "" || got != tt.want) {
			t.Errorf("%s %q: got %q, %v; want %q, %s", tt.attr.Type, tt.give, got, err, tt.want, tt.wantErr)
		}
		if err != nil && rollcall.KindOf(err) != rollcall.Invalid {
			t.Errorf("%s %q: got kind %v", tt.attr.Type, tt.give, rollcall.KindOf(err))
		}
	}
}

func TestCanonicalOfNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range []rollcall.Type{rollcall.TypeString, rollcall.TypeEnum, rollcall.TypeKey, rollcall.TypeDate, rollcall.TypeInteger, rollcall.TypeImage, rollcall.TypeData} {
		a := attr(kind)
		if got, err := a.Canonical(""); got != "" || err != nil {
			t.Errorf("%s: got %q, %v", kind, got, err)
		}
		a.Mandatory = true
		if _, err := a.Canonical(""); err == nil || err.Error() != "Unexpected value for attribute 'Phone' (phone) : Null not allowed" {
			t.Errorf("mandatory %s: got %v", kind, err)
		}
	}
	a := attr(rollcall.TypeKey)
	a.Mandatory = true
	for _, nobody := range []string{"0", "00"} {
		if _, err := a.Canonical(nobody); err == nil {
			t.Errorf("a mandatory key took %q", nobody)
		}
	}
}

func TestCanonicalKeepsMessagesShort(t *testing.T) {
	t.Parallel()
	_, err := attr(rollcall.TypeEmail).Canonical(strings.Repeat("ä", 1_000_000))
	want := "Unexpected value for attribute 'Phone' (phone) : Wrong format [" + strings.Repeat("ä", 255) + "…]"
	if err == nil || err.Error() != want {
		t.Errorf("got %d bytes", len(err.Error()))
	}
}

// The written-out checks say what the original's patterns say.
func TestFormatsAreThoseOfThePatterns(t *testing.T) {
	t.Parallel()
	patterns := map[rollcall.Type]*regexp.Regexp{
		rollcall.TypeEmail: regexp.MustCompile(`^[a-zA-Z0-9._&'-]+@[a-zA-Z0-9.-]+\.[a-zA-Z0-9-]{2,}$`),
		rollcall.TypePhone: regexp.MustCompile(`^[0-9.\- \+\(\)]+$`),
	}
	near := rapid.StringMatching(`[a-c0.&'é@-]{0,4}@?[a-c0.@_-]{0,4}\.?[a-c-]{0,3}`)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(near, rapid.StringMatching(`[0-9 +().x-]{0,5}`), rapid.String()).Draw(t, "text")
		for kind, pattern := range patterns {
			_, err := attr(kind).Canonical(s)
			if want := s == "" || pattern.MatchString(s) && !strings.Contains(s, "\x00"); want != (err == nil) {
				t.Fatalf("%s %q: got %v, the pattern says %v", kind, s, err, want)
			}
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[0-2]?[0-9]{1,2}(\.[0-2]?[0-9]{1,2}){2,4}`).Draw(t, "address")
		ip, err := netip.ParseAddr(s)
		_, got := attr(rollcall.TypeIP).Canonical(s)
		if want := err == nil && ip.Is4(); want != (got == nil) {
			t.Fatalf("%q: got %v, want allowed %v", s, got, want)
		}
	})
}

// What is canonical stays as it is.
func TestCanonicalTwiceIsOnce(t *testing.T) {
	t.Parallel()
	decimal := attr(rollcall.TypeDecimal)
	decimal.Digits, decimal.Decimals = 12, 2
	all := []*rollcall.Attribute{decimal}
	for _, kind := range []rollcall.Type{rollcall.TypeString, rollcall.TypeInteger, rollcall.TypeBoolean, rollcall.TypeDuration, rollcall.TypeDate, rollcall.TypeDateTime, rollcall.TypeKey} {
		all = append(all, attr(kind))
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[+-]?[0-9]{0,9}\.?[0-9]{0,4}`), rapid.StringMatching(`20[0-9]{2}-0[1-9]-[0-2][0-9]( 1[0-9]:00:00)?`)).Draw(t, "text")
		for _, a := range all {
			once, err := a.Canonical(s)
			if err != nil {
				continue
			}
			if twice, err := a.Canonical(once); err != nil || twice != once {
				t.Fatalf("%s %q: got %q, then %q, %v", a.Type, s, once, twice, err)
			}
		}
	})
}
