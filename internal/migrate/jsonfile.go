package migrate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"rollcall/internal/rollcall"
)

// tree is a JSON document with the line of each of its members.
type tree struct {
	line  int
	text  string // of a text, a number, true and false; "" of null
	items []tree // of a list
	names []string
	under []tree // beside names: of an object
	shape byte   // '{', '[', or 0
}

// get returns the member of an object that has a name, in any case.
func (t *tree) get(names ...string) *tree {
	for _, name := range names {
		for i := range t.names {
			if strings.EqualFold(t.names[i], name) {
				return &t.under[i]
			}
		}
	}
	return nil
}

// texts returns a member's text, "" when there is none.
func (t *tree) textOf(names ...string) string {
	if m := t.get(names...); m != nil {
		return m.text
	}
	return ""
}

// deepest is how deep a document may be nested.
const deepest = 32

// parseJSON reads one JSON document.
func parseJSON(text []byte) (*tree, error) {
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	r := &jsonReader{text: text, decoder: json.NewDecoder(bytes.NewReader(text)), line: 1}
	r.decoder.UseNumber()
	root, err := r.value(0)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "line %d: this is no JSON: %w", r.here(), err)
	}
	if r.decoder.More() {
		return nil, rollcall.Errorf(rollcall.Invalid, "line %d: there is more than one JSON document", r.here())
	}
	return root, nil
}

type jsonReader struct {
	text    []byte
	decoder *json.Decoder
	line    int // at
	at      int
}

// here returns the line of the last token.
func (r *jsonReader) here() int {
	to := min(int(r.decoder.InputOffset()), len(r.text))
	r.line += bytes.Count(r.text[r.at:to], []byte("\n"))
	r.at = to
	return r.line
}

func (r *jsonReader) value(depth int) (*tree, error) {
	if depth > deepest {
		return nil, fmt.Errorf("it is nested deeper than %d", deepest)
	}
	token, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	t := &tree{line: r.here()}
	switch token := token.(type) {
	case json.Delim:
		t.shape = byte(token)
		return t, r.members(t, depth)
	case nil:
	default:
		t.text = fmt.Sprint(token)
	}
	return t, nil
}

// members reads what is in an object or a list, its end included.
func (r *jsonReader) members(t *tree, depth int) error {
	for r.decoder.More() {
		line := 0
		if t.shape == '{' {
			token, err := r.decoder.Token()
			if err != nil {
				return err
			}
			line = r.here()
			t.names = append(t.names, fmt.Sprint(token))
		}
		member, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		if t.shape == '{' {
			member.line = line
			t.under = append(t.under, *member)
			continue
		}
		t.items = append(t.items, *member)
	}
	_, err := r.decoder.Token()
	return err
}
