package registry

import (
	"context"
	"fmt"
	"slices"

	"rollcall/internal/rollcall"
)

// portalUser is the profile of accounts that are confined to their
// organizations.
const portalUser rollcall.ObjectID = 2

// checkPerson refuses to move a person to an organization that their portal
// account may not see. A synchronization may: it moves the account next.
func checkPerson(ctx context.Context, e *Editor, items []*item) error {
	user := e.r.model.Class("User")
	if e.origin.Kind == rollcall.OriginSync || user == nil {
		return nil
	}
	var moving []*item
	var keys [][]string
	for _, it := range items {
		if it.was != nil && !it.refused() && it.touches("org_id") {
			moving = append(moving, it)
			keys = append(keys, []string{idText(it.object.ID)})
		}
	}
	if len(moving) == 0 {
		return nil
	}
	found, err := e.tx.Find(ctx, user, []string{"contactid"}, keys)
	if err != nil {
		return err
	}
	ids := slices.Concat(found...)
	accounts, err := e.tx.Objects(ctx, user, ids)
	if err != nil {
		return err
	}
	profiles, err := e.tx.Links(ctx, user.Attribute("profile_list"), ids)
	if err != nil {
		return err
	}
	organizations, err := e.tx.Links(ctx, user.Attribute("allowed_org_list"), ids)
	if err != nil {
		return err
	}
	toOrg := make(map[rollcall.ObjectID]rollcall.ObjectID, len(moving))
	for _, it := range moving {
		toOrg[it.object.ID] = parseID(it.object.Get("org_id"))
	}
	confined := map[rollcall.ObjectID]string{}
	for i := range accounts {
		person := parseID(accounts[i].Get("contactid"))
		if accounts[i].Get("status") == "enabled" && isLinked(profiles[i], portalUser) &&
			len(organizations[i]) > 0 && !isLinked(organizations[i], toOrg[person]) {
			confined[person] = accounts[i].Get("login")
		}
	}
	for _, it := range moving {
		if login, ok := confined[it.object.ID]; ok {
			it.refuse(fmt.Sprintf("The organization cannot change: the portal user %q of this person is not allowed to see the new one.", login))
		}
	}
	return nil
}

func isLinked(links []rollcall.Link, target rollcall.ObjectID) bool {
	return slices.ContainsFunc(links, func(l rollcall.Link) bool { return l.Target == target })
}
