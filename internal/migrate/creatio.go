package migrate

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// The codes of Creatio's system settings that are asked for in more than one
// place.
const (
	ctServer, ctLogin, ctAuth = "LDAPServer", "LDAPServerLogin", "LDAPAuthType"
	ctKDC, ctSSL              = "LDAPKeyDistributionCenter", "LDAPUseSecureConnection"
	ctOnlyGroups, ctGrant     = "LDAPSynchronizeOnlyGroups", "LDAPAllowLicenseDistributionDuringLDAPSync"
	ctLicences                = "LdapUserLicPackages"
	ctUsers, ctUserLogin      = "LDAPUsersEntry", "LDAPUserLoginAttribute"
	ctUserFilter              = "LDAPUsersFilter"
	ctGroups, ctGroupName     = "LDAPGroupsEntry", "LDAPGroupNameAttribute"
	ctGroupFilter, ctMembers  = "LDAPGroupsFilter", "LDAPUsersInGroupFilter"
	ctUserKey, ctGroupKey     = "LDAPUserIdentityAttribute", "LDAPGroupIdentityAttribute"
	ctFullName, ctModified    = "LDAPUserFullNameAttribute", "LDAPEntryModifiedOnAttribute"
	ctCompany, ctJobTitle     = "LDAPUserCompanyAttribute", "LDAPUserJobTitleAttribute"
	ctRoles                   = "SysAdminUnit"
)

// creatioNames are the settings, by code, as their page calls them. Those that
// are needed have no default that would suit every directory.
var creatioNames = []struct {
	code, page string
	isNeeded   bool
}{
	{ctServer, "Server name", true}, {"LDAPSynchInterval", "Synchronization interval (hours)", false}, {ctAuth, "Authentication type", false},
	{ctKDC, "Key Distribution Center", false}, {ctOnlyGroups, "Synchronize only groups", false}, {ctGrant, "Grant licenses", false},
	{ctLicences, "", false}, {ctSSL, "Use SSL", false}, {ctLogin, "Administrator login", false}, {"LDAPServerPassword", "Password", false},
	{ctUsers, "Domain name", true}, {ctFullName, "User name", true}, {ctUserLogin, "Username", true}, {ctUserKey, "User Id", true},
	{ctModified, "Modification date attribute", true}, {"LDAPUserEmailAttribute", "Email", false}, {ctCompany, "Company name", false},
	{"LDAPUserPhoneAttribute", "Phone number", false}, {ctJobTitle, "Job title", false}, {ctGroupName, "LDAP group name", true},
	{ctGroups, "Groups domain name", true}, {ctGroupKey, "Group Id", true}, {ctUserFilter, "List of users", true},
	{ctGroupFilter, "List of groups", true}, {ctMembers, "List of group users", true},
	{"LDAPEntryMaxModifiedOn", "Maximum modification date of LDAP entry", false}, {"LDAPLastSynchDate", "Date of last synchronization", false},
}

// foldCode lets a setting be named by its code or as its page calls it, in any
// case.
func foldCode(name string) string {
	for _, n := range creatioNames {
		if strings.EqualFold(n.code, name) || n.page != "" && strings.EqualFold(n.page, name) {
			return n.code
		}
	}
	return name
}

// creatio is a conversion of Creatio's settings on its way.
type creatio struct {
	*settings
	model *rollcall.Model
	draft *Draft
	roles []tree
}

// Creatio converts the system settings of Creatio's LDAP synchronization. The
// file is JSON, in one of these forms:
//
//	{"LDAPServer": "dc1.example.com", "LDAPSynchInterval": 1, …}
//	{"success": true, "values": {"LDAPServer": {"value": "dc1.example.com"}, …}}   what QuerySysSettings answers
//	[{"Code": "LDAPServer", "Value": "dc1.example.com"}, …]
//
// A setting is named by its code, or as its page calls it. A value may be an
// object with value and displayValue, as look-ups are. The first form may hold
// SysAdminUnit besides: the list of roles, with Name, SysAdminUnitTypeValue,
// SynchronizeWithLDAP, LDAPEntry and LDAPEntryDN, from which the bindings are
// made. The error names all that is wrong.
func Creatio(file string, text []byte, model *rollcall.Model) (*Draft, error) {
	root, err := parseJSON(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	c := &creatio{model: model, draft: &Draft{Title: "what " + file + " says of Creatio's LDAP synchronization"}}
	c.settings = newSettings(c.read(root), foldCode)
	for _, n := range creatioNames {
		if v, _ := c.get(n.code); n.isNeeded && v == "" {
			c.wrong(n.code, "%s (%s) is missing", n.code, n.page)
		}
	}
	if err := c.err(file); err != nil {
		return nil, err
	}
	c.directory()
	c.persons()
	c.accounts()
	c.bindings()
	c.rest()
	if err := c.err(file); err != nil {
		return nil, err
	}
	c.draft.Account = c.account(func(name string) string {
		if strings.HasPrefix(strings.ToLower(name), "ldap") {
			return "there is no such setting of the LDAP synchronization"
		}
		return "it does not belong to the LDAP synchronization"
	})
	return c.draft, nil
}

// read brings the forms of the file into one.
func (c *creatio) read(root *tree) []setting {
	var list []setting
	add := func(line int, name string, t *tree) {
		value := t.text
		if t.shape == '{' { // a look-up shows its text, and holds an ID
			if value = t.textOf("displayValue"); value == "" {
				value = t.textOf("value")
			}
		}
		list = append(list, setting{line, name, value})
	}
	if root.shape == '[' {
		for i := range root.items {
			item := &root.items[i]
			if v := item.get("Value", "TextValue"); v != nil {
				add(item.line, item.textOf("Code", "Key"), v)
			}
		}
		return list
	}
	if values := root.get("values"); values != nil && values.shape == '{' {
		root = values
	}
	for i, name := range root.names {
		if strings.EqualFold(name, ctRoles) {
			c.roles = root.under[i].items
			continue
		}
		add(root.under[i].line, name, &root.under[i])
	}
	return list
}

func (c *creatio) directory() {
	d := &c.draft.Directory
	*d = append(*d, Setting{Key: "url", Value: Text(c.url())}, c.bind())
	*d = append(*d, Setting{Key: "base", Value: Text(c.or(ctUsers, ""))})
	c.tell(ctUsers, TakenOver, "base")
}

// url makes a URL of a host, with or without a port.
func (c *creatio) url() string {
	scheme := "ldap"
	if c.truth(ctSSL, false) {
		scheme = "ldaps"
		c.tell(ctSSL, TakenOver, "url: ldaps://, TLS 1.2 at least; a certificate of a CA of your own needs tls: {ca: FILE}")
	} else {
		c.tell(ctSSL, TakenOver, "url: ldap://; consider starttls: true")
	}
	c.tell(ctServer, TakenOver, "url")
	server := c.or(ctServer, "")
	if host, port, err := net.SplitHostPort(server); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			c.wrong(ctServer, "%s is a host, or host:port, not %q", ctServer, server)
		}
		return scheme + "://" + net.JoinHostPort(host, port)
	}
	if strings.ContainsAny(server, "/ ") {
		c.wrong(ctServer, "%s is a host, or host:port, not %q", ctServer, server)
	}
	if strings.Contains(server, ":") { // an IPv6 address
		server = "[" + strings.Trim(server, "[]") + "]"
	}
	return scheme + "://" + server
}

// methods are the ways to sign in that have a counterpart, by the words of .NET's
// AuthType.
var methods = map[string]string{
	"anonymous": "anonymous", "basic": "simple", "ntlm": "ntlm", "sicily": "ntlm", "dpa": "ntlm", "msn": "ntlm",
	"kerberos": "kerberos", "negotiate": "kerberos", "external": "external",
}

func (c *creatio) bind() Setting {
	kind := c.filled(ctAuth, "Ntlm")
	method, known := methods[strings.ToLower(kind)]
	user := c.or(ctLogin, "")
	const secret = "LDAPServerPassword"
	c.tell(ctAuth, TakenOver, "bind: method: %s", method)
	c.tell(ctLogin, TakenOver, "bind")
	c.tell(secret, Different, "it is kept encrypted there; give it as the environment variable %s", PasswordVariable)
	about := "An account that may read; the password is not taken over."
	if !known {
		method, about = "simple", "Instead of "+kind+", which has no counterpart: use TLS."
		c.tell(ctAuth, Different, "%s has no counterpart; bind: method: simple, for which the connection should be encrypted", kind)
	}
	c.kerberos(method == "kerberos")
	switch method {
	case "anonymous":
		c.tell(ctLogin, NotNeeded, "nobody signs in")
		c.tell(secret, NotNeeded, "nobody signs in")
		return Setting{Key: "bind", Value: "{method: anonymous}"}
	case "external":
		c.tell(ctLogin, NotNeeded, "the client certificate says who it is: name it as tls: {cert: FILE, key: FILE}")
		c.tell(secret, NotNeeded, "the client certificate proves it")
		return Setting{Key: "bind", Value: "{method: external}"}
	}
	if user == "" {
		c.wrong(ctLogin, "%s (Administrator login) is missing", ctLogin)
	}
	c.draft.User = user
	return Setting{"bind", Flow("method", method, "user", Text(user), "password", Quote(Password)), about}
}

// kerberos checks what Kerberos needs: names, because tickets are for names.
func (c *creatio) kerberos(wanted bool) {
	if !wanted {
		c.tell(ctKDC, NotNeeded, "it is for Kerberos")
		return
	}
	c.tell(ctKDC, Different, "which server gives tickets is found by DNS, or said in krb5.conf (bind: krb5_conf)")
	for _, name := range []string{ctServer, ctKDC} {
		host := c.or(name, "")
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
			c.wrong(name, "%s is the address %s, and Kerberos needs a name", name, host)
		}
	}
}

// rest speaks of what has no line of its own, and makes the timetable.
func (c *creatio) rest() {
	const interval = "LDAPSynchInterval"
	text := c.filled(interval, "1")
	hours, err := strconv.Atoi(text)
	if err != nil || hours < 1 {
		c.wrong(interval, "%s is a number of hours, not %q", interval, text)
	}
	c.draft.Timetable = append(c.draft.Timetable, Section{Name: "synchronization", Settings: []Setting{{Key: "every", Value: fmt.Sprintf("%dh", hours)}}})
	c.tell(interval, TakenOver, "timetable: every %d h", hours)
	c.tell(ctModified, NotNeeded, "every entry is compared, whatever its date")
	for _, name := range []string{"LDAPEntryMaxModifiedOn", "LDAPLastSynchDate"} {
		c.tell(name, NotNeeded, "every entry is compared, whatever its date")
	}
	c.draft.SignIn = append(c.draft.SignIn,
		Setting{Key: "directory", Value: "main"},
		Setting{Key: "login", Value: "[" + Word(c.or(ctUserLogin, "")) + "]"},
		Setting{"filter", Text(c.or(ctUserFilter, "")), "Who is not among the active users cannot sign in."})
}
