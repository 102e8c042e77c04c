package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

type jobsEntriesCmd struct {
	data
	Parked bool   `help:"Only those that are not tried by themselves any more."`
	Source string `placeholder:"NAME" help:"Only those of this source."`
	Limit  int    `default:"50" placeholder:"N" help:"How many at most; 0 for all."`
}

// Help is the manual's text.
func (jobsEntriesCmd) Help() string {
	return `Lists the entries that runs could not take over, or whose objects they could not remove. A line of
the timetable with "queue" tries them again, ever later, and parks them after its retries. A run of
the source tries them, too, parked or not.

Examples:

    rollcall jobs entries
    rollcall jobs entries --parked --source users
    rollcall jobs retry users                       all of them, now
    rollcall jobs retry users 3f2a-…                one, by its key`
}

// failedEntry is a failed entry as it is shown.
type failedEntry struct {
	Source string `json:"source"`
	rollcall.FailedEntry
}

// failedEntries lists the entries of the sources of the configuration that are
// in trouble.
func (a *app) failedEntries(ctx context.Context, source string, parked bool, limit int) ([]failedEntry, error) {
	sources, err := a.identified(ctx)
	if err != nil {
		return nil, err
	}
	if source != "" && a.config.Source(source) == nil {
		_, err := a.choose([]string{source})
		return nil, err
	}
	list := []failedEntry{}
	for i := range sources {
		if sources[i].ID == 0 || source != "" && sources[i].Name != source {
			continue
		}
		found, err := a.store.FailedEntries(ctx, rollcall.FailedFilter{Source: sources[i].ID, Parked: parked, Limit: limit})
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			list = append(list, failedEntry{sources[i].Name, e})
		}
	}
	if limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	return list, nil
}

// Run carries the command out.
func (c *jobsEntriesCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	list, err := a.failedEntries(ctx, c.Source, c.Parked, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return report.WriteJSON(p.out, list)
	}
	options := p.look(c.data)
	rows := make([][]string, len(list))
	for i := range list {
		e := &list[i]
		next := e.Next.In(options.Zone).Format(time.DateTime)
		if e.Parked {
			next = "parked"
		}
		rows[i] = []string{e.Source, e.Key, e.Name, strconv.Itoa(e.Tries), next, e.Error}
	}
	return report.Table(p.out, options, []string{"source", "key", "entry", "tries", "next", "error"}, rows)
}

type jobsRetryCmd struct {
	Source string   `arg:"" help:"The source."`
	Keys   []string `arg:"" optional:"" name:"key" help:"The keys of the entries; all that failed when none is named."`
}

// Help is the manual's text.
func (jobsRetryCmd) Help() string {
	return `Makes entries that failed due at once, parked or not. A line of the timetable with "queue" tries them; so
does the next run of the source.

Examples:

    rollcall jobs entries --parked
    rollcall jobs retry users
    rollcall jobs retry users 3f2a-…        one, by its key`
}

// Run carries the command out.
func (c *jobsRetryCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	n, err := a.requeueEntries(ctx, c.Source, c.Keys)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%d entries of %s are due at once; a line of the timetable with \"queue\" tries them.\n", n, c.Source)
	return nil
}

// requeueEntries makes failed entries of a source due at once.
func (a *app) requeueEntries(ctx context.Context, source string, keys []string) (int, error) {
	if _, err := a.choose([]string{source}); err != nil {
		return 0, err
	}
	sources, err := a.identified(ctx)
	if err != nil {
		return 0, err
	}
	for i := range sources {
		if sources[i].Name == source && sources[i].ID != 0 {
			return a.store.RequeueEntries(ctx, sources[i].ID, keys, a.program.now())
		}
	}
	return 0, rollcall.Errorf(rollcall.NotFound, "source %s was never run", source)
}
