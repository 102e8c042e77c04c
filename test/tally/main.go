// Command tally reads what `go test -json` prints and shows what `go test` would
// have shown: a line for each package, and everything a failed test printed. It
// ends with one line that counts tests passed, failed and skipped, subtests
// included, and with status 1 when one failed, when nothing ran, or, with
// -no-skips, when one was skipped.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	noSkips := flag.Bool("no-skips", false, "fail when a test was skipped")
	flag.Parse()
	t := newTally(os.Stdout)
	if err := t.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(1)
	}
	if !t.finish(*noSkips) {
		os.Exit(1)
	}
}

// event is one line of `go test -json`: see `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build-output
	Test       string
	Output     string
}

// tally counts events and shows what a reader needs.
type tally struct {
	out                     io.Writer
	printed                 map[string][]string // by package and test, until its end is known
	passed, failed, skipped int
	packages, broken        int
	skips                   []string
}

func newTally(out io.Writer) *tally { return &tally{out: out, printed: map[string][]string{}} }

// read handles all events. Lines that are no JSON, such as the toolchain's own
// messages, are shown as they are.
func (t *tally) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) == nil && e.Action != "" {
				t.handle(e)
			} else {
				fmt.Fprintln(t.out, strings.TrimSuffix(line, "\n"))
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the events: %w", err)
		}
	}
}

func (t *tally) handle(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(t.out, e.Output)
	case "output":
		t.output(key, e)
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.endPackage(key, e.Action)
		} else {
			t.endTest(key, e)
		}
		delete(t.printed, key)
	}
}

// output keeps what a test prints, and shows a package's own line at once.
func (t *tally) output(key string, e event) {
	isVerdict := e.Test == "" && (strings.HasPrefix(e.Output, "ok  \t") || strings.HasPrefix(e.Output, "FAIL\t"))
	if isVerdict {
		fmt.Fprint(t.out, e.Output)
		return
	}
	t.printed[key] = append(t.printed[key], e.Output)
}

func (t *tally) endTest(key string, e event) {
	switch e.Action {
	case "pass":
		t.passed++
	case "skip":
		t.skipped++
		t.skips = append(t.skips, e.Package+" "+strings.Join(t.printed[key], ""))
	default:
		t.failed++
		fmt.Fprint(t.out, strings.Join(t.printed[key], ""))
	}
}

func (t *tally) endPackage(key, action string) {
	t.packages++
	if action == "fail" {
		t.broken++
		// A panic or a failed TestMain is printed under the package alone.
		fmt.Fprint(t.out, strings.Join(t.printed[key], ""))
	}
}

// finish prints the count and reports whether all is well.
func (t *tally) finish(noSkips bool) bool {
	for _, skip := range t.skips {
		fmt.Fprint(t.out, "skipped: ", skip)
	}
	// A test that was cut short by a panic or a time-out has no end of its own.
	for key, printed := range t.printed {
		if _, test, _ := strings.Cut(key, " "); test != "" {
			t.failed++
			fmt.Fprint(t.out, "did not end: ", key, "\n", strings.Join(printed, ""))
		}
	}
	fmt.Fprintf(t.out, "%d passed, %d failed, %d skipped in %d packages, %d of them broken\n",
		t.passed, t.failed, t.skipped, t.packages, t.broken)
	return t.failed == 0 && t.broken == 0 && t.packages > 0 && t.passed > 0 && (!noSkips || t.skipped == 0)
}
