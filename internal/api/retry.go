package api

import (
	"context"

	"rollcall/internal/rollcall"
)

type failedIn struct {
	oneSource
	Parked bool `query:"parked" doc:"Only those that are not tried by themselves any more."`
	Limit  int  `query:"limit" default:"100" min:"1" max:"1000" doc:"How many at most."`
}

// failed lists the entries that runs could not take over.
func (c *call) failed(ctx context.Context, in *failedIn) (*Page[rollcall.FailedEntry], error) {
	source, err := c.visibleSource(ctx, in.Source)
	if err != nil || source.ID == 0 {
		return &Page[rollcall.FailedEntry]{}, err
	}
	list, err := c.Store.FailedEntries(ctx, rollcall.FailedFilter{Source: source.ID, Parked: in.Parked, Limit: in.Limit})
	return &Page[rollcall.FailedEntry]{Items: list}, err
}

type retryIn struct {
	oneSource
	Keys []string `json:"keys" doc:"The keys of the entries; none: all that failed."`
}

// Retried is what came of a wish to try entries again.
type Retried struct {
	Entries int `json:"entries" doc:"How many are due at once."`
	Queued
}

func (c *call) retry(ctx context.Context, in *retryIn) (*Retried, error) {
	source, err := c.visibleSource(ctx, in.Source)
	if err != nil {
		return nil, err
	}
	if source.ID == 0 || !source.Configured {
		return nil, rollcall.Errorf(rollcall.Conflict, "source %s is none of the configuration, or was never run: there is nothing to try again", source.Name)
	}
	n, job, isNew, err := c.Desk.Retry(ctx, source.Name, in.Keys, c.by())
	return &Retried{n, Queued{job, isNew}}, err
}
