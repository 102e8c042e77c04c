package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// SambaConfig says how a domain controller differs from the plain one.
type SambaConfig struct {
	Realm      string // default CORP.EXAMPLE.COM; the base DN follows from it
	Domain     string // the short name, default the realm's first label
	StrongAuth bool   // refuse simple binds without TLS, as a hardened domain does
	CA         *CA    // default a new one
	Cert       *Cert  // default a good one of CA for Host and Addr
	Data       string // LDIF that ldbadd loads before the first start
}

// SambaServer is a running Active Directory domain controller. Its single
// process hangs on a malformed control: give searches a time limit.
type SambaServer struct {
	Realm    string // CORP.EXAMPLE.COM
	Domain   string // CORP
	BaseDN   string // DC=corp,DC=example,DC=com
	UsersDN  string // CN=Users,BaseDN
	AdminDN  string
	AdminUPN string // Administrator@corp.example.com
	Password string // of Administrator
	Host     string // dc1.corp.example.com, known by no DNS server
	IP       string // where it listens, reachable from this machine alone
	CA       *CA
	Krb5Conf string // for KRB5_CONFIG: names the controller as KDC by address
	SPN      string // ldap/dc1.corp.example.com

	t    testing.TB
	dir  string
	net  network
	proc *process
}

// Samba starts a domain controller in a network namespace of its own. It skips
// or fails the test as Require does.
func Samba(t testing.TB, cfg SambaConfig) *SambaServer {
	t.Helper()
	Require(t, "samba")
	if cfg.Realm == "" {
		cfg.Realm = "CORP.EXAMPLE.COM"
	}
	if cfg.Domain == "" {
		cfg.Domain, _, _ = strings.Cut(cfg.Realm, ".")
	}
	if cfg.CA == nil {
		cfg.CA = NewCA(t)
	}
	zone := strings.ToLower(cfg.Realm)
	base := "DC=" + strings.ReplaceAll(zone, ".", ",DC=")
	s := &SambaServer{
		Realm:    cfg.Realm,
		Domain:   cfg.Domain,
		BaseDN:   base,
		UsersDN:  "CN=Users," + base,
		AdminDN:  "CN=Administrator,CN=Users," + base,
		AdminUPN: "Administrator@" + zone,
		Password: sambaPassword,
		Host:     sambaHost + "." + zone,
		SPN:      "ldap/" + sambaHost + "." + zone,
		CA:       cfg.CA,
		t:        t,
		net:      newNetwork(t),
		dir:      filepath.Join(tempDir(t, "samba"), "dc"),
	}
	s.IP = s.net.addr
	if cfg.Cert == nil {
		good := cfg.CA.Server(s.Host, s.IP)
		cfg.Cert = &good
	}
	copyDomain(t, cfg.Realm, cfg.Domain, s.dir)
	s.configure(cfg)
	if cfg.Data != "" {
		s.Ldbadd(cfg.Data)
	}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// URL returns the plain ldap:// URL, on which StartTLS works too.
func (s *SambaServer) URL() string { return "ldap://" + s.IP }

// LDAPS returns the ldaps:// URL.
func (s *SambaServer) LDAPS() string { return "ldaps://" + s.IP }

// Addr returns host:port of the plain port, as Proxy wants it.
func (s *SambaServer) Addr() string { return s.IP + ":389" }

// Ldbadd adds the entries of an LDIF text straight into the database: fast, and
// with attributes that LDAP clients may not set. It adds all or none, so that
// ldb need not copy every index before each entry, to be able to undo it: with
// ten thousand users there that takes ten times as long.
func (s *SambaServer) Ldbadd(ldif string) {
	s.t.Helper()
	mustRun(s.t, strings.NewReader(ldif), "ldbadd", "-H", s.database(), "-o", "batch_mode:1", "--nosync", "--configfile="+s.config())
}

// Ldbmodify applies the changes of an LDIF text straight to the database, with
// further options such as --relax.
func (s *SambaServer) Ldbmodify(ldif string, options ...string) {
	s.t.Helper()
	args := append([]string{"-H", s.database(), "--configfile=" + s.config()}, options...)
	mustRun(s.t, strings.NewReader(ldif), "ldbmodify", args...)
}

// Ldbrename renames or moves an entry.
func (s *SambaServer) Ldbrename(from, to string) {
	s.t.Helper()
	mustRun(s.t, nil, "ldbrename", "-H", s.database(), "--configfile="+s.config(), from, to)
}

// Ldbdel deletes entries.
func (s *SambaServer) Ldbdel(dns ...string) {
	s.t.Helper()
	mustRun(s.t, nil, "ldbdel", append([]string{"-H", s.database(), "--configfile=" + s.config()}, dns...)...)
}

// Tool runs samba-tool with this server's configuration and database: args
// such as "user", "disable", "alice". It returns what it printed.
func (s *SambaServer) Tool(args ...string) string {
	s.t.Helper()
	args = append(args, "--configfile="+s.config())
	if args[0] != "domain" { // its subcommands take the database from the configuration
		args = append(args, "-H", s.database())
	}
	return mustRun(s.t, nil, "samba-tool", args...)
}

// SetPassword sets an account's password, by its sAMAccountName.
func (s *SambaServer) SetPassword(account, password string) {
	s.t.Helper()
	s.Tool("user", "setpassword", account, "--newpassword="+password)
}

// Keytab exports the keys of a principal, such as "Administrator", and returns
// the file.
func (s *SambaServer) Keytab(principal string) string {
	s.t.Helper()
	file := filepath.Join(s.dir, principal+".keytab")
	s.Tool("domain", "exportkeytab", file, "--principal="+principal)
	return file
}

// CredentialsCache signs in with a password and returns the file that holds the
// ticket.
func (s *SambaServer) CredentialsCache(principal, password string) string {
	s.t.Helper()
	Require(s.t, "kinit")
	file := filepath.Join(s.dir, principal+".ccache")
	_, err := runEnv(strings.NewReader(password+"\n"), []string{"KRB5_CONFIG=" + s.Krb5Conf},
		"kinit", "-c", file, principal+"@"+s.Realm)
	if err != nil {
		s.t.Fatal(err)
	}
	return file
}

// Start starts the controller again after Stop or Kill.
func (s *SambaServer) Start() {
	s.t.Helper()
	var err error
	s.proc, err = startProcess(filepath.Dir(s.dir), "ip", "netns", "exec", s.net.name,
		"samba", "-s", s.config(), "-i", "-M", "single", "--debug-stdout")
	if err != nil {
		s.t.Fatalf("start samba: %v", err)
	}
	if err := s.proc.await(s.ready); err != nil {
		s.proc.stop(0)
		s.t.Fatalf("start samba: %v", err)
	}
}

// ready reports whether the controller answers a bind; the port is open a while
// before it does.
func (s *SambaServer) ready(ctx context.Context) error {
	if err := dial(ctx, s.Addr()); err != nil {
		return err
	}
	if err := dial(ctx, s.IP+":88"); err != nil {
		return err
	}
	c, err := ldap.DialURL(s.LDAPS(), ldap.DialWithTLSConfig(s.CA.clientConfig()))
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetTimeout(5 * time.Second)
	return c.Bind(s.AdminUPN, s.Password)
}

// Stop ends the controller in good order, and by force when it hangs. It may be
// called twice.
func (s *SambaServer) Stop() { s.proc.stop(3 * time.Second) }

// Kill ends the controller at once, with SIGKILL.
func (s *SambaServer) Kill() { s.proc.stop(0) }

func (s *SambaServer) config() string   { return filepath.Join(s.dir, "etc", "smb.conf") }
func (s *SambaServer) database() string { return filepath.Join(s.dir, "private", "sam.ldb") }

// configure writes the files that name this copy's folders and address.
func (s *SambaServer) configure(cfg SambaConfig) {
	s.t.Helper()
	strong := "no"
	if cfg.StrongAuth {
		strong = "yes"
	}
	conf := fmt.Sprintf(`[global]
netbios name = %[1]s
realm = %[2]s
workgroup = %[3]s
server role = active directory domain controller
server services = ldap, cldap, kdc, winbindd
bind interfaces only = yes
interfaces = eth0 lo
idmap_ldb:use rfc2307 = yes
ldap server require strong auth = %[4]s
tls enabled = yes
tls cafile = %[5]s
tls certfile = %[6]s
tls keyfile = %[7]s
private dir = %[8]s/private
state directory = %[8]s/state
cache directory = %[8]s/cache
lock directory = %[8]s
binddns dir = %[8]s/bind-dns
pid directory = %[8]s/run
ncalrpc dir = %[8]s/run/ncalrpc
winbindd socket directory = %[8]s/run/winbindd
ntp signd socket directory = %[8]s/run/ntp_signd
log level = 0
`, strings.ToUpper(sambaHost), s.Realm, s.Domain, strong,
		s.CA.File, cfg.Cert.CertFile, cfg.Cert.KeyFile, s.dir)
	s.Krb5Conf = filepath.Join(s.dir, "krb5.conf")
	krb5 := fmt.Sprintf(`[libdefaults]
default_realm = %[1]s
dns_lookup_realm = false
dns_lookup_kdc = false
rdns = false
dns_canonicalize_hostname = false
udp_preference_limit = 1

[realms]
%[1]s = {
	kdc = %[2]s:88
	admin_server = %[2]s
}

[domain_realm]
.%[3]s = %[1]s
%[3]s = %[1]s
`, s.Realm, s.IP, strings.ToLower(s.Realm))
	for path, text := range map[string]string{s.config(): conf, s.Krb5Conf: krb5} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	for _, sub := range []string{"cache", "run"} {
		if err := os.MkdirAll(filepath.Join(s.dir, sub), 0o755); err != nil {
			s.t.Fatal(err)
		}
	}
}
