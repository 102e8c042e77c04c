package directory

import (
	"strings"
	"testing"

	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

func TestPolicyReason(t *testing.T) {
	t.Parallel()
	answer := func(oid, value string) []byte {
		one := appendString(nil, tagOctets, oid)
		return appendElement(nil, tagSequence, appendString(one, tagOctets, value))
	}
	for _, c := range []struct {
		name     string
		controls []byte
		want     string
	}{
		{"none", nil, ""},
		{"another control", answer("1.2.3", "\x30\x03\x81\x01\x01"), ""},
		{"locked", answer(oidPasswordPolicy, "\x30\x03\x81\x01\x01"), "the account is locked after too many wrong passwords"},
		{"expired, after a warning", answer(oidPasswordPolicy, "\x30\x08\xa0\x03\x80\x01\x05\x81\x01\x00"), "the user's password has expired"},
		{"must change", answer(oidPasswordPolicy, "\x30\x03\x81\x01\x02"), "the user must change the password before the next sign-in"},
		{"no reason", answer(oidPasswordPolicy, "\x30\x00"), ""},
		{"unknown reason", answer(oidPasswordPolicy, "\x30\x03\x81\x01\x63"), ""},
		{"nonsense", answer(oidPasswordPolicy, "\x81\x7f"), ""},
	} {
		if got := policyReason(c.controls); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestALockedAccountIsNamedAsSuch(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	cfg := Config{URLs: []string{s.LDAP}, Bind: Bind{User: s.ReaderDN, Password: "guess"}}
	try := func() error {
		c, err := Dial(t.Context(), cfg)
		if err == nil {
			_ = c.Close()
		}
		return err
	}
	if err := try(); err == nil || !strings.Contains(err.Error(), "the user or the password is wrong") {
		t.Errorf("got %v, want a wrong password", err)
	}
	for range 5 {
		_ = try()
	}
	cfg.Bind.Password = rollcall.Secret(s.Password)
	if err := try(); err == nil || !strings.Contains(err.Error(), "the account is locked after too many wrong passwords") {
		t.Errorf("got %v, want a locked account", err)
	}
}
