package registry

import (
	"context"
	"fmt"
	"slices"

	"rollcall/internal/rollcall"
)

// The classes that say what a source may do, and the words of user_delete_policy.
const (
	classSource          = "SynchroDataSource"
	classSourceAttribute = "SynchroAttribute"

	deleteByNobody         = "nobody"
	deleteByAdministrators = "administrators"
)

// sourceRights is what a source holds against everybody else.
type sourceRights struct {
	name       string
	userDelete string
	locked     map[string]bool // attribute codes
}

// learnSources reads the rights of sources that are not known yet.
func (e *Editor) learnSources(ctx context.Context, replicas []rollcall.Replica) error {
	var ids []rollcall.ObjectID
	for i := range replicas {
		id := replicas[i].Source
		if _, ok := e.sources[id]; !ok && id != 0 {
			e.sources[id] = &sourceRights{locked: map[string]bool{}}
			ids = append(ids, id)
		}
	}
	source, attribute := e.r.model.Class(classSource), e.r.model.Class(classSourceAttribute)
	if len(ids) == 0 || source == nil || attribute == nil {
		return nil
	}
	objects, err := e.tx.Objects(ctx, source, ids)
	if err != nil {
		return fmt.Errorf("read data sources: %w", err)
	}
	for i := range objects {
		e.sources[objects[i].ID].name = objects[i].Get("name")
		e.sources[objects[i].ID].userDelete = objects[i].Get("user_delete_policy")
	}
	keys := make([][]string, len(ids))
	for i, id := range ids {
		keys[i] = []string{idText(id)}
	}
	found, err := e.tx.Find(ctx, attribute, []string{"sync_source_id"}, keys)
	if err != nil {
		return fmt.Errorf("read the attributes of data sources: %w", err)
	}
	records, err := e.tx.Objects(ctx, attribute, slices.Concat(found...))
	if err != nil {
		return fmt.Errorf("read the attributes of data sources: %w", err)
	}
	for i := range records {
		o := &records[i]
		if o.Get("update") == "1" && o.Get("update_policy") == string(rollcall.Locked) {
			e.sources[parseID(o.Get("sync_source_id"))].locked[o.Get("attcode")] = true
		}
	}
	return nil
}

// guards returns, for each of the objects that a source other than the
// editor's own has a replica of, the rights that stand against writing it.
func (e *Editor) guards(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) (map[rollcall.ObjectID][]guard, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	replicas, err := e.tx.ReplicasByDest(ctx, class, ids)
	if err != nil {
		return nil, fmt.Errorf("read the replicas of %s: %w", class.Name, err)
	}
	replicas = slices.DeleteFunc(replicas, func(r rollcall.Replica) bool {
		return r.Source == e.origin.Source && e.origin.Kind == rollcall.OriginSync
	})
	if err := e.learnSources(ctx, replicas); err != nil {
		return nil, err
	}
	guards := make(map[rollcall.ObjectID][]guard, len(replicas))
	for i := range replicas {
		r := &replicas[i]
		guards[r.Dest.ID] = append(guards[r.Dest.ID], guard{e.sources[r.Source], r.IsCreator})
	}
	return guards, nil
}

// guard is one source's hold on an object.
type guard struct {
	*sourceRights
	isCreator bool
}

func isLocked(guards []guard, code string) bool {
	return slices.ContainsFunc(guards, func(g guard) bool { return g.locked[code] })
}

// LockText is the refusal of a write on a locked attribute: one of the Issues of
// an edit.
func LockText(a *rollcall.Attribute) string {
	return fmt.Sprintf("The field %s (%s) is not writable because it is mastered by the data synchronization. Value not set.", a.Label, a.Code)
}

// checkLocks refuses edits of locked attributes and link sets, and links made
// or changed by hand that belong to a locked set of an account.
func (e *Editor) checkLocks(ctx context.Context, items []*item) error {
	for _, group := range byClass(items) {
		class := group[0].class
		var ids []rollcall.ObjectID
		for _, it := range group {
			if it.was != nil && !it.refused() {
				ids = append(ids, it.object.ID)
			}
		}
		guards, err := e.guards(ctx, class, ids)
		if err != nil {
			return err
		}
		for _, it := range group {
			if it.was == nil || it.refused() {
				continue
			}
			var locked []string
			for _, a := range it.changed {
				if isLocked(guards[it.object.ID], a.Code) {
					locked = append(locked, LockText(a))
				}
			}
			for _, s := range it.sets {
				if isLocked(guards[it.object.ID], s.attr.Code) {
					locked = append(locked, LockText(s.attr))
				}
			}
			it.issues = append(it.issues, locked...)
		}
		if err := e.checkLockedLinks(ctx, class, group); err != nil {
			return err
		}
	}
	return nil
}

// checkLockedLinks holds for the links of accounts alone: the original lets
// anyone put a person into a team whose list of members is locked.
func (e *Editor) checkLockedLinks(ctx context.Context, class *rollcall.Class, group []*item) error {
	objects := make([]*rollcall.Object, 0, len(group))
	for _, it := range group {
		if it.refused() {
			objects = append(objects, nil)
			continue
		}
		objects = append(objects, &it.object)
	}
	texts, err := e.lockedLinks(ctx, class, objects)
	for i, text := range texts {
		if text != "" {
			group[i].refuse(text)
		}
	}
	return err
}

// lockedLinks returns beside link objects of one class the refusal of writing
// them, "" where nothing is locked.
func (e *Editor) lockedLinks(ctx context.Context, class *rollcall.Class, objects []*rollcall.Object) ([]string, error) {
	if !class.IsLink || class.Category != categoryAccounts {
		return nil, nil
	}
	texts := make([]string, len(objects))
	for _, set := range e.r.through[class.Name] {
		host := e.r.model.Class(set.Declared)
		var ids []rollcall.ObjectID
		for _, o := range objects {
			if o != nil {
				ids = append(ids, parseID(o.Get(set.Via)))
			}
		}
		guards, err := e.guards(ctx, host, ids)
		if err != nil {
			return nil, err
		}
		for i, o := range objects {
			if o != nil && isLocked(guards[parseID(o.Get(set.Via))], set.Code) {
				texts[i] = LockText(set)
			}
		}
	}
	return texts, nil
}
