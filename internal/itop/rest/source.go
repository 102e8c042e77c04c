package rest

import (
	"context"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// The class of data sources, and that of what they do with one attribute.
const (
	classSource  = "SynchroDataSource"
	recordsOfSet = "attribute_list"
)

// noReconciliation is what iTop says of a source that could not recognize any
// object.
const noReconciliation = "At Least one reconciliation key must be specified, or the reconciliation policy must be to use the primary key."

// checkSource looks at what the registry cannot know of a source that is about to
// be made: its class, and the records that come with it.
func (ch *change) checkSource(f *fieldSet, o *rollcall.Object) error {
	if f.class.Name != classSource {
		return nil
	}
	name := o.Get("scope_class")
	class := ch.Model.Class(name)
	if class == nil && name != "" {
		return faultf("Unknown class '%s'", name)
	}
	if class == nil || o.Get("reconciliation_policy") != "use_attributes" {
		return nil
	}
	reconciles := false
	for _, record := range f.children[recordsOfSet] {
		flag, _ := record.get("reconcile")
		reconciles = reconciles || flag == "1"
	}
	if len(f.children[recordsOfSet]) == 0 {
		for _, record := range ch.Registry.DefaultAttributes(0, class) {
			reconciles = reconciles || record.Get("reconcile") == "1"
		}
	}
	if !reconciles {
		f.issues = append(f.issues, noReconciliation)
	}
	return nil
}

// addRecords gives a new data source its records, one an attribute, unless it
// came with some.
func (ch *change) addRecords(ctx context.Context, f *fieldSet, o *rollcall.Object) (isSource bool, err error) {
	if f.class.Name != classSource {
		return false, nil
	}
	class := ch.Model.Class(o.Get("scope_class"))
	if class == nil || len(f.children[recordsOfSet]) > 0 {
		return true, nil
	}
	records := ch.Registry.DefaultAttributes(o.ID, class)
	drafts := make([]registry.Draft, len(records))
	for i := range records {
		drafts[i] = registry.Draft{Object: records[i], Reason: ch.comment}
	}
	return true, ch.insert(ctx, drafts)
}
