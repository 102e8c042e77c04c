// Package auth says who may come in and what they may do there: it signs accounts
// in by password, directory, token or session, limits guessing, and works out
// rights from profiles. It knows nothing of HTTP, and reads accounts through a
// small interface.
package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"rollcall/internal/rollcall"
)

// The cost of a hash: the second of the equal choices in OWASP's list of 2024,
// some 20 ms on one core.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonThreads = 1
	saltLength   = 16
	keyLength    = 32

	shortestPassword = 8
	longestPassword  = 1024 // bytes; nobody types more, and hashing is not free
)

// CheckPolicy says why a password may not be set, nil when it may: at least
// eight characters, among them a small and a capital letter, a digit and
// something else. Those are the classes of iTop 3.2's default policy.
func CheckPolicy(password rollcall.Secret) error {
	text := password.Reveal()
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return rollcall.Errorf(rollcall.Invalid, "the password is not text (UTF-8)")
	}
	if len(text) > longestPassword {
		return rollcall.Errorf(rollcall.Invalid, "the password is longer than %d bytes", longestPassword)
	}
	var lower, upper, digit, other bool
	for _, r := range text {
		switch {
		case unicode.IsLower(r):
			lower = true
		case unicode.IsUpper(r):
			upper = true
		case unicode.IsDigit(r):
			digit = true
		default:
			other = true
		}
	}
	var missing []string
	for _, need := range []struct {
		met  bool
		what string
	}{
		{utf8.RuneCountInString(text) >= shortestPassword, fmt.Sprintf("at least %d characters", shortestPassword)},
		{lower, "a small letter"},
		{upper, "a capital letter"},
		{digit, "a digit"},
		{other, "a character that is neither letter nor digit"},
	} {
		if !need.met {
			missing = append(missing, need.what)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return rollcall.Errorf(rollcall.Invalid, "the password is too easy to guess: it needs %s", strings.Join(missing, ", "))
}

// Hash returns the form in which a password is kept: argon2id in PHC's string
// format. Two hashes of one password differ.
func Hash(password rollcall.Secret) (string, error) {
	if password == "" {
		return "", rollcall.Errorf(rollcall.Invalid, "the password is empty")
	}
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails
	key := derive(password, salt, argonTime, argonMemory, argonThreads, keyLength)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

// Verify reports whether a password is the one that a hash was made of. A hash
// that cannot be read fits no password.
func Verify(hash string, password rollcall.Secret) bool {
	p, err := parse(hash)
	if err != nil || password == "" || len(password) > longestPassword {
		return false
	}
	key := derive(password, p.salt, p.time, p.memory, p.threads, uint32(len(p.key)))
	return subtle.ConstantTimeCompare(key, p.key) == 1
}

// derive works on the composed form of the text, so that the same characters
// typed on two systems are the same password.
func derive(password rollcall.Secret, salt []byte, time, memory uint32, threads uint8, length uint32) []byte {
	return argon2.IDKey([]byte(norm.NFC.String(password.Reveal())), salt, time, memory, threads, length)
}

// phc is a hash, read.
type phc struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

// Bounds of what Verify is willing to compute: a hash may come from an import.
const (
	mostMemory = 1 << 20 // KiB
	mostTime   = 16
)

func parse(hash string) (phc, error) {
	var p phc
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, rollcall.Errorf(rollcall.Invalid, "not an argon2id hash")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); err != nil {
		return p, rollcall.Errorf(rollcall.Invalid, "the parameters of a hash: %w", err)
	}
	if p.memory < 8 || p.memory > mostMemory || p.time < 1 || p.time > mostTime || p.threads < 1 {
		return p, rollcall.Errorf(rollcall.Invalid, "the parameters of a hash are out of bounds: %s", parts[3])
	}
	var err error
	if p.salt, err = base64.RawStdEncoding.Strict().DecodeString(parts[4]); err != nil || len(p.salt) < 8 {
		return p, rollcall.Errorf(rollcall.Invalid, "the salt of a hash cannot be read")
	}
	if p.key, err = base64.RawStdEncoding.Strict().DecodeString(parts[5]); err != nil || len(p.key) < 16 || len(p.key) > 128 {
		return p, rollcall.Errorf(rollcall.Invalid, "the key of a hash cannot be read")
	}
	return p, nil
}
