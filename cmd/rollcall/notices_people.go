package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/notify"
	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

// tell makes the notices of a run for whomever the rules name. Trouble that an
// earlier run told of already is no news; what the run found to be over ends.
func (n *notices) tell(ctx context.Context, tx *store.Tx, run *rollcall.Run) error {
	if run.Kind == kindSignIn {
		return nil // of one entry, which says nothing of the source
	}
	happened := notify.OfEnd(run)
	for i := range run.Sources {
		if err := n.end(ctx, tx, run, &run.Sources[i], happened); err != nil {
			return err
		}
	}
	for i := range happened {
		if err := n.spread(ctx, tx, &happened[i]); err != nil {
			return err
		}
	}
	return nil
}

// end closes the notices about a source whose trouble a run found to be over: it
// went through, and tells of none, or of other trouble.
func (n *notices) end(ctx context.Context, tx *store.Tx, run *rollcall.Run, part *rollcall.SourceRun, happened []notify.Happening) error {
	open, err := tx.OpenNotices(ctx, part.Source)
	if err != nil {
		return err
	}
	for i := range open {
		o := &open[i]
		told := slices.IndexFunc(happened, func(h notify.Happening) bool { return h.Kind == o.Kind && h.Source() == part.Source })
		if told >= 0 && happened[told].Matter == o.Matter {
			continue
		}
		if told < 0 && !isOver(o, run, part) {
			continue
		}
		if err := tx.EndNotice(ctx, o.ID, run.Ended); err != nil {
			return err
		}
	}
	return nil
}

// isOver reports whether a run that does not tell of some trouble proves that
// there is none.
func isOver(n *rollcall.Notice, run *rollcall.Run, part *rollcall.SourceRun) bool {
	if run.State != rollcall.RunCompleted {
		return false
	}
	looks := part.Only == rollcall.PartAll || part.Only == rollcall.PartImport // at every entry that is in trouble
	switch n.Kind {
	case rollcall.NoticeCompleted, rollcall.NoticeFailed:
		return true
	case rollcall.NoticeHeld:
		return part.Only != rollcall.PartRetry
	case rollcall.NoticeParked:
		return looks && part.Counters.Errors() == 0 && !strings.HasPrefix(n.Matter, parkedJob)
	}
	return looks
}

// parkedJob begins the matter of a job that is parked; a line follows, whose next
// job that is done ends it.
const parkedJob = "job of "

// spread brings one happening to its audience.
func (n *notices) spread(ctx context.Context, tx *store.Tx, h *notify.Happening) error {
	if h.Kind != rollcall.NoticeCompleted && h.Source() != "" {
		open, err := tx.OpenNotices(ctx, h.Source())
		if err != nil {
			return err
		}
		for i := range open {
			if open[i].Kind == h.Kind && open[i].Matter == h.Matter {
				return tx.RetellNotice(ctx, open[i].ID, h.Run, h.At)
			}
		}
	}
	audience := notify.AudienceOf(n.rules, h)
	if audience.IsNobody() {
		return nil
	}
	notice := h.Notice(&audience)
	if err := tx.AddNotice(ctx, notice); err != nil {
		return err
	}
	if h.Kind == rollcall.NoticeCompleted { // there is nothing to see to
		if err := tx.EndNotice(ctx, notice.ID, h.At); err != nil {
			return err
		}
	}
	for _, hook := range audience.Webhooks {
		call, err := h.Call(hook, n.now())
		if err != nil {
			return err
		}
		if err := tx.AddDispatch(ctx, call); err != nil {
			return err
		}
	}
	if !n.mails {
		return nil
	}
	to, err := n.addresses(ctx, tx, &audience)
	if err != nil {
		return err
	}
	if mail := h.Mail(to, n.now()); mail != nil {
		return tx.AddDispatch(ctx, mail)
	}
	return nil
}

// addresses returns the mail addresses of an audience: those named, and those of
// the people behind accounts that are enabled.
func (n *notices) addresses(ctx context.Context, tx *store.Tx, a *notify.Audience) ([]string, error) {
	to := slices.Clone(a.Addresses)
	ids, err := n.accounts(ctx, tx, a)
	if err != nil {
		return nil, err
	}
	users, err := tx.Objects(ctx, n.model.Class("User"), ids)
	if err != nil {
		return nil, err
	}
	var people []rollcall.ObjectID
	for i := range users {
		id, err := strconv.ParseInt(users[i].Get("contactid"), 10, 64)
		if err == nil && id > 0 && users[i].Get("status") != "disabled" {
			people = append(people, rollcall.ObjectID(id))
		}
	}
	slices.Sort(people)
	persons, err := tx.Objects(ctx, n.model.Class("Person"), slices.Compact(people))
	if err != nil {
		return nil, err
	}
	for i := range persons {
		email := strings.TrimSpace(persons[i].Get("email"))
		if email != "" && !slices.ContainsFunc(to, func(have string) bool { return strings.EqualFold(have, email) }) {
			to = append(to, email)
		}
	}
	return to, nil
}

// accounts finds the accounts of an audience that get mail.
func (n *notices) accounts(ctx context.Context, tx *store.Tx, a *notify.Audience) ([]rollcall.ObjectID, error) {
	var ids []rollcall.ObjectID
	for _, login := range a.MailAccounts {
		found, err := tx.Find(ctx, n.model.Class("User"), []string{"login"}, [][]string{{login}})
		if err != nil {
			return nil, err
		}
		ids = append(ids, found[0]...)
	}
	for _, name := range a.MailProfiles {
		profiles, err := tx.Find(ctx, n.model.Class("URP_Profiles"), []string{"name"}, [][]string{{name}})
		if err != nil {
			return nil, err
		}
		for _, profile := range profiles[0] {
			class := n.model.Class("URP_UserProfile")
			links, err := tx.Find(ctx, class, []string{"profileid"}, [][]string{{strconv.FormatInt(int64(profile), 10)}})
			if err != nil {
				return nil, err
			}
			held, err := tx.Objects(ctx, class, links[0])
			if err != nil {
				return nil, err
			}
			for i := range held {
				if id, err := strconv.ParseInt(held[i].Get("userid"), 10, 64); err == nil {
					ids = append(ids, rollcall.ObjectID(id))
				}
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}
