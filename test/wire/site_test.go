package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/registry/registrytest"
	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

func TestMain(m *testing.M) { os.Exit(lab.Main(m)) }

const password = "Correct-Horse-9"

// passwordHash is computed once: it takes a while.
var passwordHash = sync.OnceValues(func() (string, error) { return auth.Hash(password) })

var must = registrytest.Must

// registryOf is a registry that a test fills before, or while, the program
// serves it.
type registryOf struct{ *registrytest.World }

// open opens the registry in a folder.
func open(t testing.TB, dir string) *registryOf {
	t.Helper()
	return &registryOf{registrytest.Open(t, filepath.Join(dir, "rollcall.db"), time.Now, nil)}
}

// links are the contents of link sets, by attribute.
type links = map[string][]rollcall.Link

// profiles finds profiles by name.
func (r *registryOf) profiles(names ...string) []rollcall.Link {
	r.Helper()
	var ids []rollcall.ObjectID
	for _, name := range names {
		found, err := r.Store.Find(r.Ctx, r.Model.Class("URP_Profiles"), []string{"name"}, [][]string{{name}})
		must(r, err)
		ids = append(ids, found[0]...)
	}
	if len(ids) != len(names) {
		r.Fatalf("got %d profiles of %q", len(ids), names)
	}
	return registrytest.LinkTo(ids...)
}

// local makes an account of the program itself.
func (r *registryOf) local(login string, profiles ...string) rollcall.ObjectID {
	r.Helper()
	hash, err := passwordHash()
	must(r, err)
	return r.Create("UserLocal", links{"profile_list": r.profiles(profiles...)}, "login", login, "password", hash)
}

// site is a started server.
type site struct {
	testing.TB
	dir, url string
	log      *syncBuffer
	process  *os.Process
	ended    chan error
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// serve starts the program in a folder with a configuration. It stops with the
// test, and must do so in good order.
func serve(t testing.TB, dir, config string) *site {
	t.Helper()
	bin := lab.Program(t)
	if !strings.HasPrefix(config, "store: ") {
		config = "store: rollcall.db\n" + config
	}
	must(t, os.WriteFile(filepath.Join(dir, "rollcall.yaml"), []byte(config), 0o600))
	s := &site{TB: t, dir: dir, log: &syncBuffer{}, ended: make(chan error, 1)}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), bin, "--log-level", "info", "serve", "--listen", "127.0.0.1:0")
	cmd.Dir, cmd.Stderr = dir, s.log
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "TZ=UTC"}
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	s.process = cmd.Process
	first := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		if lines.Scan() {
			first <- lines.Text()
		}
		close(first)
		_, _ = io.Copy(io.Discard, out)
		s.ended <- cmd.Wait()
	}()
	t.Cleanup(s.stop)
	select {
	case line := <-first:
		where, ok := strings.CutPrefix(line, "Listening on ")
		if !ok {
			t.Fatalf("got %q from the program\n%s", line, s.log)
		}
		s.url = where
	case <-time.After(time.Minute):
		t.Fatalf("the program does not listen\n%s", s.log)
	}
	return s
}

func (s *site) stop() {
	s.Helper()
	_ = s.process.Signal(syscall.SIGTERM)
	select {
	case err := <-s.ended:
		if err != nil {
			s.Errorf("the program ended with %v\n%s", err, s.log)
		}
	case <-time.After(time.Minute):
		_ = s.process.Kill()
		s.Errorf("the program does not stop\n%s", s.log)
	}
	if left, err := filepath.Glob(filepath.Join(s.dir, "rollcall-request-*")); err != nil || len(left) > 0 {
		s.Errorf("got %v left behind (%v)", left, err)
	}
}

// client asks without following redirects and without keeping cookies.
var client = &http.Client{
	Timeout:       time.Minute,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// answer is what a page said.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request and reads the answer.
func ask(t testing.TB, r *http.Request) answer {
	t.Helper()
	res, err := client.Do(r)
	must(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

// form makes a POST of a form.
func (s *site) form(page string, fields url.Values) *http.Request {
	s.Helper()
	r, err := http.NewRequest(http.MethodPost, s.url+page, strings.NewReader(fields.Encode()))
	must(s, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// values makes a form of name, value, ….
func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// hashOf returns how a password is kept.
func hashOf(t testing.TB, text rollcall.Secret) string {
	t.Helper()
	hash, err := auth.Hash(text)
	must(t, err)
	return hash
}
