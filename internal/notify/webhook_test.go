package notify_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/internal/notify"
	"rollcall/internal/rollcall"
)

const hookSecret = "0123456789abcdef"

// call is a request as a receiver got it.
type call struct {
	header http.Header
	body   string
	proto  string
}

// receiver answers calls as answer says and keeps them.
func receiver(t *testing.T, answer http.HandlerFunc) (*httptest.Server, chan call) {
	t.Helper()
	calls := make(chan call, 100)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		calls <- call{r.Header.Clone(), string(body), r.Proto}
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s, calls
}

func hooks(t *testing.T, s *httptest.Server, now time.Time, change func(*notify.Hook)) *notify.Hooks {
	t.Helper()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	h := notify.Hook{Name: "ops", URL: s.URL + "/hook?key=hidden", Secret: hookSecret, CA: ca, Internal: true}
	if change != nil {
		change(&h)
	}
	list, err := notify.NewHooks([]notify.Hook{h}, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func dispatch() *rollcall.Dispatch {
	return &rollcall.Dispatch{ID: 7, Channel: rollcall.ChannelWebhook, Created: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), To: []string{"ops"},
		Subject: "held", Text: `{"event":"held"}`, State: rollcall.DispatchWaiting}
}

// TestAWebhookIsCalledAndSigned checks the signature as a receiver would, from
// what the documentation says.
func TestAWebhookIsCalledAndSigned(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 5, 0, 0, 0, time.UTC)
	s, calls := receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	if err := hooks(t, s, now, nil).Send(t.Context(), dispatch()); err != nil {
		t.Fatal(err)
	}
	c := <-calls
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write([]byte(c.header.Get("Rollcall-Timestamp") + "." + c.body))
	for name, want := range map[string]string{
		"Rollcall-Signature": "sha256=" + hex.EncodeToString(mac.Sum(nil)), "Rollcall-Timestamp": "1777870800",
		"Rollcall-Event": "held", "Rollcall-Delivery": "7.1777863721000000", "Content-Type": "application/json",
	} {
		if got := c.header.Get(name); got != want {
			t.Errorf("got %s %q, want %q", name, got, want)
		}
	}
	if c.body != `{"event":"held"}` {
		t.Errorf("got the body %s", c.body)
	}
}

// TestWhatAWebhookAnswers: only a success is one; a redirection is not followed,
// a big answer not read to its end, a slow one not waited for.
func TestWhatAWebhookAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		kind   rollcall.Kind // of the error; Internal for none
		words  string
	}{
		"created":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }, rollcall.Internal, ""},
		"broken":    {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "database\ndown", http.StatusBadGateway) }, rollcall.Unavailable, `502: "database\ndown\n"`},
		"unknown":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, rollcall.Unavailable, "404"},
		"gone":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }, rollcall.Invalid, "410"},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) }, rollcall.Unavailable, "302"},
		"slow":      {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, rollcall.Unavailable, ""},
		"endless": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, rollcall.Internal, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, calls := receiver(t, test.answer)
			err := hooks(t, s, time.Now(), func(h *notify.Hook) { h.Timeout = 500 * time.Millisecond }).Send(t.Context(), dispatch())
			switch {
			case test.kind == rollcall.Internal && err != nil, test.kind != rollcall.Internal && (err == nil || rollcall.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.words)):
				t.Errorf("got %v, want kind %v %s", err, test.kind, test.words)
			case err != nil && strings.Contains(err.Error(), "hidden"):
				t.Errorf("the error tells the address: %v", err)
			}
			if len(calls) != 1 {
				t.Errorf("got %d calls, want one", len(calls))
			}
		})
	}
}

// TestAWebhookDoesNotReachThisMachine unless it is told to, whatever the name
// resolves to or the address is written like.
func TestAWebhookDoesNotReachThisMachine(t *testing.T) {
	t.Parallel()
	s, calls := receiver(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "https://"), ":")
	for _, host := range []string{"127.0.0.1", "127.1.2.3", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254", "[fe80::1]", "[64:ff9b::7f00:1]", "224.0.0.1"} {
		err := hooks(t, s, time.Now(), func(h *notify.Hook) {
			h.Internal, h.URL, h.Timeout = false, "https://"+host+":"+port, 2*time.Second
		}).Send(t.Context(), dispatch())
		if rollcall.KindOf(err) != rollcall.Invalid || !strings.Contains(err.Error(), "internal: true") {
			t.Errorf("%s: got %v, want it refused for good, with the way out", host, err)
		}
	}
	if len(calls) != 0 {
		t.Errorf("got %d calls, want none", len(calls))
	}
}

func TestWebhooksThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]notify.Hook{
		"no secret": {Name: "a", URL: "https://x"}, "no host": {Name: "a", URL: "https://", Secret: hookSecret},
		"file": {Name: "a", URL: "file:///etc/passwd", Secret: hookSecret}, "password": {Name: "a", URL: "https://a:b@x", Secret: hookSecret},
		"no CA": {Name: "a", URL: "https://x", Secret: hookSecret, CA: "/nowhere"},
	} {
		if _, err := notify.NewHooks([]notify.Hook{h}, time.Now); rollcall.KindOf(err) != rollcall.Invalid {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
	list, err := notify.NewHooks(nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := list.Send(t.Context(), dispatch()); rollcall.KindOf(err) != rollcall.Invalid {
		t.Errorf("got %v, want a webhook that is no longer configured given up", err)
	}
}

// TestOneChannelDoesNotWaitForAnother: a webhook that hangs holds no mail up, and
// what is put into the box goes out at once.
func TestOneChannelDoesNotWaitForAnother(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	st := shelf(t, &now)
	ctx, cancel := context.WithCancel(t.Context())
	hanging, mailed := make(chan struct{}), make(chan struct{})
	box := notify.NewOutbox(st, map[rollcall.Channel]notify.Sender{
		rollcall.ChannelMail: hand(func(*rollcall.Dispatch) error { close(mailed); return nil }),
		rollcall.ChannelWebhook: hand(func(*rollcall.Dispatch) error {
			close(hanging)
			<-ctx.Done()
			return rollcall.Errorf(rollcall.Unavailable, "cut")
		}),
	}, func() time.Time { return now }, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- box.Run(ctx) }()
	for _, d := range []*rollcall.Dispatch{dispatch(), notice()} {
		d.Created = now
		if err := st.AddDispatch(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		box.Wake()
		if d.Channel == rollcall.ChannelWebhook {
			<-hanging
		} else {
			<-mailed
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
