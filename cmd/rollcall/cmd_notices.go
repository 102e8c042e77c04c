package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

type noticesCmd struct {
	List   noticesListCmd   `cmd:"" default:"withargs" help:"List the notices, newest first."`
	Read   noticesReadCmd   `cmd:"" help:"Mark notices as read."`
	Unread noticesUnreadCmd `cmd:"" help:"Mark notices as unread again."`
}

// noticeReader is embedded by commands about notices.
type noticeReader struct {
	For string `placeholder:"LOGIN" help:"As this account: only the notices for it and its profiles."`
}

// reader is whoever sits at the keyboard, who sees all notices, or an account.
func (r *noticeReader) reader(ctx context.Context, a *app) (rollcall.NoticeReader, error) {
	if r.For == "" {
		return rollcall.NoticeReader{Login: who(), Operator: true}, nil
	}
	found, err := a.store.Find(ctx, a.model.Class("User"), []string{"login"}, [][]string{{r.For}})
	if err != nil {
		return rollcall.NoticeReader{}, err
	}
	if len(found[0]) != 1 {
		return rollcall.NoticeReader{}, rollcall.Errorf(rollcall.NotFound, "there is no account %q", r.For)
	}
	reader := rollcall.NoticeReader{Login: r.For}
	profiles, err := a.store.Links(ctx, a.model.Class("User").Attribute("profile_list"), found[0])
	if err != nil {
		return reader, err
	}
	ids := make([]rollcall.ObjectID, len(profiles[0]))
	for i, link := range profiles[0] {
		ids[i] = link.Target
	}
	names, err := a.store.Names(ctx, a.model.Class("URP_Profiles"), ids)
	if err != nil {
		return reader, err
	}
	for _, id := range ids {
		reader.Profiles = append(reader.Profiles, names[id])
	}
	return reader, nil
}

type noticesListCmd struct {
	data
	noticeReader
	Unread bool `help:"Only those that are not read."`
	Open   bool `help:"Only those whose trouble is not over."`
	Limit  int  `default:"50" placeholder:"N" help:"How many at most."`
}

// Help is the manual's text.
func (noticesListCmd) Help() string {
	return `Lists what people were told: runs that went through, are held, failed or left entries in trouble,
licences that are short, jobs that are parked. Trouble that stays the same is one notice, told again,
until a run finds it over.

Examples:

    rollcall notices
    rollcall notices --unread --json
    rollcall notices --for ada
    rollcall notices read 17
    rollcall notices read            all of them`
}

// Run carries the command out.
func (c *noticesListCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	reader, err := c.reader(ctx, a)
	if err != nil {
		return err
	}
	list, err := a.store.Notices(ctx, rollcall.NoticeFilter{Reader: reader, Unread: c.Unread, Open: c.Open, Limit: c.Limit})
	if err != nil {
		return err
	}
	if c.JSON {
		if list == nil {
			list = []rollcall.Notice{}
		}
		return report.WriteJSON(p.out, list)
	}
	options := p.look(c.data)
	rows := make([][]string, len(list))
	for i := range list {
		n := &list[i]
		state := "unread"
		if !n.ReadAt.IsZero() {
			state = "read"
		}
		if !n.Over.IsZero() && n.Kind != rollcall.NoticeCompleted {
			state += ", over"
		}
		rows[i] = []string{strconv.FormatInt(n.ID, 10), n.Told.In(options.Zone).Format(time.DateTime), string(n.Kind), state, strconv.Itoa(n.Times), n.Subject}
	}
	return report.Table(p.out, options, []string{"notice", "told", "kind", "state", "times", "subject"}, rows)
}

type noticesReadCmd struct {
	noticeReader
	IDs []int64 `arg:"" optional:"" name:"notice" help:"The notices; all of them when none is named."`
}

// Help is the manual's text.
func (noticesReadCmd) Help() string {
	return `Marks notices as read by you, or with --for by an account; others still have theirs to read.

Examples:

    rollcall notices read             all of them
    rollcall notices read 17 18
    rollcall notices read --for ada`
}

// Run carries the command out.
func (c *noticesReadCmd) Run(ctx context.Context, p *program) error {
	return c.mark(ctx, p, c.IDs, false)
}

type noticesUnreadCmd struct {
	noticeReader
	IDs []int64 `arg:"" name:"notice" help:"The notices."`
}

// Help is the manual's text.
func (noticesUnreadCmd) Help() string {
	return `Marks notices as unread again.

Examples:

    rollcall notices unread 17`
}

// Run carries the command out.
func (c *noticesUnreadCmd) Run(ctx context.Context, p *program) error {
	return c.mark(ctx, p, c.IDs, true)
}

func (r *noticeReader) mark(ctx context.Context, p *program, ids []int64, unread bool) (err error) {
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	reader, err := r.reader(ctx, a)
	if err != nil {
		return err
	}
	changed, err := a.store.ReadNotices(ctx, reader, ids, unread)
	if err != nil {
		return err
	}
	state := "read"
	if unread {
		state = "unread"
	}
	fmt.Fprintf(p.out, "%d marked as %s.\n", changed, state)
	return nil
}
