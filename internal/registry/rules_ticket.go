package registry

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"rollcall/internal/rollcall"
)

// priorities are those of a request by its impact (rows) and urgency, from 1.
var priorities = [3][4]string{
	{"1", "1", "2", "4"},
	{"1", "2", "3", "4"},
	{"2", "3", "3", "4"},
}

// prepareTicket fills in what follows from the rest of a ticket: its dates, its
// priority, and where it stands in the words that all tickets share.
func prepareTicket(e *Editor, it *item) {
	o := &it.object
	now := e.origin.At.UTC().Format(rollcall.DateTimeLayout)
	if it.was == nil && o.Get("start_date") == "" {
		o.Set("start_date", now)
	}
	o.Set("last_update", now)
	impact, _ := strconv.Atoi(o.Get("impact")) // what is no number has no priority
	urgency, _ := strconv.Atoi(o.Get("urgency"))
	if 0 < impact && impact <= len(priorities) && 0 < urgency && urgency <= len(priorities[0]) {
		o.Set("priority", priorities[impact-1][urgency-1])
	}
	switch status := o.Get("status"); status {
	case "resolved", "closed":
		o.Set("operational_status", status)
	default:
		o.Set("operational_status", "ongoing")
	}
	measure(o, "tto", "start_date", "assignment_date")
	measure(o, "ttr", "start_date", "resolution_date")
	measure(o, "time_spent", "start_date", "resolution_date")
}

// measure sets an attribute to the seconds between two dates, once both are
// there.
func measure(o *rollcall.Object, code, from, to string) {
	start, err := time.Parse(rollcall.DateTimeLayout, o.Get(from))
	if err != nil {
		return
	}
	end, err := time.Parse(rollcall.DateTimeLayout, o.Get(to))
	if err != nil {
		return
	}
	o.Set(code, strconv.FormatInt(int64(end.Sub(start)/time.Second), 10))
}

// ticketLetters begin the reference of a ticket, by class.
var ticketLetters = []struct{ class, letter string }{{"UserRequest", "R"}, {"Incident", "I"}, {"Change", "C"}}

// completeTicket names a new ticket after its number.
func completeTicket(it *item) {
	if it.object.Get("ref") != "" {
		return
	}
	letter := "T"
	if i := slices.IndexFunc(ticketLetters, func(l struct{ class, letter string }) bool {
		return l.class == it.class.Name || l.class == it.class.Parent
	}); i >= 0 {
		letter = ticketLetters[i].letter
	}
	it.object.Set("ref", fmt.Sprintf("%s-%06d", letter, it.object.ID))
}
