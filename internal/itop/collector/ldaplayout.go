package collector

import (
	"fmt"
	"slices"
	"strings"
)

// build reads the mapping and lays out the columns.
func (s *ldapSource) build(fields, defaults, maps string) error {
	p := s.task.params
	var err error
	if s.session, err = newSession(p, s.log, s.app.strict); err != nil {
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
			if c.table, err = newMappingTable(name, table, s.log); err != nil {
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
			s.log.errorf("%s: You MUST specify a mapping for the field:'%s'", s.title, name)
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
	s.log.debugf("%s", b.String())
}
