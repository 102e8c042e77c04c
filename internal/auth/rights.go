package auth

import (
	"rollcall/internal/rollcall"
)

// Action is something that an account wants to do with objects of a class.
// Creating counts as writing. Stimuli are asked for separately.
type Action uint8

// The actions.
const (
	Read Action = iota
	BulkRead
	Write
	BulkWrite
	Delete
	BulkDelete
	allActions
)

// actions is a set of actions.
type actions uint8

func set(list ...Action) (s actions) {
	for _, a := range list {
		s |= 1 << a
	}
	return s
}

func (s actions) has(a Action) bool { return s&(1<<a) != 0 }

// Grant says what a profile may do with some classes and those below them.
type Grant struct {
	Profile string
	Classes []string // AllBusiness: every class of the business model
	Actions []Action
	Stimuli []string // AllStimuli: every one
	Deny    bool     // takes away instead, whatever other profiles give
}

// The words that stand for everything in a Grant.
const (
	AllBusiness = "*"
	AllStimuli  = "*"
)

// The categories of classes, as declarations spell them.
const (
	categoryBusiness = "bizmodel"
	categoryLog      = "log"
)

// Rights answers what an account may do, by its profiles. It does not change
// once made.
type Rights struct {
	model   *rollcall.Model
	granted map[string]map[string]*granted // by profile and class
}

// granted is what a profile may do with one class.
type granted struct {
	actions, denied actions
	stimuli         map[string]bool
	deniedStimuli   map[string]bool
}

// NewRights works out rights on the classes of a model: those of the built-in
// profiles, and any more that are given. Grants on classes that the model does
// not have count for nothing.
func NewRights(model *rollcall.Model, more ...Grant) *Rights {
	r := &Rights{model: model, granted: map[string]map[string]*granted{}}
	for _, list := range [][]Grant{builtinGrants(), more} {
		for _, g := range list {
			r.add(g)
		}
	}
	return r
}

func (r *Rights) add(g Grant) {
	byClass := r.granted[g.Profile]
	if byClass == nil {
		byClass = map[string]*granted{}
		r.granted[g.Profile] = byClass
	}
	for _, name := range r.classes(g.Classes) {
		to := byClass[name]
		if to == nil {
			to = &granted{stimuli: map[string]bool{}, deniedStimuli: map[string]bool{}}
			byClass[name] = to
		}
		held, stimuli := &to.actions, to.stimuli
		if g.Deny {
			held, stimuli = &to.denied, to.deniedStimuli
		}
		*held |= set(g.Actions...)
		for _, s := range g.Stimuli {
			stimuli[s] = true
		}
	}
}

// classes writes a list of classes out: with those below, without links, whose
// rights follow what they link.
func (r *Rights) classes(names []string) (all []string) {
	for _, name := range names {
		family := r.model.Family(name)
		if name == AllBusiness {
			family = r.model.Classes
		}
		for _, c := range family {
			if !c.IsLink && (name != AllBusiness || c.Category == categoryBusiness) {
				all = append(all, c.Name)
			}
		}
	}
	return all
}

// Allows reports whether an account may carry out an action on objects of a
// class. Nobody may create or delete predefined objects, not even administrators
// (iTop 3.2.0); that is the registry's to refuse, since writing them is allowed.
func (r *Rights) Allows(a *Account, class *rollcall.Class, action Action) bool {
	switch {
	case a == nil || class == nil || action >= allActions:
		return false
	case a.Administrator:
		return true
	case class.IsLink:
		return r.allowsLink(a, class, action)
	case class.Category == categoryLog:
		// Events and the like can be looked at, one by one.
		return action == Read
	}
	return r.profilesAllow(a, class.Name, func(g *granted) (yes, no bool) {
		return g.actions.has(action), g.denied.has(action)
	})
}

// allowsLink judges an n:n link by the classes that it links: all of them must
// be readable, and to change the link one of them must be writable, since a link
// is part of both. Deleting a link changes what it linked.
func (r *Rights) allowsLink(a *Account, class *rollcall.Class, action Action) bool {
	reading, writing := Read, Write
	switch action {
	case BulkRead, BulkWrite, BulkDelete:
		reading, writing = BulkRead, BulkWrite
	}
	changes := action != Read && action != BulkRead
	ends, writable := 0, false
	for _, attr := range class.Attributes {
		if !attr.IsKey() || !attr.Mandatory {
			continue
		}
		target := r.model.Class(attr.Target)
		if target == nil || target.IsLink || !r.Allows(a, target, reading) {
			return false
		}
		ends++
		writable = writable || changes && r.Allows(a, target, writing)
	}
	return ends > 0 && (!changes || writable)
}

// AllowsStimulus reports whether an account may apply a stimulus to objects of a
// class.
func (r *Rights) AllowsStimulus(a *Account, class *rollcall.Class, stimulus string) bool {
	switch {
	case a == nil || class == nil:
		return false
	case a.Administrator:
		return true
	}
	return r.profilesAllow(a, class.Name, func(g *granted) (yes, no bool) {
		return g.stimuli[stimulus] || g.stimuli[AllStimuli], g.deniedStimuli[stimulus] || g.deniedStimuli[AllStimuli]
	})
}

// profilesAllow adds up what the profiles of an account say about a class: one
// that allows is enough unless another denies.
func (r *Rights) profilesAllow(a *Account, class string, ask func(*granted) (yes, no bool)) bool {
	allowed := false
	for _, profile := range a.Profiles {
		g := r.granted[profile][class]
		if g == nil {
			continue
		}
		yes, no := ask(g)
		if no {
			return false
		}
		allowed = allowed || yes
	}
	return allowed
}
