package main

import (
	"cmp"
	"context"
	"fmt"

	"rollcall/internal/engine"
	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

// onlyPart is embedded by commands that may do a part of a run.
type onlyPart struct {
	Only rollcall.Part `enum:",import,removal" default:"" placeholder:"PART" help:"Do a part of the work: import or removal."`
}

type syncCmd struct {
	data
	Full bool `xor:"what" help:"Read every source completely, also those with deltas."`
	onlyPart
	Entries []string `name:"entry" xor:"what" sep:"none" placeholder:"NAME" help:"Read this entry alone: its DN, its key or its login. May be given several times."`
	Sources []string `arg:"" optional:"" name:"source" help:"The sources to read; all of them when none is named."`
}

// Help is the manual's text.
func (syncCmd) Help() string {
	return `Reads the sources, decides who is new, changed and gone, and applies it in one
transaction: after an error, a cut connection, a passed limit or a signal nothing has changed.

A run that would do more than the configured limits allow is held. "rollcall plan" shows what it
would do, "rollcall apply ID" lets it happen, "rollcall apply --drop ID" refuses it.

A source with a delta section is read completely once in a while, and what changed in between; the
run says which it was and why. --full reads everything now.

--only import brings in what is new and changed and takes nobody away; --only removal sees to what is
gone, after a complete read, and to nothing else. --entry brings in single entries of a directory.

Exit codes: 0 done, 1 failed, 3 done with problems in single entries, 5 held by a limit.

Examples:

    rollcall sync                  all sources, in the order of the configuration
    rollcall sync persons users    only these
    rollcall sync --full           completely, deltas or not
    rollcall sync --only import    everything that is new or changed, now
    rollcall sync --entry ada      one entry, now
    rollcall sync --json           the run with its counters and problems, for scripts`
}

// Run carries the command out.
func (c *syncCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	sources, err := a.choose(c.Sources)
	if err != nil {
		return err
	}
	if len(c.Entries) > 0 {
		return c.single(ctx, a, sources)
	}
	result, err := a.sync(ctx, sources, engine.Options{Kind: cmp.Or(string(c.Only), "sync"), Full: c.Full, Only: c.Only})
	return a.report(c.data, result, err)
}

// sync makes a run that lasts.
func (a *app) sync(ctx context.Context, sources []*rollcall.Source, options engine.Options) (*engine.Result, error) {
	jobs, err := a.jobs(ctx, sources)
	if err != nil {
		return nil, err
	}
	progress := a.program.progress()
	options.By, options.Progress = who(), progress.show
	result, err := a.engine.Run(ctx, jobs, options)
	progress.done()
	if err == nil {
		a.program.noteRun(result)
	}
	a.notices.flush(ctx, a.program.log)
	return result, err
}

// mostProblems is how many problems a run shows at once.
const mostProblems = 20

// report shows how a run ended and returns the error that the exit code comes of.
func (a *app) report(d data, result *engine.Result, err error) error {
	if result == nil || result.Run.ID == 0 {
		return err
	}
	held := rollcall.KindOf(err) == rollcall.Stopped
	if err != nil && !held && !d.JSON {
		return fmt.Errorf("run %d changed nothing: %w", result.Run.ID, err)
	}
	p := a.program
	shown, hidden := result.Problems, result.More
	if !d.JSON && len(shown) > mostProblems {
		shown, hidden = shown[:mostProblems], hidden+len(shown)-mostProblems
	}
	if e := report.Run(p.out, p.look(d), &result.Run, shown); e != nil {
		return e
	}
	if hidden > 0 && !d.JSON {
		fmt.Fprintf(p.out, "\n… and %d more problems; \"rollcall runs %d\" shows all that were kept.\n", hidden, result.Run.ID)
	}
	switch {
	case held:
		return ended{exitStopped, fmt.Sprintf("run %d is held and changed nothing: %v.\n"+
			"See what it would do:   rollcall runs %d --changes\nLet it happen:          rollcall apply %d\nRefuse it:              rollcall apply --drop %d",
			result.Run.ID, err, result.Run.ID, result.Run.ID, result.Run.ID)}
	case err != nil:
		return fmt.Errorf("run %d changed nothing: %w", result.Run.ID, err)
	}
	return problemsEnd(result)
}

// problemsEnd is the end of a run that was carried out: with code 3 when
// something was wrong with single entries. A warning is none: its entry was
// taken over.
func problemsEnd(result *engine.Result) error {
	for _, s := range result.Run.Sources {
		if s.Counters.Errors() > 0 || s.Counters.EntryProblems > 0 {
			return ended{code: exitProblems}
		}
	}
	for i := range result.Problems {
		if !result.Problems[i].Warning {
			return ended{code: exitProblems}
		}
	}
	return nil
}
