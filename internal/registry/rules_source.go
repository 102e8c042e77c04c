package registry

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// checkSource asks what a data source needs to make sense.
func checkSource(ctx context.Context, e *Editor, items []*item) error {
	for _, it := range items {
		o := &it.object
		if it.touches("scope_class") {
			e.checkScope(it)
		}
		policy := o.Get("delete_policy")
		if retention := o.Get("delete_policy_retention"); policy == string(rollcall.GoneUpdateThenDelete) && (retention == "" || retention == "0") {
			it.refuse("A delete retention period must be specified, since objects are to be deleted after being marked as obsolete")
		}
		updates := policy == string(rollcall.GoneUpdate) || policy == string(rollcall.GoneUpdateThenDelete)
		if updates && o.Get("delete_policy_update") == "" {
			it.refuse("Obsolete objects are to be updated, but no update is specified.")
		}
	}
	return e.checkReconciliation(ctx, items)
}

// checkScope asks for a class that sources may fill, and keeps it: replicas
// tied to objects of one class mean nothing for another.
func (e *Editor) checkScope(it *item) {
	name := it.object.Get("scope_class")
	class := e.r.model.Class(name)
	switch {
	case name == "":
		return // said already
	case it.was != nil:
		it.refuse(fmt.Sprintf("The target class of a data source cannot change: make another one for %s", name))
	case class == nil:
		it.refuse(it.class.Attribute("scope_class").NotAllowed(name).Error())
	case class.Category != "bizmodel" && class.Category != categoryAccounts && class.Category != "application":
		it.refuse(it.class.Attribute("scope_class").NotAllowed(name).Error())
	}
}

// checkReconciliation asks for a reconciliation attribute where there is no
// other way to recognize objects. A new source's attributes come after it, so
// only what exists is asked.
func (e *Editor) checkReconciliation(ctx context.Context, items []*item) error {
	attribute := e.r.model.Class(classSourceAttribute)
	var asked []*item
	var keys [][]string
	for _, it := range items {
		if it.was != nil && it.touches("reconciliation_policy") && it.object.Get("reconciliation_policy") == "use_attributes" {
			asked = append(asked, it)
			keys = append(keys, []string{idText(it.object.ID), "1"})
		}
	}
	if len(asked) == 0 || attribute == nil {
		return nil
	}
	found, err := e.tx.Find(ctx, attribute, []string{"sync_source_id", "reconcile"}, keys)
	if err != nil {
		return err
	}
	for i, it := range asked {
		if len(found[i]) == 0 {
			it.refuse("At Least one reconciliation key must be specified, or the reconciliation policy must be to use the primary key.")
		}
	}
	return nil
}

// keepTable leaves a source its data table whatever is written: the original
// takes another name and then cannot find the table any more, and the collector
// sends the name with every definition.
func keepTable(_ *Editor, it *item) {
	if it.was != nil {
		it.object.Set("database_table_name", it.was.Get("database_table_name"))
	}
}

const tablePrefix = "synchro_data_"

var notInTableName = regexp.MustCompile(`[^A-Za-z0-9_]`)

// completeSource names the data table of a new source.
func completeSource(it *item) {
	given := notInTableName.ReplaceAllString(it.object.Get("database_table_name"), "_")
	switch {
	case given == "":
		given = fmt.Sprintf("%s%s_%d", tablePrefix, strings.ToLower(it.object.Get("scope_class")), it.object.ID)
	case !strings.HasPrefix(given, tablePrefix):
		given = tablePrefix + given
	}
	it.object.Set("database_table_name", given)
}

// DefaultAttributes returns the records that a new data source of a class has
// when nothing else is said: one for each attribute that a source may write.
func (r *Registry) DefaultAttributes(source rollcall.ObjectID, class *rollcall.Class) []rollcall.Object {
	var records []rollcall.Object
	for _, a := range class.Attributes {
		if !a.Writable() {
			continue
		}
		kind := classSourceAttribute
		switch {
		case a.IsKey():
			kind = "SynchroAttExtKey"
		case a.Type == rollcall.TypeLinks:
			kind = "SynchroAttLinkSet"
		}
		o := rollcall.NewObject(r.model.Class(kind))
		o.Set("sync_source_id", idText(source))
		o.Set("attcode", a.Code)
		if slices.Contains(class.Join, a.Code) {
			o.Set("reconcile", "1")
		}
		records = append(records, o)
	}
	return records
}
