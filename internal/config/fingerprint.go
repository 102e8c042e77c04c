package config

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"hash"
	"slices"

	"rollcall/internal/rollcall"
)

// fingerprintVersion changes when the same rules come to mean another row.
const fingerprintVersion = "1"

// fingerprint is a digest of all that decides an entry's row and what becomes
// of it. The order in which the attributes are written does not matter.
func fingerprint(class *rollcall.Class, rules []rollcall.AttributeRule, byID bool) rollcall.Hash {
	h := sha256.New()
	put(h, fingerprintVersion, class.Name, fmt.Sprint(byID))
	sorted := slices.Clone(rules)
	slices.SortFunc(sorted, func(a, b rollcall.AttributeRule) int { return cmp.Compare(a.Attribute.Code, b.Attribute.Code) })
	for i := range sorted {
		r := &sorted[i]
		put(h, r.Attribute.Code, string(r.Attribute.Type), r.From, r.Value, r.Expr, r.Default, r.Separator, r.OnMiss,
			r.By, r.Source, string(r.Policy), r.ItemSeparator, r.AttributeSeparator, r.ValueSeparator, r.Qualifier,
			fmt.Sprint(r.HasValue, r.HasDefault, r.All, r.Reconcile, r.Update, len(r.Lookup), r.Profiles != nil))
		if r.KeepBlank { // only then: rules without it keep their digest
			put(h, "blank: keep")
		}
		if r.Required {
			put(h, "required")
		}
		for _, l := range r.Lookup {
			put(h, l.Pattern.String(), l.To)
		}
		if r.Profiles != nil {
			put(h, r.Profiles.Pattern.String(), fmt.Sprintf("%q", r.Profiles.Default))
		}
	}
	var out rollcall.Hash
	copy(out[:], h.Sum(nil))
	return out
}

// put writes texts so that no two lists give the same bytes.
func put(h hash.Hash, texts ...string) {
	for _, t := range texts {
		fmt.Fprintf(h, "%d:%s", len(t), t) // a hash never fails to be written
	}
}
