package collector

import (
	"context"
	"errors"
	"strings"
	"time"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
)

// session is how the parameters say to reach the directory.
type session struct {
	params *Parameters
	log    *logger
	strict bool
	uri    string // as written; empty with host and port
	config directory.Config
	login  string
}

// newSession reads the parameters of the connection.
func newSession(p *Parameters, l *logger, strict bool) (*session, error) {
	s := &session{params: p, log: l, strict: strict, uri: p.Text("ldapuri", ""), login: p.Text("ldaplogin", "CN=ITOP-LDAP,DC=company,DC=com")}
	uri := s.uri
	if uri == "" {
		uri = hostURI(p.Text("ldaphost", "localhost"), p.Text("ldapport", "389"))
	}
	c := &s.config
	for _, u := range strings.FieldsFunc(uri, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' }) {
		if !strings.Contains(u, "://") {
			u = "ldap://" + u
		}
		c.URLs = append(c.URLs, strings.TrimRight(u, "/"))
	}
	tls, err := clientTLS(l)
	if err != nil {
		return nil, err
	}
	c.TLS = tls
	if ca := p.Text("ldap_tls_ca", ""); ca != "" {
		c.TLS.CAFile, c.TLS.SkipVerify = ca, false
	}
	if isYes(p.Text("ldap_tls_skip_verify", "")) {
		c.TLS.SkipVerify = true
	}
	c.StartTLS = isYes(p.Text("ldap_starttls", ""))
	c.Bind = directory.Bind{User: s.login, Password: rollcall.Secret(p.Text("ldappassword", "password"))}
	c.PageSize = -1
	size := p.Int("page_size", 0)
	switch {
	case size > 0:
		c.PageSize = size
	case !strict:
		c.PageSize = 1000
	}
	if n := p.Int("ldap_timeout", 0); n > 0 {
		c.ConnectTimeout, c.IdleTimeout = time.Duration(n)*time.Second, time.Duration(n)*time.Second
	}
	return s, nil
}

// hostURI builds a URI of the two parameters that came before ldapuri.
func hostURI(host, port string) string {
	switch {
	case strings.HasPrefix(host, "ldap://"), strings.HasPrefix(host, "ldaps://"):
		if port != "" {
			host += ":" + port
		}
		return host
	case port == "389" || port == "":
		return "ldap://" + host
	}
	return "ldaps://" + host + ":" + port
}

// dial makes a connection to a directory.
type dial func(ctx context.Context, cfg directory.Config) (*directory.Conn, error)

// open connects and binds, and says so as the original does; the password is
// never shown.
func (s *session) open(ctx context.Context, dial dial) (*directory.Conn, error) {
	if s.uri == "" {
		s.log.warningf("Using the old syntax with two parameters 'ldaphost' and 'ldapport' to call ldapconnect.\n"+
			"Consider upgrading your configuration file to use the parameter 'ldapuri' instead.\n"+
			"The value should be something like:\n    <ldapuri>%s</ldapuri>", s.config.URLs[0])
	}
	s.log.debugf("ldap_connect('%s')...", strings.Join(s.config.URLs, " "))
	shown := ""
	if s.config.Bind.Password != "" {
		shown = masked
	}
	s.log.debugf("ldap_bind('%s', '%s')...", s.login, shown)
	conn, err := dial(ctx, s.config)
	if err != nil {
		s.log.errorf("ldap_bind to %s failed, check your LDAP connection parameters (<ldapxxx>)!", s.uri)
		s.log.errorf("ldap_bind('%s', '%s') FAILED (%s).", s.login, shown, ldapReason(err, s.strict))
		return nil, err
	}
	s.log.debugf("ldap_bind() Ok.")
	s.paging(ctx, conn)
	return conn, nil
}

const oidPaged = "1.2.840.113556.1.4.319"

// paging says whether the server can page.
func (s *session) paging(ctx context.Context, conn *directory.Conn) {
	root, err := conn.Root(ctx)
	if err != nil {
		root = &directory.Root{} // a server that hides its root entry: taken as one that cannot page
	}
	names := make([]string, len(root.Controls))
	for i, oid := range root.Controls {
		names[i] = oid
		if name, ok := controlNames[oid]; ok {
			names[i] = "LDAP_CONTROL_" + name
		}
	}
	s.log.debugf("Supported controls: %s.", strings.Join(names, ", "))
	switch size := s.config.PageSize; {
	case root.Paging && size > 0:
		s.log.infof("Pagination of results is supported by the LDAP server.")
		s.log.infof("Results will be retrieved by pages of %d elements.", size)
	case root.Paging:
		s.log.infof("Pagination of results is supported by the LDAP server.")
		s.log.infof("Consider setting the parameter <page_size> to a value greater than zero in the configuration file in order to use pagination.")
	case s.params.Int("page_size", 0) > 0:
		s.log.warningf("Pagination is NOT supported by the server")
		s.log.warningf("The parameter <page_size> will be ignored.")
	}
}

// controlNames are the names that the original shows for controls.
var controlNames = map[string]string{
	"2.16.840.1.113730.3.4.2": "MANAGEDSAIT", "2.16.840.1.113730.3.4.18": "PROXY_AUTHZ", "1.3.6.1.4.1.4203.1.10.1": "SUBENTRIES",
	"1.2.826.0.1.3344810.2.3": "VALUESRETURNFILTER", "1.3.6.1.1.12": "ASSERT", "1.3.6.1.1.13.1": "PRE_READ", "1.3.6.1.1.13.2": "POST_READ",
	"1.2.840.113556.1.4.473": "SORTREQUEST", "1.2.840.113556.1.4.474": "SORTRESPONSE", oidPaged: "PAGEDRESULTS",
	"1.3.6.1.4.1.4203.1.9.1.1": "SYNC", "1.3.6.1.4.1.4203.1.9.1.2": "SYNC_STATE", "1.3.6.1.4.1.4203.1.9.1.3": "SYNC_DONE",
	"1.3.6.1.1.22": "DONTUSECOPY", "1.3.6.1.4.1.42.2.27.8.5.1": "PASSWORDPOLICYRESPONSE",
	"1.2.840.113556.1.4.802": "X_INCREMENTAL_VALUES", "1.2.840.113556.1.4.1339": "X_DOMAIN_SCOPE", "1.2.840.113556.1.4.1413": "X_PERMISSIVE_MODIFY",
	"1.2.840.113556.1.4.1340": "X_SEARCH_OPTIONS", "1.2.840.113556.1.4.805": "X_TREE_DELETE", "1.2.840.113556.1.4.529": "X_EXTENDED_DN",
	"2.16.840.1.113730.3.4.9": "VLVREQUEST", "2.16.840.1.113730.3.4.10": "VLVRESPONSE",
}

// ldapTexts are libldap's words for result codes.
var ldapTexts = map[int]string{
	1: "Operations error", 2: "Protocol error", 3: "Time limit exceeded", 4: "Size limit exceeded", 7: "Authentication method not supported",
	8: "Strong(er) authentication required", 10: "Referral", 11: "Administrative limit exceeded", 12: "Critical extension is unavailable",
	13: "Confidentiality required", 16: "No such attribute", 17: "Undefined attribute type", 18: "Inappropriate matching", 21: "Invalid syntax",
	32: "No such object", 34: "Invalid DN syntax", 48: "Inappropriate authentication", 49: "Invalid credentials", 50: "Insufficient access",
	51: "Server is busy", 52: "Server is unavailable", 53: "Server is unwilling to perform", 54: "Loop detected", 80: "Internal (implementation specific) error",
}

// ldapCode returns a result code and libldap's words for it: -1 when no server
// answered.
func ldapCode(err error) (int, string) {
	if answer, ok := errors.AsType[*directory.ResultError](err); ok {
		text := ldapTexts[answer.Code]
		if text == "" {
			text = "Unknown error"
		}
		return answer.Code, text
	}
	return -1, "Can't contact LDAP server"
}

// ldapReason is libldap's words, followed by what they mean here.
func ldapReason(err error, strict bool) string {
	_, text := ldapCode(err)
	if strict {
		return text
	}
	return text + ": " + err.Error()
}
