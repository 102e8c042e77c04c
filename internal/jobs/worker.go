package jobs

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"rollcall/internal/rollcall"
)

// worker carries out jobs through the service's Runner.
type worker struct {
	river.WorkerDefaults[args]
	service *Service
}

// Work carries out one job.
func (w *worker) Work(ctx context.Context, row *river.Job[args]) error {
	j, err := fromRow(row.JobRow)
	if err != nil {
		return river.JobCancel(err)
	}
	log := w.service.cfg.Log.With(slog.Int64("job", j.ID), slog.String("entry", j.Entry))
	log.Info("a job starts", slog.Int("attempt", j.Attempt))
	defer w.service.hand.hold(j.ID)()
	ctx, done := w.service.watch(ctx, j.ID)
	defer done()
	err = w.service.cfg.Runner(ctx, &j)
	switch kind := rollcall.KindOf(err); {
	case err == nil:
		log.Info("a job is done")
		return nil
	case errors.Is(context.Cause(ctx), errCancelled):
		log.Warn("a job was cancelled", slog.Any("err", err))
		return river.JobCancel(err)
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		log.Warn("a job was interrupted; it goes on at the next start", slog.Any("err", err))
		return river.JobSnooze(0)
	case kind == rollcall.Conflict:
		log.Info("a job waits for somebody else to end", slog.Any("err", err))
		return river.JobSnooze(busyWait)
	case kind == rollcall.Stopped, kind == rollcall.Invalid, kind == rollcall.Forbidden, kind == rollcall.NotFound:
		log.Error("a job was stopped", slog.Any("err", err))
		return river.JobCancel(err)
	case j.Attempt >= j.Attempts:
		log.Error("a job is parked", slog.Any("err", err))
	default:
		log.Warn("a job failed and will be tried again", slog.Any("err", err))
	}
	return err
}

// errCancelled is why a job's context ended when somebody cancelled the job.
var errCancelled = errors.New("the job was cancelled")

// watch looks whether somebody cancels a running job, where River hears of that
// only through a database that notifies: on SQLite it marks the row and no more.
// The caller calls done at the end.
func (s *Service) watch(parent context.Context, id int64) (ctx context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(parent)
	if s.queue.notifies() {
		return ctx, func() { cancel(nil) }
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if row, err := s.client.JobGet(ctx, id); err == nil && bytes.Contains(row.Metadata, []byte(`"cancel_attempted_at"`)) {
				cancel(errCancelled)
			}
		}
	}()
	return ctx, func() { cancel(nil); <-ended }
}

// backOff doubles the wait with every try and spreads it, so that jobs that
// failed together do not come back together.
type backOff struct {
	first time.Duration
	now   func() time.Time
}

// NextRetry implements river.ClientRetryPolicy.
func (b backOff) NextRetry(row *rivertype.JobRow) time.Time {
	wait := min(b.first<<min(row.Attempt, 16), lastRetry)
	return b.now().Add(wait + time.Duration(rand.Int64N(int64(wait/10+1)))) //nolint:gosec // no secret
}

// nodeName makes up a name that no other process has.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return host + "-" + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatUint(rand.Uint64(), 36) //nolint:gosec // no secret
}

// onlyWarnings leaves out what River says of its own workings.
type onlyWarnings struct{ slog.Handler }

func (h onlyWarnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

func (h onlyWarnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return onlyWarnings{h.Handler.WithAttrs(attrs)}
}

func (h onlyWarnings) WithGroup(name string) slog.Handler {
	return onlyWarnings{h.Handler.WithGroup(name)}
}
