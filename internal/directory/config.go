package directory

import (
	"net/url"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// Config says how to reach a directory and who we are there.
type Config struct {
	URLs           []string      // ldap://, ldaps:// or ldapi://, tried in order
	StartTLS       bool          // on ldap:// only
	TLS            TLS           //
	Bind           Bind          //
	ConnectTimeout time.Duration // of connecting, TLS and binding, per server; 10 s when 0
	IdleTimeout    time.Duration // how long a server may say nothing in mid-search; 60 s when 0
	TimeLimit      time.Duration // the most that the server may spend on one page; 0 for its own limit
	PageSize       int           // entries per page; 1000 when 0, no paging when negative
	Referrals      Referrals     // report when empty
	MaxMessage     int           // the most bytes of one entry; 64 MiB when 0
}

// TLS says whom to trust and which certificate to show.
type TLS struct {
	CAFile     string // PEM; the system's roots when empty
	CertFile   string // PEM of a client certificate
	KeyFile    string // PEM of its key; CertFile when empty
	ServerName string // the name the certificate must bear; the URL's host when empty
	SkipVerify bool   // accept any certificate
}

// Method is a way to bind.
type Method string

// The ways to bind.
const (
	BindSimple    Method = "simple"
	BindAnonymous Method = "anonymous"
	BindNTLM      Method = "ntlm"
	BindKerberos  Method = "kerberos"
	BindExternal  Method = "external" // the client certificate or, on ldapi, the process
)

// Bind says who we are. An empty Method is simple when User is given, anonymous
// otherwise.
type Bind struct {
	Method   Method
	User     string // a DN, name@realm or DOMAIN\name
	Password rollcall.Secret
	Keytab   string // Kerberos: a keytab file
	CCache   string // Kerberos: a credential cache file
	Krb5Conf string // Kerberos: /etc/krb5.conf when empty
	Realm    string // Kerberos: the configuration's default when empty
	Service  string // Kerberos: ldap/<host of the URL> when empty
}

// Referrals says what to do when the server points elsewhere.
type Referrals string

// The two ways.
const (
	ReportReferrals Referrals = "report" // count and name them
	FollowReferrals Referrals = "follow" // read there too, as the same user
)

const (
	defaultPageSize   = 1000
	defaultConnect    = 10 * time.Second
	defaultIdle       = 60 * time.Second
	defaultMaxMessage = 64 << 20
)

// withDefaults returns the configuration with every gap filled.
func (c Config) withDefaults() Config {
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = defaultConnect
	}
	if c.IdleTimeout == 0 {
		c.IdleTimeout = defaultIdle
	}
	if c.PageSize == 0 {
		c.PageSize = defaultPageSize
	}
	if c.Referrals == "" {
		c.Referrals = ReportReferrals
	}
	if c.MaxMessage == 0 {
		c.MaxMessage = defaultMaxMessage
	}
	if c.Bind.Method == "" {
		c.Bind.Method = BindAnonymous
		if c.Bind.User != "" {
			c.Bind.Method = BindSimple
		}
	}
	return c
}

// Validate says what is wrong with the configuration before anything is sent.
func (c Config) Validate() error {
	if len(c.URLs) == 0 {
		return rollcall.Errorf(rollcall.Invalid, "no server: give a URL such as ldaps://dc1.example.com")
	}
	for _, text := range c.URLs {
		u, err := parseURL(text)
		if err != nil {
			return err
		}
		if c.StartTLS && u.scheme != "ldap" {
			return rollcall.Errorf(rollcall.Invalid, "StartTLS needs an ldap:// URL, not %s", text)
		}
	}
	switch c.Referrals {
	case "", ReportReferrals, FollowReferrals:
	default:
		return rollcall.Errorf(rollcall.Invalid, "referrals can be %q or %q, not %q", ReportReferrals, FollowReferrals, c.Referrals)
	}
	return c.withDefaults().Bind.validate()
}

func (b Bind) validate() error {
	switch b.Method {
	case BindAnonymous:
		if b.User != "" {
			return rollcall.Errorf(rollcall.Invalid, "an anonymous bind takes no user, but %q is given", b.User)
		}
	case BindExternal:
	case BindSimple, BindNTLM:
		if b.User == "" {
			return rollcall.Errorf(rollcall.Invalid, "a %s bind needs a user", b.Method)
		}
		// RFC 4513 section 5.1.2: a name with an empty password is an anonymous
		// bind that "succeeds".
		if b.Password == "" {
			return rollcall.Errorf(rollcall.Invalid, "the password of %s is empty: nothing was sent, because a server would take it for an anonymous bind and let it succeed", b.User)
		}
	case BindKerberos:
		if b.CCache == "" && b.User == "" {
			return rollcall.Errorf(rollcall.Invalid, "a Kerberos bind needs a user with a keytab or password, or a credential cache")
		}
		if b.CCache == "" && b.Keytab == "" && b.Password == "" {
			return rollcall.Errorf(rollcall.Invalid, "a Kerberos bind as %s needs a keytab, a password or a credential cache", b.User)
		}
	default:
		return rollcall.Errorf(rollcall.Invalid, "unknown way to bind %q: use simple, anonymous, ntlm, kerberos or external", b.Method)
	}
	return nil
}

// endpoint is a parsed server URL.
type endpoint struct {
	text    string // as configured
	scheme  string
	host    string // without port; the socket's path for ldapi
	network string
	address string
}

func parseURL(text string) (endpoint, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	if !ok {
		return endpoint{}, rollcall.Errorf(rollcall.Invalid, "%q is no LDAP URL: write ldap://, ldaps:// or ldapi:// before the host", text)
	}
	e := endpoint{text: text, scheme: scheme, network: "tcp"}
	port := ""
	switch scheme {
	case "ldap":
		port = "389"
	case "ldaps":
		port = "636"
	case "ldapi":
		return parseSocketURL(e, rest)
	default:
		return endpoint{}, rollcall.Errorf(rollcall.Invalid, "%q is no LDAP URL: %q is neither ldap, ldaps nor ldapi", text, scheme)
	}
	u, err := url.Parse("ldap://" + rest)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return endpoint{}, rollcall.Errorf(rollcall.Invalid, "%q is no LDAP URL: expected %s://host or %s://host:port", text, scheme, scheme)
	}
	if u.Port() != "" {
		port = u.Port()
	}
	e.host = u.Hostname()
	e.address = joinHostPort(e.host, port)
	return e, nil
}

func parseSocketURL(e endpoint, rest string) (endpoint, error) {
	host, path, _ := strings.Cut(rest, "/")
	if host == "" && path != "" {
		host = "/" + path // the older form ldapi:///path
	}
	socket, err := url.PathUnescape(host)
	if err != nil {
		return endpoint{}, rollcall.Errorf(rollcall.Invalid, "%q is no LDAP URL: write the socket's path with %%2F for each slash", e.text)
	}
	if socket == "" {
		socket = "/var/run/slapd/ldapi"
	}
	e.network, e.host, e.address = "unix", socket, socket
	return e, nil
}

func joinHostPort(host, port string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]:" + port
	}
	return host + ":" + port
}
