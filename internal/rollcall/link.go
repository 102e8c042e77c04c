package rollcall

import (
	"strconv"
	"strings"
)

// ApplicationLink fills in the placeholders of a source's application link:
// $this->attribute$ for every stored attribute of the object, and
// $replica->primary_key$, $replica->id$ and $replica->attribute$ for what the
// entry said. A placeholder that names nothing stays as it is, and nothing is
// encoded, as on iTop 3.2.0; an empty template gives no link.
func ApplicationLink(template string, object *Object, replica *Replica, rules *Rules) string {
	if !strings.Contains(template, "$") {
		return template
	}
	pairs := []string{
		"$replica->primary_key$", replica.Key,
		"$replica->id$", strconv.FormatInt(replica.ID, 10),
	}
	for i := range rules.Attributes {
		if i < len(replica.Row) && replica.Row[i].Set {
			pairs = append(pairs, "$replica->"+rules.Attributes[i].Attribute.Code+"$", replica.Row[i].Text)
		}
	}
	for _, a := range object.Class.Stored {
		if a.Type != TypePassword && a.Type != TypeImage {
			pairs = append(pairs, "$this->"+a.Code+"$", object.Values[a.Column])
		}
	}
	return strings.NewReplacer(pairs...).Replace(template)
}
