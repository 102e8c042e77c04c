package bench

import (
	"cmp"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
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

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/test/lab"
	"rollcall/test/lab/postgres"
)

// The sizes at which sign-in is measured.
const (
	signInPeople  = 5_000
	signIns       = 10_000 // in a round, of all clients together
	signInClients = 16
	signInPart    = "## Sign-in\n"
)

// signInConfig has accounts that sign in through slapd, every time.
const signInConfig = `store: "%s"
directories:
  main:
    url: %s
    bind: {dn: "%s", password: "%s"}
    base: "%s"
sources:
  users:
    class: UserLDAP
    directory: main
    filter: (objectClass=inetOrgPerson)
    key: entryUUID
    attributes:
      login: {from: uid, reconcile: true}
      profile_list: {value: "profileid->name:Portal user"}
    gone: {then: ignore}
serve:
  listen: 127.0.0.1:0
  allowed_login_types: token
  sign_in: {remember: 0%s}
`

// BenchmarkSignIn measures sign-ins through slapd, of a password that is proved
// there every time, beside bare binds as the same people to the same server.
func BenchmarkSignIn(b *testing.B) {
	times := number(b, "BENCH_ROUNDS", rounds)
	tools := build(b)
	d := lab.Slapd(b, lab.SlapdConfig{Data: staff(signInPeople)})
	server := postgres.Start(b)
	var plain, fresh, counted signInRow
	for round := range times {
		for i, row := range []struct {
			*signInRow
			more, store string
		}{{&plain, "", ""}, {&fresh, ", refresh: true", ""}, {&counted, "", server.Database(b)}} {
			s := newSignIn(b, tools, d, fmt.Sprintf("%d-%d", round, i), row.store, row.more)
			s.once(s.check(0), `"authorized":true`)
			beside := bareBinds(b, d)
			ours := s.ask(signInClients, signIns, 10, s.check)
			row.add(ours, beside)
			b.Logf("round %d, row %d: %.0f/s, p99 %s; bare binds %.0f/s, p99 %s", round+1, i+1, ours.rate(), ours.p99, beside.rate(), beside.p99)
		}
	}
	text := signInMarkdown(times, &plain, &fresh, &counted)
	fmt.Println(text)
	b.ReportMetric(middle(plain.rates), "sign-ins/s")
	b.ReportMetric(middle(plain.p99), "p99-ms")
	b.ReportMetric(100*middle(plain.shares), "%-of-binds")
	b.ReportMetric(100*middle(fresh.shares), "refreshed-%-of-binds")
	b.ReportMetric(100*middle(counted.shares), "counted-%-of-binds")
	b.ReportMetric(0, "ns/op")
	keepText(b, signInPart, text)
}

// staff is an LDIF of people with salted passwords, as directories keep them.
func staff(n int) io.Reader {
	var s strings.Builder
	s.WriteString("dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n\n")
	for i := range n {
		salt := fmt.Sprintf("%08d", i)
		sum := sha1.Sum([]byte(signInPassword(i) + salt)) //nolint:gosec // the scheme of slapd's SSHA
		hash := base64.StdEncoding.EncodeToString(append(sum[:], salt...))
		fmt.Fprintf(&s, "dn: %s\nobjectClass: inetOrgPerson\nuid: u%06d\ncn: Person %d\nsn: Person %d\nuserPassword: {SSHA}%s\n\n", signInDN(i), i, i, i, hash)
	}
	return strings.NewReader(s.String())
}

func signInPassword(i int) string { return "Secret-" + strconv.Itoa(i*7919) }

func signInDN(i int) string { return fmt.Sprintf("uid=u%06d,ou=people,dc=example,dc=org", i) }

// newSignIn starts a server that knows the people, none of whom came in yet. Its
// store is a file of its own unless one is given.
func newSignIn(b *testing.B, tools tools, d *lab.SlapdServer, name, store, more string) *signInSite {
	dir := filepath.Join(b.TempDir(), name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	s := &site{b: b, dir: dir, db: filepath.Join(dir, "rollcall.db")}
	file := filepath.Join(dir, "rollcall.yaml")
	write(b, file, fmt.Sprintf(signInConfig, cmp.Or(store, s.db), d.LDAP, d.ReaderDN, d.Password, d.BaseDN, more))
	if out, err := exec.Command(tools.rollcall, "-c", file, "sync").CombinedOutput(); err != nil {
		b.Fatalf("sync: %v\n%s", err, out)
	}
	// The requests themselves carry a token, which costs next to nothing.
	token, err := exec.Command(tools.rollcall, "-c", file, "user", "add", "program", "--token", "--profile", "Administrator", "--profile", "REST Services User").Output()
	if err != nil {
		b.Fatalf("make a token: %v", err)
	}
	site := &signInSite{site: s, token: strings.TrimSpace(lastLine(string(token)))}
	s.start(tools, file)
	return site
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

type signInSite struct {
	*site
	token string
}

// check asks whether the nth person's password is right.
func (s *signInSite) check(n int) []byte {
	i := n % signInPeople
	question, err := json.Marshal(map[string]string{"operation": "core/check_credentials", "user": fmt.Sprintf("u%06d", i), "password": signInPassword(i)})
	if err != nil {
		panic(err) // three texts
	}
	body := "version=1.3&json_data=" + url.QueryEscape(string(question))
	return []byte("POST /webservices/rest.php HTTP/1.1\r\nHost: " + s.address + "\r\nAuth-Token: " + s.token +
		"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}

// bareBinds lets as many clients bind as the same people, over a connection each.
func bareBinds(b *testing.B, d *lab.SlapdServer) crowd {
	cfg := directory.Config{URLs: []string{d.LDAP}, Bind: directory.Bind{User: d.ReaderDN, Password: rollcall.Secret(d.Password)}}
	conns := make([]*directory.Conn, signInClients)
	for i := range conns {
		c, err := directory.Dial(b.Context(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		conns[i] = c
	}
	times := make([][]time.Duration, signInClients)
	var group sync.WaitGroup
	began := time.Now()
	for i := range conns {
		group.Go(func() {
			for n := i; n < signIns; n += signInClients {
				start := time.Now()
				if err := conns[i].Authenticate(b.Context(), signInDN(n%signInPeople), rollcall.Secret(signInPassword(n%signInPeople))); err != nil {
					b.Errorf("bind: %v", err)
					return
				}
				times[i] = append(times[i], time.Since(start))
			}
		})
	}
	group.Wait()
	c := crowd{usage: usage{wall: time.Since(began)}, requests: signIns}
	all := slices.Sorted(slices.Values(slices.Concat(times...)))
	c.p99 = all[len(all)*99/100]
	return c
}

// signInRow is what was measured of one way to sign in.
type signInRow struct{ rates, p99, beside, besideP99, shares, cpu []float64 }

func (r *signInRow) add(ours, beside crowd) {
	r.rates = append(r.rates, ours.rate())
	r.beside = append(r.beside, beside.rate())
	r.shares = append(r.shares, ours.rate()/beside.rate())
	r.p99 = append(r.p99, float64(ours.p99)/float64(time.Millisecond))
	r.besideP99 = append(r.besideP99, float64(beside.p99)/float64(time.Millisecond))
	r.cpu = append(r.cpu, ours.cpu.Seconds())
}

func signInMarkdown(rounds int, plain, fresh, counted *signInRow) string {
	var s strings.Builder
	fmt.Fprintf(&s, signInPart+`
`+"`core/check_credentials`"+` of the built `+"`rollcall serve`"+`, over HTTP, %d times by %d clients, as %d people whose accounts are in a slapd on
the same cores; nothing is remembered, so every sign-in searches the entry and binds as it. Right before each, as many clients of
our own bind as the same people, over a connection each. A number is the median of %d rounds. CPU seconds are the server's own.

| what | must | aim | sign-ins/s | p99 | bare binds/s | their p99 | of the bare binds | CPU seconds |
|---|---|---|---|---|---|---|---|---|
`, signIns, signInClients, signInPeople, rounds)
	for _, r := range []struct {
		what, must, aim string
		*signInRow
	}{{"sign-in through slapd", "≥ 500/s, p99 ≤ 100 ms", "90 %", plain}, {"the same, with refresh: the entry is read and compared", "", "", fresh},
		{"the same, on PostgreSQL, where all nodes count together", "≥ 500/s, p99 ≤ 100 ms", "", counted}} {
		fmt.Fprintf(&s, "| %s | %s | %s | **%.0f** | %.1f ms | %.0f | %.1f ms | **%.0f %%** | %.2f |\n", r.what, r.must, r.aim, middle(r.rates), middle(r.p99),
			middle(r.beside), middle(r.besideP99), 100*middle(r.shares), middle(r.cpu))
	}
	return s.String()
}
