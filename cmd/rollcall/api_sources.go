package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"rollcall/internal/api"
	"rollcall/internal/rollcall"
)

// Sources lists the data sources of the configuration, and those that were made
// over the wire.
func (d *desk) Sources(ctx context.Context) ([]api.Source, error) {
	list := make([]api.Source, len(d.sources))
	for i, src := range d.sources {
		of := &d.config.Sources[i]
		list[i] = api.Source{Name: src.Name, Class: src.Class.Name, Configured: true, Kind: of.Kind, Directory: of.Directory, Scope: src.Scope, Status: of.Status}
	}
	configured := len(list)
	err := d.store.Select(ctx, rollcall.SelectAll(d.model.Class("SynchroDataSource")), rollcall.Window{}, func(row []rollcall.Object) error {
		o := &row[0]
		i := slices.IndexFunc(list[:configured], func(s api.Source) bool { return s.Name == o.Get("name") })
		if i < 0 || list[i].ID != 0 {
			list, i = append(list, api.Source{Name: o.Get("name"), Class: o.Get("scope_class")}), len(list)
		}
		list[i].ID, list[i].User, list[i].Status = o.ID, objectID(o.Get("user_id")), o.Get("status")
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list[configured:], func(a, b api.Source) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// Fill adds what ran last, and how many replicas there are.
func (d *desk) Fill(ctx context.Context, list []api.Source) error {
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Name
	}
	runs, err := d.recent.of(ctx, names, 0)
	if err != nil {
		return err
	}
	for i := range list {
		of := runs[list[i].Name]
		list[i].LastRun, list[i].LastGood = d.outcome(of.last), d.outcome(of.good)
		if list[i].ID == 0 {
			continue
		}
		standing, err := d.store.Standing(ctx, list[i].ID)
		if err != nil {
			return err
		}
		list[i].Replicas = standing.Replicas
	}
	return nil
}

// outcome is a run as one of its sources shows it.
func (d *desk) outcome(run *rollcall.Run) *api.Outcome {
	if run == nil {
		return nil
	}
	return &api.Outcome{
		Run: run.ID, Kind: run.Kind, State: run.State, Started: run.Started, Ended: run.Ended, Age: age(d.program.now(), run),
	}
}

// age is how long ago a run started, in whole seconds.
func age(now time.Time, run *rollcall.Run) int64 { return int64(now.Sub(run.Started) / time.Second) }

// recent knows the last run of each source, and the last that went through.
type recent struct {
	store interface {
		RunList(ctx context.Context, f rollcall.RunFilter) ([]rollcall.Run, error)
	}
	now func() time.Time

	mu    sync.Mutex
	at    time.Time
	known map[string]lastRuns
}

// lastRuns are nil where a source has none.
type lastRuns struct{ last, good *rollcall.Run }

// How far back runs are looked at.
const (
	recentPage  = 200
	recentPages = 25
)

// of returns the last runs of some sources, as they were a while ago at most.
func (r *recent) of(ctx context.Context, names []string, while time.Duration) (map[string]lastRuns, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known != nil && r.now().Sub(r.at) < while {
		return r.known, nil
	}
	known := map[string]lastRuns{}
	filter := rollcall.RunFilter{Limit: recentPage}
	for range recentPages {
		runs, err := r.store.RunList(ctx, filter)
		if err != nil {
			return nil, err
		}
		for i := range runs {
			note(known, &runs[i])
		}
		incomplete := slices.ContainsFunc(names, func(name string) bool { return known[name].good == nil })
		if len(runs) < recentPage || !incomplete {
			break
		}
		filter.Before = runs[len(runs)-1].ID
	}
	r.at, r.known = r.now(), known
	return known, nil
}

// note takes in a run that is older than those before. A plan is none, and what
// looked at single entries says nothing of their source.
func note(known map[string]lastRuns, run *rollcall.Run) {
	if run.Kind == "plan" || run.Kind == kindSignIn || run.Undoes != 0 {
		return
	}
	for _, part := range run.Sources {
		if part.Only == rollcall.PartRetry {
			continue
		}
		of := known[part.Source]
		if of.last == nil {
			of.last = run
		}
		if of.good == nil && (run.State == rollcall.RunCompleted || run.State == rollcall.RunUndone) {
			of.good = run
		}
		known[part.Source] = of
	}
}
