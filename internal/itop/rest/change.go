package rest

import (
	"context"

	"rollcall/internal/auth"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// originREST is how histories call what this service changed.
const originREST = "webservice-rest"

// change is a writing operation within its transaction.
type change struct {
	*call
	tx      Tx
	editor  *registry.Editor
	comment string
}

// change runs do in a transaction, and commits what it did when it returns true.
func (c *call) change(ctx context.Context, comment string, do func(*change) (keep bool, err error)) error {
	tx, err := c.Store.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing after Commit; before it the first error tells more
	origin := rollcall.Origin{Kind: originREST, By: c.account.Name, At: c.Now()}
	ch := &change{call: c, tx: tx, comment: comment,
		editor: c.Registry.On(tx, origin).ForUser(c.account.Administrator).ForAccount(c.account.Ref.ID)}
	keep, err := do(ch)
	if err != nil || !keep {
		return err
	}
	return tx.Commit()
}

// create answers core/create.
func (c *call) create(ctx context.Context) error {
	comment, err := c.text("comment")
	if err != nil {
		return err
	}
	class, err := c.class()
	if err != nil {
		return err
	}
	given, err := c.objectFields()
	if err != nil {
		return err
	}
	list, err := c.outputFields(class, &c.params)
	if err != nil {
		return err
	}
	switch {
	case !c.Rights.Allows(c.account, class, auth.Write):
		return c.refused("creating", class)
	case !c.Rights.Allows(c.account, class, auth.BulkWrite):
		return c.refused("massively creating", class)
	case class.Abstract:
		return faultf("class: '%s' is abstract: its objects are of a class below it", class.Name)
	}
	return c.change(ctx, comment, func(ch *change) (bool, error) {
		f, err := ch.fields(ctx, ch.tx, class, nil, given)
		if err != nil {
			return false, err
		}
		o, byID, err := ch.make(ctx, f)
		if err != nil {
			return false, err
		}
		how := shown{message: "created", byID: byID}
		if byID {
			how.emptied = keysOf(o.Class)
		}
		return true, ch.show(ctx, o, list, how)
	})
}

// update answers core/update.
func (c *call) update(ctx context.Context) error {
	comment, f, given, list, err := c.target(ctx)
	if err != nil {
		return err
	}
	if !c.Rights.Allows(c.account, f.class, auth.Write) {
		return c.refused("modifying", f.class)
	}
	return c.changeOne(ctx, comment, f, given, func(ch *change, o *rollcall.Object, fields *fieldSet) (bool, error) {
		if err := ch.edit(ctx, o, fields); err != nil {
			return false, err
		}
		return true, ch.show(ctx, o, list, shown{message: "updated", emptied: fields.emptied})
	})
}

// changeOne is change for the one object that a key names and the fields given
// for it.
func (c *call) changeOne(ctx context.Context, comment string, f *find, given *value, do func(*change, *rollcall.Object, *fieldSet) (keep bool, err error)) error {
	return c.change(ctx, comment, func(ch *change) (bool, error) {
		o, err := ch.one(ctx, ch.tx, f)
		if err != nil {
			return false, err
		}
		fields, err := ch.fields(ctx, ch.tx, o.Class, &o, given)
		if err != nil {
			return false, err
		}
		return do(ch, &o, fields)
	})
}

// target reads what update and apply_stimulus have in common.
func (c *call) target(ctx context.Context) (comment string, f *find, given *value, list fieldList, err error) {
	if comment, err = c.text("comment"); err != nil {
		return
	}
	class, err := c.class()
	if err != nil {
		return
	}
	key, err := c.parameter("key")
	if err != nil {
		return
	}
	if given, err = c.objectFields(); err != nil {
		return
	}
	if list, err = c.outputFields(class, &c.params); err != nil {
		return
	}
	f, err = c.key(ctx, c.Store, class, key, false)
	return
}

// make writes a new object with its link sets. byID tells that the answer shows
// link sets in the order in which their members were given.
func (ch *change) make(ctx context.Context, f *fieldSet) (o *rollcall.Object, byID bool, err error) {
	draft := registry.Draft{Object: rollcall.NewObject(f.class), Links: f.links, Reason: ch.comment}
	for _, s := range f.sets {
		draft.Object.Set(s.Attribute, s.Value)
	}
	if err := ch.checkSource(f, &draft.Object); err != nil {
		return nil, false, err
	}
	if len(f.issues) > 0 {
		return nil, false, issueFault(f.issues, f.class, -1)
	}
	drafts := []registry.Draft{draft}
	if err := ch.insert(ctx, drafts); err != nil {
		return nil, false, err
	}
	o = &drafts[0].Object
	if err := ch.writeChildren(ctx, o, f, true); err != nil {
		return nil, false, err
	}
	isSource, err := ch.addRecords(ctx, f, o)
	// A source without a table name of its own is written twice by iTop, and shows
	// its records sorted: only those with one come back as they were made.
	name, _ := f.get("database_table_name")
	return o, !isSource || name != "", err
}

// insert creates objects; the first that is refused is the fault.
func (ch *change) insert(ctx context.Context, drafts []registry.Draft) error {
	refused, err := ch.editor.Create(ctx, drafts)
	if err != nil {
		return err
	}
	for i, why := range refused {
		if why != nil {
			return refusedWrite(why, &rollcall.Object{Class: drafts[i].Object.Class})
		}
	}
	return nil
}

// edit writes what a field set changes of an object.
func (ch *change) edit(ctx context.Context, o *rollcall.Object, f *fieldSet) error {
	if len(f.issues) > 0 {
		return issueFault(f.issues, o.Class, o.ID)
	}
	outcomes, err := ch.editor.Update(ctx, []registry.Edit{{Object: *o, Sets: f.sets, Links: f.links, Reason: ch.comment}})
	if err != nil {
		return err
	}
	if outcomes[0].Err != nil {
		return refusedWrite(outcomes[0].Err, o)
	}
	return ch.writeChildren(ctx, o, f, false)
}

// shown is how the object of a writing operation is shown.
type shown struct {
	message string
	byID    bool            // link sets in the order in which their members were made
	emptied map[string]bool // keys that the request left or made empty
}

// keysOf returns the keys of a class, as a set.
func keysOf(c *rollcall.Class) map[string]bool {
	keys := map[string]bool{}
	for _, a := range c.Stored {
		if a.IsKey() {
			keys[a.Code] = true
		}
	}
	return keys
}

// show answers with one object as it is now.
func (ch *change) show(ctx context.Context, o *rollcall.Object, list fieldList, how shown) error {
	objects, err := ch.tx.Objects(ctx, o.Class, []rollcall.ObjectID{o.ID})
	if err != nil {
		return err
	}
	l := ch.loader(ch.tx, ch.account)
	l.byID = how.byID
	e := ch.encoder(l, list)
	e.made, e.unkey = how.message == "created", how.emptied
	ch.out.b = append(ch.out.b, `{"code":0,"message":null,"objects":{`...)
	ch.out.b, err = e.appendAll(ctx, ch.out.b, objects, true, func(int) entry { return entry{codeOK, how.message} })
	ch.out.b = append(ch.out.b, "}}"...)
	return err
}
