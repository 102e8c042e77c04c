package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"rollcall/internal/auth"
	"rollcall/internal/itop/gate"
	"rollcall/internal/itop/paramfile"
	"rollcall/internal/rollcall"
)

// The exit codes that scripts of the original know: PHP's exit(-1) and exit(-2).
const (
	exitWireFailed    = 255
	exitWireParamFile = 254
)

// wireCmd is the command-line form of one of the wire services: arguments are
// --name=value and nothing else, and --param_file names files with more of them.
type wireCmd struct {
	Args []string `arg:"" optional:"" name:"option" help:"--name=value, as for the original's script."`
}

type (
	synchroImportCmd struct{ wireCmd }
	synchroExecCmd   struct{ wireCmd }
	cronCmd          struct{ wireCmd }
	wireImportCmd    struct{ wireCmd }
	wireExportCmd    struct{ wireCmd }
	wireExportV1Cmd  struct{ wireCmd }
)

const wireHelp = `

Arguments are written as for the PHP script, --name=value, the last one of a name counts;
--param_file=FILE,… names files with "name = value" lines, which the arguments override. --auth_user
and --auth_pwd are mandatory. Better keep the password in a file that others cannot read: arguments
are seen by everybody on the machine.
`

// Help is the manual's text.
func (synchroImportCmd) Help() string {
	return `Loads CSV into the data table of a data source and runs it: the command line of
synchro_import.php. It always ends with code 0, as the original does: scripts read what it prints.` + wireHelp + `
Examples:

    rollcall synchro-import --param_file=conf/synchro.txt --data_source_id=3 --csvfile=persons.csv
    rollcall synchro-import --auth_user=admin --auth_pwd=… --data_source_id=3 --csvfile=p.csv --output=retcode`
}

// Help is the manual's text.
func (synchroExecCmd) Help() string {
	return `Runs data sources over their replicas as they stand: the command line of synchro_exec.php. It always
ends with code 0, as the original does.` + wireHelp + `
Examples:

    rollcall synchro-exec --param_file=conf/synchro.txt --data_sources=3,5`
}

// Help is the manual's text.
func (cronCmd) Help() string {
	return `Runs the background tasks that are due: the command line of cron.php. "rollcall serve" does without.` + wireHelp + `
Examples:

    rollcall cron --param_file=conf/cron.txt --verbose=1
    rollcall cron --param_file=conf/cron.txt --status_only=1`
}

// Help is the manual's text.
func (wireImportCmd) Help() string {
	return `The command line of import.php: objects of a class from a CSV file.` + wireHelp
}

// Help is the manual's text.
func (wireExportCmd) Help() string { return `The command line of export-v2.php.` + wireHelp }

// Help is the manual's text.
func (wireExportV1Cmd) Help() string { return `The command line of export.php.` + wireHelp }

// Run carries the command out.
func (c *synchroImportCmd) Run(ctx context.Context, p *program) error {
	return p.wire(ctx, c.Args, c.Help(), wirePage{
		context: gate.ContextSynchro, page: func(p *pages) gate.Page { return p.synchro.Import }, alwaysDone: true,
	})
}

// Run carries the command out.
func (c *synchroExecCmd) Run(ctx context.Context, p *program) error {
	return p.wire(ctx, c.Args, c.Help(), wirePage{
		context: gate.ContextSynchro, page: func(p *pages) gate.Page { return p.synchro.Exec }, alwaysDone: true,
	})
}

// Run carries the command out.
func (c *cronCmd) Run(ctx context.Context, p *program) error {
	return p.wire(ctx, c.Args, c.Help(), wirePage{
		context: gate.ContextCron, page: func(p *pages) gate.Page { return p.cron.Run }, denied: "Access wrong credentials ('%s')",
	})
}

// Run carries the command out.
func (c *wireImportCmd) Run(ctx context.Context, p *program) error {
	return p.wire(ctx, c.Args, c.Help(), wirePage{
		context: gate.ContextImport, page: func(p *pages) gate.Page { return p.transfer.Import }, posts: "csvfile",
	})
}

// Run carries the command out.
func (c *wireExportCmd) Run(ctx context.Context, p *program) error {
	return p.wire(ctx, c.Args, c.Help(), wirePage{
		context: gate.ContextExport, page: func(p *pages) gate.Page { return p.transfer.ExportV2 },
		denied: "ERROR: Access restricted or wrong credentials for user '%s'", missing: "ERROR: Missing parameter '--%s'",
	})
}

// Run carries the command out.
func (c *wireExportV1Cmd) Run(ctx context.Context, p *program) error {
	return p.wire(ctx, c.Args, c.Help(), wirePage{context: gate.ContextExport, page: func(p *pages) gate.Page { return p.transfer.Export }})
}

// wirePage is how one page is called from a command line.
type wirePage struct {
	context    string
	page       func(*pages) gate.Page
	posts      string // the argument that names the file to be posted as csvdata
	alwaysDone bool   // the exit code is 0 whatever happens (iTop 3.2.0, observed in its source)
	denied     string // what wrong credentials say; the usual text when ""
	missing    string // what a missing argument says
}

// wire carries out the command-line form of a page.
func (p *program) wire(ctx context.Context, args []string, help string, of wirePage) error {
	if slices.Contains(args, "--help") {
		fmt.Fprintln(p.out, help)
		return nil
	}
	code, err := p.callPage(ctx, args, of)
	if err != nil {
		return err
	}
	if code != 0 && !of.alwaysDone {
		return ended{code: code}
	}
	return nil
}

// callPage reads the arguments, signs in and lets the page write to standard
// output. The error is one of our own: no configuration, no database.
func (p *program) callPage(ctx context.Context, args []string, of wirePage) (code int, err error) {
	given, err := wireArguments(args)
	if err != nil {
		return 0, err
	}
	params := gate.NewParams(given)
	if list := params.Raw("param_file", ""); list != "" {
		values, err := paramfile.Load(list)
		if err != nil {
			fmt.Fprintf(p.out, "Error: %s\n", err)
			return exitWireParamFile, nil
		}
		params.SetFallbacks(values)
	}
	a, err := p.open(ctx)
	if err != nil {
		return 0, err
	}
	defer closing(a.close, &err)
	pages, err := a.pages(ctx)
	if err != nil {
		return 0, err
	}
	defer closing(pages.doors.close, &err)
	account, code, err := p.signIn(ctx, pages.accounts, params, of)
	if account == nil {
		return code, err
	}
	if file := params.Raw(of.posts, ""); of.posts != "" && file != "" {
		closeFile, ok := post(params, file)
		if !ok {
			fmt.Fprintf(p.out, "Input file could not be found or could not be read: '%s'\n", file)
			return exitWireFailed, nil
		}
		defer closing(closeFile, &err)
	}
	out := &terminal{Writer: p.out, header: http.Header{}}
	of.page(pages)(ctx, out, &gate.Request{Params: params, Account: account, Context: of.context, CommandLine: true})
	return out.code(), ctx.Err()
}

// signIn proves who calls; without an account the code is that of the refusal,
// which was written.
func (p *program) signIn(ctx context.Context, accounts *auth.Service, params *gate.Params, of wirePage) (*auth.Account, int, error) {
	if of.missing == "" {
		of.missing = "ERROR: Missing argument '%s'"
	}
	if of.denied == "" {
		of.denied = "Access restricted or wrong credentials ('%s')"
	}
	for _, name := range []string{"auth_user", "auth_pwd"} {
		if !params.Has(name) {
			fmt.Fprintf(p.out, of.missing+"\n", name)
			return nil, exitWireFailed, nil
		}
	}
	login := params.Raw("auth_user", "")
	account, err := accounts.SignInAny(ctx, auth.Credentials{Login: login, Password: rollcall.Secret(params.Raw("auth_pwd", ""))})
	if err == nil {
		return account, 0, nil
	}
	if rollcall.KindOf(err) != rollcall.Unauthorized {
		return nil, 0, err
	}
	fmt.Fprintf(p.out, of.denied+"\n", login)
	return nil, exitWireFailed, nil
}

// post makes a file the posted data.
func post(params *gate.Params, path string) (closeFile func() error, ok bool) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		_ = f.Close() // it is of no use
		return nil, false
	}
	params.SetPosted("csvdata", f, info.Size())
	return f.Close, true
}

// wireArguments reads --name=value; the last of a name counts.
func wireArguments(args []string) (map[string]string, error) {
	given := map[string]string{}
	for _, arg := range args {
		name, value, ok := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if !ok || !strings.HasPrefix(arg, "--") || name == "" {
			return nil, ended{exitUsage, fmt.Sprintf("%q is no --name=value", arg)}
		}
		given[name] = value
	}
	return given, nil
}

// terminal shows what a page writes. A page tells of a failure by a status other
// than 200.
type terminal struct {
	io.Writer
	header http.Header
	status int
}

// Header returns headers that nobody sees.
func (t *terminal) Header() http.Header { return t.header }

// WriteHeader keeps the status for the exit code.
func (t *terminal) WriteHeader(status int) { t.status = status }

func (t *terminal) code() int {
	if t.status != 0 && t.status != http.StatusOK {
		return exitWireFailed
	}
	return exitDone
}

// wireOnly are arguments that only the wire's forms of import and export have.
var wireOnly = []string{"auth_user", "auth_pwd", "param_file", "expression", "query", "class", "csvfile"}

// wireForm tells the two forms of import and export apart. With a word of its
// own, the class, it is the form for people; with nothing but --name=value, among
// them one that only the wire's form has, it is that one, and the command gets
// another name. The global flags may stand anywhere.
func wireForm(args []string) []string {
	at := -1
	var global, rest []string
	isWire := false
	for i := 0; i < len(args); i++ {
		arg := args[i]
		name, _, hasValue := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		switch {
		case arg == "-c" || arg == "--config" || arg == "--log-level":
			global = append(global, args[i:min(i+2, len(args))]...)
			i++
		case strings.HasPrefix(arg, "-c") || strings.HasPrefix(arg, "--config=") || strings.HasPrefix(arg, "--log-level=") || arg == "--no-color":
			global = append(global, arg)
		case at < 0 && !strings.HasPrefix(arg, "-"):
			at = i
		case !strings.HasPrefix(arg, "--"):
			return args // a class, or a short flag of the form for people
		default:
			isWire = isWire || hasValue && slices.Contains(wireOnly, name)
			rest = append(rest, arg)
		}
	}
	if at < 0 {
		return args
	}
	command, shared := map[string]string{"import": "import-wire", "export": "export-wire"}[args[at]]
	switch {
	case shared && isWire:
		return append(append(global, command), rest...)
	case slices.Contains([]string{"synchro-import", "synchro-exec", "cron", "export-v1"}, args[at]):
		return append(append(global, args[at]), rest...)
	}
	return args
}
