package collector

import (
	"context"
	"slices"
	"strings"
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
	names, err := a.sourceNames()
	if err != nil {
		return false, err
	}
	questions := []question{
		{"User", "SELECT User WHERE login = " + oqlText(a.synchroLogin()), "*", 0},
		{"SynchroDataSource", "SELECT SynchroDataSource WHERE name IN (" + strings.Join(names, ",") + ")", "*", 0},
		{"SynchroAttribute", "SELECT SynchroAttribute AS a JOIN SynchroDataSource AS s ON a.sync_source_id = s.id WHERE s.name IN (" + strings.Join(names, ",") + ")", "*+", 0},
	}
	if email := a.params.Text("contact_to_notify", ""); email != "" {
		questions = append(questions, question{"Contact", "SELECT Contact WHERE email = " + oqlText(email), "*", 0})
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
	if len(answers) > 3 {
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
	a.sayContact(contacts)
	a.sayUser(users[0])
	return a.areAsExpected(a.rest, sources, attributes)
}

// sourceNames returns the names of the data sources, as OQL writes texts.
func (a *app) sourceNames() ([]string, error) {
	var names []string
	for _, t := range a.tasks {
		expect, err := t.def.expected(a.replacements(t))
		if err != nil {
			return nil, err
		}
		if name := oqlText(member(expect, "name")); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
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
