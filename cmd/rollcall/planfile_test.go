package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
)

func TestAPlanFileReadsBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "plan")
	w, err := newPlanWriter(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []rollcall.Change{
		{Source: "persons", Key: "k", Verb: rollcall.VerbProvision, Class: "Person", Sets: []rollcall.Set{{Attribute: "name", New: "a\n\"b\" <é>"}}},
		{Source: "persons", Key: "l", Verb: rollcall.VerbFail, Error: "no"},
	}
	for i := range want {
		if err := w.change(&want[i]); err != nil {
			t.Fatal(err)
		}
	}
	h := header{Format: planFormat, Created: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC), Sources: []planSource{{Source: "persons"}}, Digest: "d"}
	if err := w.keep(h); err != nil {
		t.Fatal(err)
	}
	if err := w.discard(); err != nil {
		t.Fatal(err)
	}
	r, err := openPlan(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}()
	var got []rollcall.Change
	for {
		line, err := r.next()
		if err != nil {
			t.Fatal(err)
		}
		if line == nil {
			break
		}
		var c rollcall.Change
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		got = append(got, c)
	}
	if diff := cmp.Diff(want, got); diff != "" || r.header.Digest != "d" {
		t.Errorf("digest %q, %s", r.header.Digest, diff)
	}
}

// FuzzPlanFile wants an answer or an error for whatever a plan file holds, and
// an end.
func FuzzPlanFile(f *testing.F) {
	f.Add([]byte(`{"format":"rollcall-plan/1","sources":[{"source":"a"}],"digest":"d"}` + "\n" + `{"source":"a","key":"k","verb":"create"}` + "\n"))
	f.Add([]byte(`{"format":"rollcall-plan/2"}`))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "plan")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := openPlan(path)
		if err != nil {
			return
		}
		for range len(text) + 1 {
			line, err := r.next()
			if err != nil || line == nil {
				if err := r.close(); err != nil {
					t.Fatal(err)
				}
				return
			}
		}
		t.Fatal("more changes than the file has bytes")
	})
}
