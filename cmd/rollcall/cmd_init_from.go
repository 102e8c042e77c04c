package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"rollcall/internal/migrate"
	"rollcall/internal/report"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
)

// mostSettings is how large a file of settings may be.
const mostSettings = 4 << 20

// converters turn the settings of other products into a draft, by the ending of
// the file's name. Product names the file of attributes that the classes lack.
var converters = map[string]struct {
	product string
	convert func(file string, text []byte, model *rollcall.Model) (*migrate.Draft, error)
}{
	".properties": {"exo", migrate.Exo},
	".json":       {"creatio", migrate.Creatio},
}

// convert writes a configuration from the settings of another product.
func (c *initCmd) convert(p *program) error {
	converter, known := converters[strings.ToLower(filepath.Ext(c.From))]
	if !known {
		return ended{exitUsage, fmt.Sprintf("%s is neither a .properties file of eXo Platform nor a .json file of Creatio's settings", c.From)}
	}
	if c.BindDN+c.PasswordFile+c.Base+c.Organization != "" {
		return ended{exitUsage, "--bind-dn, --password-file, --base and --organization are for a directory that is asked; with --from the settings say it"}
	}
	text, err := readSettings(c.From)
	if err != nil {
		return err
	}
	model, err := schema.Load() // what the user's own folder declares is written anew
	if err != nil {
		return err
	}
	d, err := converter.convert(c.From, text, model)
	if err != nil {
		return err
	}
	c.secure(d)
	classes := ""
	if len(d.Classes) > 0 {
		if c.Out == "-" {
			return ended{exitUsage, "the settings need attributes of their own, which are a second file: give a name with -o"}
		}
		classes = filepath.Join(filepath.Dir(c.Out), "model", converter.product+".yaml")
	}
	if err := c.writeConverted(p, d, classes); err != nil || c.Out == "-" {
		return err
	}
	return c.tellConverted(p, d, classes)
}

// secure adds what the other products have in no setting: whom to trust, and that
// a plain connection is to be encrypted.
func (c *initCmd) secure(d *migrate.Draft) {
	if c.StartTLS {
		d.Directory = append(d.Directory, migrate.Setting{Key: "starttls", Value: "true"})
	}
	if c.CA != "" {
		d.Directory = append(d.Directory, migrate.Setting{Key: "tls", Value: migrate.Flow("ca", migrate.Text(c.CA))})
	}
}

func readSettings(path string) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > mostSettings {
		return nil, rollcall.Errorf(rollcall.Invalid, "%s is larger than %d MiB: that is no file of settings", path, mostSettings>>20)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "read the settings: %w", err)
	}
	return text, nil
}

// writeConverted writes both files, or neither when one of them is in the way.
func (c *initCmd) writeConverted(p *program, d *migrate.Draft, classes string) error {
	var text, model bytes.Buffer
	if err := writeDraft(&text, initTemplate, d); err != nil {
		return err
	}
	if c.Out == "-" {
		_, err := p.out.Write(text.Bytes())
		return err
	}
	if err := c.vacant(c.Out); err != nil {
		return err
	}
	if classes != "" {
		if err := c.vacant(classes); err != nil {
			return err
		}
		if err := writeDraft(&model, initModelTemplate, d); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(classes), 0o750); err != nil {
			return fmt.Errorf("write the configuration: %w", err)
		}
		if err := writeConfiguration(classes, model.Bytes()); err != nil {
			return err
		}
	}
	return writeConfiguration(c.Out, text.Bytes())
}

// told are the fates that are told setting by setting; of the others only how
// many there are.
var told = []migrate.Fate{migrate.Different, migrate.LeftOut, migrate.Unknown}

// tellConverted says what became of the settings, and what comes next.
func (c *initCmd) tellConverted(p *program, d *migrate.Draft, classes string) error {
	if c.JSON {
		return report.WriteJSON(p.out, struct {
			File     string          `json:"file"`
			Classes  string          `json:"classes,omitempty"`
			Settings []migrate.Taken `json:"settings"`
		}{c.Out, classes, d.Account})
	}
	by := map[migrate.Fate][]migrate.Taken{}
	for _, taken := range d.Account {
		by[taken.Fate] = append(by[taken.Fate], taken)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d settings", c.From, len(d.Account))
	for _, fate := range append([]migrate.Fate{migrate.TakenOver, migrate.NotNeeded}, told...) {
		if n := len(by[fate]); n > 0 {
			fmt.Fprintf(&b, ", %d %s", n, fate)
		}
	}
	b.WriteString(".\n")
	for _, fate := range told {
		if len(by[fate]) > 0 {
			fmt.Fprintf(&b, "  %s\n", fate)
		}
		for _, taken := range by[fate] {
			fmt.Fprintf(&b, "    line %d, %s: %s\n", taken.Line, report.Printable(taken.Name), report.Printable(taken.Text))
		}
	}
	fmt.Fprintf(&b, "Wrote %s", c.Out)
	if classes != "" {
		fmt.Fprintf(&b, " and %s", classes)
	}
	b.WriteString(". ")
	c.next(&b, d.User)
	_, err := p.out.Write([]byte(b.String()))
	return err
}
