package collector

import (
	"context"
	"fmt"
	"strings"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source/ldap"
)

// The classes whose collectors the original's LDAP application brings.
const (
	personClass = "iTopPersonLDAPCollector"
	userClass   = "iTopUserLDAPCollector"
)

func isLDAPPerson(class string) bool { return class == personClass }
func isLDAPUser(class string) bool   { return class == userClass }

// isKnownClass reports whether a class needs no section of its own.
func isKnownClass(class string) bool { return isLDAPPerson(class) || isLDAPUser(class) }

// isLDAPClass reports whether a class reads a directory.
func (a *app) isLDAPClass(class string) bool {
	return isKnownClass(class) || a.params.byCase(class).Get("ldapfilter") != nil
}

// ldapSource is a collector that reads a directory: persons, users, or what a
// section with an ldapfilter describes.
type ldapSource struct {
	app     *app
	log     *logger // a fork of the application's
	task    *task
	session *session
	title   string // Persons, LDAPUsers or the class: how the log calls it
	counted string // (Persons) or (Users)
	base    string
	filter  string
	fields  *Value
	plan    []column
	names   []string // the columns of the rows
	asked   []string // LDAP attributes, as asked for
	warn    bool     // an entry without a key is told of
	skipped []int    // the entries without a key
	follow  map[string]map[string]string
	profile *profileRule

	conn       *directory.Conn
	companions []*companion
	out        row
	buf        []byte
	entries    int
}

// column is one column of the rows and where its value comes from.
type column struct {
	name     string
	attr     int // into asked; -1 for a constant
	pick     pick
	fallback []byte
	table    *mappingTable
	link     string // link set: what each item begins with, such as person_id->email:
	picture  int    // 1 to 3: data, type and name of a picture
	profile  bool
}

var _ rowSource = (*ldapSource)(nil)

// newPersons builds the collector of persons.
func (a *app) newPersons(t *task) (rowSource, error) {
	s := &ldapSource{app: a, log: a.log.fork(), task: t, title: "Persons", counted: "(Persons)", filter: t.params.Text("ldappersonfilter", "(&(objectClass=user)(objectCategory=person))")}
	return s, s.build("person_fields", "person_defaults", "person_maps")
}

// newUsers builds the collector of users.
func (a *app) newUsers(t *task) (rowSource, error) {
	s := &ldapSource{app: a, log: a.log.fork(), task: t, title: "LDAPUsers", counted: "(Users)", warn: true, filter: t.params.Text("ldapuserfilter", "(&(objectClass=user)(objectCategory=person))")}
	return s, s.build("user_fields", "user_defaults", "user_maps")
}

// newEntries builds the collector of a section with an ldapfilter.
func (a *app) newEntries(t *task) (rowSource, error) {
	s := &ldapSource{app: a, log: a.log.fork(), task: t, title: t.class, counted: "(" + t.class + ")", filter: t.section.Get("ldapfilter").str(), warn: true}
	return s, s.build("", "", "")
}

// prepare connects and signs in.
func (s *ldapSource) prepare(ctx context.Context) error {
	if err := s.prepareBy(ctx, directory.Dial); err != nil {
		if s.conn != nil {
			_ = s.conn.Close()
		}
		return err
	}
	for _, c := range s.companions {
		c.prepare(ctx, s.conn)
	}
	return nil
}

// prepareBy is prepare over the connection that dial makes or has.
func (s *ldapSource) prepareBy(ctx context.Context, dial dial) error {
	conn, err := s.session.open(ctx, dial)
	if err != nil {
		return errPrepare
	}
	s.conn = conn
	if err := s.readFollowed(ctx); err != nil {
		return s.searchFailed(err)
	}
	return nil
}

func (s *ldapSource) searchFailed(err error) error {
	s.log.held = nil // what was to be said of rows that do not count
	s.log.release()
	s.log.errorf("ldap_search('%s', '%s') FAILED (%s).", s.base, s.filter, ldapReason(err, s.app.strict))
	return errPrepare
}

// fetch reads the entries, for the companions too. The number of entries is
// known at the end, and said before what happened on the way, as in the original,
// which reads them all first.
func (s *ldapSource) fetch(ctx context.Context, emit func(*row) error) error {
	defer s.conn.Close()
	reader, err := ldap.New(ldap.Config{
		Directory: s.session.config, Bases: []string{s.base}, Filter: s.filter, Key: rollcall.FieldDN, Fields: s.fieldsOfAll(),
		Groups: ldap.Groups{Bases: s.groupBases()}, Now: s.app.env.Now,
	})
	if err != nil {
		return s.searchFailed(err)
	}
	s.begin()
	for _, c := range s.companions {
		c.source.begin()
	}
	var failed error // of emit: not the directory's fault
	result, err := reader.CollectOver(ctx, s.conn, func(e *rollcall.Entry) error {
		if failed = s.take(e, emit); failed != nil {
			return failed
		}
		for _, c := range s.companions {
			c.take(e)
		}
		return nil
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		return s.searchFailed(err)
	}
	s.report(result)
	for _, c := range s.companions {
		c.source.report(result)
	}
	return nil
}

// begin says that the search begins.
func (s *ldapSource) begin() {
	s.entries = 0
	s.log.debugf("%s", s.search())
	s.log.delay()
}

// search is how the log calls the search.
func (s *ldapSource) search() string {
	return fmt.Sprintf("ldap_search('%s', '%s', ['%s'])...", s.base, s.filter, strings.Join(s.wanted(), "', '"))
}

// take hands on the row of an entry.
func (s *ldapSource) take(e *rollcall.Entry, emit func(*row) error) error {
	ok := s.fill(e, s.entries)
	s.entries++
	if !ok {
		return nil
	}
	return emit(&s.out)
}

// report says what the search came to, before what was held back meanwhile.
func (s *ldapSource) report(result directory.Result) {
	log := s.log
	search := s.search()
	held := log.held
	log.held = nil
	log.release()
	for range result.Pages - 1 {
		log.debugf("%s", search)
	}
	if s.session.config.PageSize < 0 {
		log.debugf("ldap_search() Ok.")
	}
	log.infof("%s Number of entries found on LDAP: %d", s.counted, result.Entries)
	for _, index := range s.skipped {
		log.warningf("Skipping row #%d because of lack of primary key. Is %s the right field to use as a primary key?", index, s.fields.Get("primary_key").str())
	}
	s.skipped = nil
	for _, r := range held {
		log.write(r.level, r.text)
	}
}

// wanted lists what is asked for as the original's log shows it, doubles
// included.
func (s *ldapSource) wanted() []string {
	list := s.fields.texts()
	if s.profile != nil && s.profile.synchronize {
		list = append(list, s.profile.attribute())
	}
	return list
}

func (s *ldapSource) groupBases() []string {
	if v := s.task.params.Text("ldapgroupdn", ""); v != "" {
		return []string{v}
	}
	return nil
}
