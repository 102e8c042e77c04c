package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// SlapdConfig says how an OpenLDAP server differs from the plain one; its zero
// value is the plain one.
type SlapdConfig struct {
	BaseDN      string    // default dc=example,dc=org
	SizeLimit   string    // olcSizeLimit, such as "100" or "size.prtotal=100 size.soft=50"; default unlimited
	TimeLimit   string    // olcTimeLimit, in seconds; default unlimited
	Limits      []string  // olcLimits values of the database, such as `dn.exact="cn=reader,dc=example,dc=org" size=10`
	Schema      []string  // LDIF of further schemas, after core, cosine, inetorgperson, nis and namedobject
	Global      string    // further lines of cn=config itself, such as "olcSecurity: simple_bind=128"
	Database    string    // further lines of the mdb database
	Plain       bool      // no overlays: no memberOf appears, and names in groups go stale
	NoLog       bool      // syncprov keeps no session log: it does not know what was deleted
	CA          *CA       // default a new one
	Cert        *Cert     // default a good one of CA
	ClientCerts string    // olcTLSVerifyClient: never (default), allow, try, demand
	Data        io.Reader // LDIF that slapadd loads before the first start
	Provider    string    // the URL of the server that it is a replica of; there are no entries of its own then
	ProviderPW  string    // of AdminDN there
}

// SlapdServer is a running slapd with the overlays memberof, refint, syncprov
// and ppolicy. Everybody may read everything but passwords; limits bind all but
// AdminDN. On the ldapi socket and with client certificates SASL EXTERNAL works:
// whoever may reach the socket is AdminDN, and a certificate for CN=x is
// cn=x,BaseDN.
type SlapdServer struct {
	BaseDN   string
	AdminDN  string // cn=admin,BaseDN: the root DN, of cn=config too
	ReaderDN string // cn=reader,BaseDN: an ordinary account
	Password string // of both
	CA       *CA

	LDAP, LDAPS, LDAPI string // the URLs it listens on
	Addr, AddrTLS      string // host:port of LDAP and LDAPS

	t    testing.TB
	dir  string
	cfg  SlapdConfig
	proc *process
}

// Slapd starts an OpenLDAP server. It skips or fails the test as Require does.
func Slapd(t testing.TB, cfg SlapdConfig) *SlapdServer {
	t.Helper()
	Require(t, "slapd")
	if cfg.BaseDN == "" {
		cfg.BaseDN = "dc=example,dc=org"
	}
	if cfg.CA == nil {
		cfg.CA = NewCA(t)
	}
	if cfg.Cert == nil {
		good := cfg.CA.Server()
		cfg.Cert = &good
	}
	dir := tempDir(t, "slapd")
	s := &SlapdServer{
		BaseDN:   cfg.BaseDN,
		AdminDN:  "cn=admin," + cfg.BaseDN,
		ReaderDN: "cn=reader," + cfg.BaseDN,
		Password: "geheim-" + filepath.Base(dir),
		CA:       cfg.CA,
		LDAPI:    "ldapi://" + url.QueryEscape(filepath.Join(dir, "ldapi")),
		t:        t,
		dir:      dir,
		cfg:      cfg,
	}
	for _, sub := range []string{"slapd.d", "data"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	mustRun(t, strings.NewReader(s.configLDIF()), "slapadd", "-n0", "-F", s.path("slapd.d"))
	if cfg.Provider == "" {
		s.slapadd(strings.NewReader(s.baseLDIF()))
	}
	if cfg.Data != nil {
		s.slapadd(cfg.Data)
	}
	s.startOnFreePorts()
	t.Cleanup(s.Stop)
	return s
}

// URL returns the plain ldap:// URL, on which StartTLS works too.
func (s *SlapdServer) URL() string { return s.LDAP }

// URLs returns all URLs: ldap, ldaps, ldapi.
func (s *SlapdServer) URLs() []string { return []string{s.LDAP, s.LDAPS, s.LDAPI} }

// Add adds the entries of an LDIF text.
func (s *SlapdServer) Add(ldif string) {
	s.t.Helper()
	mustRun(s.t, strings.NewReader(ldif), "ldapadd", "-x", "-H", s.LDAP, "-D", s.AdminDN, "-w", s.Password)
}

// Modify applies the changes of an LDIF text: modify, modrdn, delete, add; of
// cn=config too.
func (s *SlapdServer) Modify(ldif string) {
	s.t.Helper()
	mustRun(s.t, strings.NewReader(ldif), "ldapmodify", "-x", "-H", s.LDAP, "-D", s.AdminDN, "-w", s.Password)
}

// Search runs ldapsearch over the plain URL as AdminDN and returns the LDIF.
func (s *SlapdServer) Search(args ...string) string {
	s.t.Helper()
	plain := []string{"-x", "-LLL", "-o", "ldif-wrap=no", "-H", s.LDAP, "-D", s.AdminDN, "-w", s.Password, "-b", s.BaseDN}
	return mustRun(s.t, nil, "ldapsearch", append(plain, args...)...)
}

// Load stops the server, adds entries in bulk (100,000 take some four seconds)
// and starts it again on the same ports. Overlays do not see bulk entries: no
// memberOf appears by itself.
func (s *SlapdServer) Load(ldif io.Reader) {
	s.t.Helper()
	s.Stop()
	s.slapadd(ldif)
	s.Start()
}

// Start starts the server again after Stop, Kill or Load, on the same ports.
func (s *SlapdServer) Start() {
	s.t.Helper()
	if err := s.start(); err != nil {
		s.t.Fatalf("start slapd: %v", err)
	}
}

// Stop ends the server in good order. It may be called twice.
func (s *SlapdServer) Stop() { s.proc.stop(stopTimeout) }

// Kill ends the server at once, with SIGKILL.
func (s *SlapdServer) Kill() { s.proc.stop(0) }

func (s *SlapdServer) path(name string) string { return filepath.Join(s.dir, name) }

func (s *SlapdServer) slapadd(ldif io.Reader) {
	s.t.Helper()
	mustRun(s.t, ldif, "slapadd", "-q", "-F", s.path("slapd.d"), "-b", s.BaseDN)
}

// startOnFreePorts tries again when somebody else took a port between finding
// it and listening on it.
func (s *SlapdServer) startOnFreePorts() {
	s.t.Helper()
	for attempt := 1; ; attempt++ {
		s.Addr = fmt.Sprintf("127.0.0.1:%d", FreePort(s.t))
		s.AddrTLS = fmt.Sprintf("127.0.0.1:%d", FreePort(s.t))
		s.LDAP, s.LDAPS = "ldap://"+s.Addr, "ldaps://"+s.AddrTLS
		err := s.start()
		if err == nil {
			return
		}
		if attempt == 3 || !errors.Is(err, errEnded) {
			s.t.Fatalf("start slapd: %v", err)
		}
	}
}

func (s *SlapdServer) start() error {
	var err error
	// -d 0 keeps it in the foreground.
	s.proc, err = startProcess(s.dir, "slapd", "-d", "0", "-F", s.path("slapd.d"), "-h", strings.Join(s.URLs(), " "))
	if err != nil {
		return err
	}
	err = s.proc.await(func(ctx context.Context) error { return dial(ctx, s.Addr) })
	if err != nil {
		s.proc.stop(0)
		return err
	}
	// Somebody else's server on a port lost in the race would have answered too.
	if out, err := run(nil, "ldapsearch", "-x", "-LLL", "-H", s.LDAP, "-D", s.AdminDN, "-w", s.Password, "-b", "", "-s", "base", "1.1"); err != nil {
		s.proc.stop(0)
		return fmt.Errorf("%w: %s", errEnded, out)
	}
	return nil
}

// dial reports whether something accepts connections at an address.
func dial(ctx context.Context, addr string) error {
	d := net.Dialer{Timeout: time.Second}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return c.Close()
}
