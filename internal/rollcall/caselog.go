package rollcall

import (
	"encoding/json"
	"strings"
)

// LogEntry is one entry of a case log.
type LogEntry struct {
	Date    string   `json:"date,omitempty"` // as DateTimeLayout
	User    ObjectID `json:"user,omitempty"` // the account's ID; 0 for nobody known
	Name    string   `json:"name,omitempty"` // the friendly name of who wrote it
	Message string   `json:"message"`
	HTML    bool     `json:"html,omitempty"` // Message is markup
}

// ParseLog reads the text that an attribute of type log holds: a JSON list of
// entries, oldest first. Any other text, as a source may have given it, is one
// entry of nobody's.
func ParseLog(text string) []LogEntry {
	if text == "" {
		return nil
	}
	var entries []LogEntry
	if !strings.HasPrefix(text, "[{") || json.Unmarshal([]byte(text), &entries) != nil {
		return []LogEntry{{Message: text}}
	}
	return entries
}

// FormatLog returns the text of a log with some entries.
func FormatLog(entries []LogEntry) string {
	if len(entries) == 0 {
		return ""
	}
	b, err := json.Marshal(entries)
	if err != nil { // texts and numbers always are JSON
		return ""
	}
	return string(b)
}
