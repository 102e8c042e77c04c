package rollcall_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rollcall/internal/rollcall"
)

func TestParseDN(t *testing.T) {
	t.Parallel()
	attr := func(kind, value string) rollcall.RDN { return rollcall.RDN{{Type: kind, Value: value}} }
	for text, want := range map[string]rollcall.DN{
		"":                                 nil,
		"  ":                               nil,
		"UID=jsmith,DC=example,DC=net":     {attr("UID", "jsmith"), attr("DC", "example"), attr("DC", "net")},
		`CN=Smith\2C James \ ,O= Acme ;c=`: {attr("CN", "Smith, James  "), attr("O", "Acme"), attr("c", "")},
		`CN="a,b \"c\"" , DC=x`:            {attr("CN", `a,b "c"`), attr("DC", "x")},
		`CN=Lu\C4\8Di\C4\87`:               {attr("CN", "Lučić")},
		`CN=\#1\+2\3D`:                     {attr("CN", "#1+2=")},
		`OID.2.5.4.3 = a`:                  {attr("2.5.4.3", "a")},
		"1.3.6.1.4.1.1466.0=#04024869":     {{{Type: "1.3.6.1.4.1.1466.0", Value: "\x04\x02Hi", Hex: true}}},
		"ou=Sales + cn=J. Smith , dc=x":    {{{Type: "ou", Value: "Sales"}, {Type: "cn", Value: "J. Smith"}}, attr("dc", "x")},
		`cn=a=b`:                           {attr("cn", "a=b")},
	} {
		got, err := rollcall.ParseDN(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestParseDNSaysAtWhichCharacter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"people":     `at character 7: expected "=" after people`,
		"cn=a,":      "at character 6: expected the name of an attribute",
		"cn=a,,dc=x": "at character 6: expected the name of an attribute",
		"=a":         "at character 1: expected the name of an attribute",
		`cn=a\`:      `at character 5: "\" must be followed by`,
		`cn=a\zz`:    `at character 5: "\" must be followed by`,
		"cn=#0":      `expected pairs of hexadecimal digits after "#"`,
		`cn="a`:      "the quoted value has no end",
		`cn="a"b`:    `at character 7: expected "," or "+" after the value`,
		`cn=a"b`:     `must be escaped as \"`,
	} {
		_, err := rollcall.ParseDN(text)
		if rollcall.KindOf(err) != rollcall.Invalid || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestFoldDNComparesByRule(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"cn=Ann  Archer,ou=People,dc=x", "CN=ann archer , OU=PEOPLE;DC=X", ` cn=\41nn Archer,oU=people,dc=x`, `oid.cn="ann archer",ou=people,dc=x`},
		{`cn=a\,b,dc=x`, `CN=A\2cB,DC=X`, `cn="a,b",dc=x`},
		{"ou=b+cn=a,dc=x", "CN=A + OU=B, DC=X"},
		{"cn=GÖDEL,dc=x", `cn=g\C3\B6del,dc=x`},
		{"cn=ΣΑΣ,dc=x", "cn=σας,dc=x"},
	} {
		for _, text := range same {
			if got, want := rollcall.FoldDN(text), rollcall.FoldDN(same[0]); got != want {
				t.Errorf("%q: got %q, want %q", text, got, want)
			}
		}
	}
	seen := map[string]string{}
	for _, text := range []string{"cn=a,dc=x", "cn=a,dc=y", "ou=a,dc=x", "cn=a", `cn=a\,dc\=x`, "cn=á,dc=x", "cn=a+ou=b,dc=x", "cn=a b,dc=x", "cn=ab,dc=x", "cn=\\ ,dc=x", "cn=,dc=x"} {
		folded := rollcall.FoldDN(text)
		if other, ok := seen[folded]; ok {
			t.Errorf("%q and %q fold to the same %q", text, other, folded)
		}
		seen[folded] = text
	}
}

func TestDNParts(t *testing.T) {
	t.Parallel()
	dn, err := rollcall.ParseDN(`CN=Smith\, J,OU=Staff,DC=x`)
	if err != nil {
		t.Fatal(err)
	}
	base, _ := rollcall.ParseDN("ou=staff, dc=X")
	if dn.RDN() != "Smith, J" || dn.Parent().String() != "OU=Staff,DC=x" || !dn.Under(base) || !dn.Under(dn) || base.Under(dn) || !dn.Under(nil) {
		t.Errorf("got RDN %q, parent %q", dn.RDN(), dn.Parent())
	}
	if rollcall.DN(nil).Parent() != nil || rollcall.DN(nil).RDN() != "" {
		t.Error("the root has a parent or a name")
	}
}

// TestEscapeDNRoundTrip: whatever a value holds, it arrives as it is and never
// becomes syntax.
func TestEscapeDNRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := string(rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "value"))
		dn, err := rollcall.ParseDN("cn=" + rollcall.EscapeDN(value) + ",dc=x")
		if err != nil {
			t.Fatal(err)
		}
		if got := dn.RDN(); len(dn) != 2 || got != value {
			t.Fatalf("got %q, want %q", got, value)
		}
	})
}

func FuzzDN(f *testing.F) {
	f.Add(`CN=a\,b+OU=#0401,DC="x;y"`)
	f.Add("cn= a  b ;dc=x")
	f.Add("\v0=\x00")
	f.Add("\u212a=\x00")
	f.Fuzz(func(t *testing.T, text string) {
		folded := rollcall.FoldDN(text)
		if again := rollcall.FoldDN(folded); again != folded {
			t.Fatalf("%q folds to %q, which folds to %q", text, folded, again)
		}
		dn, err := rollcall.ParseDN(text)
		if err != nil {
			return
		}
		again, err := rollcall.ParseDN(dn.String())
		if err != nil || again.Fold() != dn.Fold() {
			t.Fatalf("%q is written %q, which reads as %q, %v", text, dn, again, err)
		}
	})
}
