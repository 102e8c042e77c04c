package report

import "io"

// Verdict is how a check came out.
type Verdict string

// The verdicts.
const (
	Passed  Verdict = "ok"
	Warned  Verdict = "warning"
	Failed  Verdict = "failed"
	Skipped Verdict = "skipped" // something before it failed
)

// Check is the result of one check: what was tried, how it came out and what
// to do about it.
type Check struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail,omitempty"`
	Hint    string  `json:"hint,omitempty"`
}

// Checks writes a list of check results.
func Checks(w io.Writer, o Options, checks []Check) error {
	switch o.Format {
	case JSON:
		if checks == nil {
			checks = []Check{}
		}
		return WriteJSON(w, checks)
	case CSV:
		c := newCSV(w, o)
		c.row("name", "verdict", "detail", "hint")
		for _, r := range checks {
			c.row(r.Name, string(r.Verdict), r.Detail, r.Hint)
		}
		return c.flush()
	}
	out := &writer{w: w}
	styles := map[Verdict]style{Passed: green, Warned: yellow, Failed: red, Skipped: dim}
	name := 0
	for _, r := range checks {
		name = max(name, len([]rune(Printable(r.Name))))
	}
	for _, r := range checks {
		shownName := Printable(r.Name)
		gap := name - len([]rune(shownName))
		out.printf("%s  %s", o.paint(styles[r.Verdict], padded(string(r.Verdict), len(Skipped))), shownName)
		if r.Detail != "" {
			out.printf("%*s  %s", gap, "", Printable(r.Detail))
		}
		out.printf("\n")
		if r.Hint != "" {
			out.printf("%*s%s\n", len(Skipped)+2+name+2, "", o.paint(dim, Printable(r.Hint)))
		}
	}
	return out.err
}

// padded fills a text of ASCII with spaces.
func padded(s string, width int) string {
	for len(s) < width {
		s += " "
	}
	return s
}
