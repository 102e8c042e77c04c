package notify_test

import (
	"net/mail"
	"strings"
	"testing"
	"time"

	"rollcall/internal/notify"
	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

func notice() *rollcall.Dispatch {
	return &rollcall.Dispatch{
		ID: 7, Channel: rollcall.ChannelMail, Created: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), To: []string{"ops@example.com", "Jörg <j@example.com>"},
		Subject: "Größe: 3 errors", Text: "plain ü", HTML: "<p>rich ü</p>", State: rollcall.DispatchWaiting,
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
	office := lab.OpenPostOffice(t, lab.PostOfficeConfig{})
	m := mailer(t, notify.Server{Host: "127.0.0.1", Port: office.Port, TLS: notify.TLSNone})
	if err := m.Send(t.Context(), notice()); err != nil {
		t.Fatal(err)
	}
	got := office.Mails()
	if len(got) != 1 || got[0].From != "rollcall@example.com" || strings.Join(got[0].To, " ") != "ops@example.com j@example.com" {
		t.Fatalf("got %+v, want one mail to both", got)
	}
	msg, err := mail.ReadMessage(strings.NewReader(got[0].Data))
	if err != nil {
		t.Fatal(err)
	}
	if s := msg.Header.Get("Subject"); !strings.Contains(s, "=?UTF-8?") {
		t.Errorf("got subject %q, want it encoded", s)
	}
	if !strings.Contains(got[0].Data, "plain =C3=BC") || !strings.Contains(got[0].Data, "<p>rich =C3=BC</p>") {
		t.Errorf("got %s, want both forms of the text", got[0].Data)
	}
}

func TestMailIsEncryptedAndSignedIn(t *testing.T) {
	t.Parallel()
	ca := lab.NewCA(t)
	cert := ca.Server()
	office := lab.OpenPostOffice(t, lab.PostOfficeConfig{Password: "right", Cert: &cert})
	server := notify.Server{Host: "localhost", Port: office.Port, TLS: notify.TLSStart, CA: ca.File, User: "rc", Password: "right"}
	if err := mailer(t, server).Send(t.Context(), notice()); err != nil {
		t.Fatal(err)
	}
	if len(office.Mails()) != 1 || strings.Join(office.Users(), " ") != "rc" {
		t.Errorf("got %d mails and users %q, want one by rc", len(office.Mails()), office.Users())
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
		plain := lab.OpenPostOffice(t, lab.PostOfficeConfig{Password: "right"})
		bad := server
		bad.Port = plain.Port
		err := mailer(t, bad).Send(t.Context(), notice())
		if err == nil || len(plain.Mails()) != 0 || len(plain.Users()) != 0 {
			t.Errorf("got %v with %d mails and users %q, want nothing said in clear", err, len(plain.Mails()), plain.Users())
		}
	})
}

func TestARefusalForGoodIsToldFromATrouble(t *testing.T) {
	t.Parallel()
	office := lab.OpenPostOffice(t, lab.PostOfficeConfig{})
	m := mailer(t, notify.Server{Host: "127.0.0.1", Port: office.Port, TLS: notify.TLSNone})
	office.Refuse(550)
	if err := m.Send(t.Context(), notice()); rollcall.KindOf(err) != rollcall.Invalid {
		t.Errorf("got %v, want Invalid for 550", err)
	}
	office.Refuse(451)
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
