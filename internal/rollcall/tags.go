package rollcall

import (
	"slices"
	"strings"
)

// canonicalTags takes codes with blanks between.
func (a *Attribute) canonicalTags(text string) (string, error) {
	codes := strings.Fields(text)
	if len(codes) == 0 {
		return a.Canonical("")
	}
	for _, code := range codes {
		if !slices.Contains(a.Values, code) {
			return "", a.unexpected("Tag value '" + excerpt(code) + "' is not a valid tag list")
		}
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	if a.MaxLength > 0 && len(codes) > a.MaxLength {
		return "", a.unexpected("Tag value '" + excerpt(text) + "' is not a valid tag list")
	}
	return strings.Join(codes, " "), nil
}
