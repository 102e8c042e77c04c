package directory

import (
	"strconv"
	"strings"
	"time"
)

// Account is the state of an account at a time.
type Account struct {
	Disabled        bool // switched off by an administrator, or not valid yet
	Locked          bool // after too many wrong passwords
	Expired         bool // past its end date
	PasswordExpired bool // the password must be changed
}

// Bits of userAccountControl and of msDS-User-Account-Control-Computed.
const (
	uacDisabled        = 0x2
	uacLockout         = 0x10
	uacKeepPassword    = 0x10000
	uacPasswordExpired = 0x800000
)

var adAccountAttributes = []string{
	"userAccountControl", "msDS-User-Account-Control-Computed", "accountExpires", "lockoutTime", "pwdLastSet", "msDS-UserAccountDisabled",
}

// otherAccountAttributes are those of every other kind of server: they do not
// contradict one another, and a server ignores names it does not know.
var otherAccountAttributes = []string{
	// the password policy draft: OpenLDAP, Apache DS, OpenDJ
	"pwdAccountLockedTime", "pwdEndTime", "pwdStartTime", "pwdReset", "ds-pwp-account-disabled", "ds-pwp-account-expiration-time",
	// 389 DS and FreeIPA
	"nsAccountLock", "accountUnlockTime", "passwordExpirationTime", "krbPrincipalExpiration", "krbPasswordExpiration",
	// eDirectory
	"loginDisabled", "lockedByIntruder", "loginIntruderResetTime", "loginExpirationTime",
	// RFC 2307
	"shadowExpire", "shadowLastChange", "shadowMax",
}

// AccountAttributes returns what must be asked for to know an account's state.
func AccountAttributes(k Kind) []string {
	if k.IsAD() {
		return adAccountAttributes
	}
	return otherAccountAttributes
}

// AccountOf works out an account's state from the attributes of its entry.
func AccountOf(k Kind, get func(name string) [][]byte, now time.Time) Account {
	s := state{get: get, now: now}
	if k.IsAD() {
		return s.activeDirectory()
	}
	var a Account
	s.passwordPolicy(&a)
	s.netscape(&a)
	s.eDirectory(&a)
	s.shadow(&a)
	return a
}

// state reads single values of an entry.
type state struct {
	get func(name string) [][]byte
	now time.Time
}

func (s state) text(name string) string {
	if vs := s.get(name); len(vs) > 0 {
		return string(vs[0])
	}
	return ""
}

func (s state) number(name string) (int64, bool) {
	n, err := strconv.ParseInt(s.text(name), 10, 64)
	return n, err == nil
}

func (s state) isTrue(name string) bool { return strings.EqualFold(s.text(name), "TRUE") }

// past reports whether a GeneralizedTime is there and not in the future.
func (s state) past(name string) bool {
	t, ok := ParseTime(s.text(name))
	return ok && !t.After(s.now)
}

func (s state) future(name string) bool {
	t, ok := ParseTime(s.text(name))
	return ok && t.After(s.now)
}

func (s state) activeDirectory() Account {
	uac, _ := s.number("userAccountControl")
	computed, hasComputed := s.number("msDS-User-Account-Control-Computed")
	a := Account{Disabled: uac&uacDisabled != 0 || s.isTrue("msDS-UserAccountDisabled")}
	if hasComputed {
		a.Locked = computed&uacLockout != 0
	} else if since, ok := ParseFileTime(s.text("lockoutTime")); ok {
		// Without the computed flags how long a lock lasts is not known: the
		// time stays until the next sign-in.
		a.Locked = !since.IsZero()
	}
	if end, ok := ParseFileTime(s.text("accountExpires")); ok && !end.IsZero() {
		a.Expired = !end.After(s.now)
	}
	a.PasswordExpired = computed&uacPasswordExpired != 0
	if set, ok := s.number("pwdLastSet"); ok && set == 0 && uac&uacKeepPassword == 0 {
		a.PasswordExpired = true
	}
	return a
}

// lockedForEver is what the password policy draft writes for an account that an
// administrator locked.
const lockedForEver = "000001010000Z"

func (s state) passwordPolicy(a *Account) {
	if since := s.text("pwdAccountLockedTime"); since == lockedForEver {
		a.Disabled = true
	} else if since != "" {
		a.Locked = true
	}
	a.Expired = a.Expired || s.past("pwdEndTime") || s.past("ds-pwp-account-expiration-time")
	a.Disabled = a.Disabled || s.future("pwdStartTime") || s.isTrue("ds-pwp-account-disabled")
	a.PasswordExpired = a.PasswordExpired || s.isTrue("pwdReset")
}

func (s state) netscape(a *Account) {
	a.Disabled = a.Disabled || s.isTrue("nsAccountLock")
	if until := s.text("accountUnlockTime"); until != "" {
		t, ok := ParseTime(until)
		// The epoch stands for "until an administrator unlocks it".
		a.Locked = a.Locked || ok && (t.After(s.now) || t.Unix() == 0)
	}
	a.Expired = a.Expired || s.past("krbPrincipalExpiration")
	a.PasswordExpired = a.PasswordExpired || s.past("passwordExpirationTime") || s.past("krbPasswordExpiration")
}

func (s state) eDirectory(a *Account) {
	a.Disabled = a.Disabled || s.isTrue("loginDisabled")
	if s.isTrue("lockedByIntruder") {
		a.Locked = a.Locked || s.text("loginIntruderResetTime") == "" || s.future("loginIntruderResetTime")
	}
	a.Expired = a.Expired || s.past("loginExpirationTime")
}

// shadow reads the days of RFC 2307, as shadow(5) explains them.
func (s state) shadow(a *Account) {
	today := s.now.Unix() / 86400
	if end, ok := s.number("shadowExpire"); ok && end > 0 && today >= end {
		a.Expired = true
	}
	changed, ok := s.number("shadowLastChange")
	if !ok {
		return
	}
	longest, ok := s.number("shadowMax")
	if changed == 0 || ok && longest >= 0 && longest < 99999 && changed > 0 && changed+longest < today {
		a.PasswordExpired = true
	}
}
