package api

import (
	"context"
	"strconv"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// signInBody is what an application sends.
type signInBody struct {
	Login    string          `json:"login" required:"true" max:"255"`
	Password rollcall.Secret `json:"password" required:"true"`
}

// SignedIn is the answer to a sign-in that succeeded.
type SignedIn struct {
	Token   string  `json:"token" doc:"Opens the other operations, for 30 minutes after the last use and 12 hours at most."`
	Account Account `json:"account"`
}

func (c *call) signInRoute(ctx context.Context, in *signInBody) (*SignedIn, error) {
	account, err := c.signIn(ctx, in.Login, in.Password)
	if err != nil {
		return nil, c.unreachable(err)
	}
	token, err := c.Accounts.StartSession(ctx, account)
	if err != nil {
		return nil, err
	}
	shown, err := c.describeAccount(ctx, account)
	if err != nil {
		return nil, err
	}
	return &SignedIn{Token: token.Reveal(), Account: *shown}, nil
}

func (c *call) signOut(ctx context.Context, _ *nothing) (*nothing, error) {
	if c.session == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "there is no session to end: the request shows a password or a token that lasts")
	}
	return nil, c.Accounts.EndSession(ctx, c.session)
}

func (c *call) me(ctx context.Context, _ *nothing) (*Account, error) {
	return c.describeAccount(ctx, c.account)
}

// describeAccount gathers what an application wants to know of an account.
func (c *call) describeAccount(ctx context.Context, a *auth.Account) (*Account, error) {
	shown := &Account{
		ID: a.Ref.ID, Class: a.Ref.Class, Login: a.Login, Name: a.Name, Person: a.Contact, Language: a.Language,
		Administrator: a.Administrator, Profiles: a.Profiles, IsLimited: a.Organisations != nil,
	}
	if a.Contact != 0 {
		people, err := c.Store.Objects(ctx, c.Model.Class("Person"), []rollcall.ObjectID{a.Contact})
		if err != nil {
			return nil, err
		}
		for i := range people {
			shown.Email = people[i].Get("email")
		}
	}
	organizations, err := c.named(ctx, "Organization", a.Organisations)
	if err != nil {
		return nil, err
	}
	shown.Organizations = organizations
	return shown, c.memberships(ctx, shown)
}

// memberships adds roles, groups and licences.
func (c *call) memberships(ctx context.Context, a *Account) error {
	roles, err := c.links(ctx, a.ID, "lnkUserToRole", "role_id")
	if err != nil {
		return err
	}
	for _, m := range roles {
		if m.class == "FunctionalRole" {
			a.Functional = append(a.Functional, m.Membership)
		} else {
			a.Roles = append(a.Roles, m.Membership)
		}
	}
	groups, err := c.links(ctx, a.ID, "lnkUserToUserGroup", "group_id")
	if err != nil {
		return err
	}
	for _, m := range groups {
		a.Groups = append(a.Groups, m.Membership)
	}
	licences, err := c.links(ctx, a.ID, "lnkUserToLicencePackage", "package_id")
	for _, m := range licences {
		a.Licences = append(a.Licences, m.Name)
	}
	return err
}

// membership is a link's other side, with its class.
type membership struct {
	Membership
	class string
}

// links returns what an account is linked to by a class of links.
func (c *call) links(ctx context.Context, account rollcall.ObjectID, linkClass, key string) ([]membership, error) {
	class := c.Model.Class(linkClass)
	query := rollcall.SelectAll(class).Where("user_id", strconv.FormatInt(int64(account), 10))
	var list []membership
	var ids []rollcall.ObjectID
	err := c.Store.Select(ctx, query, rollcall.Window{Order: []rollcall.OrderBy{{Attribute: rollcall.CodeID}}}, func(row []rollcall.Object) error {
		m := membership{Membership: Membership{ID: objectID(row[0].Get(key)), Type: row[0].Get("type")}}
		list, ids = append(list, m), append(ids, m.ID)
		return nil
	})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	target := c.Model.Class(class.Attribute(key).Target)
	names, err := c.Store.Names(ctx, target, ids)
	if err != nil {
		return nil, err
	}
	objects, err := c.Store.Objects(ctx, target, ids)
	if err != nil {
		return nil, err
	}
	classes := map[rollcall.ObjectID]string{}
	for i := range objects {
		classes[objects[i].ID] = objects[i].Class.Name
	}
	for i := range list {
		list[i].Name, list[i].class = names[list[i].ID], classes[list[i].ID]
	}
	return list, nil
}

// named gives objects of a class and below their names.
func (c *call) named(ctx context.Context, class string, ids []rollcall.ObjectID) ([]Named, error) {
	list := make([]Named, 0, len(ids))
	if len(ids) == 0 {
		return list, nil
	}
	names, err := c.Store.Names(ctx, c.Model.Class(class), ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		list = append(list, Named{Class: class, ID: id, Name: names[id]})
	}
	return list, nil
}

// objectID reads an ID from a value, 0 for nobody.
func objectID(text string) rollcall.ObjectID {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return rollcall.ObjectID(id)
}
