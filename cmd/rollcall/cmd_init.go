package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"rollcall/internal/directory"
	"rollcall/internal/migrate"
	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

// envInitPassword is the environment variable that holds the directory's
// password while init asks it.
const envInitPassword = "ROLLCALL_PASSWORD"

type initCmd struct {
	data
	URL          string `arg:"" optional:"" name:"url" help:"The directory: ldaps://host, ldap://host:port or ldapi:///path."`
	From         string `placeholder:"FILE" help:"Convert the settings of another product instead: exo.properties of eXo Platform, or a .json of Creatio's."`
	BindDN       string `short:"D" name:"bind-dn" placeholder:"DN" help:"Who to sign in as: a DN, name@realm or DOMAIN\\name; anonymous when absent."`
	PasswordFile string `placeholder:"FILE" help:"The file that holds the password; else ROLLCALL_PASSWORD, else it is asked for."`
	Base         string `placeholder:"DN" help:"Where to read; else what the server says it holds."`
	Organization string `placeholder:"NAME" help:"What the organization of everybody is called; else the domain."`
	CA           string `name:"ca" placeholder:"FILE" help:"The certificates (PEM) that may vouch for the server; else the system's."`
	StartTLS     bool   `name:"starttls" help:"Encrypt an ldap:// connection with StartTLS."`
	Out          string `short:"o" default:"rollcall.yaml" placeholder:"FILE" help:"Where to write; - for standard output."`
	Force        bool   `help:"Replace a file that exists."`
}

// Help is the manual's text.
func (initCmd) Help() string {
	return `Asks a directory what it is - Active Directory, Samba, OpenLDAP, 389 Directory Server or another -
looks at what it holds, and writes a commented configuration that fits: persons, accounts with
profiles from groups, and teams with their members. Only the password is left to give, in the
environment variable ROLLCALL_LDAP_PASSWORD.

With --from, the settings of another product's directory integration are converted instead; nothing
is asked. A .properties file is eXo Platform's, a .json file holds Creatio's system settings by their
codes (the manual shows it). What became of each setting is told, and stands in the file.

Examples:

    rollcall init ldaps://dc1.corp.example.com --bind-dn svc-rollcall@corp.example.com
    rollcall init ldap://ldap.example.com --starttls --ca ca.pem -D cn=reader,dc=example,dc=com
    rollcall init ldap://127.0.0.1:3890 -o -      anonymous, to standard output
    rollcall init --from exo.properties
    rollcall init --from creatio.json -o rollcall.yaml`
}

// Run carries the command out.
func (c *initCmd) Run(ctx context.Context, p *program) error {
	switch {
	case (c.URL == "") == (c.From == ""):
		return ended{exitUsage, "init wants the URL of a directory, or --from and a file, and not both"}
	case c.From != "":
		return c.convert(p)
	}
	if err := c.vacant(c.Out); err != nil {
		return err
	}
	cfg := directory.Config{URLs: []string{c.URL}, StartTLS: c.StartTLS, TLS: directory.TLS{CAFile: c.CA}}
	if c.BindDN != "" {
		password, err := p.password(c.PasswordFile, envInitPassword, "Password of "+c.BindDN+": ")
		if err != nil {
			return err
		}
		cfg.Bind = directory.Bind{Method: directory.BindSimple, User: c.BindDN, Password: password}
	}
	found, err := propose(ctx, cfg, c.Base, c.Organization)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := writeDraft(&text, initTemplate, found.draft()); err != nil {
		return err
	}
	if c.Out == "-" {
		_, err := p.out.Write(text.Bytes())
		return err
	}
	if err := writeConfiguration(c.Out, text.Bytes()); err != nil {
		return err
	}
	return c.tell(p, found)
}

// vacant refuses to replace a file unless that is wanted.
func (c *initCmd) vacant(path string) error {
	if path == "-" || c.Force {
		return nil
	}
	if _, err := os.Stat(path); err == nil {
		return rollcall.Errorf(rollcall.Conflict, "%s exists; give another name with -o, or --force to replace it", path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for %s: %w", path, err)
	}
	return nil
}

// writeConfiguration writes a file that names no secret, but says where one is
// used.
func writeConfiguration(path string, text []byte) error {
	if err := os.WriteFile(path, text, 0o640); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

// tell says what was found and what comes next.
func (c *initCmd) tell(p *program, found *proposal) error {
	if c.JSON {
		return report.Table(p.out, p.look(c.data), []string{"file", "server", "base", "key"}, [][]string{{c.Out, found.Server, found.Base, found.Key}})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s is %s.\n", c.URL, found.Server)
	fmt.Fprintf(&b, "  base          %s\n  identity      %s\n  organization  %s\n", found.Base, found.Key, found.Organization)
	for _, n := range found.notes {
		fmt.Fprintf(&b, "  note: %s\n", n)
	}
	fmt.Fprintf(&b, "Wrote %s. ", c.Out)
	c.next(&b, found.User)
	_, err := p.out.Write([]byte(b.String()))
	return err
}

// next says what comes next; user is who signs in, "" for nobody.
func (c *initCmd) next(b *strings.Builder, user string) {
	b.WriteString("What comes next:\n")
	option := ""
	if c.Out != "rollcall.yaml" {
		option = " -c " + c.Out
	}
	if user != "" {
		fmt.Fprintf(b, "  export %s=…      the password of %s\n", migrate.PasswordVariable, user)
	}
	fmt.Fprintf(b, "  rollcall check%s    look at entries, and at what will be trouble\n  rollcall plan%s     see what would happen\n  rollcall sync%s     let it happen\n", option, option, option)
}
