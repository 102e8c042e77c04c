package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rollcall/internal/engine"
	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

type planCmd struct {
	data
	Out     string `short:"o" placeholder:"FILE" help:"Keep the plan in a file, to be carried out with apply."`
	Check   bool   `help:"Exit with 4 when there are changes."`
	Verbose bool   `short:"v" help:"List also the entries that were only renamed, or missed for now."`
	onlyPart
	Sources []string `arg:"" optional:"" name:"source" help:"The sources to read; all of them when none is named."`
}

// Help is the manual's text.
func (planCmd) Help() string {
	return `Reads the sources, decides, and shows what a sync would do, object by object and attribute by
attribute. It is the same code as a sync, rolled back at its end: nothing changes.

A limit that would hold the sync is named at the end of the plan.

Examples:

    rollcall plan                      what would happen
    rollcall plan persons              the same for one source
    rollcall plan --only removal       who would be taken away, and nothing else
    rollcall plan --out monday.plan    keep it; "rollcall apply monday.plan" does exactly this
    rollcall plan --check --json       for scripts: exit code 4 when there are changes`
}

// Run carries the command out.
func (c *planCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	sources, err := a.choose(c.Sources)
	if err != nil {
		return err
	}
	look := p.look(c.data)
	look.Verbose = c.Verbose
	shown := report.NewPlan(p.out, look)
	sink := shown.Change
	var file *planWriter
	if c.Out != "" {
		if file, err = newPlanWriter(c.Out); err != nil {
			return err
		}
		defer closing(file.discard, &err)
		sink = func(change *rollcall.Change) error {
			if err := file.change(change); err != nil {
				return err
			}
			return shown.Change(change)
		}
	}
	result, err := a.plan(ctx, sources, c.Only, sink)
	if err != nil {
		if c.JSON { // what was begun is a document all the same
			_ = shown.Close(runOf(result)) // the first error tells more
		}
		return fmt.Errorf("plan: %w", err)
	}
	for i := range result.Problems {
		if err := shown.Problem(&result.Problems[i]); err != nil {
			return err
		}
	}
	if err := shown.Close(&result.Run); err != nil {
		return err
	}
	if !c.JSON {
		absent(p, sources, &result.Run)
	}
	if file != nil {
		if err := file.keep(planHeader(&result.Run, sources)); err != nil {
			return err
		}
		if !c.JSON {
			fmt.Fprintf(p.out, "Kept in %s; \"rollcall apply %s\" carries out exactly this.\n", c.Out, c.Out)
		}
	}
	if c.Check && shown.Summary().Changes > 0 {
		return ended{code: exitChanges}
	}
	return problemsEnd(result)
}

// runOf returns the run of a result that may be nil.
func runOf(result *engine.Result) *rollcall.Run {
	if result == nil {
		return nil
	}
	return &result.Run
}

// plan makes a dry run and hands every change to sink.
func (a *app) plan(ctx context.Context, sources []*rollcall.Source, only rollcall.Part, sink func(*rollcall.Change) error) (*engine.Result, error) {
	jobs, err := a.jobs(ctx, sources)
	if err != nil {
		return nil, err
	}
	progress := a.program.progress()
	result, err := a.engine.Run(ctx, jobs, engine.Options{Kind: "plan", By: who(), Only: only, DryRun: true, Sink: sink, Progress: progress.show})
	progress.done()
	return result, err
}

// absent says what becomes of those who are not in the directory any more.
func absent(p *program, sources []*rollcall.Source, run *rollcall.Run) {
	for i, src := range sources {
		n := run.Sources[i].Counters.Missing
		if n == 0 {
			continue
		}
		if run.Sources[i].Only == rollcall.PartImport {
			fmt.Fprintf(p.out, "%s: %d not in the directory any more; an import leaves them alone.\n", src.Name, n)
			continue
		}
		gone := &src.Rules.Gone
		fate := map[rollcall.Deprovision]string{
			rollcall.GoneIgnore: "nothing happens to their objects",
			rollcall.GoneDelete: "their objects are deleted",
			rollcall.GoneUpdate: "their objects get " + assignments(gone.Set),
			rollcall.GoneUpdateThenDelete: fmt.Sprintf("their objects get %s, and are deleted %s after they were last seen",
				assignments(gone.Set), days(gone.DeleteAfter)),
		}[gone.Then]
		fmt.Fprintf(p.out, "%s: %d not in the directory any more; once unseen for %s, %s.\n", src.Name, n, days(gone.After), fate)
	}
}

func assignments(list []rollcall.Assignment) string {
	parts := make([]string, len(list))
	for i, a := range list {
		parts[i] = fmt.Sprintf("%s %q", a.Attribute, a.Value)
	}
	return strings.Join(parts, ", ")
}

// days writes a duration as the configuration does.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return d.String()
}
