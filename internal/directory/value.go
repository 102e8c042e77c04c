package directory

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// Syntax is how the bytes of an attribute turn into text.
type Syntax uint8

// The syntaxes that are told apart; everything else is taken as it is.
const (
	Plain    Syntax = iota
	GUID            // 16 bytes, the first three groups little-endian (Active Directory)
	BigGUID         // 16 bytes in the order they are read (eDirectory)
	SID             // Windows security identifier
	Time            // GeneralizedTime
	FileTime        // 100 ns since 1601
	Boolean         // TRUE or FALSE
	Binary          // bytes that are no text: photos, certificates
)

var syntaxes = map[string]Syntax{
	"objectguid": GUID, "ms-ds-consistencyguid": GUID, "msexchmailboxguid": GUID, "msexcharchiveguid": GUID,
	"parentguid": GUID, "attributesecurityguid": GUID, "schemaidguid": GUID, "netbootguid": GUID, "invocationid": GUID,
	"guid":      BigGUID,
	"objectsid": SID, "sidhistory": SID, "tokengroups": SID, "tokengroupsglobalanduniversal": SID, "ms-ds-creatorsid": SID, "securityidentifier": SID,

	"whencreated": Time, "whenchanged": Time, "createtimestamp": Time, "modifytimestamp": Time, "dscorepropagationdata": Time,
	"pwdchangedtime": Time, "pwdendtime": Time, "pwdstarttime": Time, "pwdaccountlockedtime": Time, "pwdlastsuccess": Time, "pwdfailuretime": Time,
	"authtimestamp": Time, "passwordexpirationtime": Time, "accountunlocktime": Time, "krbpasswordexpiration": Time, "krbprincipalexpiration": Time,
	"krblastpwdchange": Time, "krblastsuccessfulauth": Time, "krblastfailedauth": Time, "loginexpirationtime": Time, "logintime": Time, "lastlogintime": Time,

	"accountexpires": FileTime, "pwdlastset": FileTime, "lastlogon": FileTime, "lastlogontimestamp": FileTime, "lastlogoff": FileTime,
	"badpasswordtime": FileTime, "lockouttime": FileTime, "msds-userpasswordexpirytimecomputed": FileTime, "msds-lastsuccessfulinteractivelogontime": FileTime,

	"nsaccountlock": Boolean, "pwdreset": Boolean, "logindisabled": Boolean, "lockedbyintruder": Boolean, "iscriticalsystemobject": Boolean,
	"msds-useraccountdisabled": Boolean, "showinadvancedviewonly": Boolean, "msexchhidefromaddresslists": Boolean, "ds-pwp-account-disabled": Boolean,
	"hassubordinates": Boolean, "isdeleted": Boolean,

	"jpegphoto": Binary, "thumbnailphoto": Binary, "thumbnaillogo": Binary, "photo": Binary, "audio": Binary, "usercertificate": Binary,
	"cacertificate": Binary, "usersmimecertificate": Binary, "userpkcs12": Binary, "ntsecuritydescriptor": Binary, "logonhours": Binary,
	"userparameters": Binary, "msexchmailboxsecuritydescriptor": Binary, "replpropertymetadata": Binary, "krbprincipalkey": Binary, "krbextradata": Binary,
}

// SyntaxOf returns how an attribute's values are to be read, by its name.
func SyntaxOf(attribute string) Syntax { return syntaxes[strings.ToLower(cutBinary(attribute))] }

// Append appends a value's canonical text: identifiers as people write them,
// times as 2006-01-02 15:04:05 in UTC, booleans as 1 or 0. A value that does not
// fit its syntax is taken as it is; a time that says "never" is empty.
func (s Syntax) Append(dst, value []byte) []byte {
	switch s {
	case GUID:
		if len(value) == 16 {
			return appendGUID(dst, value, &mixedEndian)
		}
	case BigGUID:
		if len(value) == 16 {
			return appendGUID(dst, value, &bigEndian)
		}
	case SID:
		if out, ok := appendSID(dst, value); ok {
			return out
		}
	case Time:
		if t, ok := ParseTime(string(value)); ok {
			return t.UTC().AppendFormat(dst, time.DateTime)
		}
	case FileTime:
		if t, ok := ParseFileTime(string(value)); ok {
			if t.IsZero() {
				return dst
			}
			return t.UTC().AppendFormat(dst, time.DateTime)
		}
	case Boolean:
		switch {
		case strings.EqualFold(string(value), "TRUE"):
			return append(dst, '1')
		case strings.EqualFold(string(value), "FALSE"):
			return append(dst, '0')
		}
	}
	return append(dst, value...)
}

// Text is Append for one value.
func (s Syntax) Text(value []byte) string { return string(s.Append(nil, value)) }

// The places of the bytes of a GUID in its text.
var (
	mixedEndian = [16]byte{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}
	bigEndian   = [16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
)

func appendGUID(dst, b []byte, order *[16]byte) []byte {
	const digits = "0123456789abcdef"
	for i, at := range order {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[b[at]>>4], digits[b[at]&15])
	}
	return dst
}

// ParseGUID returns the bytes of a GUID's text in the order of Active Directory,
// ready to be escaped into a filter.
func ParseGUID(text string) ([]byte, error) {
	raw, err := hex.DecodeString(strings.ReplaceAll(strings.Trim(text, "{}"), "-", ""))
	if err != nil || len(raw) != 16 {
		return nil, rollcall.Errorf(rollcall.Invalid, "%q is no GUID", text)
	}
	out := make([]byte, 16)
	for i, at := range mixedEndian {
		out[at] = raw[i]
	}
	return out, nil
}

// appendSID appends S-1-… for a binary security identifier: revision, count,
// six bytes of authority, then 32-bit parts.
func appendSID(dst, b []byte) ([]byte, bool) {
	if len(b) < 8 || b[0] != 1 || len(b) != 8+4*int(b[1]) {
		return dst, false
	}
	authority := uint64(0)
	for _, c := range b[2:8] {
		authority = authority<<8 | uint64(c)
	}
	dst = append(dst, "S-1-"...)
	if authority >= 1<<32 {
		dst = append(dst, "0x"...)
		dst = append(dst, hex.EncodeToString(b[2:8])...)
	} else {
		dst = strconv.AppendUint(dst, authority, 10)
	}
	for parts := b[8:]; len(parts) > 0; parts = parts[4:] {
		dst = append(dst, '-')
		dst = strconv.AppendUint(dst, uint64(binary.LittleEndian.Uint32(parts)), 10)
	}
	return dst, true
}

// ParseTime reads a GeneralizedTime (RFC 4517 section 3.3.13): minutes, seconds
// and their fraction may be missing, the zone may be Z or an offset.
func ParseTime(text string) (time.Time, bool) {
	digits := 0
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	layout, ok := map[int]string{10: "2006010215", 12: "200601021504", 14: "20060102150405"}[digits]
	if !ok {
		return time.Time{}, false
	}
	rest := text[digits:]
	var fraction time.Duration
	if rest != "" && (rest[0] == '.' || rest[0] == ',') {
		n := 1
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		part, err := strconv.ParseFloat("0."+rest[1:n], 64)
		if err != nil || n == 1 {
			return time.Time{}, false
		}
		unit := map[int]time.Duration{10: time.Hour, 12: time.Minute, 14: time.Second}[digits]
		fraction = time.Duration(part * float64(unit))
		rest = rest[n:]
	}
	switch {
	case rest == "Z":
		layout += "Z"
	case len(rest) == 5:
		layout += "-0700"
	case len(rest) == 3:
		layout += "-07"
	default:
		return time.Time{}, false
	}
	t, err := time.Parse(layout, text[:digits]+rest)
	if err != nil {
		return time.Time{}, false
	}
	return t.Add(fraction).UTC(), true
}

const fileTimeNever = 1<<63 - 1

// ParseFileTime reads a Windows file time: a decimal count of 100 ns since 1601.
// The zero time stands for 0 and for "never".
func ParseFileTime(text string) (time.Time, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	if n <= 0 || n == fileTimeNever {
		return time.Time{}, true
	}
	const epoch = 11644473600 // seconds from 1601 to 1970
	return time.Unix(n/1e7-epoch, n%1e7*100).UTC(), true
}
