package ldif

import (
	"bytes"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// searchEnd is what ldapsearch says about its own answer, which proves that a
// file of it is whole: comments around the entries and, unless asked to leave
// them out, the lines search: and result: behind them.
type searchEnd struct {
	begun    bool // "# extended LDIF": the result must follow
	resulted bool
	result   string
	entries  int // of "# numEntries:"; 0 when absent
}

// comment looks at a comment.
func (s *searchEnd) comment(text []byte) {
	text = bytes.TrimSpace(text[1:])
	if string(text) == "extended LDIF" {
		s.begun = true
	}
	if n, ok := bytes.CutPrefix(text, []byte("numEntries:")); ok {
		s.entries, _ = strconv.Atoi(string(bytes.TrimSpace(n)))
	}
}

// says reports whether a line that begins a record is one of ldapsearch's own.
func (s *searchEnd) says(name string, value []byte) bool {
	switch strings.ToLower(name) {
	case "result":
		s.resulted, s.result = true, string(value)
		return true
	case "search", "text", "matcheddn", "control", "pagedresults", "ref":
		return true
	}
	return false
}

// proof says why the answer is not whole, nil when nothing speaks against it.
func (s *searchEnd) proof(records int) error {
	switch code, _, _ := strings.Cut(s.result, " "); {
	case s.resulted && code != "0":
		return rollcall.Errorf(rollcall.Unavailable, "the search that wrote this file did not end well: %s; its entries are not all", s.result)
	case s.begun && !s.resulted:
		return rollcall.Errorf(rollcall.Unavailable, "the file is ldapsearch's and lacks the result at its end: it is cut off")
	case s.entries > 0 && s.entries != records:
		return rollcall.Errorf(rollcall.Unavailable, "ldapsearch wrote %d entries into this file, and it has %d", s.entries, records)
	}
	return nil
}
