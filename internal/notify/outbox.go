package notify

import (
	"context"
	"log/slog"
	"time"

	"rollcall/internal/rollcall"
)

// How often, and for how long, a notice is tried.
const (
	pollTime  = 15 * time.Second
	firstWait = 30 * time.Second
	longest   = 4 * time.Hour
	attempts  = 20 // somewhat more than two days
	atOnce    = 10 // notices in one look into the outbox
	leaseTime = atOnce * (mailTimeout + time.Second)
)

// box is where notices are kept.
type box interface {
	// ClaimNotices returns notices that are due and puts off their next try until
	// then, so that no other process sends them at the same moment.
	ClaimNotices(ctx context.Context, now, until time.Time, limit int) ([]rollcall.Notice, error)
	// SettleNotice keeps State, Attempts, Next and Error of a notice.
	SettleNotice(ctx context.Context, n *rollcall.Notice) error
}

// sender delivers one notice, as Mailer.Send does.
type sender interface {
	Send(ctx context.Context, n *rollcall.Notice) error
}

// Outbox sends the notices that are kept.
type Outbox struct {
	box  box
	mail sender
	now  func() time.Time
	log  *slog.Logger
}

// NewOutbox returns an outbox over a store.
func NewOutbox(b box, mail sender, now func() time.Time, log *slog.Logger) *Outbox {
	return &Outbox{box: b, mail: mail, now: now, log: log}
}

// Run sends what is due until the context ends.
func (o *Outbox) Run(ctx context.Context) error {
	ticker := time.NewTicker(pollTime)
	defer ticker.Stop()
	for {
		if _, err := o.Flush(ctx); err != nil && ctx.Err() == nil {
			o.log.Error("the outbox cannot be read", slog.Any("err", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Flush sends what is due once and returns how many notices went out. A notice
// that cannot be sent is kept for later, or given up; that is no error.
func (o *Outbox) Flush(ctx context.Context) (sent int, err error) {
	for {
		now := o.now()
		due, err := o.box.ClaimNotices(ctx, now, now.Add(leaseTime), atOnce)
		if err != nil || len(due) == 0 {
			return sent, err
		}
		for i := range due {
			if o.send(ctx, &due[i]) {
				sent++
			}
			// A notice that went out must not go out again because the program ends now.
			if err := o.box.SettleNotice(context.WithoutCancel(ctx), &due[i]); err != nil {
				return sent, err
			}
		}
		if err := ctx.Err(); err != nil {
			return sent, err
		}
	}
}

// send tries one notice and says in it how that went.
func (o *Outbox) send(ctx context.Context, n *rollcall.Notice) bool {
	n.Attempts++
	err := o.mail.Send(ctx, n)
	if err == nil {
		n.State, n.Error, n.Next = rollcall.NoticeSent, "", time.Time{}
		return true
	}
	n.Error = err.Error()
	if rollcall.KindOf(err) == rollcall.Invalid || n.Attempts >= attempts {
		n.State, n.Next = rollcall.NoticeFailed, time.Time{}
		o.log.Error("a notice is given up", slog.Int64("notice", n.ID), slog.Int("count", n.Attempts), slog.Any("err", err))
		return false
	}
	n.Next = o.now().Add(wait(n.Attempts))
	o.log.Warn("a notice waits", slog.Int64("notice", n.ID), slog.Int("count", n.Attempts), slog.Time("next", n.Next), slog.Any("err", err))
	return false
}

// wait doubles with each attempt.
func wait(attempts int) time.Duration {
	d := firstWait << min(attempts-1, 20)
	return min(d, longest)
}
