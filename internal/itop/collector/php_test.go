package collector_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/internal/itop/collector"
	"rollcall/internal/source/csvfile"
)

func TestNumbersPrintAsPHPPrintsThem(t *testing.T) {
	t.Parallel()
	for number, want := range map[float64]string{
		12345678901234567890: "1.2345678901235E+19", 1.50: "1.5", 1e3: "1000", 0.1: "0.1", 0: "0", -2.5: "-2.5", 1e20: "1.0E+20",
		0.0001: "0.0001", 0.00001: "1.0E-5", 1e14: "1.0E+14", 123456789012345: "1.2345678901234E+14", 99999999999999: "99999999999999", 1.0 / 3: "0.33333333333333",
	} {
		if got := collector.PHPFloat(number); got != want {
			t.Errorf("%v: got %s, want %s", number, got, want)
		}
	}
}

// TestLogTexts are the texts that the original's tests of its log pin.
func TestLogTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain": "plain", "": "", `\uFEFF`: `\\uFEFF`, "\ufeff": `\ufeff`, "é/\"": `\u00e9\/\"`, "\xff": "", "𝄞": `\ud834\udd1e`, "a\nb\tc": `a\nb\tc`, "a&<>'": "a&<>'",
	} {
		if got := collector.Quoted(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 2, 3, 4, 5, 6, 789_000_000, time.FixedZone("CET", 3600))
	for format, want := range map[string]string{
		"[Y-m-d H:i:s]": "[2024-02-03 04:05:06]", "[H:i:s.v]": "[04:05:06.000]", "D l N jS w z W": "Sat Saturday 6 3rd 6 33 05", "F M n t L o y": "February Feb 2 29 1 2024 24",
		"a A g h G H": "am AM 4 04 4 04", "O P T Z U I": "+0100 +01:00 CET 3600 1706929506 0", `\Y\m\d q`: "Ymd q", "c": "2024-02-03T04:05:06+01:00",
	} {
		if got := collector.PHPDate(format, at); got != want {
			t.Errorf("%s: got %q, want %q", format, got, want)
		}
	}
}

func TestFieldsAreQuotedAsPHPDoes(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]string{
		"+33 1": `"+33 1"`, `a\b`: `"a\b"`, `a"b`: `"a""b"`, `a\"b`: `"a\"b"`, "a;b": `"a;b"`, "a,b|c#": "a,b|c#", "é": "é", "": "", "a\tb": "\"a\tb\"", `\\"`: `"\\""`,
	} {
		if got := collector.AppendCSV(field); got != want {
			t.Errorf("%q: got %s, want %s", field, got, want)
		}
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		want          []string
	}{
		{`/^CN=itop-(.*),OU=.*/`, "CN=itop-A,OU=x,DC=y", []string{"CN=itop-A,OU=x,DC=y", "A"}},
		{`/^CN=itop-(.*),OU=.*/`, "cn=itop-A,OU=x", nil},
		{`/^cn=itop-(.*),OU=.*/i`, "CN=itop-A,OU=x", []string{"CN=itop-A,OU=x", "A"}},
		{`#^a/b$#`, "a/b", []string{"a/b"}},
		{`{a(b)?}`, "a", []string{"a", ""}},
		{`/(?<=x)y/`, "xy", []string{"y"}},
		{`/(a)\1/`, "aa", []string{"aa", "a"}},
		{`/a b # note` + "\n/x", "ab", []string{"ab"}},
	} {
		got, err := collector.Match(c.pattern, c.text)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s on %q: got %q, %v", c.pattern, c.text, got, err)
		}
	}
	for _, bad := range []string{"", "abc", "/a", "/a/k", "/(/", `\a\`} {
		if got, err := collector.Match(bad, "a"); err == nil {
			t.Errorf("%q: got %q", bad, got)
		}
	}
}

func TestMappingTables(t *testing.T) {
	t.Parallel()
	items := []string{`/^hp$|Hewlett Packard/Hewlett-Packard`, `#(\d+)/(\d+)#%3$s of %2$s (%1$s)`, `/cent/100%%`}
	for value, want := range map[string]string{"HP": "Hewlett-Packard", "the hewlett packard": "Hewlett-Packard", "x 7/8": "8 of 7 (7/8)", "per CENT": "100%"} {
		if got, ok, err := collector.MapValue(value, items...); got != want || !ok || err != nil {
			t.Errorf("%q: got %q, %t, %v", value, got, ok, err)
		}
	}
	if got, ok, _ := collector.MapValue("Dell", items...); ok {
		t.Errorf("got %q", got)
	}
	if _, ok, _ := collector.MapValue("hp\xff", items...); ok {
		t.Error("a text that is no UTF-8 matched")
	}
	if _, _, err := collector.MapValue("x", "/only"); err == nil {
		t.Error("an item without a second delimiter passed")
	}
}

func TestLooseComparison(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`"1"`, `1`, true}, {`"0"`, `"0.0"`, true}, {`"abc"`, `"ABC"`, false}, {`null`, `""`, true}, {`true`, `"1"`, true}, {`false`, `""`, true},
		{`{"a":1,"b":2}`, `{"b":"2","a":"1"}`, true}, {`{"a":1}`, `{"a":1,"b":2}`, false}, {`[1,2]`, `["1","2"]`, true}, {`"1e3"`, `"1000"`, true}, {`"1 "`, `1`, true},
	} {
		if got := collector.LooselyEqual(c.a, c.b); got != c.want {
			t.Errorf("%s == %s: got %t", c.a, c.b, got)
		}
	}
}

// FuzzFields: what is written reads back, but for a backslash before a quote,
// which PHP's own form loses.
func FuzzFields(f *testing.F) {
	f.Add(`a "b"; c`)
	f.Fuzz(func(t *testing.T, field string) {
		if strings.Contains(field, `\`) || strings.ToValidUTF8(field, "") != field {
			return
		}
		line := collector.AppendCSV("k") + ";" + collector.AppendCSV(field) + "\n"
		r, err := csvfile.NewReader(strings.NewReader(line), csvfile.Dialect{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Read()
		if err != nil || len(got) != 2 || string(got[1]) != field {
			// Blanks of other kinds before a quote are not quoted, and are lost.
			if strings.ContainsAny(field, "\v\f\"\r") {
				return
			}
			t.Errorf("%q: got %q, %v", field, got, err)
		}
	})
}

func FuzzPatterns(f *testing.F) {
	f.Add(`/^CN=itop-(.*),OU=.*/i`, "CN=itop-A,OU=b")
	f.Add(`/(?<=a)b/`, "ab")
	f.Fuzz(func(_ *testing.T, pattern, text string) {
		if len(pattern) > 50 || len(text) > 50 {
			return
		}
		_, _ = collector.Match(pattern, text)
		_, _, _ = collector.MapValue(text, pattern)
	})
}
