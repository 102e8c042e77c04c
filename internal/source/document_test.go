package source_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// whole reads a document and proves it.
func whole(t *testing.T, d source.Document, meanwhile func()) (string, error) {
	t.Helper()
	r, err := d.Open(t.Context())
	if err != nil {
		return "", err
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		return "", err
	}
	meanwhile()
	return string(text), r.Whole()
}

func nothing() {}

func TestAFileThatIsWrittenToIsNotWhole(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct {
		write func(path string) error
		want  bool
	}{
		"nothing":        {func(string) error { return nil }, true},
		"longer":         {func(p string) error { return os.WriteFile(p, []byte("one\ntwo\n"), 0o600) }, false},
		"shorter":        {func(p string) error { return os.Truncate(p, 1) }, false},
		"other, as long": {func(p string) error { return os.Chtimes(p, time.Time{}, time.Now().Add(time.Minute)) }, false},
		"put in its place": {func(p string) error {
			if err := os.WriteFile(p+".new", []byte("other\n"), 0o600); err != nil {
				return err
			}
			return os.Rename(p+".new", p)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "f")
			if err := os.WriteFile(file, []byte("one\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			text, err := whole(t, source.Document{File: file}, func() {
				if err := change.write(file); err != nil {
					t.Fatal(err)
				}
			})
			if text != "one\n" || (err == nil) != change.want {
				t.Errorf("got %q, %v, want whole: %t", text, err, change.want)
			}
		})
	}
	if _, err := whole(t, source.Document{File: "/dev/null"}, nothing); err == nil {
		t.Error("a device was taken for a file")
	}
	missing := filepath.Join(t.TempDir(), "f")
	if _, err := whole(t, source.Document{File: missing}, nothing); err == nil || err.Error() != "open "+missing+": no such file or directory" {
		t.Errorf("of a file that is not there: %v", err)
	}
}

// answers are what a server may say; want is part of the error, "" for none.
var answers = map[string]struct {
	handler http.HandlerFunc
	want    string
}{
	"with its length": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[]") }, ""},
	"in chunks": {func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "[")
		_ = http.NewResponseController(w).Flush()
		fmt.Fprint(w, "]")
	}, ""},
	"too short":       {raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[]"), "broke off after 2 bytes"},
	"a chunk missing": {raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n"), "broke off"},
	"without length":  {raw("HTTP/1.0 200 OK\r\n\r\n[]"), "does not say how long"},
	"not there":       {http.NotFound, "404 Not Found"},
	"no content":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, "204"},
	"sent elsewhere": {func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://192.0.2.1/x", http.StatusFound)
	}, "sends on to another"},
	"round and round": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }, "from one page to the next"},
}

// raw answers with bytes as they are, and hangs up.
func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, text)
	}
}

func TestAnAnswerMustBeWhole(t *testing.T) {
	t.Parallel()
	for name, c := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.handler)
			defer server.Close()
			text, err := whole(t, source.Document{URL: server.URL + "/?token=hunter2"}, nothing)
			switch {
			case c.want == "" && (err != nil || text != "[]"):
				t.Errorf("got %q, %v, want it whole", text, err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2")):
				t.Errorf("got %v, want %q and no token", err, c.want)
			}
		})
	}
}

func TestWhatARequestCarries(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, r.Method, " ", user, " ", password, " ", r.Header.Get("X-Token"), " ", string(body))
	}))
	defer server.Close()
	d := source.Document{URL: server.URL, User: "ann", Password: "hunter2", Headers: map[string]rollcall.Secret{"X-Token": "t"}, Post: "{}"}
	if text, err := whole(t, d, nothing); err != nil || text != "POST ann hunter2 t {}" {
		t.Errorf("got %q, %v", text, err)
	}
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	if _, err := whole(t, source.Document{URL: silent.URL, Timeout: 50 * time.Millisecond}, nothing); err == nil {
		t.Error("a server that says nothing was waited for")
	}
}

func TestWhatADocumentMayBe(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]source.Document{
		"say what to read":  {},
		"both file and url": {File: "a", URL: "http://b"},
		"not for a file":    {File: "a", User: "u"},
		"no http://":        {URL: "ftp://a/b"},
	} {
		if err := d.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", d, err, want)
		}
	}
}
