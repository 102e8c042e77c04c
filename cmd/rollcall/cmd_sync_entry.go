package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rollcall/internal/config"
	"rollcall/internal/engine"
	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

// tookOver is what became of an entry that was asked for.
type tookOver struct {
	Entry    string             `json:"entry"`
	Run      int64              `json:"run,omitempty"` // 0 when there was nothing to do
	Changes  int                `json:"changes"`
	Sources  []string           `json:"sources,omitempty"`
	Problems []rollcall.Problem `json:"problems,omitempty"`
}

// single brings in the entries that were asked for, and nothing else.
func (c *syncCmd) single(ctx context.Context, a *app, sources []*rollcall.Source) error {
	if c.Only == rollcall.PartRemoval {
		return ended{exitUsage, "--entry brings entries in; who is gone, only a complete read can tell"}
	}
	var readable []*rollcall.Source
	for _, src := range sources {
		if a.config.Source(src.Name).Kind == config.KindLDAP {
			readable = append(readable, src)
		}
	}
	if len(readable) == 0 {
		return ended{exitUsage, "single entries are read from directories; none of these sources reads one"}
	}
	jobs, err := a.jobs(ctx, readable)
	if err != nil {
		return err
	}
	var list []tookOver
	for _, name := range c.Entries {
		dn, err := theEntry(ctx, jobs, name)
		if err != nil {
			return err
		}
		taken, err := a.engine.TakeOver(ctx, engine.Single{Name: dn, Jobs: jobs}, engine.Options{Kind: "sync", By: who()})
		if err != nil {
			return fmt.Errorf("entry %s: %w", dn, err)
		}
		one := tookOver{Entry: dn, Run: taken.Run, Changes: taken.Changes, Problems: taken.Problems}
		for _, s := range taken.Sources {
			one.Sources = append(one.Sources, s.Source)
		}
		list = append(list, one)
	}
	a.notices.flush(ctx, a.program.log)
	return c.show(a.program, list)
}

// theEntry finds the DN of the one entry that a person means and a source reads.
func theEntry(ctx context.Context, jobs []engine.Job, name string) (string, error) {
	var found, reasons []string
	for i := range jobs {
		look, ok := jobs[i].Collector.(finder)
		if !ok {
			continue
		}
		candidates, err := look.Find(ctx, name)
		if err != nil {
			return "", fmt.Errorf("source %s: look for %q: %w", jobs[i].Source.Name, name, err)
		}
		for _, c := range candidates {
			switch {
			case !c.Included:
				reasons = append(reasons, fmt.Sprintf("%s is not read by source %s: %s", c.DN, jobs[i].Source.Name, strings.Join(c.Reasons, "; ")))
			case !slices.ContainsFunc(found, func(dn string) bool { return rollcall.FoldDN(dn) == rollcall.FoldDN(c.DN) }):
				found = append(found, c.DN)
			}
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", rollcall.Errorf(rollcall.Conflict, "%q may mean %s: name one of them", name, strings.Join(found, " or "))
	case len(reasons) > 0:
		return "", rollcall.Errorf(rollcall.NotFound, "%s", strings.Join(reasons, "\n"))
	}
	return "", rollcall.Errorf(rollcall.NotFound, "no entry of these sources is called %q", name)
}

func (c *syncCmd) show(p *program, list []tookOver) error {
	failed := false
	for i := range list {
		failed = failed || slices.ContainsFunc(list[i].Problems, func(p rollcall.Problem) bool { return !p.Warning })
	}
	if c.JSON {
		if err := report.WriteJSON(p.out, list); err != nil {
			return err
		}
	} else {
		for _, one := range list {
			switch {
			case one.Run == 0:
				fmt.Fprintf(p.out, "%s: nothing to do\n", one.Entry)
			default:
				fmt.Fprintf(p.out, "%s: run %d, %d changes\n", one.Entry, one.Run, one.Changes)
			}
			for _, problem := range one.Problems {
				fmt.Fprintf(p.out, "  %s\n", problem.Reason)
			}
		}
	}
	if failed {
		return ended{code: exitProblems}
	}
	return nil
}
