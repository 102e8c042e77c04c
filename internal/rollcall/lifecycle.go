package rollcall

import "slices"

// Lifecycle is what the objects of a class go through: states, held by one enum
// attribute, and stimuli that lead from one to another.
type Lifecycle struct {
	Attribute string // the enum that holds the state
	Initial   string // the state of a new object
	Stimuli   []Stimulus
	States    []State
}

// Stimulus is something that happens to an object.
type Stimulus struct {
	Code     string
	Label    string
	Internal bool // given by the program alone, not by a person or a service
}

// State is one state of a lifecycle.
type State struct {
	Code        string
	Flags       map[string]Flags // of attributes, by code, in this state
	Transitions []Transition
}

// Transition is where a stimulus leads from a state.
type Transition struct {
	Stimulus string
	To       string
	Stamps   []string          // attributes that get the present time
	Sets     map[string]string // attributes that get a value; "" empties
}

// Flags say how an attribute behaves in a state.
type Flags uint8

// The flags.
const (
	FlagHidden Flags = 1 << iota
	FlagReadOnly
	FlagMandatory
	FlagMustChange // to be changed by the transition that enters the state
	FlagMustPrompt // to be shown in the transition that enters the state
)

// State returns the state with a code, nil when there is none.
func (l *Lifecycle) State(code string) *State {
	for i := range l.States {
		if l.States[i].Code == code {
			return &l.States[i]
		}
	}
	return nil
}

// Transition returns where a stimulus leads from a state, nil when it is not
// allowed there.
func (l *Lifecycle) Transition(state, stimulus string) *Transition {
	s := l.State(state)
	if s == nil {
		return nil
	}
	i := slices.IndexFunc(s.Transitions, func(t Transition) bool { return t.Stimulus == stimulus })
	if i < 0 {
		return nil
	}
	return &s.Transitions[i]
}

// Mandatory returns the codes of the attributes of a class that may not be empty
// in a state, in the order of the class.
func (l *Lifecycle) Mandatory(c *Class, state string) []string {
	s := l.State(state)
	if s == nil {
		return nil
	}
	var codes []string
	for _, a := range c.Attributes {
		if s.Flags[a.Code]&FlagMandatory != 0 {
			codes = append(codes, a.Code)
		}
	}
	return codes
}

// Relation is how the objects of a class touch others, such as "impacts".
type Relation struct {
	Name       string // "impacts"
	Neighbours []Neighbour
	Redundancy []Redundancy
}

// Redundancy says that an object outlives some of those that impact it.
type Redundancy struct {
	// Setting is the attribute that tells how many of them must be up: a number,
	// a share such as 50%, or disabled when it takes all of them.
	Setting string
	// Over are the attributes that lead to them: keys, and sets of links or children.
	Over []string
}

// Neighbour is one step of a relation: along a key, or a set of links or
// children, of the object's class; or, when Class is given, to the objects of
// that class whose key points at the object.
type Neighbour struct {
	Class     string
	Attribute string
	Upwards   bool // the object there comes before the one here: it impacts, and is not impacted
}

// Relation returns the relation with a name, nil when the class has none.
func (c *Class) Relation(name string) *Relation {
	for i := range c.Relations {
		if c.Relations[i].Name == name {
			return &c.Relations[i]
		}
	}
	return nil
}
