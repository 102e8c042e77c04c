package notify

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// Ended is how one source's synchronization ended: as its counters say, unless
// Failed or Held says otherwise.
type Ended struct {
	Name     string
	Counters rollcall.Counters
	Start    time.Time
	End      time.Time
	Failed   string // why it did not start, was held or was interrupted; "" when it went through
	Started  bool   // it was under way when it failed
	Held     string // which limit or proof stopped it; nothing was changed
	Run      int64  // what rollcall runs calls it
}

// OfRun words the notice of a run that ended in error, in the form that iTop
// 3.2.0 gives it, without its links into pages of its own, or of one that was
// held; nil when there is nothing to tell.
func OfRun(e Ended, to []string, now time.Time) *rollcall.Dispatch {
	suffix, sentences := ending(&e)
	if suffix == "" || len(to) == 0 {
		return nil
	}
	n := &rollcall.Dispatch{Channel: rollcall.ChannelMail, Created: now, To: to, State: rollcall.DispatchWaiting, Subject: "iTop Data Sync - " + oneLine(e.Name) + " - " + suffix}
	var text, page strings.Builder
	fmt.Fprintf(&text, "Data synchronization: %s\n", e.Name)
	fmt.Fprintf(&page, "<p>Data synchronization: %s</p>", html.EscapeString(e.Name))
	for _, s := range sentences {
		fmt.Fprintf(&text, "\n%s\n", s)
		fmt.Fprintf(&page, "<p>%s</p>", html.EscapeString(s))
	}
	if e.Failed == "" && e.Held == "" {
		text.WriteString("\nStatistics\n")
		page.WriteString("<h1>Statistics</h1><ul>")
		for _, line := range statistics(&e) {
			fmt.Fprintf(&text, "  %s: %s\n", line[0], line[1])
			fmt.Fprintf(&page, "<li>%s: %s</li>", line[0], line[1])
		}
		page.WriteString("</ul>")
	}
	n.Text, n.HTML = text.String(), page.String()
	return n
}

// ending returns the end of the subject and what happened; "" when all is well.
func ending(e *Ended) (suffix string, sentences []string) {
	switch n := e.Counters.Errors(); {
	case e.Held != "":
		return "held", []string{
			fmt.Sprintf("The synchronization was held before it changed anything: %s.", strings.TrimSuffix(e.Held, ".")),
			fmt.Sprintf("rollcall runs %d --changes shows what it would do, rollcall apply %d carries it out, rollcall apply --drop %d refuses it.", e.Run, e.Run, e.Run),
		}
	case e.Failed != "" && !e.Started:
		return "fatal error", []string{fmt.Sprintf("The synchronization could not start: '%s'", e.Failed), "Please check its configuration"}
	case e.Failed != "":
		return "exception", []string{fmt.Sprintf("The synchronization has been interrupted: '%s'", e.Failed), "Please contact the application support team"}
	case n > 0:
		return fmt.Sprintf("errors (%d)", n), []string{fmt.Sprintf("The synchronization has been executed, %d errors have been encountered.", n)}
	}
	return "", nil
}

func statistics(e *Ended) [][2]string {
	c := &e.Counters
	lines := [][2]string{
		{"Start", e.Start.UTC().Format(time.DateTime)},
		{"End", e.End.UTC().Format(time.DateTime)},
	}
	for _, count := range []struct {
		label string
		n     int
	}{
		{"Replicas seen", c.Seen}, {"Replicas in total", c.Total},
		{"Objects deleted", c.Deleted}, {"Deletion errors", c.DeletedErrors},
		{"Objects obsoleted", c.Obsoleted}, {"Obsolescence errors", c.ObsoletedErrors},
		{"Objects created", c.Created}, {"Creation errors", c.CreatedErrors},
		{"Objects updated", c.Updated}, {"Update errors", c.UpdatedErrors},
		{"Reconciliation errors", c.ReconciledErrors},
	} {
		lines = append(lines, [2]string{count.label, strconv.Itoa(count.n)})
	}
	return lines
}

// oneLine keeps a name from adding lines to a mail's header.
func oneLine(s string) string {
	return strings.Join(strings.Fields(s), " ")
}
