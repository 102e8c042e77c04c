package collector

import (
	"context"
	"slices"
	"strings"
	"time"
)

// lookAtOnce reads everything that the definitions are compared with by a few
// questions at the same time, where the original asks for one thing after the
// other. It reports whether all is as it should be, and has said so; when anything
// is not, nothing was said, and the original's way finds out what.
func (a *app) lookAtOnce(ctx context.Context) (settled bool, err error) {
	// At the level of details the log shows each request of the original.
	if a.strict || a.log.level >= levelDebug || len(a.tasks) == 0 {
		return false, nil
	}
	names, known, err := a.expectations()
	if err != nil {
		return false, err
	}
	questions := []question{
		{"User", "SELECT User WHERE login = " + oqlText(a.synchroLogin()), "*", 0, 0},
		{"SynchroDataSource", "SELECT SynchroDataSource WHERE name IN (" + strings.Join(names, ",") + ")", "*", 0, 0},
		{"SynchroAttribute", "SELECT SynchroAttribute AS a JOIN SynchroDataSource AS s ON a.sync_source_id = s.id WHERE s.name IN (" + strings.Join(names, ",") + ")", "*+", 0, 0},
	}
	email := a.params.Text("contact_to_notify", "")
	if email != "" {
		questions = append(questions, question{"Contact", "SELECT Contact WHERE email = " + oqlText(email), "*", 0, 0})
	}
	total := 0
	if len(known) > 0 {
		var q question
		q, total = askProofs(known)
		questions = append(questions, q)
	}
	answers, err := a.rest.together(ctx, questions...)
	if err != nil {
		if ctx.Err() != nil {
			return false, err
		}
		if len(answers) > 0 && strings.Contains(answers[0].message, "Invalid login") {
			return false, errNoAPI // asking on would only count as more wrong passwords
		}
		return false, nil
	}
	users, sources, attributes := answers[0].objects, answers[1].objects, answers[2].objects
	if len(users) == 0 || len(sources) != len(names) {
		return false, nil
	}
	a.user = users[0].id
	var contacts []found
	if email != "" {
		if contacts = answers[3].objects; len(contacts) == 0 {
			return false, nil
		}
		a.contact = contacts[0].id
	}
	// First without a word: what is said must hold for all of them.
	quiet := &rest{client: a.client, log: &logger{level: -1, eventLevel: -1}}
	if same, err := a.areAsExpected(quiet, sources, attributes); !same || err != nil {
		return false, err
	}
	if len(known) > 0 && answers[len(answers)-1].found() == total {
		for _, t := range a.tasks {
			t.proven = time.Now()
		}
	}
	a.sayContact(contacts)
	a.sayUser(users[0])
	return a.areAsExpected(a.rest, sources, attributes)
}

// expectations returns the names of the data sources, as OQL writes texts, and what
// was sent to them before, where all but changes may stay unsent.
func (a *app) expectations() (names []string, known []*ledger, err error) {
	for _, t := range a.tasks {
		expect, err := t.def.expected(a.replacements(t))
		if err != nil {
			return nil, nil, err
		}
		if name := oqlText(member(expect, "name")); !slices.Contains(names, name) {
			names = append(names, name)
		}
		if a.skipping(t, expect) == 0 || a.options.ConfigureOnly {
			continue
		}
		if t.known = readLedger(ledgerOf(a.stem(t.label))); t.known != nil && t.known.head.URL == a.client.URL() {
			known = append(known, t.known)
		}
	}
	return names, known, nil
}

// areAsExpected compares every data source with its definition.
func (a *app) areAsExpected(r *rest, sources, attributes []found) (bool, error) {
	for _, t := range a.tasks {
		s, err := a.definitionOf(t)
		if err != nil {
			return false, err
		}
		s.rest = r
		i := slices.IndexFunc(sources, func(f found) bool { return member(f.fields, "name") == s.name })
		if i < 0 || checkDefinition(s.expect) != nil {
			return false, nil
		}
		s.id = sources[i].id
		if s.isDifferent(sources[i].fields, attributesOfSource(sources[i], attributes)) {
			return false, nil
		}
		r.log.infof("Ok, the Synchro Data Source '%s' exists in iTop and is up to date", s.name)
		s.rest, t.sds = a.rest, s
	}
	return true, nil
}

// attributesOfSource returns the attributes of a data source with all that iTop
// knows of them.
func attributesOfSource(source found, attributes []found) []*object {
	short := attributeList(source.fields)
	for i, a := range short {
		for _, f := range attributes {
			if member(f.fields, "sync_source_id") == source.id && member(f.fields, "attcode") == member(a, "attcode") {
				short[i] = withoutNames(f.fields)
			}
		}
	}
	return short
}

// oqlText writes a text as OQL does.
func oqlText(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}
