package server

import (
	"strings"
	"testing"
)

func TestTraceOf(t *testing.T) {
	t.Parallel()
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for text, want := range map[string]string{
		"00-" + trace + "-" + parent + "-01":                  trace,
		"00-" + trace + "-" + parent + "-00":                  trace,
		"01-" + trace + "-" + parent + "-01-what-comes-later": trace,
		"": "",
		"00-" + trace + "-" + parent + "-01-more":                "",
		"01-" + trace + "-" + parent + "-01more":                 "",
		"ff-" + trace + "-" + parent + "-01":                     "",
		"00-" + strings.ToUpper(trace) + "-" + parent + "-01":    "",
		"00-" + strings.Repeat("0", 32) + "-" + parent + "-01":   "",
		"00-" + trace + "-" + strings.Repeat("0", 16) + "-01":    "",
		"00-" + trace[:31] + "\n-" + parent + "-01":              "",
		"00_" + trace + "-" + parent + "-01":                     "",
		"00-" + trace + "-" + parent:                             "",
		"0g-" + trace + "-" + parent + "-01":                     "",
		strings.Repeat("-", traceLength):                         "",
		"00-" + trace + "-" + parent + "-0\x00":                  "",
		"00-" + trace + "-" + parent + "-01\r\nSet-Cookie: a=b,": "",
	} {
		if got := traceOf(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// FuzzATraceIsHexadecimal: whatever a stranger sends, a line of the log stays one.
func FuzzATraceIsHexadecimal(f *testing.F) {
	f.Add("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	f.Add("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x")
	f.Fuzz(func(t *testing.T, text string) {
		got := traceOf(text)
		if got == "" {
			return
		}
		if len(got) != 32 || strings.Trim(got, "0123456789abcdef") != "" || !strings.Contains(text, got) {
			t.Errorf("%q: got %q", text, got)
		}
	})
}
