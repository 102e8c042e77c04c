package baddays

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
)

// heard is everything that the program said in the tests: docs/bad-days.md may
// quote nothing else.
var heard struct {
	sync.Mutex
	texts []string
}

func hear(text string) {
	heard.Lock()
	defer heard.Unlock()
	heard.texts = append(heard.texts, text)
}

// checkDocument looks for every message that the document quotes among those
// that were heard. It needs all tests to have run.
func checkDocument() error {
	document, err := os.ReadFile("../../docs/bad-days.md")
	if err != nil {
		return err
	}
	said := strings.Join(heard.texts, "\n\x00\n")
	var unheard []string
	for line := range strings.Lines(string(document)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		for _, quoted := range regexp.MustCompile("`[^`]+`").FindAllString(cells[2], -1) {
			quoted = strings.Trim(quoted, "`")
			if strings.HasPrefix(quoted, "rollcall ") { // a command, not a message
				continue
			}
			pattern := strings.ReplaceAll(regexp.QuoteMeta(quoted), "…", "[^\x00\n]*")
			if !regexp.MustCompile(pattern).MatchString(said) {
				unheard = append(unheard, quoted)
			}
		}
	}
	if len(unheard) > 0 {
		return fmt.Errorf("docs/bad-days.md quotes what the program did not say in any test:\n  %s", strings.Join(unheard, "\n  "))
	}
	return nil
}
