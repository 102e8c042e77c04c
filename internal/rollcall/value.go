package rollcall

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The layouts of dates in canonical text.
const (
	DateLayout     = time.DateOnly
	DateTimeLayout = time.DateTime
)

// Canonical checks a value and returns its canonical text (see the package
// doc). The error is an *Error of kind Invalid; its text is the one that iTop
// gives. A mandatory attribute refuses the empty value.
func (a *Attribute) Canonical(text string) (string, error) {
	if text == "" || text == "0" && a.IsKey() {
		if a.Mandatory {
			return "", a.unexpected("Null not allowed")
		}
		return "", nil
	}
	switch a.Type {
	case TypeString, TypeText, TypeHTML, TypeLog, TypeClass, TypePassword, TypeEmail, TypePhone, TypeURL, TypeIP:
		return a.canonicalText(text)
	case TypeEnum, TypeLanguage:
		return a.canonicalCode(text)
	case TypeTags:
		return a.canonicalTags(text)
	case TypeInteger, TypeDuration, TypeStopwatch, TypeKey, TypeTree:
		return a.canonicalInteger(text)
	case TypeDecimal:
		return a.canonicalDecimal(text)
	case TypeBoolean:
		return a.canonicalBoolean(text)
	case TypeDate, TypeDateTime:
		return a.canonicalTime(text)
	case TypeData:
		if !json.Valid([]byte(text)) || strings.Contains(text, "\x00") {
			return "", a.wrongFormat(text)
		}
	}
	return text, nil
}

// unexpected returns the refusal of a value for a reason.
func (a *Attribute) unexpected(reason string) error {
	return &Error{Kind: Invalid, Msg: fmt.Sprintf("Unexpected value for attribute '%s' (%s) : %s", a.Label, a.Code, reason)}
}

func (a *Attribute) wrongFormat(text string) error {
	return a.unexpected("Wrong format [" + excerpt(text) + "]")
}

// NotAllowed returns the refusal of a value that has the right form and is not
// among those that the attribute may take.
func (a *Attribute) NotAllowed(text string) error {
	return a.unexpected("Value not allowed [" + excerpt(text) + "]")
}

// excerpt keeps a message readable whatever the value is: printable, and no
// longer than a line or two.
func excerpt(text string) string {
	const most = 255
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.ReplaceAll(text, "\x00", "\\0")
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text[:min(len(text), most*utf8.UTFMax)])[:most]) + "…"
}

func (a *Attribute) canonicalText(text string) (string, error) {
	if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
		return "", a.wrongFormat(text)
	}
	// No text has more characters than bytes: most need no counting.
	if a.MaxLength > 0 && len(text) > a.MaxLength {
		if n := utf8.RuneCountInString(text); n > a.MaxLength {
			return "", a.unexpected(fmt.Sprintf("String too long (found %d, limited to %d)", n, a.MaxLength))
		}
	}
	ok := true
	switch a.Type {
	case TypeEmail:
		ok = isEmail(text)
	case TypePhone:
		ok = isPhone(text)
	case TypeURL:
		ok = isURL(text)
	case TypeIP:
		ok = isIPv4(text)
	}
	if !ok || a.Pattern != nil && !a.Pattern.MatchString(text) {
		return "", a.wrongFormat(text)
	}
	return text, nil
}

// canonicalCode takes an exact code, else the one code that differs in case
// alone: "Active" is taken for "active".
func (a *Attribute) canonicalCode(text string) (string, error) {
	for _, v := range a.Values {
		if v == text {
			return v, nil
		}
	}
	found := ""
	for _, v := range a.Values {
		if !strings.EqualFold(v, text) {
			continue
		}
		if found != "" {
			return "", a.NotAllowed(text)
		}
		found = v
	}
	if found == "" {
		return "", a.NotAllowed(text)
	}
	return found, nil
}

func (a *Attribute) canonicalInteger(text string) (string, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 && a.Type != TypeInteger {
		return "", a.wrongFormat(text)
	}
	if n == 0 && a.IsKey() {
		return a.Canonical("") // "00"
	}
	return strconv.FormatInt(n, 10), nil
}

func (a *Attribute) canonicalDecimal(text string) (string, error) {
	const longest = 100 // no declared decimal has as many digits; keeps big numbers small
	whole, fraction, _ := strings.Cut(strings.TrimLeft(text, "+-"), ".")
	if len(text) > longest || !allDigits(whole+fraction) || whole+fraction == "" {
		return "", a.wrongFormat(text)
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", a.wrongFormat(text)
	}
	s := r.FloatString(a.Decimals)
	whole, _, _ = strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if a.Digits > 0 && whole != "0" && len(whole) > a.Digits-a.Decimals {
		return "", a.wrongFormat(text)
	}
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return s, nil
}

func (a *Attribute) canonicalBoolean(text string) (string, error) {
	switch strings.ToLower(text) {
	case "1", "true", "yes", "on":
		return "1", nil
	case "0", "false", "no", "off":
		return "0", nil
	}
	return "", a.wrongFormat(text)
}

// canonicalTime accepts the canonical form, its RFC 3339 spelling, and a date
// for a date and time or the other way round. The zero date that MySQL writes
// is the empty value.
func (a *Attribute) canonicalTime(text string) (string, error) {
	if strings.HasPrefix(text, "0000-00-00") {
		return a.Canonical("")
	}
	layout, shape := DateTimeLayout, "Y-m-d H:i:s"
	if a.Type == TypeDate {
		layout, shape = DateLayout, "Y-m-d"
	}
	for _, form := range [...]string{layout, DateTimeLayout, DateLayout, time.RFC3339} {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC().Format(layout), nil
		}
	}
	return "", &Error{Kind: Invalid, Msg: fmt.Sprintf("Wrong format for date attribute %s, expecting \"%s\" and got \"%s\"", a.Code, shape, excerpt(text))}
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlnum(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isEmail is ^[a-zA-Z0-9._&'-]+@[a-zA-Z0-9.-]+\.[a-zA-Z0-9-]{2,}$, written out
// because a first load asks it of every person.
func isEmail(s string) bool {
	at := strings.IndexByte(s, '@')
	dot := strings.LastIndexByte(s, '.')
	if at < 1 || dot < at+2 || len(s)-dot-1 < 2 {
		return false
	}
	for i := 0; i < at; i++ {
		if c := s[i]; !isAlnum(c) && !strings.ContainsRune("._&'-", rune(c)) {
			return false
		}
	}
	for i := at + 1; i < len(s); i++ {
		if c := s[i]; !isAlnum(c) && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

// isPhone is ^[0-9.\- \+\(\)]+$.
func isPhone(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isDigit(c), c == '.', c == '-', c == ' ', c == '+', c == '(', c == ')':
		default:
			return false
		}
	}
	return true
}

// isURL reports whether s is an absolute web or FTP address.
func isURL(s string) bool {
	if strings.ContainsAny(s, " \t\r\n") {
		return false
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return false
	}
	return u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ftp"
}

// isIPv4 reports whether s is four numbers of 0 to 255 without leading zeros.
func isIPv4(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return false
	}
	for _, p := range parts {
		n, err := strconv.ParseUint(p, 10, 8)
		if err != nil || strconv.FormatUint(n, 10) != p {
			return false
		}
	}
	return true
}
