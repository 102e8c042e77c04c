package directory

import (
	"bytes"
	"slices"

	"rollcall/internal/rollcall"
)

// dnFolder folds one DN after another. Neighbours mostly have the same parent,
// which then is folded once.
type dnFolder struct {
	parent []byte // from the comma on, as it was read
	folded []byte // the same, folded
}

// append appends rollcall.FoldDN(dn).
func (f *dnFolder) append(dst, dn []byte) []byte {
	if i := bytes.IndexByte(dn, ','); i > 0 {
		// A comma within a value is escaped or quoted, and what is, is not plain.
		if out, ok := foldPlainDN(dst, dn[:i]); ok && f.knows(dn[i:]) {
			return append(out, f.folded...)
		}
	}
	return AppendFoldedDN(dst, dn)
}

// knows reports whether a parent, with the comma before it, is the one that is
// folded, or can be.
func (f *dnFolder) knows(parent []byte) bool {
	if bytes.Equal(parent, f.parent) {
		return true
	}
	out, ok := foldPlainDN(append(f.folded[:0], ','), parent[1:])
	if !ok {
		f.parent = f.parent[:0]
		return false
	}
	f.parent, f.folded = append(f.parent[:0], parent...), out
	return true
}

// AppendFoldedDN appends rollcall.FoldDN(dn). Plain names, which is nearly all,
// cost no allocation.
func AppendFoldedDN(dst, dn []byte) []byte {
	if out, ok := foldPlainDN(dst, dn); ok {
		return out
	}
	return append(dst, rollcall.FoldDN(string(dn))...)
}

// foldPlainDN folds a DN that holds nothing to unescape and nothing but ASCII.
func foldPlainDN(dst, dn []byte) (out []byte, ok bool) {
	at := len(dst)
	begin := at // of the type or value being read
	out = slices.Grow(dst, len(dn))[:at+len(dn)]
	value, space := false, false
	plain := &plainInType
	for _, c := range dn {
		if folded := plain[c]; folded != 0 {
			if space && at > begin {
				if !value {
					return nil, false
				}
				out[at] = ' '
				at++
			}
			space = false
			out[at] = folded
			at++
			continue
		}
		switch c {
		case ' ':
			space = true
			continue
		case ',':
			if !value || at == begin {
				return nil, false
			}
			value, plain = false, &plainInType
		case '=':
			if value || at == begin || bytes.HasPrefix(out[begin:at], []byte("oid.")) {
				return nil, false
			}
			value, plain = true, &plainInValue
		default:
			return nil, false
		}
		out[at] = c
		at++
		space, begin = false, at
	}
	return out[:at], value && at > begin
}

// plainInType and plainInValue say what a byte folds to, 0 for one that needs a
// closer look.
var plainInType, plainInValue = plainBytes(""), plainBytes("@'()/:&!$%*?|~[]{}^`")

func plainBytes(more string) (table [256]byte) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyz0123456789-._" + more) {
		table[c] = c
	}
	for c := 'A'; c <= 'Z'; c++ {
		table[c] = byte(c) + 'a' - 'A'
	}
	return table
}
