package gate

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parameters reads the parameters of a request with small limits.
func parameters(t testing.TB, r *http.Request, limits Limits) (*Params, error) {
	t.Helper()
	g := New(Config{Limits: limits, TempDir: t.TempDir()})
	p := g.params()
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(g.TempDir); err != nil || len(left) > 0 {
			t.Errorf("got %v in the temporary folder (%v), want nothing left", left, err)
		}
		if used := g.quota.used.Load(); used != 0 {
			t.Errorf("got %d bytes on disk counted, want none", used)
		}
	})
	return p, p.read(r)
}

func post(query, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/?"+query, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func mustRead(t testing.TB, r *http.Request) *Params {
	t.Helper()
	p, err := parameters(t, r, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheBodyWinsOverTheQuery(t *testing.T) {
	t.Parallel()
	p := mustRead(t, post("a=query&b=query", "a=body&c=1&c=2"))
	got := []string{p.Raw("a", "-"), p.Raw("b", "-"), p.Raw("c", "-"), p.Raw("d", "-")}
	if diff := cmp.Diff([]string{"body", "query", "2", "-"}, got); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if p.PostedText("b") != "" {
		t.Error("got a parameter of the query as posted")
	}
}

func TestParameterFilesComeLast(t *testing.T) {
	t.Parallel()
	p := mustRead(t, post("a=query", "b=body"))
	p.SetFallbacks(map[string]string{"a": "file", "b": "file", "csvdata": "file"})
	if p.Raw("a", "") != "query" || p.Raw("b", "") != "body" || p.Raw("csvdata", "") != "file" {
		t.Errorf("got %q, %q and %q", p.Raw("a", ""), p.Raw("b", ""), p.Raw("csvdata", ""))
	}
	if _, _, ok := p.Posted("csvdata"); ok {
		t.Error("got a parameter of a file as posted")
	}
}

func TestGetFallsBackWithoutAWord(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"plain":        "plain",
		"a b_c=d-1":    "a b_c=d-1",
		"":             "",
		"a.b":          "fallback",
		"<script>":     "fallback",
		"é":            "fallback",
		"a\x00":        "fallback",
		"\xff":         "fallback",
		"a;b":          "fallback",
		"1' OR '1'='1": "fallback",
		"*)(uid=*":     "fallback",
	} {
		p := mustRead(t, post("", "x="+url.QueryEscape(value)))
		if got := p.Get("x", "fallback"); got != want {
			t.Errorf("Get of %q: got %q, want %q", value, got, want)
		}
		if got := p.Raw("x", "fallback"); got != value {
			t.Errorf("Raw of %q: got %q", value, got)
		}
	}
}

func TestNamesAreAsInPHP(t *testing.T) {
	t.Parallel()
	p := mustRead(t, post("", "+auth.user=x&=nameless&bare&a%20b=2"))
	if p.Raw("auth_user", "") != "x" || p.Raw("a_b", "") != "2" || !p.Has("bare") || p.Has("") {
		t.Errorf("got %v", p.body)
	}
}

func TestOtherBodiesBringNoParameters(t *testing.T) {
	t.Parallel()
	for kind, body := range map[string]string{
		"application/json":   `{"operation":"list_operations"}`,
		"text/plain":         "a=1",
		"":                   "a=1",
		"multipart;;;":       "a=1",
		"application/x-www-": "a=1",
	} {
		r := post("", body)
		r.Header.Set("Content-Type", kind)
		if p := mustRead(t, r); len(p.body) != 0 {
			t.Errorf("%s: got %v", kind, p.body)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/?a=1", strings.NewReader("b=2"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if p := mustRead(t, r); p.Has("b") || !p.Has("a") {
		t.Error("got the body of a GET read, or its query not")
	}
}

func TestLongFieldsGoToDiskAndComeBack(t *testing.T) {
	t.Parallel()
	csv := strings.Repeat("primary_key;name\r\n1;Müller & Söhne+%\n", 50_000)
	long := strings.Repeat("ä", 100_000)
	p := mustRead(t, post("", "auth_user=admin&csvdata="+url.QueryEscape(csv)+"&comment="+url.QueryEscape(long)+"&output=details"))
	if p.spool.size == 0 {
		t.Fatal("got nothing spooled")
	}
	for range 2 { // it can be read again
		r, size, ok := p.Posted("csvdata")
		if !ok || size != int64(len(csv)) {
			t.Fatalf("got size %d, %t, want %d", size, ok, len(csv))
		}
		text, err := io.ReadAll(r)
		if err != nil || string(text) != csv {
			t.Fatalf("got %d bytes that differ (%v)", len(text), err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if p.Raw("comment", "") != long || p.Raw("auth_user", "") != "admin" || p.Raw("output", "") != "details" {
		t.Error("got other values for the parameters beside the long one")
	}
}

func TestLimitsOfOneRequest(t *testing.T) {
	t.Parallel()
	limits := Limits{Body: 1 << 20, Field: 1000, Fields: 3, Spool: 300 << 10}
	for name, c := range map[string]struct {
		body string
		want string
	}{
		"a long parameter": {"x=" + strings.Repeat("y", 1001), "the parameter x is longer than 1000 bytes"},
		"more than fits on disk beside what others have there": {
			"csvdata=" + strings.Repeat("y", 400<<10), "the requests under way fill the 0 MiB that serve.limits.spool allows"},
	} {
		_, err := parameters(t, post("", c.body), limits)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got error %v, want %s", name, err, c.want)
		}
	}
	p, err := parameters(t, post("", "a=1&b=2&c=3&d=4"), limits)
	if err != nil || p.Has("d") || !p.Has("c") {
		t.Errorf("got d %t and error %v, want three parameters taken", p.Has("d"), err)
	}
}

func TestMultipart(t *testing.T) {
	t.Parallel()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	text := strings.Repeat("line\n", 100_000)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.WriteField("auth_user", "admin"))
	must(w.WriteField("csvdata", text))
	file, err := w.CreateFormFile("json_data", "../../etc/request.json")
	must(err)
	_, err = io.WriteString(file, `{"operation":"list_operations"}`)
	must(err)
	_, err = w.CreateFormFile("left_out", "")
	must(err)
	must(w.Close())
	r := post("", body.String())
	r.Header.Set("Content-Type", w.FormDataContentType())
	p := mustRead(t, r)
	if p.Raw("auth_user", "") != "admin" || p.Raw("csvdata", "") != text || p.Has("json_data") {
		t.Error("got other fields than were sent")
	}
	f, ok := p.File("json_data")
	if !ok || f.Name != "request.json" || f.Size != 31 {
		t.Fatalf("got file %+v, %t", f, ok)
	}
	content, err := f.Open()
	must(err)
	got, err := io.ReadAll(content)
	if err != nil || string(got) != `{"operation":"list_operations"}` {
		t.Errorf("got %q, %v", got, err)
	}
	if _, ok := p.File("left_out"); ok {
		t.Error("got an upload that was left out as a file")
	}
}

func TestABrokenMultipartIsAnError(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"--x\r\nno header", "--x\r\nContent-Disposition: form-data; name=a\r\n\r\ncut"} {
		r := post("", body)
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		if _, err := parameters(t, r, DefaultLimits()); err == nil {
			t.Errorf("%q: got no error", body)
		}
	}
}

// pieces gives a text in pieces of some length.
type pieces struct {
	rest string
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.rest == "" {
		return 0, io.EOF
	}
	n := copy(b, p.rest[:min(p.size, len(p.rest))])
	p.rest = p.rest[n:]
	return n, nil
}

// FuzzForm holds the decoder of forms against net/url, and its pieces against
// the whole.
func FuzzForm(f *testing.F) {
	for _, s := range []string{"a=b&c=d", "a=%41+%zz%4", "%", "a=%", "a=%&b=%2", "&&=&a", "a==b", "a=1&a=2", "x=%00%ff", "csvdata=" + strings.Repeat("%0A", 99), "%%%41=%%41", strings.Repeat("+", 9) + strings.Repeat("0", 250)} {
		f.Add(s, 1)
		f.Add(s, 7)
	}
	f.Fuzz(func(t *testing.T, body string, size int) {
		whole := New(Config{}).params()
		if err := whole.readForm(strings.NewReader(body), int64(len(body))); err != nil {
			t.Fatal(err)
		}
		parts := New(Config{}).params()
		if err := parts.readForm(&pieces{body, max(1, size&0xff)}, -1); err != nil {
			t.Fatal(err)
		}
		text := func(p *Params) map[string]string {
			m := map[string]string{}
			for name, field := range p.body {
				m[name] = field.text()
			}
			return m
		}
		if diff := cmp.Diff(text(whole), text(parts)); diff != "" {
			t.Fatalf("in pieces of %d (-whole +pieces):\n%s", size&0xff, diff)
		}
		values, err := url.ParseQuery(body)
		if err != nil || strings.ContainsAny(body, ";") {
			return // PHP takes what Go refuses
		}
		want := map[string]string{}
		for name, list := range values {
			if plain := phpName(name); plain == name && name != "" && len(name) <= longestName {
				want[name] = list[len(list)-1]
			}
		}
		got := text(whole)
		for name, value := range want {
			if len(want) == len(values) && got[name] != value {
				t.Fatalf("%q: got %q, want %q", name, got[name], value)
			}
		}
	})
}

func BenchmarkForm(b *testing.B) {
	var csv strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&csv, "u%06d;Demo;Müller%d;Anna Maria;u%06d@example.com;active;%d\n", i, i, i, rand.IntN(1e6))
	}
	body := "auth_user=admin&csvdata=" + url.QueryEscape(csv.String())
	g := New(Config{TempDir: b.TempDir()})
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		p := g.params()
		if err := p.read(post("", body)); err != nil {
			b.Fatal(err)
		}
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
