package wire

import (
	"bytes"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"rollcall/internal/rollcall"
)

// UTF8 is the charset that is taken as it is, spelled exactly so.
const UTF8 = "UTF-8"

// charsetOf finds an encoding by its name. ISO-8859-1 is the real one here, not
// what browsers take for it.
func charsetOf(name string) (encoding.Encoding, error) {
	if strings.EqualFold(name, "ISO-8859-1") {
		return charmap.ISO8859_1, nil
	}
	e, err := ianaindex.IANA.Encoding(name)
	if err != nil || e == nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "Unsupported charset: '%s'", name)
	}
	return e, nil
}

// Decode returns what r holds in UTF-8. Bytes that are none of the charset are
// left out, as iTop does; those of UTF-8 itself stay as they are.
func Decode(r io.Reader, charset string) (io.Reader, error) {
	if charset == UTF8 || strings.EqualFold(charset, UTF8) {
		return r, nil
	}
	e, err := charsetOf(charset)
	if err != nil {
		return nil, err
	}
	return transform.NewReader(r, transform.Chain(e.NewDecoder(), dropReplacements{})), nil
}

// ByteOrderMark begins a UTF-8 file of programs that cannot tell otherwise.
const ByteOrderMark = "\uFEFF"

// WithoutMark takes a byte order mark off the front.
func WithoutMark(r io.Reader) io.Reader {
	start := make([]byte, len(ByteOrderMark))
	n, err := io.ReadFull(r, start)
	if err == nil && string(start) == ByteOrderMark {
		return r
	}
	return io.MultiReader(bytes.NewReader(start[:n]), r)
}

// dropReplacements leaves out the mark that decoders put for what they cannot
// read.
type dropReplacements struct{ transform.NopResetter }

// Transform copies all runes but the replacement mark.
func (dropReplacements) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		r, size := utf8.DecodeRune(src[nSrc:])
		if r == utf8.RuneError && size <= 1 && !atEOF && !utf8.FullRune(src[nSrc:]) {
			return nDst, nSrc, transform.ErrShortSrc
		}
		if r == utf8.RuneError {
			nSrc += size
			continue
		}
		if nDst+size > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += copy(dst[nDst:], src[nSrc:nSrc+size])
		nSrc += size
	}
	return nDst, nSrc, nil
}

// Encode returns a writer that turns UTF-8 into a charset. A letter that the
// charset lacks loses its marks ("ř" becomes "r", as recorded), and what is left
// is a question mark. Close it to write what is pending.
func Encode(w io.Writer, charset string) (io.WriteCloser, error) {
	if strings.EqualFold(charset, UTF8) {
		return nopCloser{w}, nil
	}
	e, err := charsetOf(charset)
	if err != nil {
		return nil, err
	}
	return transform.NewWriter(w, &transliterate{to: e.NewEncoder()}), nil
}

type nopCloser struct{ io.Writer }

// Close does nothing.
func (nopCloser) Close() error { return nil }

// transliterate encodes rune by rune, so that one which does not fit can be
// replaced.
type transliterate struct {
	transform.NopResetter
	to *encoding.Encoder
}

// Transform encodes src.
func (t *transliterate) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if src[nSrc] < utf8.RuneSelf {
			if nDst == len(dst) {
				return nDst, nSrc, transform.ErrShortDst
			}
			dst[nDst] = src[nSrc]
			nDst, nSrc = nDst+1, nSrc+1
			continue
		}
		if !atEOF && !utf8.FullRune(src[nSrc:]) {
			return nDst, nSrc, transform.ErrShortSrc
		}
		r, size := utf8.DecodeRune(src[nSrc:])
		out := t.encode(r)
		if nDst+len(out) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += copy(dst[nDst:], out)
		nSrc += size
	}
	return nDst, nSrc, nil
}

func (t *transliterate) encode(r rune) string {
	if out, err := t.to.String(string(r)); err == nil {
		return out
	}
	plain := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(string(r)))
	if out, err := t.to.String(plain); err == nil && out != "" {
		return out
	}
	return "?"
}
