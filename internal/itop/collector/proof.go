package collector

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"rollcall/internal/rollcall"
)

// question is a core/get that a run can do without: when it gets no answer, the
// run goes the original's way.
type question struct {
	class, key, fields string
	limit, page        int
}

// together asks several questions at once, each a single time.
func (r *rest) together(ctx context.Context, questions ...question) ([]answer, error) {
	answers, failures := make([]answer, len(questions)), make([]error, len(questions))
	var wg sync.WaitGroup
	for i, q := range questions {
		body, err := marshal(newObject().Set("operation", "core/get").Set("class", q.class).Set("key", q.key).
			Set("output_fields", q.fields).Set("limit", q.limit).Set("page", max(1, q.page)))
		if err != nil {
			return nil, err
		}
		wg.Go(func() {
			text, err := r.client.Ask(ctx, restVersion, body)
			if err == nil {
				answers[i], err = readAnswer(text)
			}
			failures[i] = err
		})
	}
	wg.Wait()
	for i, a := range answers {
		switch {
		case failures[i] != nil:
			return nil, failures[i]
		case a.code != 0:
			return answers, rollcall.Errorf(rollcall.Invalid, "%s (%d)", a.message, a.code)
		}
	}
	return answers, nil
}

// proof is how iTop shows that it still has what was sent to it: so many replicas
// of the data source that are not obsolete and were last written in the time of our
// uploads. One that is gone, became obsolete or was written by somebody else is
// not counted; a witness of the newest upload is not there, or is older, in a
// database that was put back to an earlier day.
type proof struct {
	From, To string // when our uploads were, by the database's clock
	Total    int
	Witness  string // id of a replica of the newest upload
	Seen     string // when it was written
	// End is when the newest upload ended, by our clock. To is later by the time that
	// the upload took; what somebody else wrote in between shows by its age.
	End time.Time
}

// seenLayout is a date as iTop writes it. It is only ever compared with others
// of the same clock, so it needs no time zone.
const seenLayout = "2006-01-02 15:04:05"

// condition selects the replicas that prove that iTop has everything, r; w is the
// witness.
func (p proof) condition(source string) string {
	// Both clocks show whole seconds, and they may drift by a second in three hours.
	elapsed := time.Since(p.End)
	age := max(0, int((elapsed-elapsed/10_000)/time.Second)-1)
	return fmt.Sprintf("(r.sync_source_id = %s AND w.id = %s AND w.status_last_seen = '%s' AND r.status != 'obsolete' AND r.status_last_seen >= '%s' AND r.status_last_seen <= '%s' AND r.status_last_seen <= DATE_SUB(NOW(), INTERVAL %d SECOND))",
		source, p.Witness, p.Seen, p.From, p.To, age)
}

var (
	foundCount = regexp.MustCompile(`^Found: ([0-9]+)$`)
	number     = regexp.MustCompile(`^[0-9]+$`)
)

// found returns the number of objects that an answer tells, which is that of all
// however few were asked for; -1 when it tells none.
func (a answer) found() int {
	m := foundCount.FindStringSubmatch(a.message)
	if m == nil {
		return -1
	}
	return phpInt(m[1])
}

// askProofs is the question whether iTop has every row of some uploads as it was
// sent, and the number of replicas that must be found then. Of collectors that load
// the same rows of one data source fewer are found, and each is asked for alone.
func askProofs(ledgers []*ledger) (q question, total int) {
	var conditions, witnesses []string
	for _, l := range ledgers {
		p := l.head.Proof
		conditions = append(conditions, p.condition(l.head.Source))
		witnesses = append(witnesses, p.Witness)
		total += p.Total
	}
	// The witnesses' ids stand apart so that the database begins with them.
	query := "SELECT r FROM SynchroReplica AS r JOIN SynchroDataSource AS s ON r.sync_source_id = s.id JOIN SynchroReplica AS w ON w.sync_source_id = s.id WHERE w.id IN (" +
		strings.Join(witnesses, ",") + ") AND (" + strings.Join(conditions, " OR ") + ")"
	return question{"SynchroReplica", query, "status", 1, 1}, total
}

// untouched reports whether iTop has every row of an upload as it was sent.
func (r *rest) untouched(ctx context.Context, l *ledger) bool {
	q, total := askProofs([]*ledger{l})
	answers, err := r.together(ctx, q)
	if err != nil {
		r.log.debugf("iTop does not say what it has: %s", err)
		return false
	}
	r.log.debugf("iTop has %d of %d rows as they were sent.", answers[0].found(), total)
	return answers[0].found() == total
}

// prove asks for the proof of an upload that began at begin: so many rows were
// sent, and iTop has so many of all when it took them. It is nil when other rows
// were written since, unless it was all of them.
func (r *rest) prove(ctx context.Context, source string, begin time.Time, sent, all int) *proof {
	// One second more, since the database's clock shows whole ones.
	end := time.Now()
	seconds := int(end.Sub(begin)/time.Second) + 2
	// The last of them is the witness: a database that was put back to the midst of
	// the upload does not have it yet.
	answers, err := r.together(ctx, question{"SynchroReplica",
		fmt.Sprintf("SELECT SynchroReplica WHERE sync_source_id = %s AND status != 'obsolete' AND status_last_seen >= DATE_SUB(NOW(), INTERVAL %d SECOND)", source, seconds), "status_last_seen", 1, sent})
	if err != nil {
		r.log.debugf("iTop does not say what it has: %s", err)
		return nil
	}
	a := answers[0]
	// More than one object: this iTop is older than limits, and asking it again
	// would cost more than it saves.
	if n := a.found(); n != sent && n != all || len(a.objects) != 1 || !number.MatchString(a.objects[0].id) {
		r.log.debugf("iTop has written %d rows since the upload began, and %d were sent: the next run sends all of them.", a.found(), sent)
		return nil
	}
	seen := member(a.objects[0].fields, "status_last_seen")
	at, err := time.Parse(seenLayout, seen)
	if err != nil {
		return nil
	}
	span := time.Duration(seconds) * time.Second
	return &proof{From: at.Add(-span).Format(seenLayout), To: at.Add(span).Format(seenLayout), Total: all, Witness: a.objects[0].id, Seen: seen, End: end.UTC()}
}
