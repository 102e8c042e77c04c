package config

import (
	"net"
	"net/url"
	"strings"
	"time"
)

// Defaults of a directory.
const (
	DefaultConnectTimeout = 10 * time.Second
	DefaultIdleTimeout    = 60 * time.Second
	mostPageSize          = 100_000
)

func (c *Config) readDirectories(r *reader, v *value) {
	r.named(v, "directories", func(name text, v *value) {
		d := &Directory{
			Position: name.Position,
			Name:     name.Text,
			Timeouts: Timeouts{Connect: DefaultConnectTimeout, Idle: DefaultIdleTimeout},
		}
		d.read(r, v)
		c.Directories[name.Text] = d
	})
}

func (d *Directory) read(r *reader, v *value) {
	referrals := "report"
	bind, bindRead := v, true
	r.section(v, "directory "+d.Name, keys{
		"url":  func(v *value) { r.texts(&d.URLs)(v); d.checkURLs(r, v) },
		"type": choice(r, &d.Type, words("active-directory", "samba", "openldap", "389ds", "generic")),
		"bind": func(v *value) {
			bind, bindRead = v, r.sound(func() { d.Bind.read(r, v, d.Name) })
		},
		"base": r.texts(&d.Base),
		"tls": func(v *value) {
			r.section(v, "tls of directory "+d.Name, keys{
				"ca":          r.file(&d.TLS.CA),
				"cert":        r.file(&d.TLS.Cert),
				"key":         r.file(&d.TLS.Key),
				"server_name": r.text(&d.TLS.ServerName),
				"skip_verify": r.truth(&d.TLS.SkipVerify),
			})
			d.checkTLS(r, v)
		},
		"starttls": r.truth(&d.StartTLS),
		"timeouts": func(v *value) {
			r.section(v, "timeouts of directory "+d.Name, keys{
				"connect": r.duration(&d.Timeouts.Connect),
				"idle":    r.duration(&d.Timeouts.Idle),
				"search":  r.duration(&d.Timeouts.Search),
			})
			if d.Timeouts.Connect <= 0 || d.Timeouts.Idle <= 0 {
				r.problem(v.Position, "a timeout of 0 would wait for ever; leave it out for the default")
			}
			if d.Timeouts.Search > d.Timeouts.Idle {
				r.problem(v.Position, "the server may search for %s, and is given up after %s; raise idle", d.Timeouts.Search, d.Timeouts.Idle)
			}
		},
		"page_size": func(v *value) {
			if v.text == "-1" { // no pages
				d.PageSize = -1
				return
			}
			r.number(&d.PageSize, 1, mostPageSize)(v)
		},
		"referrals": choice(r, &referrals, words("report", "follow")),
	})
	d.Follow = referrals == "follow"
	// Sources that count on the base will find it missing: that is said already.
	r.misspelt[key{nil, d.Name}] = v.get("base") == nil && !r.lacks(v, "base")
	if r.lacks(v, "url") {
		r.problem(d.Position, "directory %s has no url, such as ldaps://dc1.example.com", d.Name)
	}
	if bindRead {
		d.Bind.check(r, bind.Position, d.Name)
	}
	d.checkTransport(r)
}

func (d *Directory) checkURLs(r *reader, v *value) {
	if len(d.URLs) == 0 {
		r.problem(v.Position, "the list of urls is empty")
	}
	for i, raw := range d.URLs {
		at := v.Position
		if v.shape == list {
			at = v.items[i].Position
		}
		if strings.HasPrefix(strings.ToLower(raw), "ldapi://") {
			continue // the path of a socket, with %2F for each slash, is no host that url.Parse takes
		}
		u, err := url.Parse(raw)
		switch {
		case err != nil:
			r.problem(at, "%q is no URL, such as ldaps://dc1.example.com", withoutPassword(raw))
		case u.User != nil:
			r.problem(at, "a URL holds no password; give it under bind")
		case u.Scheme == "ldap", u.Scheme == "ldaps":
			if u.Hostname() == "" {
				r.problem(at, "%q names no host", raw)
			}
		default:
			r.problem(at, "%q must begin with ldap://, ldaps:// or ldapi://", raw)
		}
	}
}

func (d *Directory) checkTLS(r *reader, v *value) {
	if (d.TLS.Cert == "") != (d.TLS.Key == "") {
		r.problem(v.Position, "a client certificate needs both cert and key")
	}
	if d.TLS.SkipVerify {
		r.warn(v.Position, "skip_verify: true talks to whoever answers, password included; name the CA instead")
		if d.TLS.CA != "" {
			r.problem(v.Position, "ca and skip_verify contradict one another")
		}
	}
}

// checkTransport looks at what only the whole section tells.
func (d *Directory) checkTransport(r *reader) {
	clear := false
	for _, raw := range d.URLs {
		if d.StartTLS && strings.HasPrefix(raw, "ldaps:") {
			r.problem(d.Position, "starttls is for ldap:// URLs; %s is encrypted from its first byte", raw)
		}
		clear = clear || strings.HasPrefix(raw, "ldap:") && !staysHere(raw)
	}
	if clear && !d.StartTLS && d.Bind.Method == BindSimple {
		r.warn(d.Position, "the password of directory %s crosses the network unencrypted; use ldaps:// or starttls: true", d.Name)
	}
}

// staysHere reports whether a URL leads to this machine, so that nothing crosses
// a network.
func staysHere(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	return isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (b *Bind) read(r *reader, v *value, directory string) {
	var dn, user string
	known := keys{
		"method":    choice(r, &b.Method, words(BindAnonymous, BindSimple, BindNTLM, BindKerberos, BindExternal)),
		"dn":        r.text(&dn),
		"user":      r.text(&user),
		"password":  r.secret(&b.Password),
		"keytab":    r.file(&b.Keytab),
		"ccache":    r.file(&b.CCache),
		"realm":     r.text(&b.Realm),
		"krb5_conf": r.file(&b.Krb5Conf),
	}
	for _, f := range v.fields { // a key that is misspelt may hold the password
		if known[f.key.Text] == nil && f.value.text != "" {
			r.secrets = append(r.secrets, f.value.text)
		}
	}
	r.section(v, "bind of directory "+directory, known)
	if dn != "" && user != "" {
		r.problem(v.Position, "dn and user mean the same; give one of them")
	}
	b.User = dn + user
}

// check completes the method and looks for what it lacks. An empty password
// with a name is refused here already: a server would take it for an anonymous
// bind and say yes (RFC 4513 section 5.1.2).
func (b *Bind) check(r *reader, at Position, directory string) {
	if b.Method == "" {
		switch {
		case b.Keytab != "" || b.CCache != "":
			b.Method = BindKerberos
		case b.User != "":
			b.Method = BindSimple
		default:
			b.Method = BindAnonymous
		}
	}
	switch b.Method {
	case BindAnonymous:
		if b.Password != "" || b.User != "" {
			r.problem(at, "directory %s has a password or a name but no bind that uses them: give dn and password", directory)
		}
	case BindSimple, BindNTLM:
		if b.User == "" {
			r.problem(at, "a %s bind needs dn or user", b.Method)
		} else if b.Password == "" {
			r.problem(at, "the password of %s is empty; a server would take that for an anonymous bind", b.User)
		}
	case BindKerberos:
		if b.CCache == "" && (b.User == "" || b.Keytab == "" && b.Password == "") {
			r.problem(at, "a kerberos bind needs a ccache, or a user with a keytab or a password")
		}
	}
}
