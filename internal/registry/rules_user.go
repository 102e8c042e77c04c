package registry

import (
	"context"
	"fmt"
	"slices"

	"rollcall/internal/rollcall"
)

// administratorProfile is the profile that no right is asked of.
const administratorProfile rollcall.ObjectID = 1

// checkUser asks that an account has a profile, and that nobody gains or loses
// an administrator by the hand of somebody who may not.
func checkUser(ctx context.Context, e *Editor, items []*item) error {
	for _, it := range items {
		profiles := it.set("profile_list")
		if profiles == nil && it.was == nil || profiles != nil && len(profiles.wanted) == 0 {
			it.refuse("At least one profile must be assigned to this user.")
		}
		if it.was != nil && e.isSelf(it.class, it.object.ID) {
			checkOwnAccount(it)
		}
		if profiles != nil && !e.administrator && isLinked(profiles.wanted, administratorProfile) && !isLinked(profiles.current, administratorProfile) {
			it.refuse("Access restricted to people having administrator privileges. Please, contact an iTop administrator.")
		}
	}
	if !e.administrator {
		if err := e.protectAdministrators(ctx, items); err != nil {
			return fmt.Errorf("read the profiles of accounts: %w", err)
		}
	}
	return e.checkAllowedOrganizations(ctx, items)
}

// checkOwnAccount refuses what would lock an account out by its own hand.
func checkOwnAccount(it *item) {
	if it.touches("status") && it.object.Get("status") != "enabled" {
		it.refuse("Changing status is not allowed for your own User")
	}
	if it.touches("contactid") && it.object.Get("contactid") == "" {
		it.refuse("The Contact is mandatory.")
	}
	if it.touches("expiration") && it.object.Get("expiration") == "otp_expire" {
		it.refuse(`Setting password expiration to "One-time password" is not allowed for your own User`)
	}
	profiles := it.set("profile_list")
	if profiles != nil && isLinked(profiles.current, administratorProfile) && !isLinked(profiles.wanted, administratorProfile) {
		it.refuse("The profile Administrator cannot be taken from your own User: ask another administrator")
	}
}

// protectAdministrators refuses what somebody else writes of an administrator's
// account.
func (e *Editor) protectAdministrators(ctx context.Context, items []*item) error {
	var edited []*item
	var ids []rollcall.ObjectID
	for _, it := range items {
		if it.was != nil && !it.refused() {
			edited, ids = append(edited, it), append(ids, it.object.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	profiles, err := e.tx.Links(ctx, edited[0].class.Attribute("profile_list"), ids)
	if err != nil {
		return err
	}
	for i, it := range edited {
		if isLinked(profiles[i], administratorProfile) {
			it.refuse("iTop access to this page is restricted. Please, contact an iTop administrator.")
		}
	}
	return nil
}

// checkAllowedOrganizations asks that an account confined to some organizations
// may see the one of its own person, or one above it.
func (e *Editor) checkAllowedOrganizations(ctx context.Context, items []*item) error {
	allowed, err := e.confined(ctx, items)
	if err != nil || len(allowed) == 0 {
		return err
	}
	var persons []rollcall.ObjectID
	for it := range allowed {
		persons = append(persons, parseID(it.object.Get("contactid")))
	}
	people, err := e.tx.Objects(ctx, e.r.model.Class("Person"), persons)
	if err != nil {
		return fmt.Errorf("read the persons of accounts: %w", err)
	}
	home := make(map[rollcall.ObjectID]rollcall.ObjectID, len(people))
	for i := range people {
		home[people[i].ID] = parseID(people[i].Get("org_id"))
	}
	above, err := e.organizationsAbove(ctx, home)
	if err != nil {
		return fmt.Errorf("read the organizations of accounts: %w", err)
	}
	for it, links := range allowed {
		seen := map[rollcall.ObjectID]bool{}
		at := home[parseID(it.object.Get("contactid"))]
		for ; at != 0 && !seen[at] && !isLinked(links, at); at = above[at] {
			seen[at] = true
		}
		if at == 0 || seen[at] {
			it.refuse("Allowed organizations must contain User organization")
		}
	}
	return nil
}

// confined returns the items of accounts with a person and allowed organizations,
// one of which is new, unless they are administrators'.
func (e *Editor) confined(ctx context.Context, items []*item) (map[*item][]rollcall.Link, error) {
	allowed := map[*item][]rollcall.Link{}
	for _, it := range items {
		given := it.set("allowed_org_list")
		moves := it.was != nil && it.touches("contactid")
		if it.refused() || it.object.Get("contactid") == "" || given == nil && !moves {
			continue
		}
		var links []rollcall.Link
		if given != nil {
			links = given.wanted
		} else {
			found, err := e.tx.Links(ctx, it.class.Attribute("allowed_org_list"), []rollcall.ObjectID{it.object.ID})
			if err != nil {
				return nil, err
			}
			links = found[0]
		}
		if len(links) == 0 {
			continue
		}
		profiles := it.set("profile_list")
		isAdministrator := profiles != nil && isLinked(profiles.wanted, administratorProfile)
		if profiles == nil && it.was != nil {
			found, err := e.tx.Links(ctx, it.class.Attribute("profile_list"), []rollcall.ObjectID{it.object.ID})
			if err != nil {
				return nil, err
			}
			isAdministrator = isLinked(found[0], administratorProfile)
		}
		if !isAdministrator {
			allowed[it] = links
		}
	}
	return allowed, nil
}

// organizationsAbove returns the parent of every organization that people belong
// to, and of those above.
func (e *Editor) organizationsAbove(ctx context.Context, home map[rollcall.ObjectID]rollcall.ObjectID) (map[rollcall.ObjectID]rollcall.ObjectID, error) {
	above := map[rollcall.ObjectID]rollcall.ObjectID{}
	var level []rollcall.ObjectID
	for _, id := range home {
		level = append(level, id)
	}
	for len(level) > 0 {
		slices.Sort(level)
		objects, err := e.tx.Objects(ctx, e.r.model.Class("Organization"), slices.Compact(level))
		if err != nil {
			return nil, err
		}
		level = nil
		for i := range objects {
			parent := parseID(objects[i].Get("parent_id"))
			if _, known := above[objects[i].ID]; !known && parent != 0 {
				level = append(level, parent)
			}
			above[objects[i].ID] = parent
		}
	}
	return above, nil
}

// preparePassword notes when a password was set.
func preparePassword(e *Editor, it *item) {
	given := it.object.Get("password")
	if it.was == nil || given != it.was.Get("password") {
		it.object.Set("password_renewed_date", e.origin.At.UTC().Format(rollcall.DateLayout))
	}
}
