package main

import (
	"context"
	"strings"

	"rollcall/internal/engine"
	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

// grants tells what an object was given by belonging to directory groups, and by
// which groups.
func (a *app) grants(ctx context.Context, object *rollcall.Object) ([]report.StoryGrant, error) {
	isPerson := a.model.IsA(object.Class.Name, "Person")
	if !isPerson && !a.model.IsA(object.Class.Name, "User") {
		return nil, nil
	}
	grants, err := a.store.GrantsOf(ctx, object.ID, isPerson)
	if err != nil {
		return nil, err
	}
	list := make([]report.StoryGrant, len(grants))
	for i, g := range grants {
		names, err := a.store.Names(ctx, a.model.Class(engine.GrantClass(g.Kind)), []rollcall.ObjectID{g.Target})
		if err != nil {
			return nil, err
		}
		list[i] = report.StoryGrant{Kind: g.Kind, Target: names[g.Target], Type: g.Type, Binding: g.Binding,
			Via: strings.Split(g.Via, "\n"), Run: g.Run, Before: !g.Made}
	}
	return list, nil
}
