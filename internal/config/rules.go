package config

import (
	"regexp"
	"time"

	"rollcall/internal/rollcall"
)

// rules is what a source's section says about its class, before the class is
// known.
type rules struct {
	attributes []attribute
	updates    []policy // per attribute
	update     rollcall.UpdatePolicy
	profiles   *profiles
	joinByID   bool
	onNone     rollcall.Action
	onOne      rollcall.Action
	onMany     rollcall.Action
	gone       gone
	limits     rollcall.Limits
}

// attribute is one rule under attributes.
type attribute struct {
	code       text
	rule       rollcall.AttributeRule // all but its Attribute
	value      Position               // of the constant
	by, source Position
	policy     rollcall.UpdatePolicy // "" to follow the update section
}

// policy is one line of update.
type policy struct {
	code   text
	policy rollcall.UpdatePolicy
}

// profiles is the profiles section.
type profiles struct {
	Position
	pattern *regexp.Regexp
	deflt   []string
}

// gone is the gone section.
type gone struct {
	Position
	after       time.Duration
	then        rollcall.Deprovision
	set         []assignment
	deleteAfter time.Duration
}

// assignment is one line of gone.set.
type assignment struct{ code, value text }

// text is a scalar and where it stands.
type text struct {
	Position
	Text string
}
