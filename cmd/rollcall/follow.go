package main

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"rollcall/internal/jobs"
)

// followTime is how often the configuration is looked at while a server runs.
const followTime = 2 * time.Second

// current is the configuration as the file says now, as far as a running server
// follows it: its timetable.
func (a *app) current() setup {
	if newest := a.newest.Load(); newest != nil {
		return *newest
	}
	return a.setup
}

// follow has the timetable follow the file until the context ends. A file that
// is wrong changes nothing; everything else in it counts from the next start.
func (a *app) follow(ctx context.Context, queue *jobs.Service) error {
	ticker := time.NewTicker(followTime)
	defer ticker.Stop()
	before := stamp(a.config.Path)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := stamp(a.config.Path)
		if now == before || now == (fileStamp{}) {
			continue
		}
		before = now
		if err := a.reload(queue); err != nil {
			a.program.log.Error("the configuration changed and is wrong; the timetable stays as it was", slog.Any("err", err))
		}
	}
}

// reload takes over the timetable of the file.
func (a *app) reload(queue *jobs.Service) error {
	s, err := a.program.load()
	if err != nil {
		return err
	}
	entries, err := s.entries()
	if err != nil {
		return err
	}
	a.newest.Store(&s)
	queue.SetTimetable(entries)
	a.program.log.Info("the timetable was read again", slog.Int("count", len(entries)))
	return nil
}

// fileStamp tells one state of a file from another.
type fileStamp struct {
	at   time.Time
	size int64
}

func stamp(path string) fileStamp {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&fs.ModeType != 0 {
		return fileStamp{}
	}
	return fileStamp{info.ModTime(), info.Size()}
}
