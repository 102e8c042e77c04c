package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// looking is what both the store and a transaction can be asked.
type looking interface {
	Objects(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]rollcall.Object, error)
	Find(ctx context.Context, class *rollcall.Class, attributes []string, keys [][]string) ([][]rollcall.ObjectID, error)
	Standing(ctx context.Context, source rollcall.ObjectID) (rollcall.Standing, error)
	StandCount(ctx context.Context, source rollcall.ObjectID, since, complete time.Time) (rollcall.StandCount, error)
}

// fedSource is a data source as its objects say it, wherever these come from: a
// source of the configuration and one made over the wire are the same thing.
type fedSource struct {
	src     rollcall.Source
	status  string
	user    rollcall.ObjectID
	contact rollcall.ObjectID
	scope   string // an OQL query that holds the objects it may touch
	wrong   string // what of its definition makes no sense
}

func (f *fedSource) head() rollcall.SourceHead {
	return rollcall.SourceHead{ID: f.src.ID, Name: f.src.Name, Class: f.src.Class, User: f.user}
}

// fedSource reads the definition of a source.
func (e *Engine) fedSource(ctx context.Context, on looking, id rollcall.ObjectID) (*fedSource, error) {
	var found []rollcall.Object
	var err error
	if id > 0 {
		if found, err = on.Objects(ctx, e.model.Class(classSource), []rollcall.ObjectID{id}); err != nil {
			return nil, fmt.Errorf("read data source %d: %w", id, err)
		}
	}
	if len(found) == 0 {
		return nil, rollcall.Errorf(rollcall.NotFound, "there is no data source %d", id)
	}
	o := &found[0]
	f := &fedSource{status: o.Get("status"), user: idOf(o.Get("user_id")), contact: idOf(o.Get("notify_contact_id")), scope: strings.TrimSpace(o.Get("scope_restriction"))}
	f.src = rollcall.Source{ID: id, Name: o.Get("name"), Class: e.model.Class(o.Get("scope_class")), Table: o.Get("database_table_name")}
	if f.src.Class == nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "data source %s fills the class %s, which is not declared", f.src.Name, o.Get("scope_class"))
	}
	rules := &f.src.Rules
	rules.JoinByID = o.Get("reconciliation_policy") == "use_primary_key"
	rules.OnNone = rollcall.Action(o.Get("action_on_zero"))
	rules.OnOne = rollcall.Action(o.Get("action_on_one"))
	rules.OnMany = rollcall.Action(o.Get("action_on_multiple"))
	rules.UserDelete = o.Get("user_delete_policy")
	rules.Gone = rollcall.Gone{
		After:       secondsOf(o.Get("full_load_periodicity")),
		Then:        rollcall.Deprovision(o.Get("delete_policy")),
		Set:         assignmentsOf(o.Get("delete_policy_update")),
		DeleteAfter: secondsOf(o.Get("delete_policy_retention")),
	}
	return f, e.fedAttributes(ctx, on, f)
}

// sourceOf returns which data source a run's part was of: by its ID, else by its
// name.
func (e *Engine) sourceOf(ctx context.Context, part *rollcall.SourceRun) (rollcall.ObjectID, error) {
	if part.ID != 0 {
		return part.ID, nil
	}
	found, err := e.store.Find(ctx, e.model.Class(classSource), []string{"name"}, [][]string{{part.Source}})
	if err != nil {
		return 0, fmt.Errorf("find data source %s: %w", part.Source, err)
	}
	if len(found[0]) != 1 {
		return 0, rollcall.Errorf(rollcall.NotFound, "there are %d data sources with the name %s", len(found[0]), part.Source)
	}
	return found[0][0], nil
}

func idOf(text string) rollcall.ObjectID {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return rollcall.ObjectID(n)
}

func secondsOf(text string) time.Duration {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	const most = 1 << 33 // seconds: some 270 years, all that a Duration holds
	return time.Duration(min(n, most)) * time.Second
}

// assignmentsOf reads update rules, "attribute:value;attribute:value". A part
// that is not of this form counts for nothing (iTop 3.2.0).
func assignmentsOf(text string) []rollcall.Assignment {
	var list []rollcall.Assignment
	for _, part := range strings.Split(text, ";") {
		if code, value, found := strings.Cut(part, ":"); found && !strings.Contains(value, ":") {
			list = append(list, rollcall.Assignment{Attribute: code, Value: value})
		}
	}
	return list
}

// fedAttributes reads the rules of a source's attributes, in the order of the
// class. Those that are neither written nor searched by are left out.
func (e *Engine) fedAttributes(ctx context.Context, on looking, f *fedSource) error {
	class := e.model.Class(classAttribute)
	ids, err := on.Find(ctx, class, []string{"sync_source_id"}, [][]string{{strconv.FormatInt(int64(f.src.ID), 10)}})
	if err != nil {
		return fmt.Errorf("find the attributes of data source %s: %w", f.src.Name, err)
	}
	records, err := on.Objects(ctx, class, ids[0])
	if err != nil {
		return fmt.Errorf("read the attributes of data source %s: %w", f.src.Name, err)
	}
	place := map[string]int{}
	for i, a := range f.src.Class.Attributes {
		place[a.Code] = i
	}
	for i := range records {
		o := &records[i]
		a := f.src.Class.Attribute(o.Get("attcode"))
		if a == nil || !a.Writable() || o.Get("update") != "1" && o.Get("reconcile") != "1" {
			continue
		}
		rule := rollcall.AttributeRule{Attribute: a, Update: o.Get("update") == "1", Reconcile: o.Get("reconcile") == "1", Policy: rollcall.UpdatePolicy(o.Get("update_policy"))}
		switch {
		case a.IsKey():
			rule.By = o.Get("reconciliation_attcode")
			if target := e.model.Class(a.Target); rule.By == "id" {
				rule.By = ""
			} else if rule.By != "" && rule.By != "friendlyname" && target.Attribute(rule.By) == nil {
				f.wrong = fmt.Sprintf("Unknown attribute code '%s' for class %s: attribute %s is to be searched by it", rule.By, target.Name, a.Code)
			}
		case a.Type == rollcall.TypeLinks:
			rule.ItemSeparator = cmp.Or(o.Get("row_separator"), "|")
			rule.AttributeSeparator = cmp.Or(o.Get("attribute_separator"), ";")
			rule.ValueSeparator = cmp.Or(o.Get("value_separator"), ":")
			rule.Qualifier = cmp.Or(o.Get("attribute_qualifier"), "'")
		}
		f.src.Rules.Attributes = append(f.src.Rules.Attributes, rule)
	}
	slices.SortFunc(f.src.Rules.Attributes, func(a, b rollcall.AttributeRule) int {
		return cmp.Compare(place[a.Attribute.Code], place[b.Attribute.Code])
	})
	return nil
}

// refusal says why a run does not start, in the words of iTop 3.2.0 and in its
// order.
func (f *fedSource) refusal(x *rollcall.Exec, l *load) error {
	rules := f.src.Rules.Attributes
	missed := f.src.Rules.Gone.Then != rollcall.GoneIgnore && l.counters.Total > safeTotal &&
		l.stand.count.Seen == 0 && l.stand.count.Obsolete == 0
	join, _ := joinKey(&f.src.Rules)
	switch {
	case x.Chunked:
		return &notStarted{"The synchronization can be executed in chunks only if run in mode CLI"}
	case f.status == "obsolete":
		return &notStarted{"The data source is marked as obsolete. Operation cancelled."}
	case !x.By.Administrator && (f.user == 0 || f.user != x.By.User):
		return &notStarted{"Only adminstrators or the user specified in the data source can execute this operation. Operation cancelled."}
	case !slices.ContainsFunc(rules, func(r rollcall.AttributeRule) bool { return r.Update }):
		return &notStarted{"There is no attribute to update"}
	case len(join) == 0:
		return &notStarted{"No attribute for reconciliation"}
	case f.wrong != "":
		return &notStarted{f.wrong}
	case f.src.Class.Abstract && f.src.Rules.OnNone == rollcall.ActCreate:
		return &notStarted{fmt.Sprintf("The class %s is abstract: no object can be made of it. Let the action on zero be an error, or fill another class.", f.src.Class.Name)}
	case missed:
		return &notStarted{"All records have been untouched for some time (all of the objects could be deleted). Please check that the process that writes into the synchronization table is still running. Operation cancelled."}
	}
	return nil
}

// safeTotal is how many replicas may all be gone at once without a question
// (iTop 3.2.0).
const safeTotal = 10

// standing finds out by what time a replica must have been seen, and how many
// were. Of a run that was held it is the time of then.
func (e *Engine) standing(ctx context.Context, on looking, f *fedSource, x *rollcall.Exec, l *load, held *rollcall.SourceRun) (*stand, error) {
	var err error
	if l.standing, err = on.Standing(ctx, f.src.ID); err != nil {
		return nil, fmt.Errorf("read its standing: %w", err)
	}
	// Times count by the second, as in iTop's own columns: what two requests of one
	// second load is one load.
	s := &stand{asOf: e.timestamp().Truncate(time.Second), scope: f.scope, limits: x.Limits}
	l.counters.Total = l.standing.Replicas
	if s.scope != "" && e.scope == nil {
		return nil, errors.New("a scope restriction cannot be read: no query language is at hand")
	}
	switch after := f.src.Rules.Gone.After; {
	case held != nil:
		s.asOf, s.since = held.AsOf, held.Since
	case !x.Since.IsZero():
		s.asOf = x.Since.UTC().Truncate(time.Second)
		s.since = s.asOf.Add(-after)
	case after > 0:
		s.since = s.asOf.Add(-after)
	default:
		s.since = time.Unix(0, 0).UTC() // nobody is ever missing (iTop 3.2.0)
	}
	if s.count, err = on.StandCount(ctx, f.src.ID, s.since, l.standing.LastComplete); err != nil {
		return nil, err
	}
	l.counters.Total = s.count.Total
	return s, nil
}
