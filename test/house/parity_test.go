package house

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	parityRow = regexp.MustCompile(`(?m)^\| ([KX])(\d+) \|[^|]*\|(.*)\|$`)
	testName  = regexp.MustCompile("`(Test\\w+)(?:/[^`]*)?`")
	testDecl  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	unshown   = regexp.MustCompile(`not yet|in part|not the same`)
)

// TestParityNamesTestsThatExist holds docs/parity-creatio-exo.md against the code:
// every row is there, every test that it names exists, and the sums are right.
func TestParityNamesTestsThatExist(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "parity-creatio-exo.md"))
	if err != nil {
		t.Fatal(err)
	}
	declared := declaredTests(t, root)
	rows, shown := map[string]int{}, map[string]int{}
	for _, row := range parityRow.FindAllStringSubmatch(string(text), -1) {
		kind, proof := row[1], row[3]
		rows[kind]++
		if row[2] != fmt.Sprint(rows[kind]) {
			t.Errorf("row %s%s is in the place of %s%d", kind, row[2], kind, rows[kind])
		}
		names := testName.FindAllStringSubmatch(proof, -1)
		for _, name := range names {
			if !declared[name[1]] {
				t.Errorf("row %s%s names %s, which does not exist", kind, row[2], name[1])
			}
		}
		if unshown.MatchString(proof) {
			continue
		}
		if shown[kind]++; len(names) == 0 {
			t.Errorf("row %s%s names no test: %s", kind, row[2], proof)
		}
	}
	if rows["K"] != 40 || rows["X"] != 42 {
		t.Errorf("there are %d rows of Creatio and %d of eXo, want 40 and 42", rows["K"], rows["X"])
	}
	if sums := fmt.Sprintf("Shown: %d of 40, and %d of 42.", shown["K"], shown["X"]); !strings.Contains(string(text), sums) {
		t.Errorf("the document does not say %q", sums)
	}
}

// declaredTests returns the names of all tests below a folder.
func declaredTests(t *testing.T, root string) map[string]bool {
	t.Helper()
	declared := map[string]bool{}
	for _, folder := range []string{"internal", "cmd", "test", "bench"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(file string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(file, "_test.go") {
				return err
			}
			code, err := os.ReadFile(file)
			for _, m := range testDecl.FindAllStringSubmatch(string(code), -1) {
				declared[m[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return declared
}
