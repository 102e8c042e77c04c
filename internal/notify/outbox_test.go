package notify_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"rollcall/internal/notify"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
	"rollcall/internal/store"
)

// hand delivers as its function says.
type hand func(*rollcall.Dispatch) error

func (h hand) Send(_ context.Context, n *rollcall.Dispatch) error { return h(n) }

// byMail is an outbox's senders: mail alone.
func byMail(send func(*rollcall.Dispatch) error) map[rollcall.Channel]notify.Sender {
	return map[rollcall.Channel]notify.Sender{rollcall.ChannelMail: hand(send)}
}

// shelf opens a store whose clock, like the outbox's, stands where at says.
func shelf(t *testing.T, at *time.Time) *store.Store {
	t.Helper()
	model, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), store.Config{DSN: t.TempDir() + "/r.db", Model: model, Now: func() time.Time { return *at }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

func TestNoticesWaitForAMailServerThatIsDown(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	st := shelf(t, &now)
	n := notice()
	n.ID, n.Created = 0, now
	if err := st.AddDispatch(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	var tries []time.Duration
	start, down := now, true
	box := notify.NewOutbox(st, byMail(func(*rollcall.Dispatch) error {
		tries = append(tries, now.Sub(start))
		if down {
			return rollcall.Errorf(rollcall.Unavailable, "connection refused")
		}
		return nil
	}), func() time.Time { return now }, slog.New(slog.DiscardHandler))
	for now.Sub(start) < 10*time.Minute {
		if _, err := box.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second)
		down = now.Sub(start) < 4*time.Minute
	}
	if want := []time.Duration{0, 30 * time.Second, 90 * time.Second, 210 * time.Second, 450 * time.Second}; !equal(tries, want) {
		t.Errorf("got tries after %v, want %v", tries, want)
	}
	got, err := st.Dispatches(t.Context(), 0)
	if err != nil || len(got) != 1 || got[0].State != rollcall.DispatchSent || got[0].Attempts != 5 || got[0].Error != "" {
		t.Errorf("got %+v, %v, want it sent at the fifth attempt", got, err)
	}
}

func TestANoticeThatNobodyTakesIsGivenUp(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	for name, test := range map[string]struct {
		err      error
		attempts int
	}{
		"refused":     {rollcall.Errorf(rollcall.Invalid, "no such user"), 1},
		"unreachable": {rollcall.Errorf(rollcall.Unavailable, "connection refused"), 20},
	} {
		t.Run(name, func(t *testing.T) {
			at := now
			st := shelf(t, &at)
			n := notice()
			n.Created = at
			if err := st.AddDispatch(t.Context(), n); err != nil {
				t.Fatal(err)
			}
			box := notify.NewOutbox(st, byMail(func(*rollcall.Dispatch) error { return test.err }), func() time.Time { return at }, slog.New(slog.DiscardHandler))
			for range 25 {
				if _, err := box.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				at = at.Add(5 * time.Hour)
			}
			got, err := st.Dispatches(t.Context(), 0)
			if err != nil || len(got) != 1 || got[0].State != rollcall.DispatchFailed || got[0].Attempts != test.attempts || got[0].Error != test.err.Error() {
				t.Errorf("got %+v, %v, want it given up after %d attempts", got, err, test.attempts)
			}
		})
	}
}

func TestTheOutboxEndsWithItsContext(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	st := shelf(t, &now)
	n := notice()
	n.Created = now
	if err := st.AddDispatch(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan struct{})
	box := notify.NewOutbox(st, byMail(func(*rollcall.Dispatch) error { close(sent); return nil }), func() time.Time { return now }, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- box.Run(ctx) }()
	<-sent
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	got, err := st.Dispatches(t.Context(), 0)
	if err != nil || len(got) != 1 || got[0].State != rollcall.DispatchSent {
		t.Errorf("got %+v, %v, want what went out kept as sent", got, err)
	}
}

func equal(a, b []time.Duration) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
