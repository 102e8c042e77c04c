package collector

import "fmt"

// oldNames are parameters of the LDAP collector's module 1.1 of 2017 and what
// took their place.
var oldNames = []struct{ old, hash, entry string }{
	{"person_id", "person_fields", "primary_key"},
	{"person_name", "person_fields", "name"},
	{"person_first_name", "person_fields", "first_name"},
	{"person_email", "person_fields", "email"},
	{"person_phone", "person_fields", "phone"},
	{"person_mobile_phone", "person_fields", "mobile_phone"},
	{"person_function", "person_fields", "function"},
	{"person_employee_number", "person_fields", "employee_number"},
	{"person_default_organisation_id", "person_defaults", "org_id"},
	{"person_default_status", "person_defaults", "status"},
	{"person_ou", "", "ldapdn"},
	{"user_id", "user_fields", "primary_key"},
	{"user_contactid", "user_fields", "contactid"},
	{"user_default_profile", "user_defaults", "profile"},
	{"user_default_language", "user_defaults", "language"},
	{"synchronize_profils", "", "synchronize_profiles"},
	{"synchro_profiles", "", "synchronize_profiles"},
}

// renamed reads parameters under their old names, as if they stood under the new
// ones, and returns a notice for each.
func renamed(p *Parameters) []string {
	var notes []string
	for _, o := range oldNames {
		v := p.root.Get(o.old)
		if v == nil || !v.Scalar {
			continue
		}
		if o.hash == "" {
			p.root.set(o.entry, v)
			notes = append(notes, fmt.Sprintf("the parameter <%s> is an old name: write <%s> instead.", o.old, o.entry))
			continue
		}
		h := p.root.Get(o.hash)
		if h == nil || h.Scalar {
			h = hash()
			p.root.set(o.hash, h)
		}
		h.set(o.entry, v)
		notes = append(notes, fmt.Sprintf("the parameter <%s> is an old name: write <%s> within <%s> instead.", o.old, o.entry, o.hash))
	}
	return notes
}
