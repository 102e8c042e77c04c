package api

import (
	"context"
	"slices"
	"strconv"

	"rollcall/internal/rollcall"
)

// visibleSources returns the data sources that whoever asks may run.
func (c *call) visibleSources(ctx context.Context) ([]Source, error) {
	all, err := c.Desk.Sources(ctx)
	if err != nil || c.account.Administrator {
		return all, err
	}
	all = slices.DeleteFunc(all, func(s Source) bool { return !c.account.MayRun(s.User) })
	if len(all) == 0 {
		return nil, c.mayRun()
	}
	return all, nil
}

// isVisible reports whether all sources of a run are among some.
func isVisible(run *rollcall.Run, sources []Source) bool {
	return !slices.ContainsFunc(run.Sources, func(part rollcall.SourceRun) bool {
		return !slices.ContainsFunc(sources, func(s Source) bool { return s.Name == part.Source })
	})
}

func (c *call) sources(ctx context.Context, _ *nothing) (*Page[Source], error) {
	list, err := c.visibleSources(ctx)
	if err != nil {
		return nil, err
	}
	return &Page[Source]{Items: list}, c.Desk.Fill(ctx, list)
}

// oneSource names a data source.
type oneSource struct {
	Source string `path:"source" doc:"Its name; or its ID, for one whose name another has too."`
}

func (c *call) source(ctx context.Context, in *oneSource) (*Source, error) {
	found, err := c.visibleSource(ctx, in.Source)
	if err != nil {
		return nil, err
	}
	list := []Source{*found}
	return &list[0], c.Desk.Fill(ctx, list)
}

// visibleSource returns the data source that a name or an ID means.
func (c *call) visibleSource(ctx context.Context, name string) (*Source, error) {
	all, err := c.Desk.Sources(ctx)
	if err != nil {
		return nil, err
	}
	var found []Source
	for _, s := range all {
		if s.Name == name {
			found = append(found, s)
		}
	}
	if len(found) == 0 {
		found = slices.DeleteFunc(all, func(s Source) bool { return s.ID == 0 || strconv.FormatInt(int64(s.ID), 10) != name })
	}
	// Who may not run a source does not learn whether there is one.
	if err := c.mayRun(found...); err != nil {
		return nil, err
	}
	switch len(found) {
	case 0:
		return nil, rollcall.Errorf(rollcall.NotFound, "there is no data source %s", shorten(name))
	case 1:
		return &found[0], nil
	}
	return nil, rollcall.Errorf(rollcall.Conflict, "%d data sources are called %s: name one by its ID", len(found), shorten(name))
}

func (c *call) directories(context.Context, *nothing) (*Page[Directory], error) {
	return &Page[Directory]{Items: c.Desk.Directories()}, nil
}

type replicasIn struct {
	oneSource
	State  string `query:"state" enum:"new,synchronized,modified,orphan,obsolete" doc:"Only replicas in this state."`
	Errors bool   `query:"errors" doc:"Only replicas with an error or a warning."`
	paging
}

func (c *call) replicas(ctx context.Context, in *replicasIn) (*Page[Replica], error) {
	source, err := c.visibleSource(ctx, in.Source)
	if err != nil {
		return nil, err
	}
	after, err := in.number()
	if err != nil || source.ID == 0 {
		return &Page[Replica]{}, err
	}
	found, err := c.Store.ReplicaList(ctx, rollcall.ReplicaFilter{
		Source: source.ID, State: rollcall.ReplicaState(in.State), IsTroubled: in.Errors, After: after, Limit: in.Limit + 1,
	})
	if err != nil {
		return nil, err
	}
	names, err := c.names(ctx, func(yield func(rollcall.Ref)) {
		for i := range found {
			yield(found[i].Dest)
		}
	})
	if err != nil {
		return nil, err
	}
	return pageOf(found, in.Limit, func(r *rollcall.Replica) (Replica, string) {
		shown := Replica{
			ID: r.ID, Key: r.Key, Entry: r.Name, State: r.State, Creator: r.IsCreator, LastSeen: r.LastSeen,
			LastModified: r.LastModified, Error: r.LastError, Warning: r.LastWarning, Run: r.Run,
		}
		if r.Dest.ID != 0 {
			shown.Object = &Named{Class: r.Dest.Class, ID: r.Dest.ID, Name: names[r.Dest]}
		}
		return shown, strconv.FormatInt(r.ID, 10)
	}), nil
}

// number reads a cursor that is the number of the last item.
func (p *paging) number() (int64, error) {
	if p.Cursor == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(p.Cursor, 10, 64)
	if err != nil || n < 0 {
		return 0, rollcall.Errorf(rollcall.Invalid, "cursor must be the text next of the page before")
	}
	return n, nil
}

// pageOf makes a page of one item more than asked for at most, which shows that
// there is a next page.
func pageOf[From, To any](found []From, limit int, show func(*From) (item To, cursor string)) *Page[To] {
	page := &Page[To]{Items: make([]To, 0, min(len(found), limit))}
	last := ""
	for i := range found {
		if i == limit {
			page.Next = last
			break
		}
		item, cursor := show(&found[i])
		page.Items, last = append(page.Items, item), cursor
	}
	return page
}

// names finds the names of objects of any classes.
func (c *call) names(ctx context.Context, each func(yield func(rollcall.Ref))) (map[rollcall.Ref]string, error) {
	byClass := map[string][]rollcall.ObjectID{}
	each(func(ref rollcall.Ref) {
		if ref.ID != 0 && c.Model.Class(ref.Class) != nil {
			byClass[ref.Class] = append(byClass[ref.Class], ref.ID)
		}
	})
	names := map[rollcall.Ref]string{}
	for class, ids := range byClass {
		slices.Sort(ids)
		of, err := c.Store.Names(ctx, c.Model.Class(class), slices.Compact(ids))
		if err != nil {
			return nil, err
		}
		for id, name := range of {
			names[rollcall.Ref{Class: class, ID: id}] = name
		}
	}
	return names, nil
}
