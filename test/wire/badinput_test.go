package wire

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// endless is a body of a given length.
type endless struct{ head, piece string }

func (e endless) reader(size int64) io.Reader {
	return io.LimitReader(io.MultiReader(strings.NewReader(e.head), repeat(e.piece)), size)
}

type repeat string

func (r repeat) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], r)
	}
	return n, nil
}

// residentMiB is how much memory the program used at most.
func (s *site) residentMiB() int {
	s.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Pid))
	if err != nil {
		s.Skipf("this system does not tell how much memory a process uses: %v", err)
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			must(s, err)
			return kib >> 10
		}
	}
	s.Fatal("no VmHWM")
	return 0
}

// TestABodyOfAGigabyte sends more than the server takes, in every form. It is
// refused with a sentence, in little memory, and nothing is left on the disk.
func TestABodyOfAGigabyte(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir).local("admin", "Administrator", "REST Services User")
	s := serve(t, dir, "serve: {limits: {body: 48MiB, spool: 64MiB}}\n")
	before := s.residentMiB()
	const gigabyte = 1 << 30
	for name, c := range map[string]struct {
		kind string
		body endless
		want int
	}{
		"one long parameter":    {"application/x-www-form-urlencoded", endless{"csvdata=", "1;Doe%0A"}, http.StatusRequestEntityTooLarge},
		"one that is no stream": {"application/x-www-form-urlencoded", endless{"comment=", "x"}, http.StatusRequestEntityTooLarge},
		"one long name":         {"application/x-www-form-urlencoded", endless{"", "name"}, http.StatusRequestEntityTooLarge},
		"many parameters":       {"application/x-www-form-urlencoded", endless{"", "a=1&b=2&"}, http.StatusRequestEntityTooLarge},
		"a part":                {"multipart/form-data; boundary=X", endless{"--X\r\nContent-Disposition: form-data; name=csvdata\r\n\r\n", "line\n"}, http.StatusRequestEntityTooLarge},
		"a part's head":         {"multipart/form-data; boundary=X", endless{"--X\r\n", "A: b\r\n"}, http.StatusBadRequest},
	} {
		q, err := http.NewRequest(http.MethodPost, s.url+"/synchro/synchro_import.php", c.body.reader(gigabyte))
		must(t, err)
		q.Header.Set("Content-Type", c.kind)
		res, err := client.Do(q)
		if err != nil {
			continue // cut off while the body was still being sent
		}
		text, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != c.want {
			t.Errorf("%s: got %s %s, want %d", name, res.Status, text, c.want)
		}
	}
	if used := s.residentMiB(); used > before+100 {
		t.Errorf("the server grew from %d to %d MiB", before, used)
	}
	if got := ask(t, s.form("/webservices/rest.php?version=1.3", values("auth_user", "admin", "auth_pwd", password, "json_data", listOperations))); !strings.HasPrefix(got.body, `{"code":0`) {
		t.Errorf("after all that: got %s", got.body)
	}
}

// TestNothingBreaksOnStrangeBytes puts bytes that no text has into everything.
func TestNothingBreaksOnStrangeBytes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir).local("admin", "Administrator", "REST Services User")
	s := serve(t, dir, "")
	strange := []string{"\x00", "a\x00b", "\xff\xfe", "\xc3", "\xed\xa0\x80", "\u202e", strings.Repeat("é", 5000), "' OR '1'='1", `"; DROP TABLE obj_user; --`, "*)(uid=*", "../../../etc/passwd", "<script>", "%00", "${env:HOME}"}
	names := []string{"auth_user", "auth_pwd", "login_mode", "auth_token", "version", "json_data", "callback", "data_source_id", "data_sources", "csvdata",
		"separator", "charset", "date_format", "class", "reconciliationkeys", "expression", "fields", "format", "param_file", "comment", "output", "\x00", "a[b]"}
	for _, page := range []string{"/webservices/rest.php", "/synchro/synchro_import.php", "/synchro/synchro_exec.php", "/webservices/import.php", "/webservices/export.php", "/webservices/export-v2.php", "/webservices/cron.php", "/synchro/replica.php"} {
		for _, text := range strange {
			all := values("auth_user", "admin", "auth_pwd", password, "status_only", "1")
			for _, name := range names {
				if name != "auth_user" && name != "auth_pwd" && name != "login_mode" {
					all.Set(name, text)
				}
			}
			if a := ask(t, s.form(page, all)); a.status >= 500 {
				t.Errorf("%s, everything %q: got %d %s", page, text, a.status, a.body)
			}
			all.Set("auth_user", text)
			all.Set("auth_pwd", text)
			if a := ask(t, s.form(page, all)); a.status >= 500 || became(a) != noLogin {
				t.Errorf("%s, credentials %q: got %d %.300s, want a refusal", page, text, a.status, a.body)
			}
		}
	}
	if log := s.log.String(); strings.Contains(log, "a page broke") || strings.Contains(log, password) {
		t.Errorf("the log tells of a page that broke, or a password:\n%s", log)
	}
}

// TestRawRequestsThatAreNone talks to the server below HTTP.
func TestRawRequestsThatAreNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir).local("admin", "Administrator", "REST Services User")
	s := serve(t, dir, "")
	for name, text := range map[string]string{
		"nothing like HTTP":    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"a NUL in the path":    "GET /webservices/\x00rest.php HTTP/1.1\r\nHost: x\r\n\r\n",
		"two lengths":          "POST /webservices/rest.php HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"a head without end":   "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-A: "+strings.Repeat("b", 1000)+"\r\n", 100) + "\r\n",
		"a path up the tree":   "GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
		"another method":       "TRACE /webservices/rest.php HTTP/1.1\r\nHost: x\r\n\r\n",
		"a body that is short": "POST /webservices/rest.php HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nauth_user=admin",
	} {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		must(t, err)
		must(t, c.SetDeadline(time.Now().Add(10*time.Second)))
		_, err = io.WriteString(c, text)
		must(t, err)
		must(t, c.(*net.TCPConn).CloseWrite())
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err == nil {
			if res.StatusCode >= 500 && res.StatusCode != http.StatusNotImplemented {
				t.Errorf("%s: got %s", name, res.Status)
			}
			_ = res.Body.Close()
		}
		_ = c.Close()
	}
	if a := ask(t, s.form("/healthz", nil)); a.status >= 500 {
		t.Errorf("got %d", a.status)
	}
}

// TestGuessingDoesNotKeepOthersOut sends a thousand wrong sign-ins as fast as the
// machine can, and in between somebody who knows a password.
func TestGuessingDoesNotKeepOthersOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := open(t, dir)
	r.local("victim", "Administrator", "REST Services User")
	r.local("worker", "Administrator", "REST Services User")
	s := serve(t, dir, "serve: {proxies: 127.0.0.1}\n")
	list := func(login, pass, from string) bool {
		q := s.form("/webservices/rest.php?version=1.3", values("auth_user", login, "auth_pwd", pass, "json_data", listOperations))
		q.Header.Set("X-Forwarded-For", from)
		return strings.HasPrefix(ask(t, q).body, `{"code":0`)
	}
	if !list("worker", password, "192.0.2.1") {
		t.Fatal("the worker does not get in")
	}
	var wait sync.WaitGroup
	var worked, entered atomic.Int64
	start := time.Now()
	for g := range 10 {
		wait.Go(func() {
			for i := range 100 {
				if list("victim", fmt.Sprint("guess-", i), fmt.Sprintf("198.51.100.%d", g)) {
					entered.Add(1)
				}
			}
		})
	}
	wait.Go(func() {
		for range 100 {
			if list("worker", password, "192.0.2.1") {
				worked.Add(1)
			}
		}
	})
	wait.Wait()
	t.Logf("1000 guesses took %s", time.Since(start).Round(time.Millisecond))
	if entered.Load() != 0 || worked.Load() != 100 {
		t.Errorf("%d guesses got in, and %d of 100 requests of the worker", entered.Load(), worked.Load())
	}
	if list("victim", password, "198.51.100.3") {
		t.Error("somebody who guessed a hundred times gets in with the right one")
	}
	metrics := ask(t, must2(t)(http.NewRequest(http.MethodGet, s.url+"/metrics", nil)))
	for _, want := range []string{"rollcall_sign_ins_refused_total 1001", "rollcall_sign_ins_limited_total "} {
		if !strings.Contains(metrics.body, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

func must2(t testing.TB) func(*http.Request, error) *http.Request {
	return func(r *http.Request, err error) *http.Request {
		t.Helper()
		must(t, err)
		return r
	}
}
