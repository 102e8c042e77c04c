package rollcall

import "log/slog"

// Secret is a password or a token. It prints as *** in every format; Reveal is
// the only way to its text.
type Secret string

const mask = "***"

// String returns ***, or nothing for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return mask
}

// GoString returns what String returns.
func (s Secret) GoString() string { return s.String() }

// LogValue returns what String returns.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns what String returns.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal returns the secret's text, to be handed to the server that asks for it.
func (s Secret) Reveal() string { return string(s) }
