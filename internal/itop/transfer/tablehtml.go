package transfer

import (
	"bufio"
	"net/url"
	"strings"

	"rollcall/internal/itop/wire"
	"rollcall/internal/rollcall"
)

// htmlTable writes an HTML table within a page. spreadsheet is the dialect that
// a spreadsheet program loads from an address: values only, texts marked so.
type htmlTable struct {
	out         *bufio.Writer
	look        look
	columns     []column
	base        string // of the server, with a slash at the end
	spreadsheet bool
	title       string
	intro       string                                        // HTML before the table
	names       func(class *rollcall.Class, id string) string // friendly names of linked objects
}

const spreadsheetStyle = "<style>table br { mso-data-placement:same-cell; }</style>\n"

func (t *htmlTable) begin(labels []string) error {
	head := ""
	if t.spreadsheet {
		head = spreadsheetStyle
	}
	t.text(wire.PageStart(t.title, head))
	if t.spreadsheet {
		t.text(`<table border="1"><tr>`)
		for _, label := range labels {
			t.text("<td>" + headText(label) + "</td>")
		}
		t.text("</tr>")
		return nil
	}
	t.text(t.intro + `<table class="listResults"><thead><tr>`)
	for _, label := range labels {
		t.text("<th>" + headText(label) + "</th>")
	}
	t.text("</tr></thead><tbody>")
	return nil
}

// headText escapes a label; the arrow of a path stays, as recorded.
func headText(label string) string {
	return strings.ReplaceAll(wire.Escape(label), "-&gt;", "->")
}

func (t *htmlTable) row(objects []rollcall.Object, cells []string) error {
	t.text("<tr>")
	for i, cell := range cells {
		c := &t.columns[i]
		switch {
		case t.spreadsheet && c.shape.isNumber():
			t.text("<td>" + wire.Escape(t.look.show(c.shape, cell)))
		case t.spreadsheet:
			t.text("<td x:str>" + t.value(c, &objects[c.alias], cell))
		default:
			t.text("<td>" + t.value(c, &objects[c.alias], cell))
		}
		t.text("</td>")
	}
	_, err := t.out.WriteString("</tr>")
	return err
}

func (t *htmlTable) end() error {
	if t.spreadsheet {
		t.text("</table>")
	} else {
		t.text("</tbody></table>")
	}
	t.text(wire.PageEnd)
	return t.out.Flush()
}

func (t *htmlTable) text(s string) { _, _ = t.out.WriteString(s) } // Flush tells of any error

// value shows a value as HTML: addresses and objects can be clicked.
func (t *htmlTable) value(c *column, o *rollcall.Object, cell string) string {
	switch c.shape.kind {
	case rollcall.TypeKey, rollcall.TypeTree:
		return t.reference(c, o, cell)
	case rollcall.TypeEmail:
		if cell == "" {
			return ""
		}
		e := wire.Escape(cell)
		return `<a class="mailto" href="mailto:` + e + `"><span class="text_decoration fas fa-envelope"></span>` + e + `</a>`
	case rollcall.TypeURL:
		if u, err := url.Parse(cell); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
			e := wire.Escape(cell)
			return `<a target="_blank" href="` + e + `">` + e + `</a>`
		}
	}
	text := wire.Escape(t.look.show(c.shape, cell))
	return strings.ReplaceAll(text, "\n", "<br />\n")
}

// reference shows a key, or the object itself for its id, as a link.
func (t *htmlTable) reference(c *column, o *rollcall.Object, id string) string {
	if id == "" || o.Class == nil {
		return ""
	}
	class := o.Class
	switch {
	case c.target != nil && c.remote != rollcall.CodeID:
		class = t.look.model.KeyTarget(c.target, c.target.Attribute(c.remote))
	case c.target != nil:
		class = c.target
	case c.code != rollcall.CodeID:
		class = t.look.model.KeyTarget(c.class, c.class.Attribute(c.code))
	}
	if class == nil {
		return wire.Escape(id)
	}
	if class.Name == classReplica {
		return `<a href="` + wire.Escape(t.base) + `synchro/replica.php?operation=details&id=` + url.QueryEscape(id) + `">` + wire.Escape(id) + "</a>"
	}
	return t.object(class, id)
}

// object links to an object of a class, by its friendly name.
func (t *htmlTable) object(class *rollcall.Class, id string) string {
	name := t.names(class, id)
	return `<span class="object-ref " title="` + wire.Escape(class.Name) + "::" + wire.Escape(id) +
		`"><a class="object-ref-link" href="` + wire.Escape(t.base) + `pages/UI.php?operation=details&class=` + url.QueryEscape(class.Name) +
		"&id=" + url.QueryEscape(id) + `&">` + wire.Escape(name) + "</a></span>"
}
