package cron

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"rollcall/internal/itop/wire"
)

// printer writes lines: paragraphs of a page, or plain lines on a terminal.
type printer struct {
	w       http.ResponseWriter
	plain   bool
	begun   bool
	blank   bool // the page has no content at all
	written error
}

func newPrinter(w http.ResponseWriter, plain bool) *printer { return &printer{w: w, plain: plain} }

// fail makes the command line end with an error.
func (p *printer) fail() {
	if p.plain {
		p.w.WriteHeader(http.StatusForbidden)
	}
}

// Write writes HTML as it is, and the page's begin before it.
func (p *printer) Write(b []byte) (int, error) {
	if !p.begun && !p.plain {
		p.begun = true
		h := p.w.Header()
		h.Set("Expires", "Thu, 19 Nov 1981 08:52:00 GMT")
		h.Set("Cache-Control", "no-store, no-cache, must-revalidate")
		h.Set("Pragma", "no-cache")
		h.Set("Content-Type", "text/html; charset=UTF-8")
		if p.blank {
			return len(b), nil
		}
		_, p.written = io.WriteString(p.w, wire.PageStart("iTop - cron", ""))
	}
	if p.written != nil { // whoever asked has left; the work goes on
		return len(b), nil
	}
	_, p.written = p.w.Write(b)
	return len(b), nil
}

// line writes one line. Texts are not escaped by iTop 3.2.0 (">> ==="); markup
// is here, since messages hold names that come from directories.
func (p *printer) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if p.plain {
		fmt.Fprintf(p, "%s\n", strings.TrimSuffix(text, "\n"))
		return
	}
	fmt.Fprintf(p, "<p>%s</p>", banners.Replace(wire.Escape(text)))
}

// banners keeps the arrows of the banners as recorded.
var banners = strings.NewReplacer("&gt;&gt; ===", ">> ===", "&lt;&lt; ===", "<< ===", "&#039;", "'")

// flush sends what was written: a call lasts minutes.
func (p *printer) flush() {
	if !p.plain {
		_ = http.NewResponseController(p.w).Flush() // a writer that cannot is a test's
	}
}

// end ends the page.
func (p *printer) end() {
	switch {
	case p.plain:
	case p.blank:
		_, _ = p.Write(nil)
	default:
		_, _ = io.WriteString(p, wire.PageEnd)
	}
}

// The widths of the table's columns and of the banners.
const (
	widthTask    = 25
	widthRuns    = 6
	widthStart   = 48
	widthEnd     = 41
	widthSkipped = 40
)

const (
	rule     = "+---------------------------+---------+---------------------+---------------------+"
	ruleLong = rule + "--------+-----------+"
	heads    = "| Task Class                | Status  | Last Run            | Next Run            |"
	headLong = heads + " Nb Run | Avg. Dur. |"
)

// table writes some tasks; long with the number and length of their runs.
func (s *Service) table(p *printer, tasks []int, long bool) {
	line, head := rule, heads
	if long {
		line, head = ruleLong, headLong
	}
	p.line("%s", line)
	p.line("%s", head)
	p.line("%s", line)
	for _, i := range tasks {
		r := s.record(i)
		text := fmt.Sprintf("| %s | %-7s | %-19s | %-19s |", padWith(cut(s.Tasks[i].Name(), widthTask), widthTask, ' '), "active", stamp(r.last), stamp(r.next))
		if long {
			average := 0.0
			if r.runs > 0 {
				average = r.total.Seconds() / float64(r.runs)
			}
			text += fmt.Sprintf(" %*d | %7.3f s |", widthRuns, r.runs, average)
		}
		p.line("%s", text)
	}
	p.line("%s", line)
}

// byNext returns the tasks, those planned first before the others; only those
// that are due when asked so.
func (s *Service) byNext(now time.Time, due bool) []int {
	s.lock.Lock()
	defer s.lock.Unlock()
	var order []int
	for i := range s.records {
		if !due || s.records[i].next.Before(now) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return s.records[a].next.Compare(s.records[b].next) })
	return order
}

// stamp writes a time as the tables do; never is nothing.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateTime)
}

// padWith fills a text up to a width.
func padWith(text string, width int, with byte) string {
	if n := width - len(text); n > 0 {
		return text + strings.Repeat(string(with), n)
	}
	return text
}

func cut(text string, width int) string {
	if len(text) > width {
		return text[:width]
	}
	return text
}
