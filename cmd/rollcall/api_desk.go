package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rollcall/internal/api"
	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
)

// Directories lists those of the configuration, without credentials.
func (d *desk) Directories() []api.Directory {
	var list []api.Directory
	for name, of := range d.config.Directories {
		one := api.Directory{Name: name, URLs: of.URLs, Bases: of.Base}
		for i := range d.config.Sources {
			if d.config.Sources[i].Directory == name {
				one.Sources = append(one.Sources, d.config.Sources[i].Name)
			}
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b api.Directory) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Bindings lists those of the configuration.
func (d *desk) Bindings() []api.Binding {
	list := make([]api.Binding, len(d.config.Bindings))
	for i := range d.config.Bindings {
		b := &d.config.Bindings[i]
		list[i] = api.Binding{Name: b.Name, Source: b.Source, Nested: b.Nested, Type: b.Type, Vanished: b.Vanished}
		for _, g := range b.Gives {
			list[i].Gives = append(list[i].Gives, api.Gift{Kind: g.Kind, Target: g.Target})
		}
	}
	return list
}

// chosen returns the sources that names mean, all for none.
func (d *desk) chosen(names []string) ([]*rollcall.Source, error) {
	for _, name := range names {
		if d.config.Source(name) == nil {
			return nil, rollcall.Errorf(rollcall.NotFound, "there is no source %s in the configuration; it has %s", name, joinedOr(d.sourceNames(), "none"))
		}
	}
	return d.choose(names)
}

// run makes a run for somebody at the other end of a connection.
func (d *desk) run(ctx context.Context, sources []*rollcall.Source, options engine.Options) (*engine.Result, error) {
	list, err := d.jobs(ctx, sources)
	if err != nil {
		return nil, err
	}
	return d.engine.Run(ctx, list, options)
}

// Plan keeps what a run would do. Its changes wait in a file until all is
// decided, as those of a held run do.
func (d *desk) Plan(ctx context.Context, names []string, by string) (run rollcall.Run, err error) {
	sources, err := d.chosen(names)
	if err != nil {
		return run, err
	}
	changes, err := newPlanWriter(filepath.Join(os.TempDir(), "rollcall.plan"))
	if err != nil {
		return run, err
	}
	defer closing(changes.discard, &err)
	result, err := d.run(ctx, sources, engine.Options{Kind: "plan", By: by, DryRun: true, Sink: changes.change})
	if err != nil {
		return run, err
	}
	plan, err := changes.reader()
	if err != nil {
		return run, err
	}
	run = result.Run
	run.State = rollcall.RunHeld
	return run, d.store.KeepPlan(ctx, &run, result.Problems, plan)
}

// Approve carries out a plan or a held run.
func (d *desk) Approve(ctx context.Context, id int64, by string) (rollcall.Run, error) {
	return ranAs(d.approve(ctx, id, d.run, engine.Options{By: by}))
}

// Drop refuses a plan or a held run.
func (d *desk) Drop(ctx context.Context, id int64) error { return d.drop(ctx, id) }

// Undo takes a run back.
func (d *desk) Undo(ctx context.Context, id int64, by string, dry bool) (rollcall.Run, error) {
	return ranAs(d.undo(ctx, id, by, dry))
}

// ranAs returns the run of a result. What the command line takes for wrong usage
// is here that the configuration moved on: the run's sources are no longer in it.
func ranAs(result *engine.Result, err error) (rollcall.Run, error) {
	if e, ok := errors.AsType[ended](err); ok {
		err = rollcall.Errorf(rollcall.Conflict, "%s", e.text)
	}
	if result == nil {
		return rollcall.Run{}, err
	}
	return result.Run, err
}

// History yields what a run did to objects.
func (d *desk) History(ctx context.Context, run, after int64, limit int, yield func(rollcall.Change, int64) error) error {
	filter := rollcall.HistoryFilter{Run: run, After: after, Limit: limit}
	return d.store.History(ctx, filter, func(h *rollcall.History) error { return yield(d.told(h), h.ID) })
}

// Explain tells the story of an object, or why there is none.
func (d *desk) Explain(ctx context.Context, object, attribute string) (*api.Explanation, error) {
	found, err := d.meant(ctx, object, attribute)
	if err != nil {
		return nil, err
	}
	switch len(found) {
	case 0:
		return d.missing(ctx, object)
	case 1:
		story, err := d.story(ctx, found[0].Ref, attribute)
		return &api.Explanation{Object: story}, err
	}
	several := &api.Explanation{}
	for _, f := range found {
		several.Candidates = append(several.Candidates, api.Named{Class: f.Class, ID: f.ID, Name: f.name})
	}
	return several, nil
}

func (d *desk) missing(ctx context.Context, object string) (*api.Explanation, error) {
	reasons, err := d.absence(ctx, object)
	if err != nil {
		return nil, err
	}
	if len(reasons) == 0 {
		return nil, rollcall.Errorf(rollcall.NotFound, "neither the registry nor a directory knows %q", object)
	}
	e := &api.Explanation{}
	for _, r := range reasons {
		e.Absent = append(e.Absent, api.Absence{Source: r.source, Entry: r.entry, Why: r.why})
	}
	return e, nil
}

// Texts returns what an attribute shows of several objects.
func (d *desk) Texts(ctx context.Context, objects []rollcall.Object, att *rollcall.Attribute) ([]string, error) {
	return d.shown(ctx, objects, att)
}
