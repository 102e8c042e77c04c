package trace_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rollcall/internal/rollcall"
	"rollcall/internal/trace"
	"rollcall/test/lab/spans"
)

func open(t *testing.T, c trace.Config) *trace.Tracer {
	t.Helper()
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	tracer, err := trace.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return tracer
}

func TestStepsAreToldWithWhatTheyArePartOf(t *testing.T) {
	collector := spans.Start(t)
	tracer := open(t, trace.Config{
		URL: collector.URL + "/v1/traces", CA: collector.CA, Share: 1, Version: "1.2.3", Headers: map[string]rollcall.Secret{"Authorization": "Bearer hunter2"},
	})
	ctx, end := tracer.Step(context.Background(), "run", slog.String("kind", "sync"), slog.Bool("dry", false))
	_, endRead := tracer.Step(ctx, "read", slog.String("source", "persons"))
	endRead(rollcall.Errorf(rollcall.Unavailable, "the server cut the connection"))
	end(errors.New("nothing was changed"), slog.Int64("run", 7))
	if err := tracer.Close(); err != nil {
		t.Fatal(err)
	}
	got := collector.Spans()
	if len(got) != 2 || got[0].Trace != got[1].Trace || got[0].Parent != got[1].ID || got[1].Parent != "" {
		t.Fatalf("got %+v, want a read within a run", got)
	}
	want := []spans.Span{
		{Name: "read", Error: "the server cut the connection", About: map[string]string{"rollcall.source": "persons", "rollcall.error.kind": "unavailable"}},
		{Name: "run", Error: "nothing was changed", About: map[string]string{
			"rollcall.kind": "sync", "rollcall.dry": "false", "rollcall.run": "7", "rollcall.error.kind": "internal"}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(spans.Span{}, "Trace", "ID", "Parent")); diff != "" {
		t.Errorf("spans (-want +got)\n%s", diff)
	}
	about, header := collector.Sender()
	if about["service.name"] != "rollcall" || about["service.version"] != "1.2.3" || header.Get("Authorization") != "Bearer hunter2" {
		t.Errorf("got %v and the header %v", about, header)
	}
}

func TestARequestBelongsToItsClientsTrace(t *testing.T) {
	const theirs, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	collector := spans.Start(t)
	// Nothing that begins here is told; what a client follows is.
	tracer := open(t, trace.Config{URL: collector.URL + "/v1/traces", CA: collector.CA, Share: 0})
	for _, traceparent := range []string{"00-" + theirs + "-" + parent + "-01", "", "00-" + theirs + "-" + parent + "-00", "nonsense"} {
		r := httptest.NewRequest("POST", "/webservices/rest.php?auth_pwd=hunter2", nil)
		r.Header.Set("Traceparent", traceparent)
		ctx, id, end := tracer.Request(r, "/webservices/rest.php")
		if (id == theirs) != strings.HasPrefix(traceparent, "00-") || len(id) != 32 {
			t.Errorf("%q: got trace %s", traceparent, id)
		}
		_, endStep := tracer.Step(ctx, "run")
		endStep(nil)
		end(503)
	}
	if err := tracer.Close(); err != nil {
		t.Fatal(err)
	}
	got := collector.Spans()
	want := []spans.Span{
		{Name: "run", Trace: theirs, About: map[string]string{}},
		{Name: "/webservices/rest.php", Trace: theirs, Parent: parent, IsServer: true, Error: "Service Unavailable",
			About: map[string]string{"http.route": "/webservices/rest.php", "http.response.status_code": "503"}},
	}
	if len(got) != 2 || got[0].Parent != got[1].ID {
		t.Fatalf("got %+v, want the run within the request", got)
	}
	got[0].Parent = ""
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(spans.Span{}, "ID")); diff != "" {
		t.Errorf("spans (-want +got)\n%s", diff)
	}
}

func TestACollectorThatIsGoneCostsALine(t *testing.T) {
	var log bytes.Buffer
	tracer := open(t, trace.Config{URL: "http://127.0.0.1:1/v1/traces", Share: 1, Log: slog.New(slog.NewTextHandler(&log, nil))})
	_, end := tracer.Step(context.Background(), "run")
	end(nil)
	if err := tracer.Close(); err != nil {
		t.Errorf("got %v, want an end as ever", err)
	}
	if got := log.String(); strings.Count(got, "traces are lost") != 1 || !strings.Contains(got, "127.0.0.1:1") {
		t.Errorf("got the log %q, want one line that says where", got)
	}
}

func TestNobodyFollows(t *testing.T) {
	var tracer *trace.Tracer
	ctx, end := tracer.Step(context.Background(), "run")
	end(errors.New("no"), slog.Int64("run", 1))
	if ctx != context.Background() || tracer.Close() != nil {
		t.Error("a tracer that is none did something")
	}
}

// traceOf is what a server that tells nobody writes into its log.
func traceOf(traceparent string) string {
	var none *trace.Tracer
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Traceparent", traceparent)
	_, id, end := none.Request(r, "/")
	end(200)
	return id
}

func TestWhatIsNotToldStillSaysItsTrace(t *testing.T) {
	const theirs, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for text, want := range map[string]string{
		"00-" + theirs + "-" + parent + "-01":                  theirs,
		"00-" + theirs + "-" + parent + "-00":                  theirs,
		"01-" + theirs + "-" + parent + "-01-what-comes-later": theirs,
		"": "",
		"00-" + theirs + "-" + parent + "-01-more":                "",
		"01-" + theirs + "-" + parent + "-01more":                 "",
		"ff-" + theirs + "-" + parent + "-01":                     "",
		"00-" + strings.ToUpper(theirs) + "-" + parent + "-01":    "",
		"00-" + strings.Repeat("0", 32) + "-" + parent + "-01":    "",
		"00-" + theirs + "-" + strings.Repeat("0", 16) + "-01":    "",
		"00-" + theirs[:31] + "\n-" + parent + "-01":              "",
		"00_" + theirs + "-" + parent + "-01":                     "",
		"00-" + theirs + "-" + parent:                             "",
		"0g-" + theirs + "-" + parent + "-01":                     "",
		strings.Repeat("-", 55):                                   "",
		"00-" + theirs + "-" + parent + "-0\x00":                  "",
		"00-" + theirs + "-" + parent + "-01\r\nSet-Cookie: a=b,": "",
	} {
		if got := traceOf(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// FuzzATraceIsHexadecimal: whatever a stranger sends, a line of the log stays one.
func FuzzATraceIsHexadecimal(f *testing.F) {
	f.Add("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	f.Add("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x")
	f.Fuzz(func(t *testing.T, text string) {
		got := traceOf(text)
		if got == "" {
			return
		}
		if len(got) != 32 || strings.Trim(got, "0123456789abcdef") != "" || !strings.Contains(text, got) {
			t.Errorf("%q: got %q", text, got)
		}
	})
}

func TestACAThatIsNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for ca, want := range map[string]string{file: "has no certificate in PEM form", file + "x": "read the CA of the traces' collector"} {
		_, err := trace.Open(context.Background(), trace.Config{URL: "https://127.0.0.1:1", CA: ca})
		if err == nil || !strings.Contains(err.Error(), want) || rollcall.KindOf(err) != rollcall.Invalid {
			t.Errorf("%s: got %v, want %s", ca, err, want)
		}
	}
}
