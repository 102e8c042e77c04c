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
	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

// The environment variables that hold the directory's password: init's own, and
// the one that the written configuration names.
const (
	envInitPassword = "ROLLCALL_PASSWORD"
	envLDAPPassword = "ROLLCALL_LDAP_PASSWORD"
)

type initCmd struct {
	data
	URL          string `arg:"" name:"url" help:"The directory: ldaps://host, ldap://host:port or ldapi:///path."`
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

Examples:

    rollcall init ldaps://dc1.corp.example.com --bind-dn svc-rollcall@corp.example.com
    rollcall init ldap://ldap.example.com --starttls --ca ca.pem -D cn=reader,dc=example,dc=com
    rollcall init ldap://127.0.0.1:3890 -o -      anonymous, to standard output`
}

// Run carries the command out.
func (c *initCmd) Run(ctx context.Context, p *program) error {
	if c.Out != "-" && !c.Force {
		if _, err := os.Stat(c.Out); err == nil {
			return rollcall.Errorf(rollcall.Conflict, "%s exists; give another name with -o, or --force to replace it", c.Out)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("look for %s: %w", c.Out, err)
		}
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
	if err := found.write(&text); err != nil {
		return err
	}
	if c.Out == "-" {
		_, err := p.out.Write(text.Bytes())
		return err
	}
	// The file names no secret, but says where one is used.
	if err := os.WriteFile(c.Out, text.Bytes(), 0o640); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return c.tell(p, found)
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
	fmt.Fprintf(&b, "Wrote %s. What comes next:\n", c.Out)
	option := ""
	if c.Out != "rollcall.yaml" {
		option = " -c " + c.Out
	}
	if found.User != "" {
		fmt.Fprintf(&b, "  export %s=…      the password of %s\n", envLDAPPassword, found.User)
	}
	fmt.Fprintf(&b, "  rollcall check%s    look at entries, and at what will be trouble\n  rollcall plan%s     see what would happen\n  rollcall sync%s     let it happen\n", option, option, option)
	_, err := p.out.Write([]byte(b.String()))
	return err
}
