// Package schema reads class declarations and checks them. It ships those of
// the product (classes/*.yaml) and reads those of the user, model/*.yaml beside
// the configuration. It leaves tables to store and values to registry.
//
// A declaration file has two sections, both optional:
//
//	classes:                  # new classes
//	  Badge:
//	    label: Badge          # what people read; the name when absent
//	    parent: Typology      # attributes, rules and IDs are the parent's, plus these
//	    abstract: true        # only classes below it have objects
//	    category: bizmodel    # bizmodel, authentication, application or log; the parent's when absent
//	    named_by: [name]      # what makes the friendly name: attributes, and <key>_friendlyname for a target's name
//	    name_form: "%s / %s"  # the form of the friendly name; joined by a space when absent
//	    reconcile: [name]     # how objects are recognized when a source does not say
//	    link: true            # an n:n link class
//	    order: [-opened]      # the default order; by friendly name when absent
//	    fixed: true           # nobody creates or deletes an object
//	    system: true          # a view of what the program keeps itself; only the product's own classes are
//	    labels: {name: Nick}  # other labels for inherited attributes
//	    inactive: {status: [retired]}   # objects with such a value are obsolete
//	    state: status         # the enum that says an object's state
//	    lifecycle:            # how it changes
//	      initial: new
//	      stimuli: {ev_lose: Lose}         # internal: those that no person gives
//	      states:
//	        new:
//	          flags: {mandatory: [number]} # hidden, read_only, mandatory, must_change, must_prompt
//	          on: {ev_lose: {to: lost, now: [lost_on], set: {note: ""}}}
//	        lost: {}
//	    relations:
//	      impacts: {down: [doors_list, Lock.badge_id], up: [person_id]} # along attributes, or by a key of another class
//	                                     # redundancy: {needed: [a_id, b_id]}: attribute needed says how many must be up
//	    attributes:
//	      colour:    {type: enum, values: {red: Red, blue: Blue}, default: red, mandatory: true}
//	      number:    {type: string, label: Number, max: 20, pattern: '^[A-Z]'}
//	      person_id: {type: key, to: Person, label: Person, mandatory: true, on_delete: auto}
//	      email:     {type: field, via: person_id, remote: email}
//	      note:      text                # the type alone is enough
//	    unique:
//	      number: {on: [number], skip: [number], blocks: true, message: "$number$ is taken"}
//	    seeds:
//	      - {id: 1, name: Visitor}       # a predefined object
//
//	extend:                   # more attributes and rules for classes that exist
//	  Person:
//	    attributes:
//	      badges: {type: children, to: Badge, remote: person_id}
//
// The types are those of [rollcall.Type]. Keys (key, tree) name a class with
// to; a mandatory one says with on_delete whether deleting its target is
// refused (manual, the default) or deletes its holder too (auto). A field reads
// attribute remote of the object that the key via names. Children are the
// objects of class to whose key remote names this one. Links go through link
// class to, whose key via points here and whose key remote to the other side.
// An enum's values are a list of codes or a map of code and label; so are those
// of tags, of which an attribute has any, up to max.
//
// Declarations add and never take away: a class or an attribute that exists
// already is refused with both places.
package schema
