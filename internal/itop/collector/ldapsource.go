package collector

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

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

	conn *directory.Conn
	out  row
	buf  []byte
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
	s := &ldapSource{app: a, task: t, title: "Persons", counted: "(Persons)", filter: t.params.Text("ldappersonfilter", "(&(objectClass=user)(objectCategory=person))")}
	return s, s.build("person_fields", "person_defaults", "person_maps")
}

// newUsers builds the collector of users.
func (a *app) newUsers(t *task) (rowSource, error) {
	s := &ldapSource{app: a, task: t, title: "LDAPUsers", counted: "(Users)", warn: true, filter: t.params.Text("ldapuserfilter", "(&(objectClass=user)(objectCategory=person))")}
	return s, s.build("user_fields", "user_defaults", "user_maps")
}

// newEntries builds the collector of a section with an ldapfilter.
func (a *app) newEntries(t *task) (rowSource, error) {
	s := &ldapSource{app: a, task: t, title: t.class, counted: "(" + t.class + ")", filter: t.section.Get("ldapfilter").str(), warn: true}
	return s, s.build("", "", "")
}

// build reads the mapping and lays out the columns.
func (s *ldapSource) build(fields, defaults, maps string) error {
	p := s.task.params
	var err error
	if s.session, err = newSession(p, s.app.log, s.app.strict); err != nil {
		return err
	}
	s.base = p.Text("ldapdn", "DC=company,DC=com")
	if v := s.task.section.Get("ldapdn"); v != nil {
		s.base = v.str()
	}
	var constants, tables, links *Value
	if fields != "" {
		if s.fields, err = p.Hash(fields); err != nil {
			return err
		}
		if constants, err = p.Hash(defaults); err != nil {
			return err
		}
		if tables, err = p.Hash(maps); err != nil {
			return err
		}
	} else {
		s.fields, constants, tables = s.task.section.Get("fields"), s.task.section.Get("defaults"), s.task.section.Get("maps")
	}
	links = s.task.section.Get("links")
	if s.fields == nil {
		s.fields = hash()
	}
	if s.fields.Len() == 0 && isKnownClass(s.task.class) {
		s.fields.set("primary_key", scalar("samaccountname"))
	}
	if isLDAPUser(s.task.class) {
		if s.profile, err = newProfileRule(p, constants, s.app.strict); err != nil {
			return err
		}
	}
	if err := s.layOut(constants, tables, links); err != nil {
		return err
	}
	s.introduceWith(constants)
	return nil
}

// layOut settles the columns in the original's order: the key, the defaults, the
// other fields, and of users the profiles.
func (s *ldapSource) layOut(constants, tables, links *Value) error {
	add := func(name string) error {
		if slices.Contains(s.names, name) {
			return nil
		}
		c := column{name: name, attr: -1, fallback: []byte(constants.Get(name).str())}
		if from := s.fields.Get(name); from != nil {
			s.use(&c, from.str())
		}
		if table := tables.Get(name); table != nil {
			var err error
			if c.table, err = newMappingTable(name, table, s.app.log); err != nil {
				return err
			}
		}
		s.append(c)
		return nil
	}
	order := []string{"primary_key"}
	if constants != nil {
		order = append(order, constants.Keys...)
	}
	order = append(order, s.fields.Keys...)
	for _, name := range order {
		if name == "profile" && s.profile != nil {
			continue
		}
		if err := add(name); err != nil {
			return err
		}
	}
	if links != nil {
		for _, name := range links.Keys {
			c := column{name: name, attr: -1, link: links.Get(name).Get("item").str()}
			s.use(&c, links.Get(name).Get("from").str())
			c.pick.all = true
			s.append(c)
		}
	}
	if s.profile != nil {
		s.layOutProfiles()
	}
	s.out = row{columns: s.names, cells: make([]cell, len(s.plan))}
	return nil
}

// use fills a column from an LDAP attribute.
func (s *ldapSource) use(c *column, from string) {
	attr, pick := parsePick(from, s.app.strict)
	c.pick = pick
	if attr == "" {
		return // the original asks for an attribute without a name, and gets nothing
	}
	c.attr = s.ask(attr)
}

// ask returns the place of an attribute among those asked for.
func (s *ldapSource) ask(attr string) int {
	for i, a := range s.asked {
		if strings.EqualFold(a, attr) {
			return i
		}
	}
	s.asked = append(s.asked, attr)
	return len(s.asked) - 1
}

func (s *ldapSource) append(c column) {
	if c.name == "picture" && c.attr >= 0 && !s.app.strict {
		for i, name := range pictureColumns {
			c.name, c.picture = name, i+1
			s.plan, s.names = append(s.plan, c), append(s.names, name)
		}
		return
	}
	s.plan, s.names = append(s.plan, c), append(s.names, c.name)
}

var pictureColumns = []string{"picture_data", "picture_mimetype", "picture_filename"}

func (s *ldapSource) layOutProfiles() {
	if s.profile.synchronize {
		s.profile.groups = s.ask(s.profile.attribute())
	}
	for i := range s.plan {
		if s.plan[i].name == "profile_list" {
			s.plan[i].profile = true
			return
		}
	}
	s.append(column{name: "profile_list", attr: -1, profile: true})
}

// adapt lets the definition that comes with the program take what the mapping
// gives beyond the original.
func (s *ldapSource) adapt(d *definition) {
	if slices.Contains(s.names, pictureColumns[0]) {
		d.addColumns("picture", pictureColumns...)
	}
}

// amend switches on the attributes that the built-in definition leaves off until
// somebody maps them.
func (s *ldapSource) amend(expect *object) {
	if !s.task.def.built || s.app.strict {
		return
	}
	for _, a := range attributeList(expect) {
		code := member(a, "attcode")
		mapped := slices.Contains(s.names, code) || code == "picture" && slices.Contains(s.names, pictureColumns[0])
		if mapped && slices.Contains([]string{"manager_id", "location_id", "picture", "notify"}, code) {
			a.Set("update", "1").Set("update_policy", "master_locked")
		}
	}
}

func (s *ldapSource) optional(attribute string) bool {
	switch {
	case isLDAPUser(s.task.class):
		return attribute == "ldap_server" || attribute == "reset_pwd_token"
	case isLDAPPerson(s.task.class):
		return attribute == "anonymized" || attribute == "picture"
	}
	return slices.Contains(s.task.params.byCase(s.task.class+"_ignored_attributes").texts(), attribute)
}

func (s *ldapSource) quiet(column string) bool { return s.optional(column) }

// introduce says what is mapped from where.
func (s *ldapSource) introduce() {
	constants := s.task.params.Get(map[bool]string{true: "user_defaults", false: "person_defaults"}[isLDAPUser(s.task.class)])
	if !isKnownClass(s.task.class) {
		constants = s.task.section.Get("defaults")
	}
	s.introduceWith(constants)
}

func (s *ldapSource) introduceWith(constants *Value) {
	required := map[string][]string{"Persons": {"primary_key", "name"}, "LDAPUsers": {"primary_key", "login"}}[s.title]
	if required == nil {
		required = []string{"primary_key"}
	}
	for _, name := range required {
		if s.fields.Get(name) == nil {
			s.app.log.errorf("%s: You MUST specify a mapping for the field:'%s'", s.title, name)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: Mapping of the fields:\n", s.title)
	for _, k := range s.fields.Keys {
		fmt.Fprintf(&b, "   iTop '%s' is filled from LDAP '%s' ", k, s.fields.Get(k).str())
		if d := constants.Get(k); d != nil {
			fmt.Fprintf(&b, ", default value: '%s'", d.str())
		}
		b.WriteByte('\n')
	}
	if s.profile != nil {
		b.WriteString(s.profile.describe())
	}
	if constants != nil {
		for _, k := range constants.Keys {
			if s.fields.Get(k) == nil && (k != "profile" || s.profile == nil) {
				fmt.Fprintf(&b, "   iTop '%s' is filled with the constant value '%s'\n", k, constants.Get(k).str())
			}
		}
	}
	s.app.log.debugf("%s", b.String())
}

// prepare connects and signs in.
func (s *ldapSource) prepare(ctx context.Context) error {
	conn, err := s.session.open(ctx)
	if err != nil {
		return errPrepare
	}
	s.conn = conn
	if err := s.readFollowed(ctx); err != nil {
		_ = conn.Close()
		return s.searchFailed(err)
	}
	return nil
}

func (s *ldapSource) searchFailed(err error) error {
	s.app.log.held = nil // what was to be said of rows that do not count
	s.app.log.release()
	s.app.log.errorf("ldap_search('%s', '%s') FAILED (%s).", s.base, s.filter, ldapReason(err, s.app.strict))
	return errPrepare
}

// fetch reads the entries. The number of entries is known at the end, and said
// before what happened on the way, as in the original, which reads them all
// first.
func (s *ldapSource) fetch(ctx context.Context, emit func(*row) error) error {
	defer s.conn.Close()
	reader, err := ldap.New(ldap.Config{
		Directory: s.session.config, Bases: []string{s.base}, Filter: s.filter, Key: rollcall.FieldDN, Fields: s.asked,
		Groups: ldap.Groups{Bases: s.groupBases()}, Now: s.app.env.Now,
	})
	if err != nil {
		return s.searchFailed(err)
	}
	log := s.app.log
	search := fmt.Sprintf("ldap_search('%s', '%s', ['%s'])...", s.base, s.filter, strings.Join(s.wanted(), "', '"))
	log.debugf("%s", search)
	log.delay()
	var failed error // of emit: not the directory's fault
	n := 0
	result, err := reader.CollectOver(ctx, s.conn, func(e *rollcall.Entry) error {
		ok := s.fill(e, n)
		n++
		if !ok {
			return nil
		}
		failed = emit(&s.out)
		return failed
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		return s.searchFailed(err)
	}
	s.report(result, search)
	return nil
}

// report says what the search came to, before what was held back meanwhile.
func (s *ldapSource) report(result directory.Result, search string) {
	log := s.app.log
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

// fill makes a row of an entry; it returns false for one without a key.
func (s *ldapSource) fill(e *rollcall.Entry, index int) bool {
	s.buf = s.buf[:0]
	if key := s.value(e, &s.plan[0]); len(key) == 0 {
		if s.warn {
			s.skipped = append(s.skipped, index)
		}
		return false
	}
	for i := range s.plan {
		s.out.cells[i].text = s.value(e, &s.plan[i])
	}
	return true
}

// value works out one cell.
func (s *ldapSource) value(e *rollcall.Entry, c *column) []byte {
	if c.profile {
		return s.profile.value(s, e, c)
	}
	v, ok := s.attribute(e, c)
	if !ok {
		v = c.fallback
	} else if c.table != nil {
		if mapped, found := c.table.find(string(v)); found {
			v = []byte(mapped)
		}
	}
	return v
}

// attribute returns what an entry has for a column, false when it has nothing.
func (s *ldapSource) attribute(e *rollcall.Entry, c *column) ([]byte, bool) {
	if c.attr < 0 {
		return nil, false
	}
	values := e.Values[c.attr]
	if c.pick.index > 0 {
		if c.pick.index > len(values) {
			return nil, false
		}
		values = values[c.pick.index-1 : c.pick.index]
	}
	if len(values) == 0 {
		return nil, false
	}
	if c.pick.follow != "" {
		if values = s.followed(values, c.pick); len(values) == 0 {
			return nil, false
		}
	}
	switch {
	case c.picture > 0:
		return picture(values[0], c.picture, e), true
	case c.link != "":
		return s.links(values, c.link), true
	case c.pick.all:
		return bytes.Join(values, []byte(c.pick.separator)), true
	}
	return s.clean(values[0]), true
}

// clean makes sure that a cell is UTF-8, which iTop's upload demands.
func (s *ldapSource) clean(v []byte) []byte {
	if s.app.strict || utf8.Valid(v) {
		return v
	}
	return bytes.ToValidUTF8(v, []byte("\uFFFD"))
}

// links writes a link set: person_id->email:a@example.com|person_id->email:….
func (s *ldapSource) links(values [][]byte, item string) []byte {
	var b []byte
	for i, v := range values {
		if i > 0 {
			b = append(b, '|')
		}
		text := item + string(v)
		if strings.ContainsAny(string(v), "|;'") {
			text = "'" + strings.ReplaceAll(text, "'", "''") + "'"
		}
		b = append(b, text...)
	}
	return b
}

// picture returns one of the three columns of a picture.
func picture(data []byte, part int, e *rollcall.Entry) []byte {
	kind := http.DetectContentType(data)
	switch part {
	case 1:
		return base64.StdEncoding.AppendEncode(nil, data)
	case 2:
		return []byte(kind)
	}
	name := "picture"
	if dn, err := rollcall.ParseDN(string(e.Name)); err == nil && dn.RDN() != "" {
		name = dn.RDN()
	}
	_, ending, _ := strings.Cut(kind, "/")
	return []byte(name + "." + ending)
}
