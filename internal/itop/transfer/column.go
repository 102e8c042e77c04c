package transfer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rollcall/internal/itop/wire"
	"rollcall/internal/rollcall"
)

// column is one field of a table: a code of one of the selected classes, or of
// an object that a key of it points at.
type column struct {
	spec   string // as it was asked for: "P.org_id->name"
	alias  int    // which selected class
	class  *rollcall.Class
	code   string // of class
	target *rollcall.Class
	remote string // of target, behind the key code; "" for none
	shape  shape
	set    *rollcall.Attribute // a link set, shown as text
}

// selection is what a query selects: aliases, and the class of each.
type selection struct {
	aliases []string
	classes []*rollcall.Class
}

func selectionOf(q *rollcall.Query) selection {
	s := selection{classes: q.Columns}
	for _, t := range q.Parts[0].Selected {
		s.aliases = append(s.aliases, t.Alias)
	}
	return s
}

// columnError is a field that cannot be written, in iTop's words.
func columnError(spec, code string, class *rollcall.Class) error {
	return rollcall.Errorf(rollcall.Invalid, "Wrong field specification '%s': Unknown attribute %s from class %s", spec, code, class.Name)
}

// maxColumns is more than any class has.
const maxColumns = 1000

// parseColumns reads a list of fields: "id", "name", "P.name", "org_id->name".
func parseColumns(model *rollcall.Model, sel selection, list string) ([]column, error) {
	if strings.Count(list, ",") >= maxColumns {
		return nil, rollcall.Errorf(rollcall.Invalid, "Too many fields: no more than %d can be exported at once", maxColumns)
	}
	var columns []column
	for spec := range strings.SplitSeq(list, ",") {
		spec = strings.TrimSpace(spec)
		if spec == "" {
			continue
		}
		c, err := parseColumn(model, sel, spec)
		if err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	return columns, nil
}

func parseColumn(model *rollcall.Model, sel selection, spec string) (column, error) {
	c := column{spec: spec}
	path := spec
	if alias, rest, ok := strings.Cut(spec, "."); ok {
		if c.alias = slices.Index(sel.aliases, alias); c.alias < 0 {
			c.alias = 0
			return c, rollcall.Errorf(rollcall.Invalid, "Invalid alias '%s' for the column '%s'. Availables aliases: %s", alias, rest, quoteList(sel.aliases))
		}
		path = rest
	} else {
		c.alias = holderOf(model, sel, spec)
	}
	c.class = sel.classes[c.alias]
	code, remote, behind := strings.Cut(path, "->")
	c.code, c.remote = strings.TrimSpace(code), strings.TrimSpace(remote)
	if !hasCode(model, c.class, c.code) {
		return c, columnError(spec, c.code, c.class)
	}
	a := c.class.Attribute(c.code)
	if !behind {
		c.shape = shapeOf(model, c.class, c.code)
		if a != nil && (a.Type == rollcall.TypeLinks || a.Type == rollcall.TypeChildren) {
			c.set = a
		}
		return c, nil
	}
	if a != nil {
		c.target = model.KeyTarget(c.class, a)
	}
	if c.target == nil {
		return c, rollcall.Errorf(rollcall.Invalid, "Wrong field specification '%s': %s of class %s is not an external key", spec, c.code, c.class.Name)
	}
	if !hasCode(model, c.target, c.remote) {
		return c, columnError(spec, c.remote, c.target)
	}
	c.shape = shapeOf(model, c.target, c.remote)
	if r := c.target.Attribute(c.remote); r != nil && (r.Type == rollcall.TypeLinks || r.Type == rollcall.TypeChildren) {
		return c, rollcall.Errorf(rollcall.Invalid, "Wrong field specification '%s': a link set behind a key is not exported", spec)
	}
	return c, nil
}

// holderOf returns which selected class a field without an alias is of: the
// first that has it, else the first.
func holderOf(model *rollcall.Model, sel selection, path string) int {
	code, _, _ := strings.Cut(path, "->")
	for i, class := range sel.classes {
		if hasCode(model, class, strings.TrimSpace(code)) {
			return i
		}
	}
	return 0
}

func hasCode(model *rollcall.Model, class *rollcall.Class, code string) bool {
	return code == rollcall.CodeID || wire.Known(model, class, code)
}

// label returns the head of a column: its label, or its code when labels are not
// wanted; with the alias before it when there are several.
func (c *column) label(model *rollcall.Model, sel selection, localize bool) string {
	text := c.code
	if localize {
		text = wire.Label(model, c.class, c.code)
	}
	if c.target != nil {
		behind := c.remote
		if localize {
			behind = wire.Label(model, c.target, c.remote)
		}
		text += "->" + behind
	}
	if len(sel.aliases) > 1 {
		text = sel.aliases[c.alias] + "." + text
	}
	return text
}

// needs returns the stored attributes of the selected class that the column is
// read from.
func (c *column) needs(model *rollcall.Model) []string { return needs(model, c.class, c.code) }

// texts reads the column of a batch of rows.
func (c *column) texts(ctx context.Context, v *values, objects []rollcall.Object) ([]string, error) {
	if c.set != nil {
		return linkTexts(ctx, v.store, c.set, objects)
	}
	texts, err := v.of(ctx, c.class, objects, c.code)
	if err != nil || c.target == nil {
		return texts, err
	}
	out := make([]string, len(texts))
	return out, v.follow(ctx, c.target, texts, c.remote, out)
}

func sortedCodes(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// quoteList writes 'a', 'b'.
func quoteList(list []string) string { return fmt.Sprintf("'%s'", strings.Join(list, "', '")) }
