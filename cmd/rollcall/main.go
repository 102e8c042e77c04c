// Command rollcall keeps a registry of people, teams and accounts in step with
// directories. This package holds the command line: flags, help, exit codes, and
// the wiring of the rooms, which happens nowhere else (wiring.go).
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"syscall"

	"github.com/alecthomas/kong"
)

// The exit codes, as the manual lists them.
const (
	exitDone     = 0
	exitFailed   = 1
	exitUsage    = 2
	exitProblems = 3 // done, and something was wrong with single entries
	exitChanges  = 4 // plan --check found changes
	exitStopped  = 5 // a limit or a proof stopped the run; nothing was changed
)

func main() {
	if os.Getenv("GOGC") == "" {
		saveMemory()
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	// The first signal ends the work in good order; a second one ends the process.
	context.AfterFunc(ctx, stop)
	stopProfiles := startProfiles(os.Stderr)
	code := run(ctx, os.Args[1:], newProgram(os.Stdin, os.Stdout, os.Stderr))
	stopProfiles()
	os.Exit(code)
}

// saveMemory has garbage collected by how much is in use. The first 8 MiB are let
// be, since most commands end before they are full, and a collection takes a
// tenth of what such a command takes. After them there may be three quarters as
// much garbage as there is in use, but no more than 24 MiB while a quarter is
// less: what a load of a million keeps has few pointers, so that going through it
// more often costs a hundredth of the time.
func saveMemory() {
	const generous = 200
	debug.SetGCPercent(generous)
	afterCollection(func() {
		const most, least, garbage = 75, 25, 24 << 20
		inUse := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(inUse)
		percent := max(least, min(most, 100*garbage/max(1, inUse[0].Value.Uint64())))
		debug.SetGCPercent(int(percent)) //nolint:gosec // it is 25 to 75
	})
}

// afterCollection does something after every collection of garbage.
func afterCollection(do func()) {
	runtime.AddCleanup(new([64]byte), func(struct{}) {
		do()
		afterCollection(do)
	}, struct{}{})
}

// run carries out one command line and returns the exit code.
func run(ctx context.Context, args []string, p *program) int {
	var c cli
	exited := -1
	parser, err := newParser(&c, p, func(code int) { exited = code })
	if err != nil {
		return p.fail(err)
	}
	p.parser, p.json = parser, asksForJSON(args)
	chosen, err := parser.Parse(wireForm(asked(args)))
	if exited >= 0 {
		return exited
	}
	if err != nil {
		return p.usage(err)
	}
	if err := p.configure(&c); err != nil {
		return p.usage(err)
	}
	chosen.BindTo(ctx, (*context.Context)(nil))
	err = chosen.Run(p)
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = interrupted{err}
	}
	return p.fail(err)
}

// newParser builds the grammar. Exit is called by --help.
func newParser(c *cli, p *program, exit func(int)) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("rollcall"),
		kong.Description("Keeps a registry of people, teams and accounts in step with directories: safely, fast and explainably."),
		kong.Writers(p.out, p.err),
		kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.ExplicitGroups([]kong.Group{{Key: "global", Title: "Flags of every command:"}}),
		kong.Vars{"version": version()},
	)
}
