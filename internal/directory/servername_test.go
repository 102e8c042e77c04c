package directory_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

// TestK1TheServerByNameOrAddress: a host name or an address will do, and the port
// is the usual one when none is given: 389, and 636 with TLS.
func TestK1TheServerByNameOrAddress(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	const address = "127.0.0.77" // where nobody else listens
	forward(t, address+":389", s.Addr)
	forward(t, address+":636", s.AddrTLS)
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	_, secure, err := net.SplitHostPort(s.AddrTLS)
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"ldap://localhost:" + port, "ldap://127.0.0.1:" + port, "ldaps://localhost:" + secure, "ldaps://127.0.0.1:" + secure, "ldap://" + address, "ldaps://" + address} {
		cfg := slapdConfig(s)
		cfg.URLs, cfg.TLS = []string{url}, directory.TLS{CAFile: s.CA.File, ServerName: "localhost"}
		c, err := directory.Dial(t.Context(), cfg)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if _, encrypted := c.TLS(); encrypted != strings.HasPrefix(url, "ldaps") {
			t.Errorf("%s: encrypted: %t", url, encrypted)
		}
		_ = c.Close()
	}
}

// forward passes connections on from a place to another.
func forward(t *testing.T, from, to string) {
	t.Helper()
	l, err := net.Listen("tcp", from)
	if errors.Is(err, os.ErrPermission) {
		t.Skipf("this user may not listen on %s: %v", from, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		}
	}()
}

// TestK2KerberosNeedsAName: an address where Kerberos needs the server's name is
// refused, and the message says what to write instead. Where the domain knows
// the address as a service, it will do.
func TestK2KerberosNeedsAName(t *testing.T) {
	t.Parallel()
	s := lab.Samba(t, lab.SambaConfig{})
	cfg := directory.Config{URLs: []string{s.URL()}, Bind: directory.Bind{
		Method: directory.BindKerberos, Krb5Conf: s.Krb5Conf, User: s.AdminUPN, Realm: s.Realm, Password: rollcall.Secret(s.Password),
	}}
	_, err := directory.Dial(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), "Kerberos knows servers by their names, and "+s.IP+" is an address: write the server's name in the URL") {
		t.Errorf("got %v", err)
	}
	if rollcall.KindOf(err) != rollcall.Invalid {
		t.Errorf("got an error of kind %s, want one that trying again does not mend", rollcall.KindOf(err))
	}
	s.Ldbmodify("dn: CN=DC1,OU=Domain Controllers," + s.BaseDN + "\nchangetype: modify\nadd: servicePrincipalName\nservicePrincipalName: ldap/" + s.IP + "\n")
	c, err := directory.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}
