package house

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	wireRow  = regexp.MustCompile(`(?m)^\| (.*) \| (same|same but|refused|no) \| (.*)\|$`)
	anyRow   = regexp.MustCompile(`(?m)^\| `)
	headRow  = regexp.MustCompile(`(?m)^\| Line \| State \| Shown by \|$`)
	wireTest = regexp.MustCompile("`((?:Test|Fuzz)\\w+)(?:/[^`]*)?`")
)

// TestTheWireListNamesTestsThatExist holds internal/itop/README.md against the
// code: every line that is answered names a test, every test that it names
// exists, and the sums are right.
func TestTheWireListNamesTestsThatExist(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "internal", "itop", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	declared := declaredTests(t, root)
	sums := map[string]int{}
	rows := wireRow.FindAllStringSubmatch(string(text), -1)
	for _, row := range rows {
		line, state, proof := row[1], row[2], row[3]
		sums[state]++
		names := wireTest.FindAllStringSubmatch(proof, -1)
		if (state == "no") != (len(names) == 0) {
			t.Errorf("%s: the state is %q, and it names %d tests", line, state, len(names))
		}
		for _, name := range names {
			if !declared[name[1]] {
				t.Errorf("%s: %s does not exist", line, name[1])
			}
		}
	}
	if all := len(anyRow.FindAllString(string(text), -1)) - len(headRow.FindAllString(string(text), -1)); all != len(rows) {
		t.Errorf("%d rows are of no form that is known", all-len(rows))
	}
	want := fmt.Sprintf("%d lines: %d the same, %d the same but for a difference, %d refused, %d not there.",
		len(rows), sums["same"], sums["same but"], sums["refused"], sums["no"])
	if !slices.Contains(strings.Split(string(text), "\n"), want) {
		t.Errorf("the document does not say %q", want)
	}
}
