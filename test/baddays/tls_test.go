package baddays

import (
	"testing"

	"rollcall/test/lab"
)

// TestCertificates shows the program certificates that it must not accept.
func TestCertificates(t *testing.T) {
	t.Parallel()
	ca, stranger := lab.NewCA(t), lab.NewCA(t)
	expired, elsewhere := ca.Expired(), ca.WrongName()
	for _, c := range []struct {
		name     string
		cert     *lab.Cert
		ca       *lab.CA
		starttls bool
		crossed  bool // TLS on the plain port
		want     []string
	}{
		{name: "expired", cert: &expired, ca: ca, want: []string{"the server's certificate (subject", "expired: renew it at the server"}},
		{name: "expired, by StartTLS", cert: &expired, ca: ca, starttls: true, want: []string{"expired: renew it at the server"}},
		{name: "wrong name", cert: &elsewhere, ca: ca, want: []string{"is for elsewhere.example.org, 192.0.2.1, not for 127.0.0.1", "set tls.server_name"}},
		{name: "unknown CA", ca: stranger, want: []string{"is signed by a CA that is not trusted here", "give that CA's certificate as tls.ca"}},
		{name: "no TLS there", ca: ca, crossed: true, want: []string{"the server cut the connection during the TLS handshake: check that TLS is spoken at 127.0.0.1:"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := lab.Slapd(t, lab.SlapdConfig{CA: ca, Cert: c.cert, Data: company(30)})
			o := officeAt(t, s, s.LDAP)
			o.sync()
			before := o.dump()
			o.reconfigure(func(cfg *setting) {
				cfg.URL, cfg.Directory = s.LDAPS, "tls: {ca: "+c.ca.File+"}"
				if c.starttls {
					cfg.URL, cfg.Directory = s.LDAP, cfg.Directory+"\n    starttls: true"
				}
				if c.crossed {
					cfg.URL = "ldaps://" + s.Addr
				}
			})
			o.run("sync").ended(failed).says(append(c.want, "connect to "+o.Config.URL)...)
			o.unchanged(before)
			o.reconfigure(func(cfg *setting) { cfg.URL, cfg.Directory = s.LDAP, "" })
			o.sync()
		})
	}
}
