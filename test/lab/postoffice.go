package lab

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// PostOffice is an SMTP server that keeps what it takes.
type PostOffice struct {
	Addr string // host:port, on the loopback
	Port int

	password string
	mu       sync.Mutex
	mails    []Letter
	users    []string
	refusal  error
}

// Letter is a mail as it came.
type Letter struct {
	From string
	To   []string
	Data string
}

// PostOfficeConfig says what a post office asks of its clients.
type PostOfficeConfig struct {
	Password string // of whoever signs in; "" for no sign-in
	Cert     *Cert  // to offer STARTTLS with
}

// OpenPostOffice starts an SMTP server on a free port of the loopback; it closes with
// the test.
func OpenPostOffice(t testing.TB, c PostOfficeConfig) *PostOffice {
	t.Helper()
	p := &PostOffice{password: c.Password}
	server := smtp.NewServer(p)
	server.Domain = "localhost"
	server.AllowInsecureAuth = true
	server.ErrorLog = quiet{}
	if c.Cert != nil {
		pair, err := tls.LoadX509KeyPair(c.Cert.CertFile, c.Cert.KeyFile)
		if err != nil {
			t.Fatalf("open the post office: %v", err)
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("open the post office: %v", err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close() // Serve says what went wrong
		if err := <-done; err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, smtp.ErrServerClosed) {
			t.Errorf("the post office: %v", err)
		}
	})
	p.Addr = listener.Addr().String()
	_, port, _ := net.SplitHostPort(p.Addr)
	p.Port, _ = strconv.Atoi(port)
	return p
}

// Mails returns what came in so far.
func (p *PostOffice) Mails() []Letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Letter(nil), p.mails...)
}

// Users returns who signed in so far.
func (p *PostOffice) Users() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.users...)
}

// Refuse makes the office refuse every recipient with an SMTP code (RFC 5321
// section 4.2); 0 ends that.
func (p *PostOffice) Refuse(code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusal = nil
	if code != 0 {
		p.refusal = &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "not here"}
	}
}

// NewSession is called by the SMTP server for each connection.
func (p *PostOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &counter{office: p}, nil }

// counter is one client's visit.
type counter struct {
	office *PostOffice
	letter Letter
}

func (c *counter) AuthMechanisms() []string {
	if c.office.password == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (c *counter) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != c.office.password {
			return smtp.ErrAuthFailed
		}
		c.office.mu.Lock()
		defer c.office.mu.Unlock()
		c.office.users = append(c.office.users, user)
		return nil
	}), nil
}

func (c *counter) Mail(from string, _ *smtp.MailOptions) error {
	c.letter = Letter{From: from}
	return nil
}

func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	if c.office.refusal != nil {
		return c.office.refusal
	}
	c.letter.To = append(c.letter.To, to)
	return nil
}

func (c *counter) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.letter.Data = string(text)
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.office.mails = append(c.office.mails, c.letter)
	return nil
}

func (c *counter) Reset()        {}
func (c *counter) Logout() error { return nil }

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}
