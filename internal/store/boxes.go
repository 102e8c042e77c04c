package store

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// boxes turns values into parameters and gives the same parameter again while
// a value repeats: most columns of a batch hold one value, and each parameter
// made is an allocation. It starts empty; positions are the caller's.
type boxes struct {
	texts [6]struct {
		value string
		box   any
	}
	numbers [3]struct {
		value int64
		box   any
	}
	at    time.Time
	atBox any
}

func (b *boxes) text(i int, value string) any {
	if e := &b.texts[i]; e.box == nil || e.value != value {
		e.value, e.box = value, value
	}
	return b.texts[i].box
}

func (b *boxes) number(i int, value int64) any {
	if e := &b.numbers[i]; e.box == nil || e.value != value {
		e.value, e.box = value, value
	}
	return b.numbers[i].box
}

func (b *boxes) time(at time.Time) any {
	if b.atBox == nil || !at.Equal(b.at) {
		b.at, b.atBox = at, timeText(at)
	}
	return b.atBox
}

// jsonStr is a text in JSON that may hold bytes which are no UTF-8, such as a
// picture's, or NULs, which PostgreSQL keeps in no text.
type jsonStr string

// bytesMark begins the JSON form of bytes that are no text; a text that begins
// with it is written in that form too.
const bytesMark = "\x1bbase64:"

// MarshalJSON writes a plain JSON string where one can hold the text.
func (s jsonStr) MarshalJSON() ([]byte, error) {
	text := string(s)
	if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 || strings.HasPrefix(text, bytesMark) {
		text = bytesMark + base64.StdEncoding.EncodeToString([]byte(text))
	}
	return json.Marshal(text)
}

// appendJSONText appends the JSON form of a text, as jsonStr has it. Nearly every
// text is its own form.
func appendJSONText(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' {
			return appendOddText(b, text)
		}
	}
	if !utf8.ValidString(text) {
		return appendOddText(b, text)
	}
	return append(append(append(b, '"'), text...), '"')
}

func appendOddText(b []byte, text string) []byte {
	form, err := jsonStr(text).MarshalJSON()
	if err != nil {
		return append(b, `""`...) // a text of UTF-8 alone: cannot be
	}
	return append(b, form...)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *jsonStr) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	if coded, ok := strings.CutPrefix(text, bytesMark); ok {
		raw, err := base64.StdEncoding.DecodeString(coded)
		if err != nil {
			return fmt.Errorf("bytes in JSON: %w", err)
		}
		text = string(raw)
	}
	*s = jsonStr(text)
	return nil
}
