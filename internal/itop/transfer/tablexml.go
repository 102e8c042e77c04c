package transfer

import (
	"bufio"
	"strings"

	"rollcall/internal/itop/wire"
	"rollcall/internal/rollcall"
)

// xmlTable writes objects as XML elements, one attribute a line. Its columns are
// those of each selected class, one class after the other.
type xmlTable struct {
	out     *bufio.Writer
	look    look
	columns []column
	sel     selection
}

func (t *xmlTable) begin([]string) error {
	_, err := t.out.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Set>\n")
	return err
}

func (t *xmlTable) row(objects []rollcall.Object, cells []string) error {
	many := len(objects) > 1
	if many {
		t.text("<Row>\n")
	}
	for alias := range objects {
		t.object(alias, &objects[alias], cells)
	}
	if many {
		t.text("</Row>\n")
	}
	return nil
}

// object writes one object; one that is absent has the id and values null.
func (t *xmlTable) object(alias int, o *rollcall.Object, cells []string) {
	class, id := t.sel.classes[alias].Name, "null"
	if o.Class != nil {
		class, id = o.Class.Name, idText(o.ID)
	}
	t.text("<" + class + ` alias="` + t.sel.aliases[alias] + `" id="` + id + "\">\n")
	for i := range t.columns {
		c := &t.columns[i]
		if c.alias != alias {
			continue
		}
		t.text("<" + c.code + ">")
		switch {
		case o.Class == nil:
			t.text("null")
		case c.shape.kind == rollcall.TypeTags:
			t.tags(c.shape.attr, cells[i])
		default:
			t.text(xmlText(t.look.show(c.shape, cells[i])))
		}
		t.text("</" + c.code + ">\n")
	}
	t.text("</" + class + ">\n")
}

// tags writes tags as elements of their own.
func (t *xmlTable) tags(a *rollcall.Attribute, value string) {
	t.text("<Set>\n")
	for _, tag := range wire.Tags(a, value, t.look.localize) {
		t.text("<Tag>" + xmlText(tag) + "</Tag>")
	}
	t.text("</Set>\n")
}

func (t *xmlTable) end() error {
	t.text("</Set>\n")
	return t.out.Flush()
}

func (t *xmlTable) text(s string) { _, _ = t.out.WriteString(s) } // Flush tells of any error

var xmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")

// xmlText escapes a text and leaves out what no XML document may hold.
func xmlText(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.ContainsFunc(s, isNoXML) {
		s = strings.Map(func(r rune) rune {
			if isNoXML(r) {
				return -1
			}
			return r
		}, s)
	}
	return xmlEscapes.Replace(s)
}

func isNoXML(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}
