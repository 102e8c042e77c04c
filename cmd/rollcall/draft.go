package main

import (
	_ "embed"
	"fmt"
	"io"
	"strings"
	"text/template"
	"unicode/utf8"

	"rollcall/internal/migrate"
	"rollcall/internal/report"
)

// The two files that a draft becomes: the configuration, and the attributes that
// the declared classes lack.
var (
	//go:embed init.yaml.tmpl
	initTemplate string
	//go:embed init.model.tmpl
	initModelTemplate string
)

// writeDraft writes one of a draft's files.
func writeDraft(w io.Writer, text string, d *migrate.Draft) error {
	t, err := template.New("init").Funcs(template.FuncMap{
		"text": migrate.Text, "section": sectionText, "account": accountText,
		"lines":   func(indent int, list []migrate.Setting) string { return settingLines(indent, 0, list) },
		"columns": settingColumns,
	}).Parse(text)
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	if err := t.Execute(w, d); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

// settingLines writes settings a line each, what is to be said of them before
// them; values begin after width characters of key.
func settingLines(indent, width int, list []migrate.Setting) string {
	var b strings.Builder
	for i, s := range list {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(comment(indent, s.About))
		fmt.Fprintf(&b, "%*s%-*s %s", indent, "", width, s.Key+":", s.Value)
	}
	return b.String()
}

// settingColumns is settingLines with all values below one another.
func settingColumns(indent int, list []migrate.Setting) string {
	width := 0
	for _, s := range list {
		width = max(width, utf8.RuneCountInString(s.Key)+1)
	}
	return settingLines(indent, width, list)
}

// sectionText writes a section whose settings stand below its name.
func sectionText(s migrate.Section) string {
	return comment(2, s.About) + "  " + s.Name + ":\n" + settingLines(4, 0, s.Settings)
}

// comment writes lines of comment.
func comment(indent int, about string) string {
	if about == "" {
		return ""
	}
	var b strings.Builder
	for line := range strings.SplitSeq(about, "\n") {
		fmt.Fprintf(&b, "%*s# %s\n", indent, "", line)
	}
	return b.String()
}

// accountText says on one line what became of a setting.
func accountText(t migrate.Taken) string {
	return report.Printable(fmt.Sprintf("%4d  %s: %s; %s", t.Line, t.Name, t.Fate, t.Text))
}
