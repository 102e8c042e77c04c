package auth

import (
	"slices"

	"rollcall/internal/rollcall"
)

// The profiles whose names the product itself knows. They are fixed objects of
// class URP_Profiles.
const (
	ProfileAdministrator = "Administrator"
	ProfilePortal        = "Portal user"
	ProfileREST          = "REST Services User"
)

// Account is somebody who signed in, as it stood at that moment: a later request
// signs in again and sees what changed in between.
type Account struct {
	Ref           rollcall.Ref
	Login         string
	Name          string // as histories call it: the contact's friendly name, else the login
	Contact       rollcall.ObjectID
	Language      string              // such as "EN US"
	Profiles      []string            // by name
	Organisations []rollcall.ObjectID // the allowed ones and all below them, ascending; nil: all
	Administrator bool                // has the profile of that name: no right is asked of it
	Token         bool                // signed in with a token
	scopes        map[string]bool     // of a personal token: where it counts; nil: everywhere
}

// Has reports whether the account has a profile. Names compare exactly.
func (a *Account) Has(profile string) bool { return slices.Contains(a.Profiles, profile) }

// BackOffice reports whether the account may use anything but the user portal:
// iTop 3.2.0 keeps everybody with the profile "Portal user" out, whatever other
// profiles there are.
func (a *Account) BackOffice() bool { return !a.Has(ProfilePortal) }

// InScope reports whether the sign-in counts for a context, such as "REST/JSON"
// or "Synchro". Only personal tokens are limited.
func (a *Account) InScope(context string) bool { return a.scopes == nil || a.scopes[context] }

// MayRun reports whether the account may run a data source whose user_id is
// given: administrators may, and the one user that the source names (iTop 3.2.0).
func (a *Account) MayRun(user rollcall.ObjectID) bool {
	return a.Administrator || user != 0 && user == a.Ref.ID
}
