package engine_test

import (
	"context"
	"maps"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// feed is a source whose entries the test writes by hand.
type feed struct {
	source  rollcall.Source
	fields  []string
	entries map[string]map[string]string // by key: field -> value, several joined by "|"; "dn" is the name
	doubled []string                     // keys that come twice
	others  []string                     // and the names that they come with then, when they are others
	broken  error                        // the load ends with it, after half of the entries
	calls   int
}

// feed adds a source. Rules are made by set, each "attribute" from a field of
// the same name unless changed.
func (w *world) feed(name, class string, set func(*rollcall.Rules), attributes ...string) *feed {
	w.t.Helper()
	c := w.model.Class(class)
	f := &feed{entries: map[string]map[string]string{}}
	rules := rollcall.Rules{OnNone: rollcall.ActCreate, OnOne: rollcall.ActUpdate, OnMany: rollcall.ActError, UserDelete: "nobody"}
	rules.Gone = rollcall.Gone{Then: rollcall.GoneIgnore}
	for _, code := range attributes {
		a := c.Attribute(code)
		if a == nil {
			w.t.Fatalf("class %s has no attribute %s", class, code)
		}
		rules.Attributes = append(rules.Attributes, rollcall.AttributeRule{Attribute: a, From: code, Update: true, Policy: rollcall.Locked,
			ItemSeparator: "|", AttributeSeparator: ";", ValueSeparator: ":", Qualifier: "'"})
	}
	f.source = rollcall.Source{Name: name, Class: c, Rules: rules, Scope: "everything"}
	set(&f.source.Rules)
	w.sources = append(w.sources, f)
	return f
}

// rule returns the rule of an attribute.
func rule(r *rollcall.Rules, code string) *rollcall.AttributeRule {
	i := slices.IndexFunc(r.Attributes, func(a rollcall.AttributeRule) bool { return a.Attribute.Code == code })
	return &r.Attributes[i]
}

func reconcileBy(r *rollcall.Rules, codes ...string) {
	for _, code := range codes {
		rule(r, code).Reconcile = true
	}
}

func constant(r *rollcall.Rules, code, value, by string) {
	a := rule(r, code)
	a.From, a.Value, a.HasValue, a.By = "", value, true, by
}

// put writes one entry: field, value, …
func (f *feed) put(key string, values ...string) {
	entry := map[string]string{"dn": "cn=" + key}
	maps.Copy(entry, f.entries[key])
	for i := 0; i < len(values); i += 2 {
		entry[values[i]] = values[i+1]
	}
	f.entries[key] = entry
}

// again makes a key come a second time, with another name.
func (f *feed) again(key, name string) {
	f.doubled, f.others = append(f.doubled, key), append(f.others, name)
}

func (f *feed) Collect(ctx context.Context, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	f.calls++
	keys := slices.Sorted(maps.Keys(f.entries))
	single := len(keys)
	keys = append(keys, f.doubled...)
	for n, key := range keys {
		if f.broken != nil && n >= len(keys)/2 {
			return nil, f.broken
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e := rollcall.Entry{Key: []byte(key), Name: []byte(f.entries[key]["dn"]), Fields: f.fields, Values: make([][][]byte, len(f.fields))}
		if n >= single && n-single < len(f.others) {
			e.Name = []byte(f.others[n-single])
		}
		if strings.HasPrefix(key, "nokey") {
			e.Key = nil
		}
		for i, field := range f.fields {
			if value, ok := f.entries[key][field]; ok {
				for part := range strings.SplitSeq(value, "|") {
					e.Values[i] = append(e.Values[i], []byte(part))
				}
			}
		}
		if err := emit(&e); err != nil {
			return nil, err
		}
	}
	return nil, f.broken
}

// reread is what deltas have in common that read their entries out of all.
type reread struct {
	at  rollcall.Checkpoint
	all func(context.Context, func(*rollcall.Entry) error) (rollcall.Checkpoint, error)
}

func (r reread) Read(ctx context.Context, keys []string, emit func(*rollcall.Entry) error) error {
	_, err := r.all(ctx, func(e *rollcall.Entry) error {
		if !slices.Contains(keys, string(e.Key)) {
			return nil
		}
		return emit(e)
	})
	return err
}

func (r reread) Checkpoint() rollcall.Checkpoint { return r.at }
func (r reread) Close() error                    { return nil }
