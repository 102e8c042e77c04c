// Package registry is the one writer of objects. It checks what comes in
// against the class declarations, the rules of single classes, uniqueness and
// the locks of other sources; it writes objects, their links and their history
// in batches; it plans deletions with all that hangs on them; and it takes runs
// back. It works inside a transaction of the caller, who decides whether what
// it did lasts.
package registry

import (
	"context"

	"rollcall/internal/rollcall"
)

// reading is what the registry reads. All answers reflect the writes made
// before in the same transaction.
type reading interface {
	// Objects returns those objects of class and below that exist, in the order of ids.
	Objects(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]rollcall.Object, error)
	// Find returns for each key the ids of the objects whose attrs equal it, ascending.
	Find(ctx context.Context, class *rollcall.Class, attrs []string, keys [][]string) ([][]rollcall.ObjectID, error)
	// Taken reports for each key whether Find would find anything, for less.
	Taken(ctx context.Context, class *rollcall.Class, attrs []string, keys [][]string) ([]bool, error)
	// Links returns for each host its links, sorted by target.
	Links(ctx context.Context, attr *rollcall.Attribute, hosts []rollcall.ObjectID) ([][]rollcall.Link, error)
	// Referrers returns the objects of holder and below whose key points at one of targets.
	Referrers(ctx context.Context, key *rollcall.Attribute, holder *rollcall.Class, targets []rollcall.ObjectID) ([]rollcall.Referrer, error)
	// Names returns the friendly names of those objects of class and below that exist.
	Names(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) (map[rollcall.ObjectID]string, error)
	// ReplicasByDest returns the replicas of all sources that are tied to objects of class's family.
	ReplicasByDest(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]rollcall.Replica, error)
	// History yields steps of history; the step is lent until yield returns.
	History(ctx context.Context, filter rollcall.HistoryFilter, yield func(*rollcall.History) error) error
}

// Storage is a write transaction of the store.
type Storage interface {
	reading
	Reserve(ctx context.Context, class *rollcall.Class, n int) (rollcall.ObjectID, error)
	InsertObjects(ctx context.Context, class *rollcall.Class, objects []rollcall.Object) error
	UpdateObjects(ctx context.Context, class *rollcall.Class, attrs []*rollcall.Attribute, ids []rollcall.ObjectID, values [][]string) error
	DeleteObjects(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) error
	InsertHistory(ctx context.Context, steps []rollcall.History) error
	DeleteReplicasOf(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) error
}

// Registry knows the classes and what follows from them. It has no state of its
// own and may be shared.
type Registry struct {
	model   *rollcall.Model
	keys    map[string][]keyUse              // by class name: the keys that can point at its objects
	rules   map[string][]classRule           // by class name: the rules of it and its ancestors
	through map[string][]*rollcall.Attribute // by link class: the link sets that it carries
}

// keyUse is a key and the class that declares it.
type keyUse struct {
	key    *rollcall.Attribute
	holder *rollcall.Class
}

// New returns the registry of a model.
func New(model *rollcall.Model) *Registry {
	r := &Registry{
		model:   model,
		keys:    map[string][]keyUse{},
		rules:   map[string][]classRule{},
		through: map[string][]*rollcall.Attribute{},
	}
	for _, c := range model.Classes {
		for up := c; up != nil; up = model.Class(up.Parent) {
			if rule, ok := classRules[up.Name]; ok {
				r.rules[c.Name] = append(r.rules[c.Name], rule)
			}
		}
		for _, a := range c.Attributes {
			if a.Declared != c.Name || c.System {
				continue // nobody writes what the program keeps, nor does it hold on to anything
			}
			if a.IsKey() {
				for _, target := range model.Family(a.Target) {
					r.keys[target.Name] = append(r.keys[target.Name], keyUse{a, c})
				}
			}
			if a.Type == rollcall.TypeLinks {
				r.through[a.Target] = append(r.through[a.Target], a)
			}
		}
	}
	return r
}

// Lookup is a combination of attributes by which the registry searches a class
// and those below it.
type Lookup struct {
	Class *rollcall.Class
	Attrs []string
}

// Lookups returns the searches that writing objects of a class needs to be
// quick. Whoever opens the store makes them ready before a large load.
func (r *Registry) Lookups(class *rollcall.Class) []Lookup {
	var list []Lookup
	for _, u := range class.Unique {
		list = append(list, Lookup{r.model.Class(u.Class), u.On})
	}
	return list
}

// On returns an editor that works inside a transaction and writes history in
// the name of origin. It belongs to one goroutine and ends with its transaction.
func (r *Registry) On(tx Storage, origin rollcall.Origin) *Editor {
	return &Editor{r: r, tx: tx, origin: origin, administrator: true, names: map[nameKey]string{}, sources: map[rollcall.ObjectID]*sourceRights{}}
}
