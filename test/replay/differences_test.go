package replay

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// difference is an answer of ours that differs on purpose. docs/differences.md
// says under its anchor what iTop does, what we do, and why.
type difference struct {
	file   string // "h03"
	at     []int  // the exchanges, from 0
	anchor string
	status int            // what we answer
	body   *regexp.Regexp // what our body must say
}

// differences is the whole list.
var differences = []difference{}

// documented returns the difference that an exchange falls under, nil for none.
func documented(file string, at int) *difference {
	for i := range differences {
		if d := &differences[i]; d.file == file && slices.Contains(d.at, at) {
			return d
		}
	}
	return nil
}

// asDocumented reports whether an answer is the one that a difference promises.
func (d *difference) asDocumented(got response) bool {
	return got.Status == d.status && d.body.MatchString(got.Body)
}

func TestDifferencesAreExplained(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "differences.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		if !strings.Contains(string(text), `<a id="`+d.anchor+`">`) {
			t.Errorf("%s %v: docs/differences.md has no anchor %s", d.file, d.at, d.anchor)
		}
	}
}
