package engine_test

import (
	"strings"
	"testing"

	"rollcall/internal/rollcall"
)

// TestPlansHoldNoPasswordsAndNoBytes: what is written is whole all the same, and
// an undo puts it back to the byte.
func TestPlansHoldNoPasswordsAndNoBytes(t *testing.T) {
	t.Parallel()
	const before, after = "\xff\xd8\xff\xe0\x00JFIF", "\xff\xd8\xff\xe1\x00Exif"
	w := newWorld(t)
	people := w.feed("people", "Person", func(r *rollcall.Rules) {
		reconcileBy(r, "name")
		constant(r, "org_id", "Demo", "name")
	}, "name", "first_name", "org_id", "picture")
	people.put("p", "name", "N", "first_name", "F", "picture", before)
	users := w.feed("users", "UserLocal", func(r *rollcall.Rules) {
		reconcileBy(r, "login")
		constant(r, "profile_list", "profileid->name:Portal user", "")
	}, "login", "password", "profile_list")
	users.put("u", "login", "fn", "password", "geheim.1")
	_, made := w.sync()
	people.put("p", "picture", after)
	users.put("u", "password", "geheim.2")
	result, changed := w.sync()
	picture := func() string {
		person := w.object("Person", "F N")
		return person.Get("picture")
	}
	if got := picture(); got != after {
		t.Fatalf("the picture is %q", got)
	}
	text := lines(made) + "\n" + lines(changed)
	for _, part := range []string{"password:>*****", "picture:>9 bytes, sha256 ", "picture:9 bytes, sha256 "} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
	for _, part := range []string{"geheim", "JFIF", "Exif"} {
		if strings.Contains(text, part) {
			t.Errorf("%q is in\n%s", part, text)
		}
	}
	if err := w.undo(result.Run.ID); err != nil {
		t.Fatal(err)
	}
	if got := picture(); got != before {
		t.Errorf("after the undo the picture is %q", got)
	}
}
