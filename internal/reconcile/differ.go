package reconcile

import "rollcall/internal/rollcall"

// Value is what one rule wants of its attribute, with references looked up.
type Value struct {
	IsSet bool   // false: leave the attribute alone
	Text  string // canonical; of a link set: its canonical rendering
	Shown string // what a person reads where Text is an ID
}

// Why a Step is made.
const (
	WhyJoined  = "joined"
	WhySource  = "changed at the source"
	WhyDrift   = "drift"
	WhyEmpty   = "was empty"
	WhyRestore = "back at the source"
)

// Step is one attribute that must follow its entry: the rule's position and why.
type Step struct {
	Rule int
	Why  string
}

// Differ returns the attributes of an object that must follow its entry.
// Current and wanted run beside the rules; before is the row last taken over,
// nil when the entry is tied to the object just now, and after the row as read.
//
//	locked      follows whenever it differs, whoever changed it
//	unlocked    follows when the source's own value changed; what others wrote in
//	            between stays (iTop 3.2.0 writes every column again when one changed)
//	if_empty    follows while the object has no value
func Differ(rules *rollcall.Rules, current []string, wanted []Value, before, after rollcall.Row) []Step {
	var steps []Step
	for i := range rules.Attributes {
		rule := &rules.Attributes[i]
		want := &wanted[i]
		if !rule.Update || !want.IsSet || want.Text == current[i] {
			continue
		}
		joined := before == nil
		changed := joined || before[i] != after[i]
		why := WhySource
		if joined {
			why = WhyJoined
		}
		switch rule.Policy {
		case rollcall.Unlocked:
			if !changed {
				continue
			}
		case rollcall.IfEmpty:
			if current[i] != "" {
				continue
			}
			why = WhyEmpty
		default:
			if !changed {
				why = WhyDrift
			}
		}
		steps = append(steps, Step{Rule: i, Why: why})
	}
	return steps
}
