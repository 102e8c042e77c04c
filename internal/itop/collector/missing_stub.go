package collector

import "context"

type ledger struct{}

func (a *app) hasLookups(*task) bool                                  { return false }
func (a *app) postProcess(context.Context, *task) error               { return nil }
func (a *app) beginUpload(*task, []string) error                      { return nil }
func (a *app) endUpload(*task) error                                  { return nil }
func (a *app) contentOf(_ *task, file string) (string, func(), error) { return file, func() {}, nil }
func renamed(*Parameters) []string                                    { return nil }
func (a *app) check(context.Context) error                            { return nil }
func (a *app) compare(string) error                                   { return nil }
