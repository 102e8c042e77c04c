package main

import (
	"context"
	"fmt"
	"os"

	"rollcall/internal/itop/collector"
)

type ldapTestCmd struct {
	Args []string `arg:"" optional:"" name:"option" help:"The options of ldap-test.php, as they were."`
}

// Help is the manual's text.
func (ldapTestCmd) Help() string {
	return `Takes the place of "ldap-test.php" of iTop's LDAP data collector: run in the same folder, it connects
with the same parameters, runs the query for persons and shows what it finds. Then it says what the
server is, shows its certificates, how long a page takes, which mapped attributes never have a value
and which attributes exist but are not mapped. Passwords are not shown.

    --max-records=N         how many entries are shown; 10 unless said otherwise
    --attributes=x,y        ask for these instead of the mapped ones; * for all
    --config_file=PATH      this file instead of conf/params.local.xml

Exit codes: 0 done, 255 the directory could not be read.

Example:

    cd /opt/itop-collector && rollcall ldap-test --max-records=3`
}

// Run carries the command out.
func (c *ldapTestCmd) Run(ctx context.Context, p *program) error {
	if len(c.Args) == 1 && (c.Args[0] == "--help" || c.Args[0] == "-h") {
		_, err := fmt.Fprintln(p.out, ldapTestCmd{}.Help())
		return err
	}
	folder, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the current folder: %w", err)
	}
	if code := collector.LDAPTest(ctx, collector.Environment{Folder: folder, Out: p.out, Now: p.now}, c.Args); code != exitDone {
		return ended{code: code}
	}
	return nil
}
