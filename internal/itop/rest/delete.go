package rest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"rollcall/internal/auth"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// The codes of single objects in the answer to core/delete.
const (
	deleteOK          = 0
	deleteIssue       = 1
	deleteRequest     = 4
	deleteUpdate      = 5
	deleteUpdateIssue = 6
)

// What core/delete says as a whole when something stands in the way.
const (
	deleteForbidden = "Deletion not allowed on some objects"
	deleteUnsafe    = "The deletion requires that other objects be deleted/updated, and those operations must be requested explicitely"
	deleteIssues    = "Some issues have been encountered. See the list of planned changes for more information about the issue(s)."
)

// delete answers core/delete.
func (c *call) delete(ctx context.Context) error {
	comment, err := c.text("comment")
	if err != nil {
		return err
	}
	class, err := c.class()
	if err != nil {
		return err
	}
	key, err := c.parameter("key")
	if err != nil {
		return err
	}
	simulate := false
	if v, ok := c.params.get("simulate"); ok {
		simulate = v.isTrue()
	}
	f, err := c.key(ctx, c.Store, class, key, false)
	if err != nil {
		return err
	}
	if !c.Rights.Allows(c.account, f.class, auth.Delete) {
		return c.refused("deleting", f.class)
	}
	return c.change(ctx, comment, func(ch *change) (bool, error) {
		ids, err := ch.tx.SelectIDs(ctx, c.Rights.Visible(c.account, f.query), rollcall.Window{})
		if err != nil {
			return false, err
		}
		return ch.remove(ctx, f.class, ids, simulate)
	})
}

// remove deletes objects, or tells what it would do.
func (ch *change) remove(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID, simulate bool) (bool, error) {
	plan, err := ch.editor.PlanDelete(ctx, class, ids)
	if err != nil {
		return false, err
	}
	lines, err := ch.lines(ctx, class, ids, &plan)
	if err != nil {
		return false, err
	}
	code, message := verdict(&plan, len(lines))
	if code != codeOK && !simulate {
		return false, ch.stopped(ctx, class, ids)
	}
	if simulate {
		message = "SIMULATING: " + message
	}
	if err := ch.report(ctx, code, message, lines); err != nil || simulate {
		return false, err
	}
	refused, err := ch.editor.Delete(ctx, class, ids, func(rollcall.ObjectID) (string, string) { return "", ch.comment })
	if err != nil {
		return false, err
	}
	for _, why := range refused {
		if why != nil {
			return false, why
		}
	}
	return true, nil
}

// verdict is the answer as a whole: a code and a message.
func verdict(plan *registry.DeletePlan, all int) (int, string) {
	asked, issue, security, other := 0, false, false, len(plan.Blocks) > 0
	for i := range plan.Deletions {
		d := &plan.Deletions[i]
		if d.Asked {
			asked++
		}
		issue = issue || len(d.Issues) > 0
		security = security || d.Forbidden
	}
	for i := range plan.Resets {
		other = other || len(plan.Resets[i].Issues) > 0
	}
	switch {
	case security:
		return codeUnauthorized, deleteForbidden
	case issue:
		return codeUnsafe, deleteUnsafe
	case other:
		return codeInternal, deleteIssues
	}
	message := fmt.Sprintf("Deleted: %d", asked)
	if all > asked {
		message += fmt.Sprintf(" plus (for DB integrity) %d", all-asked)
	}
	return codeOK, message
}

// stopped is the fault of a deletion that cannot be: the issues of the first
// object that has some.
func (ch *change) stopped(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) error {
	for _, id := range ids {
		plan, err := ch.editor.PlanDelete(ctx, class, []rollcall.ObjectID{id})
		if err != nil {
			return err
		}
		lines, err := ch.lines(ctx, class, []rollcall.ObjectID{id}, &plan)
		if err != nil {
			return err
		}
		var issues []string
		for i := range lines {
			issues = append(issues, lines[i].issues...)
		}
		if len(issues) > 0 {
			return faultf("Found issue(s): target_class = %s, target_id = %d, issues = %s", lines[0].object.Class.Name, id, strings.Join(issues, ", "))
		}
	}
	return rollcall.Errorf(rollcall.Conflict, "the objects stand in each other's way")
}

// line is what happens to one object.
type line struct {
	object rollcall.Object
	name   string
	entry  entry
	issues []string
}

// lines tells what a plan does, in iTop's order: the objects asked for, what goes
// with them, and whose keys are emptied; by hierarchy, and there by class and
// name.
func (ch *change) lines(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID, plan *registry.DeletePlan) ([]line, error) {
	var asked, along, held []line
	for i := range plan.Deletions {
		d := &plan.Deletions[i]
		l := line{object: rollcall.Object{Class: ch.Model.Class(d.Object.Class), ID: d.Object.ID}, name: d.Name, issues: d.Issues}
		if len(d.Issues) > 0 {
			l.entry = entry{deleteIssue, "Cannot be deleted: " + strings.Join(d.Issues, ", ")}
		}
		if d.Asked {
			asked = append(asked, l)
		} else {
			along = append(along, l)
		}
	}
	slices.SortStableFunc(asked, func(a, b line) int {
		return cmp.Compare(slices.Index(ids, a.object.ID), slices.Index(ids, b.object.ID))
	})
	replicas, err := ch.replicas(ctx, class, ids)
	if err != nil {
		return nil, err
	}
	for _, b := range plan.Blocks {
		issue := fmt.Sprintf("%s::%d Must be deleted manually", b.Object.Class, b.Object.ID)
		held = append(held, line{object: rollcall.Object{Class: ch.Model.Class(b.Object.Class), ID: b.Object.ID}, issues: []string{issue},
			entry: entry{deleteRequest, "Must be deleted explicitely... but: " + issue}})
	}
	held = append(held, ch.emptied(plan)...)
	for _, part := range [][]line{along, held} {
		if err := ch.sortLines(ctx, part); err != nil {
			return nil, err
		}
	}
	return slices.Concat(asked, replicas, along, held), nil
}

// emptied tells whose keys a plan empties, one line an object.
func (ch *change) emptied(plan *registry.DeletePlan) []line {
	var lines []line
	at := map[rollcall.Ref]int{}
	for i := range plan.Resets {
		r := &plan.Resets[i]
		n, ok := at[r.Object]
		if !ok {
			n = len(lines)
			at[r.Object] = n
			lines = append(lines, line{object: rollcall.Object{Class: ch.Model.Class(r.Object.Class), ID: r.Object.ID}, entry: entry{code: deleteUpdate}})
		}
		l := &lines[n]
		l.issues = append(l.issues, r.Issues...)
		switch {
		case len(l.issues) > 0:
			l.entry = entry{deleteUpdateIssue, "Should be updated automatically... but: " + strings.Join(l.issues, ", ")}
		case l.entry.message == "":
			l.entry.message = "Reset external keys: " + r.Attribute.Label
		default:
			l.entry.message += ", " + r.Attribute.Label
		}
	}
	return lines
}

// sortLines finds the names of objects and puts them in order.
func (ch *change) sortLines(ctx context.Context, lines []line) error {
	byRoot := map[*rollcall.Class][]rollcall.ObjectID{}
	classes := map[string]int{}
	for i := range lines {
		root := ch.Model.Class(lines[i].object.Class.Root)
		byRoot[root] = append(byRoot[root], lines[i].object.ID)
	}
	for root, ids := range byRoot {
		names, err := ch.tx.Names(ctx, root, ids)
		if err != nil {
			return err
		}
		for i := range lines {
			if lines[i].object.Class.Root == root.Name {
				lines[i].name = names[lines[i].object.ID]
			}
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(ch.rank(a.object.Class), ch.rank(b.object.Class)),
			cmp.Compare(a.object.Class.Root, b.object.Class.Root), cmp.Compare(sortKey(a.name), sortKey(b.name)))
	})
	for i := range lines {
		if name := lines[i].object.Class.Name; classes[name] == 0 {
			classes[name] = len(classes) + 1
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int {
		return cmp.Compare(classes[a.object.Class.Name], classes[b.object.Class.Name])
	})
	return nil
}

// rank puts hierarchies in the order in which iTop loads its modules (observed):
// its own classes, then organizations, places and people, then all others.
func (ch *change) rank(c *rollcall.Class) int {
	switch c.Root {
	case "Organization", "Location", "Contact":
		return 1
	}
	if c.Category == "bizmodel" {
		return 2
	}
	return 0
}

const classReplica = "SynchroReplica"

// replicas are the replicas tied to the objects asked for: they go in silence.
func (ch *change) replicas(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]line, error) {
	shown := ch.Model.Class(classReplica)
	if shown == nil || len(ids) == 0 {
		return nil, nil
	}
	list, err := ch.tx.ReplicasByDest(ctx, class, ids)
	if err != nil {
		return nil, err
	}
	lines := make([]line, len(list))
	for i := range list {
		lines[i] = line{object: rollcall.Object{Class: shown, ID: rollcall.ObjectID(list[i].ID)}, name: classReplica}
	}
	return lines, nil
}

// report answers with what happens to each object, by id and friendly name.
func (ch *change) report(ctx context.Context, code int, message string, lines []line) error {
	if len(lines) == 0 {
		return ch.result(code, message, "")
	}
	b := append(ch.out.b, `{"code":`...)
	b = appendInt(b, code)
	b = append(b, `,"message":`...)
	b = appendText(b, message)
	b = append(b, `,"objects":{`...)
	for i := range lines {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendLine(b, &lines[i])
	}
	ch.out.b = append(b, "}}"...)
	return ctx.Err()
}

func appendLine(b []byte, l *line) []byte {
	b = fmt.Appendf(b, `"%s::%d":{"code":%d,"message":`, l.object.Class.Name, l.object.ID, l.entry.code)
	b = appendText(b, l.entry.message)
	b = fmt.Appendf(b, `,"class":"%s","key":"%d","fields":{"id":"%d","friendlyname":`, l.object.Class.Name, l.object.ID, l.object.ID)
	return append(appendText(b, l.name), "}}"...)
}
