package notify

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"rollcall/internal/rollcall"
)

// How often, and for how long, a dispatch is tried.
const (
	pollTime  = 15 * time.Second
	firstWait = 30 * time.Second
	longest   = 4 * time.Hour
	attempts  = 20 // somewhat more than two days
	atOnce    = 10 // dispatches in one look into the outbox
	leaseTime = atOnce * (mailTimeout + time.Second)
)

// box is where dispatches are kept.
type box interface {
	// ClaimDispatches returns dispatches of a channel that are due and puts off their next try until
	// then, so that no other process sends them at the same moment.
	ClaimDispatches(ctx context.Context, channel rollcall.Channel, now, until time.Time, limit int) ([]rollcall.Dispatch, error)
	// SettleDispatch keeps State, Attempts, Next and Error of a dispatch.
	SettleDispatch(ctx context.Context, n *rollcall.Dispatch) error
}

// Sender delivers one dispatch. An error of kind Invalid is for good; any other
// is worth another try.
type Sender interface {
	Send(ctx context.Context, n *rollcall.Dispatch) error
}

// Outbox sends the dispatches that are kept. It is safe for concurrent use.
type Outbox struct {
	box     box
	senders map[rollcall.Channel]Sender
	woken   map[rollcall.Channel]chan struct{}
	now     func() time.Time
	log     *slog.Logger
}

// NewOutbox returns an outbox over a store. Dispatches of channels without a
// sender wait.
func NewOutbox(b box, senders map[rollcall.Channel]Sender, now func() time.Time, log *slog.Logger) *Outbox {
	o := &Outbox{box: b, senders: senders, woken: map[rollcall.Channel]chan struct{}{}, now: now, log: log}
	for channel := range senders {
		o.woken[channel] = make(chan struct{}, 1)
	}
	return o
}

// Wake has Run look at once: something was put into the box.
func (o *Outbox) Wake() {
	for _, woken := range o.woken {
		select {
		case woken <- struct{}{}:
		default: // it is to look already
		}
	}
}

// Run sends what is due until the context ends. One channel does not wait for
// another.
func (o *Outbox) Run(ctx context.Context) error {
	var running sync.WaitGroup
	for channel := range o.senders {
		running.Go(func() { o.run(ctx, channel) })
	}
	running.Wait()
	return nil
}

func (o *Outbox) run(ctx context.Context, channel rollcall.Channel) {
	ticker := time.NewTicker(pollTime)
	defer ticker.Stop()
	for {
		if _, err := o.flush(ctx, channel); err != nil && ctx.Err() == nil {
			o.log.Error("the outbox cannot be read", slog.Any("err", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-o.woken[channel]:
		}
	}
}

// Flush sends what is due once and returns how many dispatches went out. One
// that cannot be sent is kept for later, or given up; that is no error.
func (o *Outbox) Flush(ctx context.Context) (sent int, err error) {
	for channel := range o.senders {
		n, failed := o.flush(ctx, channel)
		sent, err = sent+n, errors.Join(err, failed)
	}
	return sent, err
}

func (o *Outbox) flush(ctx context.Context, channel rollcall.Channel) (sent int, err error) {
	for {
		now := o.now()
		due, err := o.box.ClaimDispatches(ctx, channel, now, now.Add(leaseTime), atOnce)
		if err != nil || len(due) == 0 {
			return sent, err
		}
		for i := range due {
			if o.send(ctx, &due[i]) {
				sent++
			}
			// What went out must not go out again because the program ends now.
			if err := o.box.SettleDispatch(context.WithoutCancel(ctx), &due[i]); err != nil {
				return sent, err
			}
		}
		if err := ctx.Err(); err != nil {
			return sent, err
		}
	}
}

// send tries one dispatch and says in it how that went.
func (o *Outbox) send(ctx context.Context, n *rollcall.Dispatch) bool {
	n.Attempts++
	err := o.senders[n.Channel].Send(ctx, n)
	if err == nil {
		n.State, n.Error, n.Next = rollcall.DispatchSent, "", time.Time{}
		return true
	}
	n.Error = err.Error()
	if rollcall.KindOf(err) == rollcall.Invalid || n.Attempts >= attempts {
		n.State, n.Next = rollcall.DispatchFailed, time.Time{}
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
