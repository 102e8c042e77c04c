package registry

import (
	"context"

	"rollcall/internal/rollcall"
)

// checkUser asks that an account has a profile.
func checkUser(_ context.Context, _ *Editor, items []*item) error {
	for _, it := range items {
		profiles := it.set("profile_list")
		if profiles == nil && it.was == nil || profiles != nil && len(profiles.wanted) == 0 {
			it.refuse("At least one profile must be assigned to this user.")
		}
	}
	return nil
}

// preparePassword notes when a password was set.
func preparePassword(e *Editor, it *item) {
	given := it.object.Get("password")
	if it.was == nil || given != it.was.Get("password") {
		it.object.Set("password_renewed_date", e.origin.At.UTC().Format(rollcall.DateLayout))
	}
}
