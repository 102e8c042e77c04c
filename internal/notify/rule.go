package notify

import (
	"slices"

	"rollcall/internal/rollcall"
)

// Rule says who is told of what.
type Rule struct {
	On        []rollcall.NoticeKind // none: all
	Sources   []string              // none: all
	Profiles  []string              // whoever has one of these finds it in the application
	Accounts  []string              // and these
	Starter   bool                  // and whoever started the run
	Mail      bool                  // all of them get it by mail, too
	Addresses []string              // get it by mail
	Webhooks  []string              // are called
}

// UsualRules hold where the configuration says nothing: administrators hear of
// trouble, of licences also by mail, and whoever started a run hears of its end.
func UsualRules() []Rule {
	trouble := []rollcall.NoticeKind{rollcall.NoticeProblems, rollcall.NoticeFailed, rollcall.NoticeHeld, rollcall.NoticeParked}
	administrators := []string{"Administrator"}
	return []Rule{
		{On: trouble, Profiles: administrators},
		{On: []rollcall.NoticeKind{rollcall.NoticeLicences}, Profiles: administrators, Mail: true},
		{Starter: true},
	}
}

// Audience is whom the rules name for one happening.
type Audience struct {
	Profiles, Accounts         []string
	MailProfiles, MailAccounts []string // of these, who get mail, too
	Addresses                  []string
	Webhooks                   []string
}

// IsNobody reports whether the rules name nobody.
func (a *Audience) IsNobody() bool {
	return len(a.Profiles)+len(a.Accounts)+len(a.Addresses)+len(a.Webhooks) == 0
}

// AudienceOf goes through the rules. Names of accounts and profiles compare
// without case.
func AudienceOf(rules []Rule, h *Happening) Audience {
	var a Audience
	for i := range rules {
		r := &rules[i]
		if !r.wants(h) {
			continue
		}
		accounts := r.Accounts
		if r.Starter && h.By != "" {
			accounts = append(slices.Clone(accounts), h.By)
		}
		a.Profiles, a.Accounts = union(a.Profiles, r.Profiles), union(a.Accounts, accounts)
		if r.Mail {
			a.MailProfiles, a.MailAccounts = union(a.MailProfiles, r.Profiles), union(a.MailAccounts, accounts)
		}
		a.Addresses, a.Webhooks = union(a.Addresses, r.Addresses), union(a.Webhooks, r.Webhooks)
	}
	return a
}

func (r *Rule) wants(h *Happening) bool {
	if len(r.On) > 0 && !slices.Contains(r.On, h.Kind) {
		return false
	}
	return len(r.Sources) == 0 || slices.ContainsFunc(h.Sources, func(name string) bool { return slices.Contains(r.Sources, name) })
}

// union adds to a list what it does not have.
func union(list, more []string) []string {
	for _, name := range more {
		if !slices.ContainsFunc(list, func(have string) bool { return rollcall.Fold(have) == rollcall.Fold(name) }) {
			list = append(list, name)
		}
	}
	return list
}
