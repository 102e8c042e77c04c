package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

type manCmd struct{}

// Help is the manual's text.
func (manCmd) Help() string {
	return `Prints the manual page in the form that man reads.

Examples:

    rollcall man | man -l -
    rollcall man > /usr/local/share/man/man1/rollcall.1`
}

// Run carries the command out.
func (c *manCmd) Run(p *program) error {
	_, err := p.out.Write([]byte(manual(p.parser.Model)))
	return err
}

// manual writes the manual page from the grammar, in the macros of man(7).
func manual(model *kong.Application) string {
	var b strings.Builder
	b.WriteString(".TH ROLLCALL 1 \"\" \"rollcall\" \"User commands\"\n.SH NAME\nrollcall \\- who is here, who is new, who is missing\n")
	b.WriteString(".SH SYNOPSIS\n.B rollcall\n.RI [ flags ]\n.I command\n.RI [ arguments ]\n.SH DESCRIPTION\n")
	b.WriteString(roff(model.Help))
	b.WriteString("\n.SH FLAGS OF EVERY COMMAND\n")
	manFlags(&b, model.Flags)
	b.WriteString(".SH COMMANDS\n")
	for _, n := range commandsOf(model.Node)[1:] {
		if len(n.Children) > 0 {
			continue
		}
		fmt.Fprintf(&b, ".SS %s\n%s\n", roff(strings.TrimPrefix(n.Summary(), "rollcall ")), roff(n.Help))
		manDetail(&b, n.Detail)
		for _, argument := range n.Positional {
			fmt.Fprintf(&b, ".TP\n.I %s\n%s\n", roff(argument.Summary()), roff(argument.Help))
		}
		manFlags(&b, n.Flags)
	}
	b.WriteString(manualEnd)
	return b.String()
}

// manualEnd is what the grammar does not know.
const manualEnd = `.SH EXIT STATUS
.TP
.B 0
done
.TP
.B 1
failed; nothing was changed
.TP
.B 2
the command line cannot be understood
.TP
.B 3
done, with problems in single entries
.TP
.B 4
.B plan \-\-check
found changes
.TP
.B 5
held by a limit; nothing was changed
.SH ENVIRONMENT
.TP
.B ROLLCALL_LDAP_PASSWORD
the password that a configuration written by
.B init
refers to
.TP
.B ROLLCALL_PASSWORD
the password that
.B init
signs in with
.TP
.B NO_COLOR
when set, nothing is coloured
.SH FILES
.TP
.I rollcall.yaml
the configuration, unless
.B \-\-config
names another
.TP
.I model/*.yaml
further class declarations, beside the configuration
`

func manFlags(b *strings.Builder, flags []*kong.Flag) {
	for _, f := range flags {
		if !f.Hidden {
			fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(f.String()), roff(f.Help))
		}
	}
}

// manDetail writes a command's text: paragraphs as such, indented lines as they
// are.
func manDetail(b *strings.Builder, detail string) {
	verbatim := false
	for line := range strings.Lines(detail) {
		line = strings.TrimRight(line, "\n")
		indented := strings.HasPrefix(line, "    ")
		switch {
		case line == "":
			if verbatim {
				b.WriteString(".EE\n.RE\n")
				verbatim = false
			}
			b.WriteString(".PP\n")
			continue
		case indented && !verbatim:
			b.WriteString(".RS 4\n.EX\n")
			verbatim = true
		case !indented && verbatim:
			b.WriteString(".EE\n.RE\n")
			verbatim = false
		}
		b.WriteString(roff(strings.TrimPrefix(line, "    ")) + "\n")
	}
	if verbatim {
		b.WriteString(".EE\n.RE\n")
	}
}

// roff escapes a text: backslashes, hyphens that are typed as such, and what
// would be a request at the beginning of a line.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", `\[u2026]`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}
