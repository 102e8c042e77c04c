package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/wneessen/go-mail"

	"rollcall/internal/rollcall"
)

// The ways to encrypt the connection to a mail server.
const (
	TLSAlways   = "tls"      // from the first byte (RFC 8314), port 465
	TLSStart    = "starttls" // STARTTLS, refused when the server does not offer it (RFC 3207), port 587
	TLSNone     = "none"     // nothing, for a relay on the same machine
	mailTimeout = 30 * time.Second
)

// Server is an SMTP server to hand mail to.
type Server struct {
	Host     string
	Port     int    // 0: what is usual for TLS
	TLS      string // one of the ways to encrypt; "" is TLSStart
	CA       string // path of further roots; "" for the system's
	User     string // "" for no sign-in
	Password rollcall.Secret
	From     string
	Timeout  time.Duration // of one delivery; 0 is 30 s
}

// Mailer hands notices to an SMTP server.
type Mailer struct {
	server  Server
	options []mail.Option
}

// NewMailer checks how to reach the server; it sends nothing.
func NewMailer(s Server) (*Mailer, error) {
	if s.Timeout <= 0 {
		s.Timeout = mailTimeout
	}
	if err := mail.NewMsg().From(s.From); err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "%q is no mail address to send from", s.From)
	}
	config := &tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, rollcall.Errorf(rollcall.Invalid, "read the mail server's CA: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, rollcall.Errorf(rollcall.Invalid, "%s holds no certificate in PEM form", s.CA)
		}
	}
	m := &Mailer{server: s, options: []mail.Option{mail.WithTimeout(s.Timeout), mail.WithTLSConfig(config)}}
	port := 587
	switch s.TLS {
	case TLSStart, "":
		m.options = append(m.options, mail.WithTLSPolicy(mail.TLSMandatory))
	case TLSAlways:
		port = 465
		m.options = append(m.options, mail.WithSSL())
	case TLSNone:
		port = 25
		m.options = append(m.options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		return nil, rollcall.Errorf(rollcall.Invalid, "%q is no way to encrypt mail: tls, starttls or none", s.TLS)
	}
	if s.Port > 0 {
		port = s.Port
	}
	m.options = append(m.options, mail.WithPort(port))
	if s.User != "" {
		m.options = append(m.options, mail.WithUsername(s.User), mail.WithPassword(s.Password.Reveal()), mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover))
	}
	if _, err := mail.NewClient(s.Host, m.options...); err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "the mail server %q: %w", s.Host, err)
	}
	return m, nil
}

// Send delivers one notice. An error of kind Invalid is for good: the server, or
// the form of an address, refuses this notice whenever it comes. Any other is
// worth another try.
func (m *Mailer) Send(ctx context.Context, n *rollcall.Dispatch) error {
	msg := mail.NewMsg()
	if err := errors.Join(msg.From(m.server.From), msg.To(n.To...)); err != nil {
		return rollcall.Errorf(rollcall.Invalid, "address the notice: %w", err)
	}
	msg.Subject(n.Subject)
	msg.SetDateWithValue(n.Created)
	msg.SetMessageIDWithValue(fmt.Sprintf("%d.%d@%s", n.ID, n.Created.UnixMicro(), m.server.Host))
	msg.SetBodyString(mail.TypeTextPlain, n.Text)
	if n.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, n.HTML)
	}
	client, err := mail.NewClient(m.server.Host, m.options...)
	if err != nil {
		return rollcall.Errorf(rollcall.Invalid, "the mail server %q: %w", m.server.Host, err)
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		kind := rollcall.Unavailable
		if refused, ok := errors.AsType[*mail.SendError](err); ok && !refused.IsTemp() && refused.ErrorCode() >= 500 {
			kind = rollcall.Invalid
		}
		return rollcall.Errorf(kind, "send mail through %s: %w", m.server.Host, err)
	}
	return nil
}
