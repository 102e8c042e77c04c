package notify

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// Happening is something that people may want to hear of.
type Happening struct {
	Kind     rollcall.NoticeKind `json:"event"`
	At       time.Time           `json:"at"`
	Sources  []string            `json:"sources,omitempty"`
	Run      int64               `json:"run,omitempty"`
	By       string              `json:"by,omitempty"` // login of who started the run; "" for the timetable
	Subject  string              `json:"subject"`
	Text     string              `json:"text"`
	Counters *rollcall.Counters  `json:"counters,omitempty"`
	Licences []rollcall.Shortage `json:"licences,omitempty"`
	Matter   string              `json:"-"` // the same matter again is no news
}

// Source is the source that a happening is about, "" when it is about several.
func (h *Happening) Source() string {
	if len(h.Sources) == 1 {
		return h.Sources[0]
	}
	return ""
}

// OfEnd tells what the end of a run came to: of each source what is wrong, of
// the whole that it went through.
func OfEnd(run *rollcall.Run) []Happening {
	var list []Happening
	var all []string
	isFine := run.State == rollcall.RunCompleted
	for i := range run.Sources {
		part := &run.Sources[i]
		all = append(all, part.Source)
		found := ofPart(run, part)
		for _, h := range found {
			isFine = isFine && h.Kind != rollcall.NoticeProblems
		}
		list = append(list, found...)
	}
	if isFine {
		list = append(list, completed(run, all))
	}
	by := starter(run.By)
	for i := range list {
		list[i].At, list[i].Run, list[i].By = run.Ended, run.ID, by
	}
	return list
}

// OfNoStart tells that a run over rows that others delivered did not start.
func OfNoStart(source, why string, now time.Time) *Happening {
	return &Happening{Kind: rollcall.NoticeFailed, At: now, Sources: []string{source}, Subject: "Source " + oneLine(source) + ": a run did not start",
		Text: "The run did not start: " + why, Matter: why}
}

// starter is who started a run, "" when nobody did.
func starter(by string) string {
	if by == "timetable" || strings.HasPrefix(by, "timetable ") {
		return ""
	}
	return by
}

func ofPart(run *rollcall.Run, part *rollcall.SourceRun) []Happening {
	var list []Happening
	tell := func(kind rollcall.NoticeKind, subject, text, matter string) {
		list = append(list, Happening{Kind: kind, Sources: []string{part.Source}, Subject: "Source " + oneLine(part.Source) + ": " + subject,
			Text: text, Matter: matter, Counters: &part.Counters})
	}
	switch {
	case run.State == rollcall.RunHeld && part.Held != "":
		tell(rollcall.NoticeHeld, fmt.Sprintf("run %d is held", run.ID), fmt.Sprintf(
			"The run was held before it changed anything: %s.\n\nrollcall runs %d --changes shows what it would do, rollcall apply %d carries it out, rollcall apply --drop %d refuses it.",
			strings.TrimSuffix(part.Held, "."), run.ID, run.ID, run.ID), part.Held)
	case run.State == rollcall.RunHeld:
		// Another source's doing.
	case run.State == rollcall.RunFailed:
		tell(rollcall.NoticeFailed, fmt.Sprintf("run %d failed", run.ID), "The run failed, and nothing was changed: "+run.Error, run.Error)
	case run.State == rollcall.RunCompleted && part.Counters.Errors() > 0:
		n := part.Counters.Errors()
		tell(rollcall.NoticeProblems, fmt.Sprintf("%d entries are in trouble", n), fmt.Sprintf(
			"Run %d went through for all but %d entries.\n\n%s\n\nrollcall runs %d says what is wrong with them.", run.ID, n, summary(&part.Counters), run.ID), fmt.Sprint(n))
	}
	if n := part.Parked; n > 0 {
		tell(rollcall.NoticeParked, fmt.Sprintf("%d entries are parked", n), fmt.Sprintf(
			"%d entries failed at their last try and are not tried by themselves any more.\n\nrollcall jobs entries --parked lists them, rollcall jobs retry tries them again.", n), fmt.Sprint(run.ID))
	}
	if run.State == rollcall.RunCompleted && len(part.Short) > 0 {
		var text, matter strings.Builder
		for _, s := range part.Short {
			fmt.Fprintf(&matter, "%s: %d\n", s.Package, s.Short)
			fmt.Fprintf(&text, "%d licences of package %s are short: it has %d, %d are taken up, %d more are wanted.\n", s.Short, s.Package, s.Have, s.Used, s.Wanted)
		}
		tell(rollcall.NoticeLicences, "licences are short", strings.TrimSpace(text.String()), matter.String())
		list[len(list)-1].Licences = part.Short
	}
	return list
}

func completed(run *rollcall.Run, sources []string) Happening {
	var text strings.Builder
	var sum rollcall.Counters
	for i := range run.Sources {
		c := &run.Sources[i].Counters
		fmt.Fprintf(&text, "%s: %s\n", run.Sources[i].Source, summary(c))
		sum.Read += c.Read
		sum.Created += c.Created
		sum.Updated += c.Updated + c.NewUpdated
		sum.Deleted += c.Deleted
		sum.Obsoleted += c.Obsoleted
	}
	what := run.Kind
	if run.Undoes != 0 {
		what = fmt.Sprintf("undo of run %d", run.Undoes)
	}
	return Happening{Kind: rollcall.NoticeCompleted, Sources: sources, Counters: &sum,
		Subject: fmt.Sprintf("Run %d went through (%s of %s)", run.ID, what, oneLine(strings.Join(sources, ", "))),
		Text:    strings.TrimSpace(text.String()), Matter: fmt.Sprint(run.ID)}
}

// summary is what a run did for one source, in a line.
func summary(c *rollcall.Counters) string {
	parts := []string{fmt.Sprintf("%d entries read", c.Read)}
	for _, count := range []struct {
		n    int
		what string
	}{
		{c.Created, "created"}, {c.Updated + c.NewUpdated, "updated"}, {c.Obsoleted, "disabled"}, {c.Deleted, "deleted"},
		{c.Missing, "missing"}, {c.Errors(), "in error"},
	} {
		if count.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count.n, count.what))
		}
	}
	if len(parts) == 1 {
		parts = append(parts, "nothing changed")
	}
	return strings.Join(parts, ", ")
}

// mostText is how much of a text goes to a webhook.
const mostText = 64 << 10

// Notice is the happening as people find it.
func (h *Happening) Notice(a *Audience) *rollcall.Notice {
	return &rollcall.Notice{Kind: h.Kind, Source: h.Source(), Run: h.Run, Subject: h.Subject, Text: h.Text, Matter: h.Matter,
		Created: h.At, Accounts: a.Accounts, Profiles: a.Profiles}
}

// Mail is the happening as a mail, nil when there is nobody to send it to.
func (h *Happening) Mail(to []string, now time.Time) *rollcall.Dispatch {
	if len(to) == 0 {
		return nil
	}
	return &rollcall.Dispatch{Channel: rollcall.ChannelMail, Created: now, To: to, Subject: "Rollcall - " + oneLine(h.Subject),
		Text: h.Text + "\n", State: rollcall.DispatchWaiting}
}

// Call is the happening as a call of a webhook.
func (h *Happening) Call(hook string, now time.Time) (*rollcall.Dispatch, error) {
	sent := *h
	if len(sent.Text) > mostText {
		sent.Text = strings.ToValidUTF8(sent.Text[:mostText], "") + "…"
	}
	body, err := json.Marshal(&sent)
	if err != nil {
		return nil, fmt.Errorf("write the call of webhook %s: %w", hook, err)
	}
	return &rollcall.Dispatch{Channel: rollcall.ChannelWebhook, Created: now, To: []string{hook}, Subject: string(h.Kind),
		Text: string(body), State: rollcall.DispatchWaiting}, nil
}
