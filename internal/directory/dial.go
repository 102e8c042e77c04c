package directory

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// Dial connects to the first server that answers and binds there. A server that
// is out of reach, refuses TLS or is too busy is passed over; a refused user or
// password is not, because trying it at every server would lock the account. The
// error names every server that was tried and why it was left.
func Dial(ctx context.Context, cfg Config) (*Conn, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	var tried []error
	for _, text := range cfg.URLs {
		end, err := parseURL(text)
		if err != nil {
			return nil, err
		}
		c, err := connect(ctx, cfg, end)
		if err == nil {
			return c, nil
		}
		tried = append(tried, err)
		if rollcall.KindOf(err) != rollcall.Unavailable || ctx.Err() != nil {
			break
		}
	}
	if len(tried) == 1 {
		return nil, tried[0]
	}
	kind := rollcall.KindOf(tried[len(tried)-1])
	reasons := make([]string, len(tried))
	for i, err := range tried {
		reasons[i] = err.Error()
	}
	text := fmt.Sprintf("none of %d servers could be used: %s", len(tried), strings.Join(reasons, "; "))
	return nil, &rollcall.Error{Kind: kind, Err: refusals{text, tried}}
}

// refusals is what several servers said, as one sentence.
type refusals struct {
	text   string
	causes []error
}

func (r refusals) Error() string   { return r.text }
func (r refusals) Unwrap() []error { return r.causes }

// connect reaches one server: socket, TLS, bind, all within the connect timeout.
func connect(ctx context.Context, cfg Config, end endpoint) (*Conn, error) {
	within, cancel := context.WithTimeout(ctx, cfg.ConnectTimeout)
	defer cancel()
	what := "connect to " + end.text
	var conf *tls.Config // read only where it counts: a system's roots are a lot to read
	if end.scheme == "ldaps" || cfg.StartTLS {
		var err error
		if conf, err = tlsConfig(cfg.TLS, end); err != nil {
			return nil, err
		}
	}
	nc, err := new(net.Dialer).DialContext(within, end.network, end.address)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%s: %w", what, context.Cause(ctx))
		}
		return nil, explainNetwork(what, end, err)
	}
	c := &Conn{cfg: cfg, end: end, nc: nc}
	release := c.deadline(ctx, time.Now().Add(cfg.ConnectTimeout))
	defer release()
	if err := c.secure(within, conf); err != nil {
		_ = nc.Close()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%s: %w", what, context.Cause(ctx))
		}
		return nil, explainTLS(what, end, conf, err, cfg.ConnectTimeout)
	}
	if err := c.bind(cfg.Bind); err != nil {
		err = c.fail(ctx, c.bindWhat(), err, cfg.ConnectTimeout)
		_ = c.nc.Close()
		return nil, err
	}
	return c, nil
}

// secure starts TLS where the URL or the configuration asks for it.
func (c *Conn) secure(ctx context.Context, conf *tls.Config) error {
	switch {
	case c.end.scheme == "ldaps":
	case c.cfg.StartTLS:
		if err := c.startTLS(); err != nil {
			return err
		}
	default:
		return nil
	}
	tc := tls.Client(c.nc, conf)
	if err := tc.HandshakeContext(ctx); err != nil {
		return err
	}
	c.nc = tc
	return nil
}

const oidStartTLS = "1.3.6.1.4.1.1466.20037"

func (c *Conn) startTLS() error {
	m, err := c.roundTrip(appendElement(nil, opExtendedRequest, appendString(nil, tagExtendedName, oidStartTLS)), nil)
	if err != nil {
		return err
	}
	r, _, ok := parseResult(m.body)
	if !ok || m.op != opExtendedResponse {
		return errMalformed
	}
	if r.Code != codeSuccess {
		return &r
	}
	// Whatever arrived in clear text after the answer must not be taken for
	// something said under TLS.
	if len(c.rest) > 0 {
		return errMalformed
	}
	return nil
}

// tlsConfig loads the files of a TLS section.
func tlsConfig(t TLS, end endpoint) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: end.host}
	if t.ServerName != "" {
		conf.ServerName = t.ServerName
	}
	conf.InsecureSkipVerify = t.SkipVerify //nolint:gosec // the operator asked for it in so many words
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, rollcall.Errorf(rollcall.Invalid, "read the CA certificates: %w", err)
		}
		pool, err := certPool(pem)
		if err != nil {
			return nil, rollcall.Errorf(rollcall.Invalid, "read the CA certificates in %s: %w", t.CAFile, err)
		}
		conf.RootCAs = pool
	}
	if t.CertFile != "" {
		key := t.KeyFile
		if key == "" {
			key = t.CertFile
		}
		pair, err := tls.LoadX509KeyPair(t.CertFile, key)
		if err != nil {
			return nil, rollcall.Errorf(rollcall.Invalid, "load the client certificate: %w", err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return conf, nil
}
