package reconcile

import (
	"fmt"
	"strings"

	"rollcall/internal/rollcall"
)

// Joining is what a new entry does: make an object, take one over, or neither.
type Joining struct {
	Action rollcall.Action // ActCreate, ActUpdate (the first match) or ActError
	Error  string          // with ActError: the text its replica keeps
}

// Join decides by the number of objects that the join rule found. Criteria
// names them in the error text: "email=a@x.com AND name=Klein".
// The texts are those of the wire (observed on iTop 3.2.0).
func Join(rules *rollcall.Rules, found int, criteria func() string) Joining {
	switch {
	case found == 0 && rules.OnNone == rollcall.ActCreate:
		return Joining{Action: rollcall.ActCreate}
	case found == 0:
		return Joining{rollcall.ActError, "Could not find a match for reconciliation"}
	case found == 1 && rules.OnOne == rollcall.ActUpdate:
		return Joining{Action: rollcall.ActUpdate}
	case found == 1:
		return Joining{rollcall.ActError, "Found a match while expecting several"}
	case rules.OnMany == rollcall.ActCreate:
		return Joining{Action: rollcall.ActCreate}
	case rules.OnMany == rollcall.ActTakeFirst:
		return Joining{Action: rollcall.ActUpdate}
	}
	return Joining{rollcall.ActError, fmt.Sprintf("%d destination objects match the reconciliation criterias: %s", found, criteria())}
}

// Criteria renders a join key for Join's error text.
func Criteria(attributes, values []string) string {
	var b strings.Builder
	for i, a := range attributes {
		if i > 0 {
			b.WriteString(" AND ")
		}
		b.WriteString(a)
		b.WriteByte('=')
		b.WriteString(values[i])
	}
	return b.String()
}
