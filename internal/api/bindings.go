package api

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

func (c *call) bindings(ctx context.Context, _ *nothing) (*Page[Binding], error) {
	list := c.Desk.Bindings()
	sources, err := c.Desk.Sources(ctx)
	if err != nil {
		return nil, err
	}
	for i := range list {
		id := idOf(sources, list[i].Source)
		if id == 0 {
			continue
		}
		bound, err := c.Store.BoundGroups(ctx, id)
		if err != nil {
			return nil, err
		}
		bound = slices.DeleteFunc(bound, func(b rollcall.BoundGroup) bool { return b.Binding != list[i].Name })
		names, err := c.names(ctx, func(yield func(rollcall.Ref)) {
			for _, b := range bound {
				yield(b.Target)
			}
		})
		if err != nil {
			return nil, err
		}
		for _, b := range bound {
			list[i].Groups = append(list[i].Groups, BoundGroup{
				Name: b.Name, DN: b.DN, Key: b.Key, Kind: b.Gift.Kind, Target: Named{Class: b.Target.Class, ID: b.Target.ID, Name: names[b.Target]},
			})
		}
	}
	return &Page[Binding]{Items: list}, nil
}

// idOf returns the ID of a data source of the configuration, 0 before its first
// run.
func idOf(sources []Source, name string) rollcall.ObjectID {
	i := slices.IndexFunc(sources, func(s Source) bool { return s.Configured && s.Name == name })
	if i < 0 {
		return 0
	}
	return sources[i].ID
}

type membersIn struct {
	Binding string `path:"binding" doc:"Its name."`
	paging
}

// grantClasses are the classes of what each kind of grant gives.
var grantClasses = map[rollcall.GrantKind]string{
	rollcall.GrantRole: "OrganizationalRole", rollcall.GrantFunctional: "FunctionalRole", rollcall.GrantProfile: "URP_Profiles",
	rollcall.GrantTeam: "Team", rollcall.GrantPath: "UserGroup", rollcall.GrantLicence: "LicencePackage",
}

func (c *call) members(ctx context.Context, in *membersIn) (*Page[Grant], error) {
	all := c.Desk.Bindings()
	i := slices.IndexFunc(all, func(b Binding) bool { return b.Name == in.Binding })
	if i < 0 {
		return nil, rollcall.Errorf(rollcall.NotFound, "there is no binding %s", shorten(in.Binding))
	}
	after, err := in.number()
	if err != nil {
		return nil, err
	}
	sources, err := c.Desk.Sources(ctx)
	if err != nil {
		return nil, err
	}
	id := idOf(sources, all[i].Source)
	if id == 0 {
		return &Page[Grant]{}, nil
	}
	found, err := c.Store.GrantList(ctx, id, in.Binding, after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	names, err := c.names(ctx, func(yield func(rollcall.Ref)) {
		for i := range found {
			holder, target := endsOf(&found[i])
			yield(holder)
			yield(target)
		}
	})
	if err != nil {
		return nil, err
	}
	return pageOf(found, in.Limit, func(g *rollcall.Grant) (Grant, string) {
		holder, target := endsOf(g)
		return Grant{
			Kind: g.Kind, Type: g.Type, Holder: Named{holder.Class, holder.ID, names[holder]}, Target: Named{target.Class, target.ID, names[target]},
			Via: strings.Split(g.Via, "\n"), Run: g.Run, Before: !g.Made,
		}, strconv.FormatInt(g.ID, 10)
	}), nil
}

// endsOf names who holds a grant, and what.
func endsOf(g *rollcall.Grant) (holder, target rollcall.Ref) {
	class := "User"
	if g.Kind == rollcall.GrantTeam {
		class = "Person"
	}
	return rollcall.Ref{Class: class, ID: g.Holder}, rollcall.Ref{Class: grantClasses[g.Kind], ID: g.Target}
}
