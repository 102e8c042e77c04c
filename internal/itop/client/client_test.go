package client_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rollcall/internal/itop/client"
	"rollcall/internal/rollcall"
)

func newClient(t *testing.T, cfg client.Config, options ...client.CurlOption) *client.Client {
	t.Helper()
	curl, _, err := client.ParseCurl(options)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Curl = curl
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestFormsAreEncodedAsPHPDoes(t *testing.T) {
	t.Parallel()
	var raw string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		raw = string(body)
		if r.ContentLength != int64(len(body)) {
			t.Errorf("the length %d was said of %d bytes", r.ContentLength, len(body))
		}
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "data.csv")
	data := strings.Repeat("é;a b~\n", 30_000)
	if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, client.Config{URL: server.URL, Login: "a b", Password: "p&=+"})
	if _, err := c.Import(t.Context(), client.Form{{Name: "a[b]", Value: "ü-_.~"}, {Name: "csvdata", File: file}}); err != nil {
		t.Fatal(err)
	}
	if want := "auth_user=a+b&auth_pwd=p%26%3D%2B&a%5Bb%5D=%C3%BC-_.%7E&csvdata=%C3%A9%3Ba+b%7E%0A"; !strings.HasPrefix(raw, want) {
		t.Errorf("got %.200s", raw)
	}
	if values, err := url.ParseQuery(raw); err != nil || values.Get("csvdata") != data {
		t.Errorf("the file did not arrive whole: %v", err)
	}
}

func TestRedirectsBecomeGET(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/there" {
			http.Redirect(w, r, "/there", http.StatusFound)
			return
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write([]byte(r.Method + " " + string(body)))
	}))
	t.Cleanup(server.Close)
	if got, err := newClient(t, client.Config{URL: server.URL}).Exec(t.Context(), "1"); err != nil || got != "GET " {
		t.Errorf("got %q, %v", got, err)
	}
}

// A question that can do without an answer is put once, and its failure is told to
// nobody but who asked.
func TestAQuestionIsAskedOnce(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	c := newClient(t, client.Config{URL: server.URL, Retries: 2, Status: func(int, string, string) { t.Error("the HTTP error was told") }})
	for want := range int32(2) {
		if _, err := c.Ask(t.Context(), "1.0", []byte("{}")); err == nil || calls.Load() != want+1 {
			t.Errorf("got %v after %d calls, want an error after %d", err, calls.Load(), want+1)
		}
	}
}

func TestOnlyWhatIsSafeIsSentAgain(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write([]byte("0"))
	}))
	t.Cleanup(server.Close)
	c := newClient(t, client.Config{URL: server.URL, Retries: 1})
	if got, err := c.Import(t.Context(), nil); err != nil || got != "0" || calls.Load() != 2 {
		t.Errorf("import: got %q, %v after %d calls", got, err, calls.Load())
	}
	calls.Store(0)
	if _, err := c.Exec(t.Context(), "1"); err == nil || calls.Load() != 1 {
		t.Errorf("exec: got %v after %d calls", err, calls.Load())
	}
}

func TestTransportErrors(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(hang) })
	for name, c := range map[string]struct {
		url    string
		number int
	}{"nobody there": {"http://127.0.0.1:1", 7}, "no such name": {"http://nobody.invalid", 6}, "no answer": {server.URL, 28}} {
		_, err := newClient(t, client.Config{URL: c.url, SynchroTimeout: 300 * time.Millisecond}).Exec(t.Context(), "1")
		e, ok := errors.AsType[*client.TransportError](err)
		if !ok || e.Number != c.number || !strings.HasPrefix(err.Error(), "Problem opening URL: "+c.url) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) }))
	t.Cleanup(server.Close)
	server.Config.ErrorLog = nil
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // not in the certificate
	option := func(name, value string) client.CurlOption {
		return client.CurlOption{Name: "CURLOPT_" + name, Value: value}
	}
	for name, c := range map[string]struct {
		url     string
		options []client.CurlOption
		ok      bool
	}{
		"nothing said":                   {server.URL, nil, false},
		"no check":                       {server.URL, []client.CurlOption{option("SSL_VERIFYPEER", "0")}, true},
		"its authority":                  {server.URL, []client.CurlOption{option("CAINFO", ca)}, true},
		"another name":                   {other, []client.CurlOption{option("CAINFO", ca)}, false},
		"another name, not checked":      {other, []client.CurlOption{option("CAINFO", ca), option("SSL_VERIFYHOST", "0")}, true},
		"name unchecked, no authority":   {server.URL, []client.CurlOption{option("SSL_VERIFYHOST", "0")}, false},
		"its authority, TLS 1.3 spelled": {server.URL, []client.CurlOption{option("CAINFO", ca), option("SSLVERSION", "CURL_SSLVERSION_TLSv1_3")}, true},
	} {
		_, err := newClient(t, client.Config{URL: c.url}, c.options...).Exec(t.Context(), "1")
		if (err == nil) != c.ok {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestCurlOptions(t *testing.T) {
	t.Parallel()
	c, notes, err := client.ParseCurl([]client.CurlOption{
		{Name: "CURLOPT_PROXY", Value: "proxy.example.com"}, {Name: "CURLOPT_PROXYPORT", Value: "3128"}, {Name: "CURLOPT_PROXYUSERPWD", Value: "u:geheim"},
		{Name: "CURLOPT_SSLVERSION", Value: "CURL_SSLVERSION_SSLv3"}, {Name: "CURLOPT_DNS_CACHE_TIMEOUT", Value: "1"}, {Name: "CURLOPT_VERBOSE", Value: "1"},
		{Name: "CURLOPT_TIMEOUT", Value: "5"}, {Name: "CURLOPT_COOKIE", Value: "a=b"},
	})
	if err != nil || c.Proxy.String() != "http://u:geheim@proxy.example.com:3128" || c.Timeout != 5*time.Second || c.MinTLS > tls.VersionTLS12 {
		t.Errorf("got %+v, %v", c, err)
	}
	if len(notes) != 2 || !strings.Contains(notes[0], "too old") || !strings.Contains(notes[1], "CURLOPT_DNS_CACHE_TIMEOUT has no counterpart") {
		t.Errorf("notes: %q", notes)
	}
	for _, o := range []client.CurlOption{{Name: "curlopt_proxy", Value: "x"}, {Name: "CURLOPT_TIMEOUT", Value: "soon"}, {Name: "CURLOPT_PROXY", Value: "http://a b"}} {
		if _, _, err := client.ParseCurl([]client.CurlOption{o}); rollcall.KindOf(err) != rollcall.Invalid {
			t.Errorf("%v: got %v", o, err)
		}
	}
}

func TestSignals(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(hang) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := newClient(t, client.Config{URL: server.URL, Retries: 5}).Import(ctx, nil); err == nil || time.Since(began) > 2*time.Second {
		t.Errorf("got %v after %s", err, time.Since(began))
	}
}
