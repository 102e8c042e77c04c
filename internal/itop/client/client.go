// Package client talks to a remote iTop as the stand-alone collectors do: REST
// calls, uploads of data files and synchronizations, all as URL-encoded forms
// (iTop 3.2.0 and the collector framework 8a79f3b, observed). It reads an answer
// and says what came; what follows from it is the caller's business.
package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"rollcall/internal/rollcall"
)

// Config says where iTop is and who we are there.
type Config struct {
	URL            string
	Login          string
	Password       rollcall.Secret
	Token          rollcall.Secret // wins over login and password
	LoginMode      string          // of every URL; token or form when empty
	SynchroTimeout time.Duration   // of an upload or a synchronization; 10 minutes when 0
	Curl           Curl
	Retries        int // how often what may be sent twice is tried again after the network failed
	// Status is told of every answer with a status from 400 on. Its body is used
	// all the same, as the original does.
	Status func(code int, url, body string)
}

// restTimeout is the time that a REST call may take.
const restTimeout = 120 * time.Second

// maxAnswer bounds what is kept of an answer.
const maxAnswer = 256 << 20

// Client is safe for use by one goroutine, but for Ask, which several may call.
type Client struct {
	cfg  Config
	http *http.Client
}

// New returns a client; nothing is sent.
func New(cfg Config) (*Client, error) {
	if cfg.SynchroTimeout == 0 {
		cfg.SynchroTimeout = 10 * time.Minute
	}
	transport, err := cfg.Curl.transport()
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, http: &http.Client{Transport: transport, CheckRedirect: follow(cfg.Curl)}}
	return c, nil
}

// Close lets idle connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// URL returns the address of iTop, as configured.
func (c *Client) URL() string { return c.cfg.URL }

// LoginMode returns the value of login_mode in every URL.
func (c *Client) LoginMode() string {
	switch {
	case c.cfg.LoginMode != "":
		return c.cfg.LoginMode
	case c.cfg.Token != "":
		return "token"
	}
	return "form"
}

func (c *Client) credentials() Form {
	if c.cfg.Token != "" {
		return Form{{Name: "auth_token", Value: c.cfg.Token.Reveal()}}
	}
	return Form{{Name: "auth_user", Value: c.cfg.Login}, {Name: "auth_pwd", Value: c.cfg.Password.Reveal()}}
}

// REST posts a JSON request to rest.php and returns the body of the answer. A
// request that changes nothing is safe to send again.
func (c *Client) REST(ctx context.Context, version string, request []byte, safe bool) (string, error) {
	address := c.cfg.URL + "/webservices/rest.php?login_mode=" + url.QueryEscape(c.LoginMode()) + "&version=" + url.QueryEscape(version)
	form := append(c.credentials(), Field{Name: "json_data", Value: string(request)})
	return c.post(ctx, address, form, restTimeout, safe)
}

// Ask posts a JSON request that changes nothing, once, and reports every failure,
// an HTTP error too, to the caller alone: for questions that can be asked otherwise
// when they get no answer.
func (c *Client) Ask(ctx context.Context, version string, request []byte) (string, error) {
	address := c.cfg.URL + "/webservices/rest.php?login_mode=" + url.QueryEscape(c.LoginMode()) + "&version=" + url.QueryEscape(version)
	form := append(c.credentials(), Field{Name: "json_data", Value: string(request)})
	body, status, err := c.send(ctx, address, form, restTimeout)
	if err == nil && status >= http.StatusBadRequest {
		err = rollcall.Errorf(rollcall.Unavailable, "%s answered with HTTP error %d", address, status)
	}
	return body, err
}

// Import posts a data file. Loading the same rows twice comes to the same, so it
// is tried again when the network fails.
func (c *Client) Import(ctx context.Context, fields Form) (string, error) {
	address := c.cfg.URL + "/synchro/synchro_import.php?login_mode=" + url.QueryEscape(c.LoginMode())
	return c.post(ctx, address, append(c.credentials(), fields...), c.cfg.SynchroTimeout, true)
}

// Exec runs the synchronization of a data source.
func (c *Client) Exec(ctx context.Context, source string) (string, error) {
	address := c.cfg.URL + "/synchro/synchro_exec.php?login_mode=" + url.QueryEscape(c.LoginMode())
	form := append(c.credentials(), Field{Name: "data_sources", Value: source})
	return c.post(ctx, address, form, c.cfg.SynchroTimeout, false)
}

// Post sends a form to any address, with the same options and time-outs as an
// upload; JSON sources are read so.
func (c *Client) Post(ctx context.Context, address string, form Form) (string, error) {
	return c.post(ctx, address, form, c.cfg.SynchroTimeout, true)
}

// Get reads any address.
func (c *Client) Get(ctx context.Context, address string) (io.ReadCloser, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.SynchroTimeout)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		cancel()
		return nil, rollcall.Errorf(rollcall.Invalid, "read %s: %w", address, err)
	}
	c.dress(req)
	resp, err := c.http.Do(req)
	if err != nil {
		cancel()
		return nil, transportError(address, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<12))
		_ = resp.Body.Close()
		cancel()
		return nil, rollcall.Errorf(rollcall.Unavailable, "read %s: HTTP error %d: %s", address, resp.StatusCode, strings.TrimSpace(string(body)))
	}
	return canceling{resp.Body, cancel}, nil
}

// canceling ends a request's context with its body.
type canceling struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close closes the body.
func (c canceling) Close() error {
	defer c.cancel()
	return c.ReadCloser.Close()
}

// pauses is how long is waited before each further try.
var pauses = [...]time.Duration{500 * time.Millisecond, 2 * time.Second, 5 * time.Second}

func (c *Client) post(ctx context.Context, address string, form Form, timeout time.Duration, safe bool) (string, error) {
	for try := 0; ; try++ {
		body, err := c.once(ctx, address, form, timeout)
		if err == nil || !safe || try >= c.cfg.Retries || !worthRetrying(err) || ctx.Err() != nil {
			return body, err
		}
		select {
		case <-ctx.Done():
			return "", err
		case <-time.After(pauses[min(try, len(pauses)-1)]):
		}
	}
}

// once sends a form and tells of an HTTP error.
func (c *Client) once(ctx context.Context, address string, form Form, timeout time.Duration) (string, error) {
	body, status, err := c.send(ctx, address, form, timeout)
	if err == nil && status >= http.StatusBadRequest && c.cfg.Status != nil {
		c.cfg.Status(status, address, body)
	}
	return body, err
}

func (c *Client) send(ctx context.Context, address string, form Form, timeout time.Duration) (body string, status int, err error) {
	if t := c.cfg.Curl.Timeout; t > 0 && timeout == restTimeout {
		timeout = t
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	size, err := form.size()
	if err != nil {
		return "", 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, nil)
	if err != nil {
		return "", 0, rollcall.Errorf(rollcall.Invalid, "itop_url makes no address: %w", err)
	}
	req.ContentLength = size
	req.GetBody = func() (io.ReadCloser, error) { return form.reader(), nil }
	req.Body = form.reader()
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c.dress(req)
	resp, err := c.http.Do(req)
	if err != nil {
		return "", 0, transportError(address, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return "", 0, transportError(address, err)
	}
	if len(text) > maxAnswer {
		return "", 0, rollcall.Errorf(rollcall.Invalid, "the answer of %s is larger than %d MiB", address, maxAnswer>>20)
	}
	return string(text), resp.StatusCode, nil
}

// dress gives a request the headers that every request has.
func (c *Client) dress(req *http.Request) {
	req.Header.Set("User-Agent", c.cfg.Curl.agent())
	req.Header.Set("Accept", "*/*")
	if c.cfg.Curl.Cookie != "" {
		req.Header.Set("Cookie", c.cfg.Curl.Cookie)
	}
	if c.cfg.Curl.UserPassword != "" {
		name, password, _ := strings.Cut(c.cfg.Curl.UserPassword.Reveal(), ":")
		req.SetBasicAuth(name, password)
	}
}

// maxRedirects is how many redirections the original follows.
const maxRedirects = 10

func follow(curl Curl) func(*http.Request, []*http.Request) error {
	return func(_ *http.Request, via []*http.Request) error {
		if curl.NoRedirect {
			return http.ErrUseLastResponse
		}
		if len(via) > maxRedirects {
			return fmt.Errorf("Maximum (%d) redirects followed", maxRedirects) //nolint:staticcheck // curl's own words
		}
		return nil
	}
}

// TransportError is a request that got no answer. Its text has the three lines
// that the original logs, with curl's numbers.
type TransportError struct {
	URL    string
	Number int // curl's
	Err    error
}

// Error returns the original's lines.
func (e *TransportError) Error() string {
	return fmt.Sprintf("Problem opening URL: %s\n    error msg: %s\n    curl_init error code: %d (cf https://www.php.net/manual/en/function.curl-errno.php)", e.URL, e.Err, e.Number)
}

// Unwrap returns the cause.
func (e *TransportError) Unwrap() error { return e.Err }

func transportError(address string, err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	number, text := 56, err
	switch dns, isDNS := errors.AsType[*net.DNSError](err); {
	case isDNS:
		number, text = 6, fmt.Errorf("Could not resolve host: %s", dns.Name) //nolint:staticcheck // curl's own words
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		number = 7
	case errors.Is(err, context.DeadlineExceeded), os.IsTimeout(err):
		number, text = 28, errors.New("Operation timed out") //nolint:staticcheck // curl's own words
	case isTLS(err):
		number = 60
	case errors.Is(err, io.EOF):
		number, text = 52, errors.New("Empty reply from server") //nolint:staticcheck // curl's own words
	case errors.Is(err, io.ErrUnexpectedEOF):
		number, text = 18, errors.New("the answer broke off before its end")
	}
	return &TransportError{URL: address, Number: number, Err: text}
}

// worthRetrying reports whether the same request may get further a moment later.
func worthRetrying(err error) bool {
	t, ok := errors.AsType[*TransportError](err)
	return ok && (t.Number == 7 || t.Number == 52 || t.Number == 56 || t.Number == 18)
}
