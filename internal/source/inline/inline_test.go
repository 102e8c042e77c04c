package inline_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
	"rollcall/internal/source/inline"
)

func TestEntriesComeInTheOrderOfTheirKeys(t *testing.T) {
	t.Parallel()
	c, err := inline.New(inline.Config{
		Key:    "key",
		Fields: []string{"Key", "name", "tags"},
		Entries: map[string]map[string]any{
			"west": {"name": "West", "tags": []any{"a", uint64(2)}},
			"east": {"Name": "East"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // it may be collected again
		var got []string
		_, err = c.Collect(context.Background(), func(e *rollcall.Entry) error {
			got = append(got, string(e.Key)+" "+strings.Join(texts(e), "/"))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"east Key=east/name=East", "west Key=west/name=West/tags=a/tags=2"}, got); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
	}
}

func texts(e *rollcall.Entry) []string {
	var list []string
	for i, f := range e.Fields {
		for _, v := range e.Values[i] {
			list = append(list, f+"="+string(v))
		}
	}
	return list
}

func TestTheFirstErrorEndsIt(t *testing.T) {
	t.Parallel()
	c, err := inline.New(inline.Config{Key: "key", Entries: map[string]map[string]any{"a": {}, "b": {}}})
	if err != nil {
		t.Fatal(err)
	}
	stop, calls := errors.New("stop"), 0
	_, err = c.Collect(context.Background(), func(*rollcall.Entry) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("got %v after %d calls, want the first call's error", err, calls)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err = c.Collect(ctx, func(*rollcall.Entry) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

func TestWhatCannotBeMeantIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg  inline.Config
		want string
	}{
		"no entry":         {inline.Config{Key: "key"}, "there is no entry"},
		"unknown field":    {inline.Config{Key: "key", Fields: []string{"nickname"}, Entries: map[string]map[string]any{"a": {"name": "A"}}}, `"nickname"`},
		"the key repeated": {inline.Config{Key: "key", Entries: map[string]map[string]any{"a": {"key": "A"}}}, "cannot be given again"},
		"a section":        {inline.Config{Key: "key", Entries: map[string]map[string]any{"a": {"name": map[string]any{}}}}, `entry "a", field name`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := inline.New(c.cfg)
			if err == nil || !strings.Contains(err.Error(), c.want) || rollcall.KindOf(err) != rollcall.Invalid {
				t.Errorf("got %v, want an invalid configuration that names %q", err, c.want)
			}
		})
	}
}
