package oql

import "strings"

// Parameters returns the names behind the colons of a query, outside its
// texts and quoted names.
func Parameters(text string) []string {
	var names []string
	seen := map[string]bool{}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\'', '"', '`':
			for i++; i < len(text) && text[i] != c; i++ {
				if text[i] == '\\' && c != '`' {
					i++
				}
			}
		case ':':
			start := i + 1
			for i+1 < len(text) && isNameByte(text, i+1) {
				i++
			}
			if name := strings.TrimSuffix(text[start:i+1], "-"); name != "" && !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

// isNameByte reports whether a byte continues a parameter's name: this->org_id.
func isNameByte(text string, i int) bool {
	c := text[i]
	switch {
	case c == '_', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	case c == '-':
		return strings.HasPrefix(text[i:], "->")
	}
	return c == '>' && text[i-1] == '-'
}
