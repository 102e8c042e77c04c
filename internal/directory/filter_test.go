package directory

import (
	"bytes"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"
	"pgregory.net/rapid"
)

func TestFilterEncodesAsGoLDAPDoes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"(objectClass=*)", "(cn=Babs Jensen)", "(!(cn=Tim Howes))", "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))",
		"(o=univ*of*mich*)", "(cn=*a)", "(cn=a*)", "(cn=*a*)", "(seeAlso=)", "(cn:caseExactMatch:=Fred Flintstone)", "(cn:=Betty Rubble)",
		"(sn:dn:2.4.6.8.10:=Barney Rubble)", "(o:dn:=Ace Industry)", "(:1.2.3:=Wilma Flintstone)", "(:dn:2.4.6.8.10:=Dino)",
		`(o=Parens R Us \28for all your parenthetical needs\29)`, `(cn=*\2A*)`, `(filename=C:\5cMyFile)`, `(bin=\00\00\00\04)`,
		"(sn=Lučić)", "(age>=18)", "(age<=18)", "(cn~=x)", "(userAccountControl:1.2.840.113556.1.4.803:=2)", "(cn;lang-fr=x)",
		"(&(objectCategory=person)(objectClass=user))", "(!(userAccountControl:1.2.840.113556.1.4.803:=2))",
	} {
		ours, err := ParseFilter(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		theirs, err := goldap.CompileFilter(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		want := theirs.Bytes()
		if strings.Contains(text, ":dn:") { // go-ldap writes TRUE as 1; RFC 4511 section 5.1 wants 255
			want[len(want)-1] = 0xff
		}
		if got := ours.encode(nil); !bytes.Equal(got, want) {
			t.Errorf("%s: got % x, want % x", text, got, want)
		}
		if ours.String() != text {
			t.Errorf("got text %q, want %q", ours, text)
		}
	}
}

func TestFilterErrorSaysAtWhichCharacter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                     "at character 1: it is empty",
		"(":                    `at character 2: a ")" is missing`,
		"()":                   "at character 2: there is nothing between the parentheses",
		"(cn=a":                `at character 6: a ")" is missing`,
		"(cn=a))":              "at character 7: nothing may follow the last parenthesis",
		"(&(cn=a)(sn=b)":       `at character 15: a ")" is missing`,
		"(&(cn=a)sn=b)":        `at character 9: expected "(" before the next part`,
		"(cn)":                 `at character 4: expected "=", ">=", "<=", "~=" or ":" after the attribute`,
		"(=a)":                 "at character 2: expected the name of an attribute",
		`(cn=a\zz)`:            `at character 6: "\" must be followed by two hexadecimal digits`,
		`(cn=a\2)`:             `at character 6: "\" must be followed by two hexadecimal digits`,
		"(cn=a(b)":             `at character 6: "(" within a value must be written \28`,
		"(!(a=b)(c=d))":        `at character 8: "!" takes one part only`,
		"(!)":                  `at character 3: "!" needs a part to negate`,
		"(age>=1*)":            `at character 8: "*" within this value must be written \2a`,
		"(cn:=a*)":             `at character 7: "*" within this value must be written \2a`,
		"(cn:caseExactMatch=)": `at character 19: expected ":="`,
		"((cn=a))":             `at character 2: expected "&", "|", "!" or an attribute after "("`,
		"(cn=**)":              "matches nothing in particular",
	} {
		_, err := ParseFilter(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	deep := strings.Repeat("(!", 5000) + "(a=b)" + strings.Repeat(")", 5000)
	if _, err := ParseFilter(deep); err == nil {
		t.Error("a filter nested 5,000 deep was accepted")
	}
}

func TestFilterTakesLinesAndMissingParentheses(t *testing.T) {
	t.Parallel()
	want := MustFilter("(&(objectClass=person)(!(cn=a b)))").encode(nil)
	if got := MustFilter("\n(&\n  (objectClass=person)\n  (! (cn=a b) )\n)\n").encode(nil); !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
	if got := MustFilter("cn=a").String(); got != "(cn=a)" {
		t.Errorf("got %q, want (cn=a)", got)
	}
}

// TestFilterEscapeRoundTrip: whatever a value holds, it arrives as it is and
// never becomes syntax.
func TestFilterEscapeRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := string(rapid.SliceOf(rapid.Byte()).Draw(t, "value"))
		f, err := ParseFilter("(cn=" + EscapeFilter(value) + ")")
		if err != nil {
			t.Fatal(err)
		}
		if f.op != filterEqual || f.value != value {
			t.Fatalf("got %x %q, want %q", f.op, f.value, value)
		}
	})
}

func FuzzFilter(f *testing.F) {
	f.Add("(&(a=b)(!(c=*d*))(e:dn:1.2:=f))")
	f.Add(`(a=\28`)
	f.Add("a:=b")
	f.Fuzz(func(t *testing.T, text string) {
		ours, err := ParseFilter(text)
		if err != nil {
			return
		}
		again, err := ParseFilter(ours.String())
		if err != nil {
			t.Fatalf("%q was accepted, its own text %q not: %v", text, ours, err)
		}
		if !bytes.Equal(ours.encode(nil), again.encode(nil)) {
			t.Fatalf("%q: not the same when read again from %q", text, ours)
		}
	})
}
