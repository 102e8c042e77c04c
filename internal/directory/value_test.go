package directory

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSyntaxText(t *testing.T) {
	t.Parallel()
	guid := "\x3f\x79\x04\x8f\x43\xcc\xc9\x4d\x91\x72\x3e\x3a\x5d\x6e\x7f\x80"
	sid := "\x01\x05\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\xff\xff\xff\xff\xf4\x01\x00\x00"
	for _, c := range []struct{ attribute, value, want string }{
		{"objectGUID", guid, "8f04793f-cc43-4dc9-9172-3e3a5d6e7f80"},
		{"GUID", guid, "3f79048f-43cc-c94d-9172-3e3a5d6e7f80"},
		{"objectGUID", "short", "short"},
		{"objectsid", sid, "S-1-5-21-1-2-4294967295-500"},
		{"objectSid", "\x01\x01\x00\x00\x00\x00\x00\x05\x12\x00\x00\x00", "S-1-5-18"},
		{"objectSid", "\x01\x00\x12\x34\x56\x78\x9a\xbc", "S-1-0x123456789abc"},
		{"objectSid", sid[:20], sid[:20]},
		{"whenCreated", "20240229133005.0Z", "2024-02-29 13:30:05"},
		{"createTimestamp", "20240229133005Z", "2024-02-29 13:30:05"},
		{"createTimestamp", "2024022913Z", "2024-02-29 13:00:00"},
		{"createTimestamp", "202402291330-0130", "2024-02-29 15:00:00"},
		{"createTimestamp", "2024022913.5+01", "2024-02-29 12:30:00"},
		{"createTimestamp", "20240229133005", "20240229133005"}, // local time of nobody knows where
		{"createTimestamp", "20241332000000Z", "20241332000000Z"},
		{"accountExpires", "0", ""},
		{"accountExpires", "9223372036854775807", ""},
		{"accountExpires", "116444736000000000", "1970-01-01 00:00:00"},
		{"pwdLastSet", "133536798051234567", "2024-02-29 11:30:05"},
		{"nsAccountLock", "true", "1"},
		{"pwdReset", "FALSE", "0"},
		{"pwdReset", "maybe", "maybe"},
		{"cn", "TRUE", "TRUE"},
	} {
		if got := SyntaxOf(c.attribute).Text([]byte(c.value)); got != c.want {
			t.Errorf("%s %q: got %q, want %q", c.attribute, c.value, got, c.want)
		}
	}
	if SyntaxOf("userCertificate;binary") != Binary {
		t.Error("the transfer option hides the syntax")
	}
}

func TestGUIDRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "guid")
		back, err := ParseGUID("{" + GUID.Text(raw) + "}")
		if err != nil || !cmp.Equal(back, raw) {
			t.Fatalf("got % x, %v, want % x", back, err, raw)
		}
	})
	if _, err := ParseGUID("8f04793f"); err == nil {
		t.Error("a short GUID was accepted")
	}
}

func TestTimesRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-11e9, 2e11).Draw(t, "seconds"), 0).UTC()
		if at.Year() > 9999 {
			return
		}
		if got, ok := ParseTime(at.Format("20060102150405Z")); !ok || !got.Equal(at) {
			t.Fatalf("GeneralizedTime: got %s, want %s", got, at)
		}
		if got, ok := ParseFileTime(fmt.Sprint((at.Unix() + 11644473600) * 1e7)); !ok || !got.Equal(at) {
			t.Fatalf("FILETIME: got %s, want %s", got, at)
		}
	})
}

func FuzzTime(f *testing.F) {
	f.Add("20240229133005.0Z")
	f.Add("2024022913,5+0100")
	f.Fuzz(func(t *testing.T, text string) {
		if at, ok := ParseTime(text); ok && at.Location() != time.UTC {
			t.Fatalf("%q is in %s", text, at.Location())
		}
		ParseFileTime(text)
		appendSID(nil, []byte(text))
	})
}

func TestAccountOf(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		kind  Kind
		entry map[string]string
		want  Account
	}{
		{"AD: plain", ActiveDirectory, map[string]string{"userAccountControl": "512", "accountExpires": "0", "lockoutTime": "0", "pwdLastSet": "133536798051234567"}, Account{}},
		{"AD: never expires", ActiveDirectory, map[string]string{"userAccountControl": "66048", "accountExpires": "9223372036854775807"}, Account{}},
		{"AD: disabled", ActiveDirectory, map[string]string{"userAccountControl": "514"}, Account{Disabled: true}},
		{"AD: expired", ActiveDirectory, map[string]string{"userAccountControl": "512", "accountExpires": "133536798051234567"}, Account{Expired: true}},
		{"AD: locked, computed", ActiveDirectory, map[string]string{"userAccountControl": "512", "msDS-User-Account-Control-Computed": "16", "lockoutTime": "133536798051234567"}, Account{Locked: true}},
		{"AD: lock ran out", ActiveDirectory, map[string]string{"userAccountControl": "512", "msDS-User-Account-Control-Computed": "0", "lockoutTime": "133536798051234567"}, Account{}},
		{"AD: locked, not computed", ActiveDirectory, map[string]string{"lockoutTime": "133536798051234567"}, Account{Locked: true}},
		{"AD: password expired", ActiveDirectory, map[string]string{"msDS-User-Account-Control-Computed": "8388608"}, Account{PasswordExpired: true}},
		{"AD: must change", SambaAD, map[string]string{"userAccountControl": "512", "pwdLastSet": "0"}, Account{PasswordExpired: true}},
		{"AD: keeps its password", SambaAD, map[string]string{"userAccountControl": "66048", "pwdLastSet": "0"}, Account{}},
		{"LDS: disabled", LightweightAD, map[string]string{"msDS-UserAccountDisabled": "TRUE"}, Account{Disabled: true}},
		{"ppolicy: locked", OpenLDAP, map[string]string{"pwdAccountLockedTime": "20261121110000Z"}, Account{Locked: true}},
		{"ppolicy: locked for ever", OpenLDAP, map[string]string{"pwdAccountLockedTime": "000001010000Z"}, Account{Disabled: true}},
		{"ppolicy: reset", OpenLDAP, map[string]string{"pwdReset": "TRUE"}, Account{PasswordExpired: true}},
		{"ppolicy: ended", OpenLDAP, map[string]string{"pwdEndTime": "20261121115959Z"}, Account{Expired: true}},
		{"ppolicy: ends later", OpenLDAP, map[string]string{"pwdEndTime": "20261121120001Z"}, Account{}},
		{"ppolicy: not begun", OpenLDAP, map[string]string{"pwdStartTime": "20261122000000Z"}, Account{Disabled: true}},
		{"389: disabled", Directory389, map[string]string{"nsAccountLock": "true"}, Account{Disabled: true}},
		{"389: not disabled", Directory389, map[string]string{"nsAccountLock": "false"}, Account{}},
		{"389: locked for ever", Directory389, map[string]string{"accountUnlockTime": "19700101000000Z"}, Account{Locked: true}},
		{"389: lock ran out", Directory389, map[string]string{"accountUnlockTime": "20261121000000Z"}, Account{}},
		{"389: password expired", Directory389, map[string]string{"passwordExpirationTime": "20260101000000Z"}, Account{PasswordExpired: true}},
		{"FreeIPA: expired", FreeIPA, map[string]string{"krbPrincipalExpiration": "20260101000000Z", "krbPasswordExpiration": "20260101000000Z"}, Account{Expired: true, PasswordExpired: true}},
		{"eDirectory: all", EDirectory, map[string]string{"loginDisabled": "TRUE", "lockedByIntruder": "TRUE", "loginIntruderResetTime": "20261122000000Z", "loginExpirationTime": "20260101000000Z"}, Account{Disabled: true, Locked: true, Expired: true}},
		{"eDirectory: lock ran out", EDirectory, map[string]string{"lockedByIntruder": "TRUE", "loginIntruderResetTime": "20261101000000Z"}, Account{}},
		{"OpenDJ: disabled", OpenDJ, map[string]string{"ds-pwp-account-disabled": "true"}, Account{Disabled: true}},
		{"shadow: expired today", OpenLDAP, map[string]string{"shadowExpire": "20778"}, Account{Expired: true}},
		{"shadow: expires tomorrow", OpenLDAP, map[string]string{"shadowExpire": "20779"}, Account{}},
		{"shadow: never", OpenLDAP, map[string]string{"shadowExpire": "-1", "shadowLastChange": "1", "shadowMax": "99999"}, Account{}},
		{"shadow: password too old", OpenLDAP, map[string]string{"shadowLastChange": "20000", "shadowMax": "90"}, Account{PasswordExpired: true}},
		{"shadow: must change", OpenLDAP, map[string]string{"shadowLastChange": "0"}, Account{PasswordExpired: true}},
	} {
		got := AccountOf(c.kind, func(name string) [][]byte {
			if v, ok := c.entry[name]; ok {
				return [][]byte{[]byte(v)}
			}
			return nil
		}, now)
		if got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
		asked := map[string]bool{}
		for _, name := range AccountAttributes(c.kind) {
			asked[name] = true
		}
		for name := range c.entry {
			if !asked[name] {
				t.Errorf("%s: %s is not asked for", c.name, name)
			}
		}
	}
}

func TestServersAreToldApart(t *testing.T) {
	t.Parallel()
	for want, marks := range map[Kind][][]string{
		ActiveDirectory: {{"supportedCapabilities", "1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670"}, {"defaultNamingContext", "DC=x"}, {"domainFunctionality", "7"}},
		SambaAD:         {{"supportedCapabilities", "1.2.840.113556.1.4.800"}, {"vendorName", "Samba Team (https://www.samba.org)"}},
		LightweightAD:   {{"supportedCapabilities", "1.2.840.113556.1.4.1851", "1.2.840.113556.1.4.800"}},
		OpenLDAP:        {{"objectClass", "top", "OpenLDAProotDSE"}},
		Directory389:    {{"vendorName", "389 Project"}, {"vendorVersion", "389-Directory/2.3.1 B2023"}},
		FreeIPA:         {{"vendorName", "389 Project"}, {"supportedExtension", "2.16.840.1.113730.3.8.10.1"}},
		EDirectory:      {{"vendorName", "NetIQ Corporation"}, {"vendorVersion", "LDAP Agent for NetIQ eDirectory 9.2"}},
		ApacheDS:        {{"vendorName", "Apache Software Foundation"}},
		OpenDJ:          {{"vendorName", "Open Identity Platform Community"}},
		UnknownKind:     {{"vendorName", "Acme"}},
	} {
		e := &Entry{}
		for _, m := range marks {
			var values [][]byte
			for _, v := range m[1:] {
				values = append(values, []byte(v))
			}
			e.Names, e.Values = append(e.Names, m[0]), append(e.Values, values)
		}
		if got := describeRoot(e); got.Kind != want {
			t.Errorf("got %s, want %s", got.Kind, want)
		}
	}
}

func TestBaseIsWherePeopleLive(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		preferred string
		contexts  []string
		want      string
	}{
		{"DC=x", []string{"CN=Configuration,DC=x", "DC=x"}, "DC=x"},
		{"", []string{"cn=config", "o=netscaperoot", "dc=example,dc=org"}, "dc=example,dc=org"},
		{"", []string{"cn=monitor"}, "cn=monitor"},
		{"", nil, ""},
	} {
		if got := chooseBase(c.preferred, c.contexts); got != c.want {
			t.Errorf("%v: got %q, want %q", c.contexts, got, c.want)
		}
	}
}

func TestPrimaryGroupSID(t *testing.T) {
	t.Parallel()
	sid := []byte("\x01\x05\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\xf4\x01\x00\x00")
	if got := SID.Text(PrimaryGroupSID(nil, sid, []byte("513"))); got != "S-1-5-21-1-2-3-513" {
		t.Errorf("got %s", got)
	}
	if PrimaryGroupSID(nil, sid, []byte("x")) != nil || PrimaryGroupSID(nil, nil, []byte("513")) != nil {
		t.Error("a group was made of nothing")
	}
}
