package engine

import (
	"fmt"
	"strings"

	"rollcall/internal/rollcall"
)

// judge holds the run when it would do more than its sources' limits allow, or
// when a load cannot prove that those who are missing left.
func (r *runner) judge() error {
	var reasons []string
	for _, l := range r.loads {
		l.held = l.overLimit()
		if l.held != "" {
			reasons = append(reasons, fmt.Sprintf("source %s: %s", l.src.Name, l.held))
		}
	}
	if len(reasons) == 0 || r.opt.Approved || r.opt.DryRun {
		return nil
	}
	return rollcall.Errorf(rollcall.Stopped, "%s", strings.Join(reasons, "; "))
}

// overLimit says in words what is too much, "" when nothing is.
func (l *load) overLimit() string {
	total := l.known()
	switch {
	case l.missed > 0 && l.counters.Read == 0 && !l.isDelta():
		return fmt.Sprintf("the directory answered with no entry at all, where %d were known", total)
	case l.missed > 0 && l.unsure.more > 0:
		return fmt.Sprintf("%d entries have no key of their own, too many to tell by name who of them is one of the %d that seem gone",
			len(l.unsure.names)+l.unsure.more, l.missed)
	case l.missed > 0 && l.standing.Scope != "" && l.standing.Scope != l.src.Scope:
		return fmt.Sprintf("what is read changed since the last run (%s, was %s), and %d of %d entries are no longer in it",
			l.src.Scope, l.standing.Scope, l.missed, total)
	}
	if past := l.pastLimit(l.src.Rules.Limits, total, l.missed); past != "" || l.granting == nil {
		return past
	}
	return l.granting.pastLimit()
}

// pastLimit says which limit the run's changes pass, "" when none.
func (l *load) pastLimit(limits rollcall.Limits, total, missed int) string {
	for _, check := range []struct {
		limit rollcall.Limit
		what  string
		count int
	}{
		{limits.Gone, "gone", missed},
		{limits.Changed, "changed", l.counters.Updated + l.counters.NewUpdated},
		{limits.New, "new", l.counters.Created},
	} {
		// A first load has nothing to be measured against.
		if isFirst := total == 0 || l.stand == nil && l.standing.LastRun == 0; !check.limit.IsSet || isFirst && check.limit.Percent > 0 {
			continue
		}
		if most := check.limit.Of(total); check.count > most {
			why := ""
			if check.what == "changed" && l.stand == nil && l.standing.Fingerprint != l.src.Rules.Fingerprint {
				why = "; the rules of the source changed since its last run"
			}
			return fmt.Sprintf("%d of %d entries are %s, and the limit is %d (limits: %s: %s)%s",
				check.count, total, check.what, most, check.what, check.limit, why)
		}
	}
	return ""
}
