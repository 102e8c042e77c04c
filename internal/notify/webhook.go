package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"rollcall/internal/rollcall"
)

// The headers of a call. The signature is "sha256=" and, in hexadecimal, the
// HMAC-SHA-256 by the webhook's secret of the timestamp, a dot and the body as
// sent. The delivery is the same at every try of one dispatch.
const (
	HeaderEvent     = "Rollcall-Event"
	HeaderDelivery  = "Rollcall-Delivery"
	HeaderTimestamp = "Rollcall-Timestamp" // of this try, in seconds since 1970
	HeaderSignature = "Rollcall-Signature"
)

// What a receiver may take.
const (
	hookTimeout = 10 * time.Second
	mostAnswer  = 64 << 10 // bytes of an answer that are read, so that the connection can be used again
	mostQuoted  = 200      // bytes of it that an error quotes
)

// Hook is a receiver of notices.
type Hook struct {
	Name     string
	URL      string
	Secret   rollcall.Secret
	CA       string        // path of further roots; "" for the system's
	Internal bool          // it may be on this machine or link
	Timeout  time.Duration // of one call; 0 is 10 s
}

// Hooks calls webhooks.
type Hooks struct {
	byName map[string]*hook
	now    func() time.Time
}

type hook struct {
	Hook
	client *http.Client
}

// NewHooks checks how to reach the receivers; it calls none.
func NewHooks(list []Hook, now func() time.Time) (*Hooks, error) {
	h := &Hooks{byName: map[string]*hook{}, now: now}
	for i := range list {
		one := &hook{Hook: list[i]}
		if one.Timeout <= 0 {
			one.Timeout = hookTimeout
		}
		u, err := url.Parse(one.URL)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
			return nil, rollcall.Errorf(rollcall.Invalid, "webhook %s: its url must be one of http or https without a password", one.Name)
		}
		if one.Secret == "" {
			return nil, rollcall.Errorf(rollcall.Invalid, "webhook %s has no secret to sign with", one.Name)
		}
		if one.client, err = one.newClient(); err != nil {
			return nil, fmt.Errorf("webhook %s: %w", one.Name, err)
		}
		h.byName[one.Name] = one
	}
	return h, nil
}

// newClient makes a client that follows no redirection, asks no proxy, and looks
// where it connects after the name was resolved: a name may lead anywhere.
func (h *hook) newClient() (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if h.CA != "" {
		pem, err := os.ReadFile(h.CA)
		if err != nil {
			return nil, rollcall.Errorf(rollcall.Invalid, "read its CA: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, rollcall.Errorf(rollcall.Invalid, "%s holds no certificate in PEM form", h.CA)
		}
	}
	dialer := &net.Dialer{Timeout: h.Timeout}
	if !h.Internal {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return refuseInternal(address) }
	}
	return &http.Client{
		Timeout: h.Timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: config, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: h.Timeout, MaxResponseHeaderBytes: mostAnswer,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// errInternal is why a connection was not made.
var errInternal = errors.New("the address is on this machine or link; set internal: true for a webhook that is meant to be there")

// refuseInternal refuses what only this machine or its link can reach, the
// metadata services of clouds (169.254.169.254) among them.
func refuseInternal(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	a := at.Addr().Unmap()
	if b := a.As16(); a.Is6() && nat64.Contains(a.WithZone("")) {
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || thisNetwork.Contains(a) {
		return fmt.Errorf("%s: %w", a, errInternal)
	}
	return nil
}

var (
	nat64       = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: an IPv4 address in IPv6's clothes
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
)

// Sign returns the signature of a body that is sent at a moment.
func Sign(secret rollcall.Secret, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write(strconv.AppendInt(nil, at.Unix(), 10))
	mac.Write([]byte{'.'})
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// Send calls a webhook. An error of kind Invalid is for good: the webhook is not
// configured any more, is where it must not be, or answers that it is gone for
// ever.
func (h *Hooks) Send(ctx context.Context, n *rollcall.Dispatch) error {
	one := h.byName[strings.Join(n.To, " ")]
	if one == nil {
		return rollcall.Errorf(rollcall.Invalid, "there is no webhook %s in the configuration any more", strings.Join(n.To, " "))
	}
	body := []byte(n.Text)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, one.URL, bytes.NewReader(body))
	if err != nil {
		return rollcall.Errorf(rollcall.Invalid, "webhook %s: %w", one.Name, withoutURL(err))
	}
	at := h.now()
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "rollcall",
		HeaderEvent: n.Subject, HeaderDelivery: fmt.Sprintf("%d.%d", n.ID, n.Created.UnixMicro()),
		HeaderTimestamp: strconv.FormatInt(at.Unix(), 10), HeaderSignature: Sign(one.Secret, at, body),
	} {
		request.Header.Set(name, value)
	}
	response, err := one.client.Do(request)
	if err != nil {
		kind := rollcall.Unavailable
		if errors.Is(err, errInternal) {
			kind = rollcall.Invalid
		}
		return rollcall.Errorf(kind, "webhook %s: %w", one.Name, withoutURL(err))
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(response.Body, mostAnswer)) // the status decides, not the text
	switch {
	case response.StatusCode >= 200 && response.StatusCode < 300:
		return nil
	case response.StatusCode == http.StatusGone:
		return rollcall.Errorf(rollcall.Invalid, "webhook %s answers 410: it is gone for ever", one.Name)
	default:
		return rollcall.Errorf(rollcall.Unavailable, "webhook %s answers %d: %.*q", one.Name, response.StatusCode, mostQuoted, answer)
	}
}

// withoutURL takes the address out of an error: paths of webhooks are often
// secrets themselves.
func withoutURL(err error) error {
	if of, ok := errors.AsType[*url.Error](err); ok {
		return of.Err
	}
	return err
}
