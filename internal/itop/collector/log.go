package collector

import (
	"fmt"
	"io"
	"time"
)

// The levels of log records, as the original numbers them.
const (
	levelError   = 3
	levelWarning = 4
	levelNotice  = 5
	levelInfo    = 6
	levelDebug   = 7
)

var levelNames = map[int]string{
	0: "Emergency", 1: "Alert", 2: "Critical Error", levelError: "Error", levelWarning: "Warning",
	levelNotice: "Notice", levelInfo: "Info", levelDebug: "Debug",
}

// record is one line of the log, on its way.
type record struct {
	level int
	text  string
}

// logger writes records as the original does: time, level, message, separated by
// tabs, all on standard output.
type logger struct {
	out    io.Writer
	now    func() time.Time
	level  int
	format string // of the time, as PHP's date() reads it
	json   bool
	errors int // records of level error or worse

	eventLevel int
	event      func(message string) // makes an EventIssue
	inEvent    bool
	before     func() // clears a progress line

	hold bool
	held []record

	parent *logger // where the records of a fork go
	apart  bool    // a fork keeps its records until join
	kept   []record
}

// fork returns a logger whose records go to l, and can be kept back while
// something else is said there.
func (l *logger) fork() *logger {
	return &logger{parent: l, level: l.level, eventLevel: l.eventLevel}
}

// part makes a fork keep its records; join says them and those that come.
func (l *logger) part() { l.apart = true }

func (l *logger) join() {
	kept := l.kept
	l.apart, l.kept = false, nil
	for _, r := range kept {
		l.parent.write(r.level, r.text)
	}
}

func (l *logger) log(level int, format string, args ...any) {
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	if l.hold {
		l.held = append(l.held, record{level, text})
		return
	}
	l.write(level, text)
}

func (l *logger) write(level int, text string) {
	switch {
	case l.parent != nil && !l.apart:
		l.parent.write(level, text)
		return
	case l.parent != nil:
		if level <= max(l.level, l.eventLevel, levelError) {
			l.kept = append(l.kept, record{level, text})
		}
		return
	}
	if level <= levelError {
		l.errors++
	}
	if level <= l.level {
		if l.before != nil {
			l.before()
		}
		l.print(level, text)
	}
	// An event that cannot be made is itself logged: that must not make another.
	if level <= l.eventLevel && l.event != nil && !l.inEvent {
		l.inEvent = true
		l.event(text)
		l.inEvent = false
	}
}

func (l *logger) print(level int, text string) {
	name, ok := levelNames[level]
	if !ok {
		name = levelNames[2]
	}
	if l.json {
		line, err := marshal(struct {
			Time    string `json:"time"`
			Level   string `json:"level"`
			Message string `json:"message"`
		}{l.now().Format(time.RFC3339Nano), name, text})
		if err == nil {
			fmt.Fprintf(l.out, "%s\n", line)
		}
		return
	}
	fmt.Fprintf(l.out, "%s\t[%s]\t%s\n", phpDate(l.format, l.now()), name, text)
}

// delay keeps records back until release: what a stream finds out at its end is
// said before what was done on the way.
func (l *logger) delay() { l.hold = true }

func (l *logger) release() {
	held := l.held
	l.hold, l.held = false, nil
	for _, r := range held {
		l.write(r.level, r.text)
	}
}

func (l *logger) errorf(format string, args ...any)   { l.log(levelError, format, args...) }
func (l *logger) warningf(format string, args ...any) { l.log(levelWarning, format, args...) }
func (l *logger) noticef(format string, args ...any)  { l.log(levelNotice, format, args...) }
func (l *logger) infof(format string, args ...any)    { l.log(levelInfo, format, args...) }
func (l *logger) debugf(format string, args ...any)   { l.log(levelDebug, format, args...) }
