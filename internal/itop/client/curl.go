package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// Curl is what the parameter curl_options can say, in our terms.
type Curl struct {
	VerifyPeer     bool
	VerifyHost     bool
	CAFile         string
	CertFile       string
	KeyFile        string
	MinTLS         uint16
	Proxy          *url.URL
	NoProxy        bool // an empty CURLOPT_PROXY: none, whatever the environment says
	Interface      net.IP
	Cookie         string
	UserAgent      string
	UserPassword   rollcall.Secret // name:password of HTTP basic authentication
	HTTP1          bool
	NoRedirect     bool
	Timeout        time.Duration
	ConnectTimeout time.Duration
}

// CurlOption is one entry of curl_options.
type CurlOption struct{ Name, Value string }

// ParseCurl reads curl_options. What cannot be carried over is returned as
// sentences to be said; what would make a connection less safe than asked for is
// an error. Without options the original checks no certificate at all; here they
// are checked, and an option must say otherwise.
func ParseCurl(options []CurlOption) (Curl, []string, error) {
	c := Curl{VerifyPeer: true, VerifyHost: true}
	var notes []string
	var proxyPort, proxyUser string
	for _, o := range options {
		note, err := c.set(o, &proxyPort, &proxyUser)
		if err != nil {
			return c, notes, err
		}
		if note != "" {
			notes = append(notes, note)
		}
	}
	if c.Proxy != nil {
		if proxyPort != "" && c.Proxy.Port() == "" {
			c.Proxy.Host = net.JoinHostPort(c.Proxy.Hostname(), proxyPort)
		}
		if name, password, ok := strings.Cut(proxyUser, ":"); ok {
			c.Proxy.User = url.UserPassword(name, password)
		} else if proxyUser != "" {
			c.Proxy.User = url.User(proxyUser)
		}
	}
	return c, notes, nil
}

// harmless are options that change nothing here, or that are always as they say.
var harmless = []string{
	"CURLOPT_RETURNTRANSFER", "CURLOPT_HEADER", "CURLOPT_ENCODING", "CURLOPT_AUTOREFERER", "CURLOPT_MAXREDIRS",
	"CURLOPT_POST", "CURLOPT_VERBOSE", "CURLOPT_COOKIESESSION", "CURLOPT_FRESH_CONNECT", "CURLOPT_FORBID_REUSE",
	"CURLOPT_FAILONERROR", "CURLOPT_NOSIGNAL", "CURLOPT_IPRESOLVE", "CURLOPT_TCP_KEEPALIVE", "CURLOPT_HTTPPROXYTUNNEL",
}

func (c *Curl) set(o CurlOption, proxyPort, proxyUser *string) (note string, err error) {
	v := o.Value
	switch o.Name {
	case "CURLOPT_SSL_VERIFYPEER":
		c.VerifyPeer = isTrue(v)
	case "CURLOPT_SSL_VERIFYHOST":
		c.VerifyHost = v == "2" || v == "1"
	case "CURLOPT_CAINFO":
		c.CAFile = v
	case "CURLOPT_SSLCERT":
		c.CertFile = v
	case "CURLOPT_SSLKEY":
		c.KeyFile = v
	case "CURLOPT_SSLVERSION":
		return c.setVersion(v)
	case "CURLOPT_PROXY":
		if v == "" {
			c.NoProxy = true
			return "", nil
		}
		if !strings.Contains(v, "://") {
			v = "http://" + v
		}
		if c.Proxy, err = url.Parse(v); err != nil {
			return "", rollcall.Errorf(rollcall.Invalid, "curl_options: CURLOPT_PROXY is no address of a proxy")
		}
	case "CURLOPT_PROXYPORT":
		*proxyPort = v
	case "CURLOPT_PROXYUSERPWD":
		*proxyUser = v
	case "CURLOPT_USERPWD":
		c.UserPassword = rollcall.Secret(v)
	case "CURLOPT_COOKIE":
		c.Cookie = v
	case "CURLOPT_USERAGENT":
		c.UserAgent = v
	case "CURLOPT_INTERFACE":
		if c.Interface = net.ParseIP(v); c.Interface == nil {
			return "curl_options: CURLOPT_INTERFACE is followed when it is an address of this machine, not " + strconv.Quote(v), nil
		}
	case "CURLOPT_HTTP_VERSION":
		c.HTTP1 = slices.Contains([]string{"1", "2", "CURL_HTTP_VERSION_1_0", "CURL_HTTP_VERSION_1_1"}, v)
	case "CURLOPT_FOLLOWLOCATION":
		c.NoRedirect = !isTrue(v)
	case "CURLOPT_TIMEOUT", "CURLOPT_CONNECTTIMEOUT":
		seconds, err := strconv.Atoi(v)
		if err != nil || seconds < 0 {
			return "", rollcall.Errorf(rollcall.Invalid, "curl_options: %s is a number of seconds, not %q", o.Name, v)
		}
		if o.Name == "CURLOPT_TIMEOUT" {
			c.Timeout = time.Duration(seconds) * time.Second
		} else {
			c.ConnectTimeout = time.Duration(seconds) * time.Second
		}
	default:
		if slices.Contains(harmless, o.Name) {
			return "", nil
		}
		if !strings.HasPrefix(o.Name, "CURLOPT_") {
			return "", rollcall.Errorf(rollcall.Invalid, "curl_options: %q is no option of curl: the names are in capitals and begin with CURLOPT_", o.Name)
		}
		return "curl_options: " + o.Name + " has no counterpart here and is left out", nil
	}
	return "", nil
}

// sslVersions are the spellings of CURLOPT_SSLVERSION: the lowest version.
var sslVersions = map[string]uint16{
	"0": 0, "CURL_SSLVERSION_DEFAULT": 0, "1": 0, "CURL_SSLVERSION_TLSv1": 0,
	"6": tls.VersionTLS12, "CURL_SSLVERSION_TLSv1_2": tls.VersionTLS12,
	"7": tls.VersionTLS13, "CURL_SSLVERSION_TLSv1_3": tls.VersionTLS13,
	"5": 0, "CURL_SSLVERSION_TLSv1_1": 0, "4": 0, "CURL_SSLVERSION_TLSv1_0": 0,
}

func (c *Curl) setVersion(v string) (note string, err error) {
	lowest, known := sslVersions[v]
	if !known {
		return "curl_options: CURLOPT_SSLVERSION " + strconv.Quote(v) + " is too old to be used: TLS 1.2 or newer is used instead", nil
	}
	c.MinTLS = lowest
	return "", nil
}

func isTrue(v string) bool { return v != "" && v != "0" && !strings.EqualFold(v, "false") }

func (c *Curl) agent() string {
	if c.UserAgent != "" {
		return c.UserAgent
	}
	return "spider"
}

// transport builds the connection settings.
func (c *Curl) transport() (*http.Transport, error) {
	conf := &tls.Config{MinVersion: max(tls.VersionTLS12, c.MinTLS)}
	if err := c.trust(conf); err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: restTimeout, KeepAlive: 30 * time.Second}
	if c.ConnectTimeout > 0 {
		dialer.Timeout = c.ConnectTimeout
	}
	if c.Interface != nil {
		dialer.LocalAddr = &net.TCPAddr{IP: c.Interface}
	}
	t := &http.Transport{
		DialContext:         dialer.DialContext,
		TLSClientConfig:     conf,
		TLSHandshakeTimeout: dialer.Timeout,
		ForceAttemptHTTP2:   !c.HTTP1,
		Proxy:               http.ProxyFromEnvironment,
		// iTop answers a run that made users with one Set-Cookie line for each.
		MaxResponseHeaderBytes: 256 << 20,
	}
	switch {
	case c.NoProxy:
		t.Proxy = nil
	case c.Proxy != nil:
		t.Proxy = http.ProxyURL(c.Proxy)
	}
	return t, nil
}

// trust says whose certificates are accepted.
func (c *Curl) trust(conf *tls.Config) error {
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return rollcall.Errorf(rollcall.Invalid, "curl_options: read CURLOPT_CAINFO: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return rollcall.Errorf(rollcall.Invalid, "curl_options: CURLOPT_CAINFO: %s holds no PEM certificate", c.CAFile)
		}
	}
	if c.CertFile != "" {
		key := c.KeyFile
		if key == "" {
			key = c.CertFile
		}
		pair, err := tls.LoadX509KeyPair(c.CertFile, key)
		if err != nil {
			return rollcall.Errorf(rollcall.Invalid, "curl_options: load the client certificate: %w", err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	switch {
	case !c.VerifyPeer:
		conf.InsecureSkipVerify = true //nolint:gosec // the operator asked for it in so many words
	case !c.VerifyHost:
		// The chain is checked, the name is not: what the options distributed with
		// the collectors ask for.
		conf.InsecureSkipVerify = true //nolint:gosec // VerifyConnection checks the chain
		roots := conf.RootCAs
		conf.VerifyConnection = func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 {
				return errors.New("the server showed no certificate")
			}
			between := x509.NewCertPool()
			for _, cert := range state.PeerCertificates[1:] {
				between.AddCert(cert)
			}
			_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
			return err
		}
	}
	return nil
}

// isTLS reports whether an error is about certificates.
func isTLS(err error) bool {
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	return authority || host || invalid || verification
}
