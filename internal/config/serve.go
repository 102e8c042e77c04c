package config

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Serve says how the program answers as a server, and who may come in. Zero
// values stand for the defaults of the rooms that use them.
type Serve struct {
	Position
	Listen         string // host:port, never empty
	Root           string // path before every page, such as /itop; "" for none
	URL            string // of the application as others see it; "" for the one asked
	Cert           string // path; "" for plain HTTP
	Key            string // path
	PlainHTTP      bool   // plain HTTP even where others can reach it
	Proxies        []netip.Prefix
	MetricsFrom    []netip.Prefix
	LoginTypes     []string      // in the order in which they are tried; none: the usual ones
	ExternalHeader string        // in which a web server among Proxies gives the login
	SecureREST     bool          // rest.php asks for a profile
	TokensREST     bool          // tokens do not need it
	LogREST        bool          // every call of rest.php is kept as an event
	ShowObsolete   bool          // export-v2.php exports obsolete objects, too
	SecureOnly     bool          // plain HTTP is refused, but for what a proxy says came by TLS
	ParamFiles     string        // the folder of parameter files that requests may name; "" for none
	CSVCharset     string        // of CSV when a request names none; "" for ISO-8859-1
	StaleAfter     time.Duration // older last good runs make /readyz say that the server is not ready; 0: never
	Maintenance    string        // while this file exists every page says that it is under maintenance; "" for none
	CronTime       time.Duration // how long a call of cron.php goes on; 0 for the usual
	CronSleep      time.Duration // between two looks at its tasks; 0 for the usual
	SignIn         SignIn
	Limits         ServeLimits
	Operations     []Operation // of rest.php, in written order
}

// ServeLimits bound what one request or client can take; 0 stands for the default.
type ServeLimits struct {
	Body        int64 // bytes of a request
	Field       int64 // bytes of a parameter, but for CSV
	Spool       int64 // bytes of all requests that wait on disk
	Connections int
	Grace       time.Duration // that a client may be slow
	Rate        int64         // bytes a second that it must keep up then
	Stop        time.Duration // that requests have to end when the server stops
}

// Operation is an operation of rest.php that the configuration declares: a query
// with parameters, or a URL that is called.
type Operation struct {
	Position
	Verb        string
	Description string
	Provider    string
	Query       string
	Parameters  []string
	URL         string
	Profiles    []string // who may use it; none: everybody who may use rest.php
}

// DefaultListen is where the server listens when nothing else is said.
const DefaultListen = "127.0.0.1:8080"

// loginTypes are the ways to sign in.
var loginTypes = []string{"form", "basic", "url", "external", "token", "rest-token"}

func defaultServe() Serve { return Serve{Listen: DefaultListen, SecureREST: true} }

func (s *Serve) read(r *reader, v *value) {
	s.Position = v.Position
	r.section(v, "serve", keys{
		"listen":                         func(v *value) { r.text(&s.Listen)(v); checkListen(r, v, s.Listen) },
		"root":                           func(v *value) { r.text(&s.Root)(v); s.checkRoot(r, v) },
		"url":                            func(v *value) { r.text(&s.URL)(v); s.checkURL(r, v) },
		"tls":                            func(v *value) { s.readTLS(r, v) },
		"plain_http":                     r.truth(&s.PlainHTTP),
		"proxies":                        r.networks(&s.Proxies),
		"metrics_from":                   r.networks(&s.MetricsFrom),
		"allowed_login_types":            func(v *value) { s.readLoginTypes(r, v) },
		"external_header":                r.name(&s.ExternalHeader),
		"secure_rest_services":           r.truth(&s.SecureREST),
		"allow_rest_services_via_tokens": r.truth(&s.TokensREST),
		"log_rest_service":               r.truth(&s.LogREST),
		"show_obsolete_data":             r.truth(&s.ShowObsolete),
		"secure_connection_required":     r.truth(&s.SecureOnly),
		"param_files":                    r.file(&s.ParamFiles),
		"csv_file_default_charset":       r.name(&s.CSVCharset),
		"stale_after":                    r.duration(&s.StaleAfter),
		"maintenance":                    r.file(&s.Maintenance),
		"cron_max_execution_time":        r.duration(&s.CronTime),
		"cron_sleep":                     r.duration(&s.CronSleep),
		"sign_in":                        func(v *value) { s.SignIn.read(r, v) },
		"limits":                         func(v *value) { s.Limits.read(r, v) },
		"operations":                     func(v *value) { s.readOperations(r, v) },
	})
	if v.shape == mapping {
		s.check(r, v)
	}
}

// check looks at what only the whole section tells.
func (s *Serve) check(r *reader, v *value) {
	external := slices.Contains(s.LoginTypes, "external")
	switch {
	case s.ExternalHeader != "" && len(s.Proxies) == 0:
		r.problem(v.get("external_header").Position, "the header %s counts only from a web server in front: list its address under proxies", s.ExternalHeader)
	case s.ExternalHeader == "" && external:
		r.warn(v.get("allowed_login_types").Position, "external does nothing without external_header and proxies")
	case s.ExternalHeader != "" && !external && len(s.LoginTypes) > 0:
		r.warn(v.get("external_header").Position, "the header is not looked at: external is not among allowed_login_types")
	}
	if s.Cert == "" && s.PlainHTTP && len(s.Proxies) == 0 {
		r.warn(v.get("plain_http").Position, "plain_http: true sends passwords readable over the network; give tls a certificate, or put a web server in front")
	}
	if slices.Contains(s.LoginTypes, "url") {
		r.warn(v.get("allowed_login_types").Position, "url takes passwords from addresses, which end up in the logs of proxies and in histories of browsers")
	}
}

// IsListenAddress reports whether a text says where to listen: host:port, where
// the host may be absent.
func IsListenAddress(text string) bool {
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	return err == nil
}

func checkListen(r *reader, v *value, listen string) {
	if v.shape == scalar && !IsListenAddress(listen) {
		r.problem(v.Position, "%q is no address to listen on, such as %s", listen, DefaultListen)
	}
}

var rootPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*$`)

func (s *Serve) checkRoot(r *reader, v *value) {
	s.Root = strings.TrimRight(s.Root, "/")
	if !rootPath.MatchString(s.Root) {
		r.problem(v.Position, "%q is no path to put before the pages, such as /itop", s.Root)
	}
}

func (s *Serve) checkURL(r *reader, v *value) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		r.problem(v.Position, "%q is not where the application is, such as https://itop.example.com/itop", withoutPassword(s.URL))
		return
	}
	s.URL = strings.TrimRight(s.URL, "/") + "/"
}

func (s *Serve) readTLS(r *reader, v *value) {
	r.section(v, "tls of serve", keys{"cert": r.file(&s.Cert), "key": r.file(&s.Key)})
	if v.shape == mapping && (r.lacks(v, "cert") || r.lacks(v, "key")) {
		r.problem(v.Position, "tls needs both cert and key")
	}
}

// readLoginTypes reads a list, or iTop's own spelling with bars.
func (s *Serve) readLoginTypes(r *reader, v *value) {
	var written []string
	r.texts(&written)(v)
	for _, item := range written {
		for mode := range strings.SplitSeq(item, "|") {
			mode = strings.TrimSpace(mode)
			switch {
			case !slices.Contains(loginTypes, mode):
				r.problem(v.Position, "%q is no way to sign in%s; there are %s", mode, didYouMean(mode, loginTypes), strings.Join(loginTypes, ", "))
			case slices.Contains(s.LoginTypes, mode):
				r.problem(v.Position, "%s is listed twice", mode)
			default:
				s.LoginTypes = append(s.LoginTypes, mode)
			}
		}
	}
}

func (l *ServeLimits) read(r *reader, v *value) {
	r.section(v, "limits of serve", keys{
		"body":        r.size(&l.Body),
		"field":       r.size(&l.Field),
		"spool":       r.size(&l.Spool),
		"connections": r.number(&l.Connections, 1, 1_000_000),
		"slow":        r.duration(&l.Grace),
		"rate":        r.size(&l.Rate),
		"stop":        r.duration(&l.Stop),
	})
}

var verbName = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`)

func (s *Serve) readOperations(r *reader, v *value) {
	if v.shape != mapping {
		r.problem(v.Position, "operations must be a section with a key per operation, not %s", v.shape)
		return
	}
	for _, f := range v.fields {
		o := Operation{Position: f.key.Position, Verb: f.key.Text}
		r.section(f.value, "operation "+o.Verb, keys{
			"description": r.text(&o.Description),
			"provider":    r.text(&o.Provider),
			"query":       r.verbatim(&o.Query),
			"parameters":  r.texts(&o.Parameters),
			"url":         r.text(&o.URL),
			"profiles":    r.texts(&o.Profiles),
		})
		switch {
		case !verbName.MatchString(o.Verb):
			r.problem(f.key.Position, "%q is no name of an operation, such as acme/leavers", o.Verb)
		case strings.HasPrefix(o.Verb, "core/"), o.Verb == "list_operations":
			r.problem(f.key.Position, "%s is an operation of the program itself", o.Verb)
		case f.value.shape == mapping && (o.Query == "") == (o.URL == ""):
			r.problem(f.key.Position, "operation %s needs either a query or a url", o.Verb)
		}
		s.Operations = append(s.Operations, o)
	}
}

// networks reads addresses and networks.
func (r *reader) networks(into *[]netip.Prefix) func(*value) {
	return func(v *value) {
		var written []string
		r.texts(&written)(v)
		for _, text := range written {
			p, err := netip.ParsePrefix(text)
			if err != nil {
				var a netip.Addr
				if a, err = netip.ParseAddr(text); err == nil {
					p = netip.PrefixFrom(a, a.BitLen())
				}
			}
			if err != nil {
				r.problem(v.Position, "%q is no address or network, such as 10.0.0.0/8", text)
				continue
			}
			*into = append(*into, p.Masked())
		}
	}
}

var byteSize = regexp.MustCompile(`^([0-9]{1,9})(|KiB|MiB|GiB)$`)

// size reads a number of bytes.
func (r *reader) size(into *int64) func(*value) {
	return func(v *value) {
		if !r.scalar(v, "a size such as 512MiB") {
			return
		}
		m := byteSize.FindStringSubmatch(v.text)
		if m == nil {
			r.problem(v.Position, "%q is no size, such as 64KiB, 512MiB or 2GiB", v.text)
			return
		}
		n, err := strconv.ParseInt(m[1], 10, 64)
		unit := map[string]int64{"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}[m[2]]
		if err != nil || n == 0 || n > (1<<62)/unit {
			r.problem(v.Position, "%q is no size that can be used", v.text)
			return
		}
		*into = n * unit
	}
}
