package notify_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"rollcall/internal/notify"
	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

// postOffice is an SMTP server that keeps what it takes.
type postOffice struct {
	mu       sync.Mutex
	mails    []letter
	refusal  error // of every recipient
	password string
	users    []string // who signed in
}

type letter struct {
	from string
	to   []string
	data string
}

func (p *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &counter{office: p}, nil }

func (p *postOffice) taken() []letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]letter(nil), p.mails...)
}

// counter is one client's visit.
type counter struct {
	office *postOffice
	letter letter
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
	c.letter = letter{from: from}
	return nil
}

func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	if c.office.refusal != nil {
		return c.office.refusal
	}
	c.letter.to = append(c.letter.to, to)
	return nil
}

func (c *counter) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.letter.data = string(text)
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.office.mails = append(c.office.mails, c.letter)
	return nil
}

func (c *counter) Reset()        {}
func (c *counter) Logout() error { return nil }

// open starts the office on a free port of the loopback; with a certificate it
// offers STARTTLS.
func (p *postOffice) open(t *testing.T, cert *tls.Certificate) (port int) {
	t.Helper()
	server := smtp.NewServer(p)
	server.Domain = "localhost"
	server.AllowInsecureAuth = true
	server.ErrorLog = quiet{}
	if cert != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-done; err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, smtp.ErrServerClosed) {
			t.Errorf("the post office: %v", err)
		}
	})
	_, text, _ := net.SplitHostPort(listener.Addr().String())
	port, _ = strconv.Atoi(text)
	return port
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func notice() *rollcall.Notice {
	return &rollcall.Notice{
		ID: 7, Created: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), To: []string{"ops@example.com", "Jörg <j@example.com>"},
		Subject: "Größe: 3 errors", Text: "plain ü", HTML: "<p>rich ü</p>", State: rollcall.NoticeWaiting,
	}
}

func mailer(t *testing.T, s notify.Server) *notify.Mailer {
	t.Helper()
	s.From = "Rollcall <rollcall@example.com>"
	m, err := notify.NewMailer(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMailArrives(t *testing.T) {
	t.Parallel()
	office := &postOffice{}
	m := mailer(t, notify.Server{Host: "127.0.0.1", Port: office.open(t, nil), TLS: notify.TLSNone})
	if err := m.Send(t.Context(), notice()); err != nil {
		t.Fatal(err)
	}
	got := office.taken()
	if len(got) != 1 || got[0].from != "rollcall@example.com" || strings.Join(got[0].to, " ") != "ops@example.com j@example.com" {
		t.Fatalf("got %+v, want one mail to both", got)
	}
	msg, err := mail.ReadMessage(strings.NewReader(got[0].data))
	if err != nil {
		t.Fatal(err)
	}
	if s := msg.Header.Get("Subject"); !strings.Contains(s, "=?UTF-8?") {
		t.Errorf("got subject %q, want it encoded", s)
	}
	if !strings.Contains(got[0].data, "plain =C3=BC") || !strings.Contains(got[0].data, "<p>rich =C3=BC</p>") {
		t.Errorf("got %s, want both forms of the text", got[0].data)
	}
}

func TestMailIsEncryptedAndSignedIn(t *testing.T) {
	t.Parallel()
	ca := lab.NewCA(t)
	cert := ca.Server()
	pair, err := tls.LoadX509KeyPair(cert.CertFile, cert.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	office := &postOffice{password: "right"}
	server := notify.Server{Host: "localhost", Port: office.open(t, &pair), TLS: notify.TLSStart, CA: ca.File, User: "rc", Password: "right"}
	if err := mailer(t, server).Send(t.Context(), notice()); err != nil {
		t.Fatal(err)
	}
	if len(office.taken()) != 1 || strings.Join(office.users, " ") != "rc" {
		t.Errorf("got %d mails and users %q, want one by rc", len(office.taken()), office.users)
	}

	t.Run("wrong password", func(t *testing.T) {
		bad := server
		bad.Password = "wrong-secret"
		err := mailer(t, bad).Send(t.Context(), notice())
		if rollcall.KindOf(err) == rollcall.Internal || err == nil || strings.Contains(err.Error(), "wrong-secret") {
			t.Errorf("got %v, want a refusal without the password", err)
		}
	})
	t.Run("unknown CA", func(t *testing.T) {
		bad := server
		bad.CA = lab.NewCA(t).File
		if err := mailer(t, bad).Send(t.Context(), notice()); rollcall.KindOf(err) != rollcall.Unavailable {
			t.Errorf("got %v, want it to wait for a better certificate", err)
		}
	})
	t.Run("no TLS offered", func(t *testing.T) {
		plain := &postOffice{password: "right"}
		bad := server
		bad.Port = plain.open(t, nil)
		err := mailer(t, bad).Send(t.Context(), notice())
		if err == nil || len(plain.taken()) != 0 || len(plain.users) != 0 {
			t.Errorf("got %v with %d mails and users %q, want nothing said in clear", err, len(plain.taken()), plain.users)
		}
	})
}

func TestARefusalForGoodIsToldFromATrouble(t *testing.T) {
	t.Parallel()
	office := &postOffice{refusal: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}}
	m := mailer(t, notify.Server{Host: "127.0.0.1", Port: office.open(t, nil), TLS: notify.TLSNone})
	if err := m.Send(t.Context(), notice()); rollcall.KindOf(err) != rollcall.Invalid {
		t.Errorf("got %v, want Invalid for 550", err)
	}
	office.mu.Lock()
	office.refusal = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "busy"}
	office.mu.Unlock()
	if err := m.Send(t.Context(), notice()); rollcall.KindOf(err) != rollcall.Unavailable {
		t.Errorf("got %v, want Unavailable for 451", err)
	}
	n := notice()
	n.To = []string{"nobody at all"}
	if err := m.Send(t.Context(), n); rollcall.KindOf(err) != rollcall.Invalid {
		t.Errorf("got %v, want Invalid for an address that is none", err)
	}
}

func TestAServerThatCannotBeIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]notify.Server{
		"sender": {Host: "localhost", From: "nobody"},
		"tls":    {Host: "localhost", From: "a@example.com", TLS: "maybe"},
		"ca":     {Host: "localhost", From: "a@example.com", CA: "/nonexistent/ca.pem"},
		"host":   {From: "a@example.com"},
	} {
		if _, err := notify.NewMailer(s); rollcall.KindOf(err) != rollcall.Invalid {
			t.Errorf("%s: got %v, want Invalid", name, err)
		}
	}
}
