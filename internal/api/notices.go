package api

import (
	"context"
	"strconv"

	"rollcall/internal/rollcall"
)

type noticesIn struct {
	Unread bool `query:"unread" doc:"Only those that the account has not read."`
	Open   bool `query:"open" doc:"Only those whose trouble is not over."`
	paging
}

// reader is whoever asks, as notices know readers.
func (c *call) reader() rollcall.NoticeReader {
	return rollcall.NoticeReader{Login: c.account.Login, Profiles: c.account.Profiles, Operator: c.account.Administrator}
}

func (c *call) notices(ctx context.Context, in *noticesIn) (*Page[rollcall.Notice], error) {
	before, err := in.number()
	if err != nil {
		return nil, err
	}
	found, err := c.Store.Notices(ctx, rollcall.NoticeFilter{Reader: c.reader(), Unread: in.Unread, Open: in.Open, Before: before, Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	return pageOf(found, in.Limit, func(n *rollcall.Notice) (rollcall.Notice, string) { return *n, strconv.FormatInt(n.ID, 10) }), nil
}

type readBody struct {
	Notices []int64 `json:"notices" doc:"Their numbers; none: all that the account may see."`
	Unread  bool    `json:"unread" doc:"Make them unread again."`
}

// Marked tells how many notices are another than before.
type Marked struct {
	Changed int `json:"changed"`
}

func (c *call) readNotices(ctx context.Context, in *readBody) (*Marked, error) {
	changed, err := c.Store.ReadNotices(ctx, c.reader(), in.Notices, in.Unread)
	return &Marked{changed}, err
}
