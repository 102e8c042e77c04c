package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// site is a started server with a fresh registry on SQLite.
type site struct {
	b       *testing.B
	dir     string
	db      string
	address string // host:port
	bearer  string // the header Authorization
	process *os.Process
}

const benchPassword = "Correct-Horse-9"

// newSite starts the program. It stops with the benchmark.
func newSite(b *testing.B, tools tools, dir string) *site {
	s := &site{b: b, dir: dir, db: filepath.Join(dir, "rollcall.db")}
	if err := os.Mkdir(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(dir, "rollcall.yaml")
	write(b, file, "store: "+s.db+"\nserve:\n  listen: 127.0.0.1:0\n")
	add := exec.Command(tools.rollcall, "-c", file, "user", "add", "bench", "--profile", "Administrator", "--profile", "REST Services User")
	add.Stdin = strings.NewReader(benchPassword + "\n")
	if out, err := add.CombinedOutput(); err != nil {
		b.Fatalf("add an account: %v\n%s", err, out)
	}
	s.bearer = "Basic " + base64.StdEncoding.EncodeToString([]byte("bench:"+benchPassword))
	s.start(tools, file)
	return s
}

func (s *site) start(tools tools, file string) {
	cmd := exec.CommandContext(context.WithoutCancel(s.b.Context()), tools.rollcall, "-c", file, "serve")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.b.Fatal(err)
	}
	s.process = cmd.Process
	line, err := bufio.NewReader(out).ReadString('\n')
	where, ok := strings.CutPrefix(line, "Listening on http://")
	if err != nil || !ok {
		s.b.Fatalf("got %q from the program: %v", line, err)
	}
	s.address, _, _ = strings.Cut(strings.TrimSpace(where), "/")
	s.b.Cleanup(func() {
		_ = s.process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			s.b.Errorf("the server ended badly: %v", err)
		}
	})
}

// request makes a request as it goes over the wire.
func (s *site) request(page string, form url.Values) []byte {
	body := form.Encode()
	return []byte("POST " + page + " HTTP/1.1\r\nHost: " + s.address + "\r\nAuthorization: " + s.bearer +
		"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}

// rest makes a request to rest.php.
func (s *site) rest(data string) []byte {
	return s.request("/webservices/rest.php", url.Values{"version": {"1.3"}, "json_data": {data}})
}

// client is one connection that is kept open.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	body bytes.Buffer // of the last answer
}

func (s *site) client() *client {
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		s.b.Fatal(err)
	}
	s.b.Cleanup(func() { _ = conn.Close() })
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}
}

// ask sends a request and reads the whole answer, which is kept when it is
// looked at.
func (c *client) ask(request []byte, keep bool) (int64, error) {
	if _, err := c.conn.Write(request); err != nil {
		return 0, err
	}
	answer, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }() // read to its end
	to := io.Discard
	if keep {
		c.body.Reset()
		to = &c.body
	}
	n, err := io.Copy(to, answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("got %s", answer.Status)
	}
	return n, err
}

// once asks once and returns the answer; with text in it, unless something went
// wrong.
func (s *site) once(request []byte, text string) string {
	c := s.client()
	if _, err := c.ask(request, true); err != nil {
		s.b.Fatal(err)
	}
	answer := c.body.String()
	if !strings.Contains(answer, text) {
		s.b.Fatalf("no %q in %s", text, answer[:min(len(answer), 2000)])
	}
	return answer
}

// timed asks once for a long answer of which at least so much must come.
func (s *site) timed(request []byte, least int64) usage {
	c := s.client()
	before, began := s.cpu(), time.Now()
	n, err := c.ask(request, false)
	u := usage{wall: time.Since(began), cpu: s.cpu() - before, peak: s.peak()}
	if err != nil || n < least {
		s.b.Fatalf("got %d bytes: %v", n, err)
	}
	return u
}

// crowd is what many clients saw.
type crowd struct {
	usage
	requests int
	p99      time.Duration
}

func (c crowd) rate() float64 { return float64(c.requests) / c.wall.Seconds() }

// ask lets several clients ask, one after the other each, until requests are
// through. request gives the nth; every answer must have so many bytes.
func (s *site) ask(clients, requests, least int, request func(n int) []byte) crowd {
	var group sync.WaitGroup
	times := make([][]time.Duration, clients)
	list := make([]*client, clients)
	for i := range list {
		list[i] = s.client()
	}
	before, began := s.cpu(), time.Now()
	for i := range clients {
		group.Go(func() {
			for n := i; n < requests; n += clients {
				text, start := request(n), time.Now()
				size, err := list[i].ask(text, false)
				times[i] = append(times[i], time.Since(start))
				if err != nil || size < int64(least) {
					s.b.Errorf("request %d: got %d bytes: %v\n%s", n, size, err, text)
					return
				}
			}
		})
	}
	group.Wait()
	c := crowd{usage: usage{wall: time.Since(began), cpu: s.cpu() - before, peak: s.peak()}, requests: requests}
	all := slices.Concat(times...)
	slices.Sort(all)
	c.p99 = all[len(all)*99/100]
	return c
}

// cpu is what the server has used of processors.
func (s *site) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Pid))
	if err != nil {
		s.b.Fatal(err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	ticks := 0
	for _, f := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.Atoi(f)
		if err != nil {
			s.b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// peak is the most memory that the server had at once.
func (s *site) peak() int64 {
	text := strings.TrimSuffix(line(fmt.Sprintf("/proc/%d/status", s.process.Pid), "VmHWM"), " kB")
	kib, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		s.b.Fatal(err)
	}
	return kib << 10
}

// shell measures a statement in the database's own shell; what it prints goes
// nowhere.
func (s *site) shell(args ...string) usage {
	return measure(s.b, append([]string{"sqlite3"}, args...), nil)
}
