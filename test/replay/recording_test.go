package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// exchange is one recorded request and what the real system answered.
type exchange struct {
	Request  request
	Response response
}

type request struct {
	Method  string
	Path    string
	Query   fields
	Headers map[string]string
	Form    fields
}

type response struct {
	Status  int
	Headers map[string]string
	Body    string
}

// field is one parameter; fields are in the order in which they were sent.
type field struct{ name, value string }

type fields []field

// UnmarshalJSON reads an object and keeps the order of its members.
func (f *fields) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	start, err := d.Token()
	if err != nil || start != json.Delim('{') {
		return errors.Join(err, fmt.Errorf("parameters are an object, not %s", text))
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value string
		if err := d.Decode(&value); err != nil {
			return err
		}
		*f = append(*f, field{fmt.Sprint(name), value})
	}
	_, err = d.Token()
	return err
}

// get returns a parameter, "" when it was not sent.
func (f fields) get(name string) string {
	for _, p := range f {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// recordings returns the folder of the recordings.
func recordings(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "recordings")
	lab.RequireFile(t, "recordings", filepath.Join(dir, "README.md"))
	return dir
}

// load reads one recording, such as "c01".
func load(t *testing.T, name string) (file string, exchanges []exchange) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(recordings(t), name+"-*.json"))
	if err != nil || len(found) != 1 {
		t.Fatalf("recording %s: got %v, %v", name, found, err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&exchanges); err != nil {
		t.Fatalf("recording %s: %v", name, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		t.Fatalf("recording %s: there is more after the exchanges", name)
	}
	return strings.TrimSuffix(filepath.Base(found[0]), ".json"), exchanges
}
