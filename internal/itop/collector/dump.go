package collector

import (
	"regexp"
	"strings"
)

const masked = "***"

// secretName recognizes the names of parameters that nobody should read: a dump
// shows them masked. What only names a secret's place is none.
var secretName = regexp.MustCompile(`(?i)(passw|pwd|token|secret|CURLOPT_COOKIE$|CURLOPT_.*USERPWD$)`)

// xmlEscape escapes as XML text: quotes stay.
var xmlEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;")

// dump writes the parameters as the original does: as an XML document of two
// blanks' indentation, in order of first appearance, values as they were
// written, lists with items called item. Secrets are masked.
func (p *Parameters) dump() string {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<parameters>\n")
	for _, k := range p.root.Keys {
		dumpValue(&b, k, p.root.items[k], 1)
	}
	b.WriteString("</parameters>\n")
	return b.String()
}

func dumpValue(b *strings.Builder, name string, v *Value, depth int) {
	b.WriteString(strings.Repeat("  ", depth))
	b.WriteByte('<')
	b.WriteString(name)
	if v.Scalar {
		text := v.Text
		if text != "" && secretName.MatchString(name) {
			text = masked
		}
		b.WriteByte('>')
		_, _ = xmlEscape.WriteString(b, text)
		b.WriteString("</" + name + ">\n")
		return
	}
	list := v.isList()
	if list {
		b.WriteString(` type="array"`)
	}
	if len(v.Keys) == 0 {
		b.WriteString("/>\n")
		return
	}
	b.WriteString(">\n")
	for _, k := range v.Keys {
		item := k
		if list {
			item = "item"
		}
		dumpValue(b, item, v.items[k], depth+1)
	}
	b.WriteString(strings.Repeat("  ", depth) + "</" + name + ">\n")
}

// describe is the dump with the list of the files that were loaded.
func (p *Parameters) describe() string {
	var b strings.Builder
	b.WriteString("The following configuration files were loaded (in this order):\n\n")
	for i, f := range p.files {
		b.WriteString("\t" + itoa(i+1) + ". " + f + "\n")
	}
	b.WriteString("\nThe resulting configuration is:\n\n")
	b.WriteString(p.dump())
	return b.String()
}
