package directory_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

// who asks the server whom it takes us for.
func reads(t *testing.T, cfg directory.Config, base string) {
	t.Helper()
	c := dial(t, cfg)
	if found, err := c.Exists(t.Context(), base, nil); err != nil || !found {
		t.Errorf("read %s: got %v, %v", base, found, err)
	}
}

func refused(t *testing.T, cfg directory.Config, kind rollcall.Kind, words ...string) {
	t.Helper()
	c, err := directory.Dial(t.Context(), cfg)
	if err == nil {
		_ = c.Close()
		t.Fatalf("connected, want an error with %q", words)
	}
	if rollcall.KindOf(err) != kind {
		t.Errorf("got kind %s, want %s: %v", rollcall.KindOf(err), kind, err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("got %v, want it to say %q", err, w)
		}
	}
	if p := cfg.Bind.Password.Reveal(); p != "" && strings.Contains(err.Error(), p) {
		t.Errorf("the password is in the error: %v", err)
	}
}

func TestConnectAndBind(t *testing.T) {
	t.Parallel()
	ca := lab.NewCA(t)
	s := lab.Slapd(t, lab.SlapdConfig{CA: ca, ClientCerts: "allow", Global: "olcAuthzRegexp: {0}\"cn=ann.*\" \"cn=reader,dc=example,dc=org\""})
	plain := slapdConfig(s)
	with := func(change func(*directory.Config)) directory.Config {
		cfg := slapdConfig(s)
		change(&cfg)
		return cfg
	}
	trusted := directory.TLS{CAFile: ca.File}

	t.Run("plain", func(t *testing.T) { reads(t, plain, s.BaseDN) })
	t.Run("anonymous", func(t *testing.T) {
		reads(t, with(func(c *directory.Config) { c.Bind = directory.Bind{} }), s.BaseDN)
	})
	t.Run("ldaps", func(t *testing.T) {
		reads(t, with(func(c *directory.Config) { c.URLs, c.TLS = []string{s.LDAPS}, trusted }), s.BaseDN)
	})
	t.Run("StartTLS", func(t *testing.T) {
		reads(t, with(func(c *directory.Config) { c.StartTLS, c.TLS = true, trusted }), s.BaseDN)
	})
	t.Run("ldapi with EXTERNAL", func(t *testing.T) {
		reads(t, with(func(c *directory.Config) {
			c.URLs, c.Bind = []string{s.LDAPI}, directory.Bind{Method: directory.BindExternal}
		}), s.BaseDN)
	})
	t.Run("client certificate with EXTERNAL", func(t *testing.T) {
		cert := ca.Client("ann")
		reads(t, with(func(c *directory.Config) {
			c.URLs, c.TLS = []string{s.LDAPS}, directory.TLS{CAFile: ca.File, CertFile: cert.CertFile, KeyFile: cert.KeyFile}
			c.Bind = directory.Bind{Method: directory.BindExternal}
		}), s.BaseDN)
	})
	t.Run("wrong password", func(t *testing.T) {
		refused(t, with(func(c *directory.Config) { c.Bind.Password = "nicht-geheim" }), rollcall.Unauthorized, "the user or the password is wrong", "invalidCredentials (49)", s.AdminDN)
	})
	t.Run("an empty password is not sent", func(t *testing.T) {
		proxy := lab.Proxy(t, s.Addr)
		refused(t, with(func(c *directory.Config) { c.URLs, c.Bind.Password = []string{proxy.URL()}, "" }), rollcall.Invalid, "is empty", "nothing was sent")
		if proxy.Connections() != 0 {
			t.Error("the server was contacted")
		}
	})
	t.Run("unknown CA", func(t *testing.T) {
		refused(t, with(func(c *directory.Config) { c.URLs = []string{s.LDAPS} }), rollcall.Unavailable, "signed by a CA that is not trusted here", "issuer")
	})
	t.Run("unknown CA, told not to look", func(t *testing.T) {
		reads(t, with(func(c *directory.Config) { c.URLs, c.TLS = []string{s.LDAPS}, directory.TLS{SkipVerify: true} }), s.BaseDN)
	})
	t.Run("wrong name", func(t *testing.T) {
		refused(t, with(func(c *directory.Config) {
			c.URLs, c.TLS = []string{s.LDAPS}, directory.TLS{CAFile: ca.File, ServerName: "dc9.example.org"}
		}), rollcall.Unavailable, "not for dc9.example.org", "127.0.0.1")
	})
	t.Run("TLS to a port that does not speak it", func(t *testing.T) {
		refused(t, with(func(c *directory.Config) { c.URLs = []string{"ldaps://" + s.Addr} }), rollcall.Unavailable, "connect to ldaps://"+s.Addr)
	})
	t.Run("missing CA file", func(t *testing.T) {
		refused(t, with(func(c *directory.Config) { c.URLs, c.TLS.CAFile = []string{s.LDAPS}, "/nowhere/ca.pem" }), rollcall.Invalid, "/nowhere/ca.pem")
	})
	t.Run("a CA file without certificates", func(t *testing.T) {
		file := t.TempDir() + "/ca.pem"
		if err := os.WriteFile(file, []byte("nothing"), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, with(func(c *directory.Config) { c.URLs, c.TLS.CAFile = []string{s.LDAPS}, file }), rollcall.Invalid, "holds no PEM certificate")
	})
}

func TestExpiredCertificateSaysWhen(t *testing.T) {
	t.Parallel()
	ca := lab.NewCA(t)
	cert := ca.Expired()
	s := lab.Slapd(t, lab.SlapdConfig{CA: ca, Cert: &cert})
	cfg := slapdConfig(s)
	cfg.URLs, cfg.TLS.CAFile = []string{s.LDAPS}, ca.File
	refused(t, cfg, rollcall.Unavailable, "expired", "valid 20", "renew it")
}

func TestUnreachableServers(t *testing.T) {
	t.Parallel()
	closed := fmt.Sprintf("ldap://127.0.0.1:%d", lab.FreePort(t))
	refused(t, directory.Config{URLs: []string{closed}}, rollcall.Unavailable, "nothing listens on 127.0.0.1")
	refused(t, directory.Config{URLs: []string{"ldap://no-such-host.invalid"}}, rollcall.Unavailable, "no-such-host.invalid")
	refused(t, directory.Config{URLs: []string{"ldapi://%2Fnowhere%2Fldapi"}}, rollcall.Unavailable, "there is no socket /nowhere/ldapi")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	silent := l.Addr().String()
	refused(t, directory.Config{URLs: []string{"ldaps://" + silent}, ConnectTimeout: shortWait}, rollcall.Unavailable, "accepted the connection but did not answer within 300ms")
	refused(t, directory.Config{URLs: []string{"ldap://" + silent}, ConnectTimeout: shortWait}, rollcall.Unavailable, "said nothing for 300ms")
	for text, words := range map[string]string{
		"dc1.example.com":        "write ldap://, ldaps:// or ldapi:// before the host",
		"http://dc1.example.com": "neither ldap, ldaps nor ldapi",
		"ldap://":                "expected ldap://host",
	} {
		refused(t, directory.Config{URLs: []string{text}}, rollcall.Invalid, words)
	}
}

func TestFailOver(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	closed := fmt.Sprintf("ldap://127.0.0.1:%d", lab.FreePort(t))
	t.Run("to the next server", func(t *testing.T) {
		cfg := slapdConfig(s)
		cfg.URLs = []string{closed, s.LDAP}
		if c := dial(t, cfg); c.URL() != s.LDAP {
			t.Errorf("got %s, want %s", c.URL(), s.LDAP)
		}
	})
	t.Run("not after a wrong password", func(t *testing.T) {
		proxy := lab.Proxy(t, s.Addr)
		cfg := slapdConfig(s)
		cfg.URLs, cfg.Bind.Password = []string{s.LDAP, proxy.URL()}, "nicht-geheim"
		refused(t, cfg, rollcall.Unauthorized)
		if proxy.Connections() != 0 {
			t.Error("the wrong password was tried at the second server too")
		}
	})
	t.Run("all out of reach: each is named", func(t *testing.T) {
		cfg := slapdConfig(s)
		other := fmt.Sprintf("ldap://127.0.0.1:%d", lab.FreePort(t))
		cfg.URLs = []string{closed, other}
		refused(t, cfg, rollcall.Unavailable, "none of 2 servers could be used", closed, other)
		if _, err := directory.Dial(t.Context(), cfg); strings.Count(err.Error(), other) != 1 || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %q, want each server named once, in one line", err)
		}
	})
	t.Run("an ended context ends it", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := directory.Dial(ctx, slapdConfig(s)); err == nil || !strings.Contains(err.Error(), "canceled") {
			t.Errorf("got %v", err)
		}
	})
}
