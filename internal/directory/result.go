package directory

import (
	"fmt"
	"strings"

	"rollcall/internal/rollcall"
)

// ResultError is what a server answered instead of success.
type ResultError struct {
	Code       int
	MatchedDN  string // the deepest entry above the base that exists
	Diagnostic string // the server's own words
	Referrals  []string

	policy string // why a password policy refused a bind
}

// Error returns the code's name and number and the server's own words.
func (e *ResultError) Error() string {
	text := fmt.Sprintf("%s (%d)", codeName(e.Code), e.Code)
	if e.Diagnostic != "" {
		text += ": " + strings.TrimRight(strings.ReplaceAll(e.Diagnostic, "\n", " "), "\x00 ")
	}
	return text
}

// Result codes that the code tells apart (RFC 4511 appendix A).
const (
	codeSuccess              = 0
	codeTimeLimit            = 3
	codeSizeLimit            = 4
	codeStrongAuth           = 8
	codeReferral             = 10
	codeAdminLimit           = 11
	codeUnavailableExtension = 12
	codeConfidentiality      = 13
	codeSASLInProgress       = 14
	codeConstraint           = 19
	codeNoSuchObject         = 32
	codeInvalidDN            = 34
	codeInvalidCredentials   = 49
	codeInsufficientAccess   = 50
	codeBusy                 = 51
	codeUnavailable          = 52
	codeUnwilling            = 53
)

// code is one result code: its name, what it means and what to do, and the kind
// of error it is.
type code struct {
	name, meaning string
	kind          rollcall.Kind
}

var codes = map[int]code{
	1:                        {"operationsError", "the server could not do this; Active Directory says so when nobody is signed in: give a user", rollcall.Invalid},
	2:                        {"protocolError", "the server did not understand the request", rollcall.Invalid},
	codeTimeLimit:            {"timeLimitExceeded", "the server spent its time limit on it: ask for smaller pages, index what the filter uses, or raise the limit for this user", rollcall.Unavailable},
	codeSizeLimit:            {"sizeLimitExceeded", "the server stopped at its size limit, so what it sent is not everything: page the search, or raise the limit for this user", rollcall.Invalid},
	7:                        {"authMethodNotSupported", "the server does not offer this way to bind: choose another method", rollcall.Unauthorized},
	codeStrongAuth:           {"strongerAuthRequired", "the server wants encryption or signing for this: use ldaps:// or starttls", rollcall.Unauthorized},
	codeReferral:             {"referral", "this part of the tree lives on another server", rollcall.Invalid},
	codeAdminLimit:           {"adminLimitExceeded", "the server stopped at an administrative limit, so what it sent is not everything: index what the filter uses, or raise the limit for this user", rollcall.Invalid},
	codeUnavailableExtension: {"unavailableCriticalExtension", "the server does not support a control that the search needs", rollcall.Invalid},
	codeConfidentiality:      {"confidentialityRequired", "the server wants encryption: use ldaps:// or starttls", rollcall.Unauthorized},
	codeSASLInProgress:       {"saslBindInProgress", "the server expected another step of the bind", rollcall.Invalid},
	16:                       {"noSuchAttribute", "there is no such attribute", rollcall.Invalid},
	17:                       {"undefinedAttributeType", "the server's schema has no such attribute", rollcall.Invalid},
	18:                       {"inappropriateMatching", "this attribute cannot be compared in this way", rollcall.Invalid},
	codeConstraint:           {"constraintViolation", "a rule of the server does not allow it; of a sign-in, that the account is locked after too many wrong passwords", rollcall.Forbidden},
	21:                       {"invalidAttributeSyntax", "a value does not fit its attribute", rollcall.Invalid},
	codeNoSuchObject:         {"noSuchObject", "there is no such entry, or this user may not see it", rollcall.NotFound},
	codeInvalidDN:            {"invalidDNSyntax", "the name is no DN", rollcall.Invalid},
	48:                       {"inappropriateAuthentication", "the entry has no password to check, or this way to bind does not suit it", rollcall.Unauthorized},
	codeInvalidCredentials:   {"invalidCredentials", "the user or the password is wrong", rollcall.Unauthorized},
	codeInsufficientAccess:   {"insufficientAccessRights", "this user may not do that: give it the right to read here", rollcall.Forbidden},
	codeBusy:                 {"busy", "the server is busy: try again later", rollcall.Unavailable},
	codeUnavailable:          {"unavailable", "the server is shutting down or not ready: try again later", rollcall.Unavailable},
	codeUnwilling:            {"unwillingToPerform", "the server refuses to do this", rollcall.Forbidden},
	54:                       {"loopDetect", "the server went round in circles", rollcall.Invalid},
	80:                       {"other", "the server met an error of its own: see its log", rollcall.Unavailable},
	118:                      {"canceled", "the operation was cancelled", rollcall.Unavailable},
	123:                      {"authorizationDenied", "this user may not act for that one", rollcall.Forbidden},
	4096:                     {"e-syncRefreshRequired", "the checkpoint is too old: a full load is needed", rollcall.Conflict},
}

func codeName(n int) string {
	if c, ok := codes[n]; ok {
		return c.name
	}
	return "result code"
}

// subCodes are Active Directory's reasons for refusing a bind, which it hides in
// the diagnostic of invalidCredentials: "…, data 52e, v4563".
var subCodes = map[string]string{
	"525": "there is no such user",
	"52e": "the password is wrong, or the user does not exist",
	"52f": "restrictions of the account forbid signing in",
	"530": "the user may not sign in at this hour",
	"531": "the user may not sign in from this machine",
	"532": "the user's password has expired",
	"533": "the account is disabled",
	"534": "the user has not been granted this kind of sign-in",
	"568": "the user belongs to too many groups",
	"701": "the account has expired",
	"773": "the user must change the password before the next sign-in",
	"775": "the account is locked after too many wrong passwords",
}

// SubCode returns Active Directory's sub-code of a refused bind, such as "52e",
// and its meaning; both empty when the server gave none.
func (e *ResultError) SubCode() (sub, meaning string) {
	_, rest, ok := strings.Cut(e.Diagnostic, ", data ")
	if !ok {
		return "", ""
	}
	sub, _, _ = strings.Cut(rest, ",")
	sub = strings.ToLower(strings.TrimRight(strings.TrimSpace(sub), "\x00"))
	return sub, subCodes[sub]
}

// IsPassword reports whether a bind was refused for its user or password, as far
// as the server says, and not for the state of the account.
func (e *ResultError) IsPassword() bool {
	sub, _ := e.SubCode()
	return e.Code == codeInvalidCredentials && e.policy == "" && (sub == "" || sub == "52e" || sub == "525")
}

// IsRefusal reports whether a bind was refused for whatever the user, the
// password or the account is, and not for the server or the connection. A locked
// account of 389 Directory Server is a constraint that was violated.
func (e *ResultError) IsRefusal() bool {
	switch e.Code {
	case codeConstraint, 48, codeInvalidCredentials, codeInsufficientAccess, codeUnwilling, 123:
		return true
	}
	return false
}

// explain makes a person's sentence of the answer, what being what was attempted.
func (e *ResultError) explain(what string) error {
	c, ok := codes[e.Code]
	if !ok {
		c = code{meaning: "the server refused", kind: rollcall.Internal}
	}
	meaning := c.meaning
	switch e.Code {
	case codeInvalidCredentials:
		if sub, m := e.SubCode(); m != "" {
			meaning = m + " (" + sub + ")"
		} else if e.policy != "" {
			meaning = e.policy
		}
	case codeNoSuchObject:
		if e.MatchedDN != "" {
			meaning += fmt.Sprintf("; what exists ends at %q", e.MatchedDN)
		}
	case codeReferral:
		if len(e.Referrals) > 0 {
			meaning += ": " + strings.Join(e.Referrals, ", ")
		}
	}
	return &rollcall.Error{Kind: c.kind, Msg: what + ": " + meaning, Err: e}
}
