package schema

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzDeclarations reads a file and builds what it declares, without the shipped
// classes: parsing those again would take nearly all of the time.
func FuzzDeclarations(f *testing.F) {
	files, err := filepath.Glob("testdata/*.y*ml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := &reader{file: "m.yaml"}
		declared := r.read(text)
		for _, err := range r.problems {
			if !strings.HasPrefix(err.Error(), "m.yaml:") {
				t.Errorf("no place in %q", err)
			}
		}
		if len(r.problems) > 0 {
			return
		}
		m, err := build([]*file{declared})
		if err == nil && len(m.Classes) != len(declared.classes) {
			t.Errorf("got %d classes of %d", len(m.Classes), len(declared.classes))
		}
		if err != nil {
			return
		}
		for _, c := range m.Classes {
			if parent := m.Class(c.Parent); parent != nil {
				for i, a := range parent.Stored {
					if c.Stored[i].Code != a.Code {
						t.Errorf("column %d of %s is %s, and of %s %s", i, parent.Name, a.Code, c.Name, c.Stored[i].Code)
					}
				}
			}
		}
	})
}
