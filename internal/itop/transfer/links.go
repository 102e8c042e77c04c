package transfer

import (
	"context"
	"strings"

	"rollcall/internal/rollcall"
)

// The signs of a link set's text, as iTop 3.2.0 has them by default.
const (
	linkItem      = "|"
	linkAttribute = ";"
	linkValue     = ":"
	linkQualifier = "'"
)

// linkTexts returns beside hosts the text of one of their link sets:
// 'profileid:2'|'profileid:3';'reason:temporary', each pair in qualifiers as
// recorded.
func linkTexts(ctx context.Context, store Reader, set *rollcall.Attribute, hosts []rollcall.Object) ([]string, error) {
	ids := make([]rollcall.ObjectID, len(hosts))
	for i := range hosts {
		ids[i] = hosts[i].ID
	}
	links, err := store.Links(ctx, set, ids)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(hosts))
	for i := range hosts {
		texts[i] = linkText(set, links[i])
	}
	return texts, nil
}

// linkText writes one link set. Of children it is their IDs.
func linkText(set *rollcall.Attribute, links []rollcall.Link) string {
	target := set.Remote
	if set.Type == rollcall.TypeChildren {
		target = rollcall.CodeID
	}
	var b strings.Builder
	for i := range links {
		if i > 0 {
			b.WriteString(linkItem)
		}
		writePair(&b, target, idText(links[i].Target))
		for _, code := range sortedCodes(links[i].Values) {
			if value := links[i].Values[code]; value != "" {
				b.WriteString(linkAttribute)
				writePair(&b, code, value)
			}
		}
	}
	return b.String()
}

func writePair(b *strings.Builder, code, value string) {
	b.WriteString(linkQualifier)
	b.WriteString(strings.ReplaceAll(code+linkValue+value, linkQualifier, linkQualifier+linkQualifier))
	b.WriteString(linkQualifier)
}
