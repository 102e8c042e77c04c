package main

import (
	"io"
	"log/slog"
	"os"
	"os/user"
	"time"

	"github.com/alecthomas/kong"
	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"rollcall/internal/report"
)

// program is what every command gets: the world outside, and the flags that
// all commands share.
type program struct {
	in     io.Reader
	out    io.Writer
	err    io.Writer
	now    func() time.Time
	parser *kong.Kong

	config string
	color  bool
	quiet  bool // no progress is shown
	json   bool // standard error is JSON too, a line each
	log    *slog.Logger
}

func newProgram(in io.Reader, out, err io.Writer) *program {
	return &program{in: in, out: out, err: err, now: time.Now}
}

// configure takes over the flags of every command.
func (p *program) configure(c *cli) error {
	p.config = c.Config
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return err
	}
	plain := c.NoColor || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb"
	p.color = !plain && isTerminal(p.out)
	if p.json {
		p.log = slog.New(slog.NewJSONHandler(p.err, &slog.HandlerOptions{Level: level}))
		return nil
	}
	p.log = slog.New(tint.NewTextHandler(p.err, &tint.Options{Level: level, TimeFormat: time.TimeOnly, NoColor: plain || !isTerminal(p.err)}))
	return nil
}

// isTerminal reports whether somebody is looking at what is written or read.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// look is how reports are written: as JSON when it was asked for.
func (p *program) look(d data) report.Options {
	o := report.Options{Format: report.Text, Color: p.color, Zone: time.Local}
	if d.JSON {
		o.Format, o.Color = report.JSON, false
	}
	return o
}

// who names the person at the keyboard, for the records.
func who() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "somebody"
}
