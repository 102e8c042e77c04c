package directory

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	ldapgss "github.com/go-ldap/ldap/v3/gssapi"
	krb5 "github.com/jcmturner/gokrb5/v8/client"
	krbconfig "github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/keytab"

	"rollcall/internal/rollcall"
)

// kerberosBind signs in by SASL GSSAPI (RFC 4752) without a security layer of
// its own: use TLS for that.
func (c *Conn) kerberosBind(b Bind) error {
	client, err := kerberosClient(b, c.end.host)
	if err != nil {
		return err
	}
	gss := &ldapgss.Client{Client: client}
	defer gss.Close()
	service := b.Service
	if service == "" {
		service = "ldap/" + c.end.host
	}
	var answer []byte
	for begun, ready := false, false; ; begun = true {
		var token []byte
		if !ready {
			var more bool
			if token, more, err = gss.InitSecContextWithOptions(service, answer, []int{flags.APOptionMutualRequired}); err != nil {
				return noTicket(service, c.end.host, err)
			}
			ready = begun && !more
		} else if token, err = gss.NegotiateSaslAuth(answer, ""); err != nil {
			return rollcall.Errorf(rollcall.Unauthorized, "agree on no security layer: %w", err)
		}
		var more bool
		if answer, more, err = c.saslStep("GSSAPI", token); err != nil {
			return err
		}
		if !more {
			return nil
		}
		if answer == nil {
			answer = []byte{}
		}
	}
}

// noTicket explains why there is no ticket for a server. Kerberos knows services
// by the names of their hosts, and hardly ever by an address.
func noTicket(service, host string, err error) error {
	if net.ParseIP(host) != nil && strings.Contains(err.Error(), "KDC_ERR_S_PRINCIPAL_UNKNOWN") {
		return rollcall.Errorf(rollcall.Invalid, "Kerberos knows servers by their names, and %s is an address: write the server's name in the URL, such as ldap://dc1.example.com: "+
			"get a ticket for %s: %w", host, service, err)
	}
	return rollcall.Errorf(rollcall.Unauthorized, "get a ticket for %s: %w", service, err)
}

// kerberosClient makes a client from the cache, keytab or password given. Host is
// the directory server, which for Active Directory is a KDC too.
func kerberosClient(b Bind, host string) (*krb5.Client, error) {
	user, realm := b.User, b.Realm
	if name, after, ok := strings.Cut(user, "@"); ok {
		user = name
		if realm == "" {
			realm = strings.ToUpper(after)
		}
	}
	conf, err := kerberosConfig(b.Krb5Conf, realm, host)
	if err != nil {
		return nil, err
	}
	if realm == "" {
		realm = conf.LibDefaults.DefaultRealm
	}
	// Active Directory has no FAST pre-authentication to offer, and asking
	// for it makes it refuse.
	plain := krb5.DisablePAFXFAST(true)
	switch {
	case b.CCache != "":
		cache, err := credentials.LoadCCache(strings.TrimPrefix(b.CCache, "FILE:"))
		if err != nil {
			return nil, rollcall.Errorf(rollcall.Invalid, "read the credential cache %s: %w", b.CCache, err)
		}
		client, err := krb5.NewFromCCache(cache, conf, plain)
		if err != nil {
			return nil, rollcall.Errorf(rollcall.Unauthorized, "use the credential cache %s: %w", b.CCache, err)
		}
		return client, nil
	case b.Keytab != "":
		table, err := keytab.Load(b.Keytab)
		if err != nil {
			return nil, rollcall.Errorf(rollcall.Invalid, "read the keytab %s: %w", b.Keytab, err)
		}
		return login(krb5.NewWithKeytab(user, realm, table, conf, plain), user, realm)
	}
	return login(krb5.NewWithPassword(user, realm, b.Password.Reveal(), conf, plain), user, realm)
}

func login(client *krb5.Client, user, realm string) (*krb5.Client, error) {
	err := client.Login()
	switch {
	case err == nil:
		return client, nil
	case strings.Contains(err.Error(), "KDC_ERR_PREAUTH_FAILED"):
		return nil, rollcall.Errorf(rollcall.Unauthorized, "the KDC of %s refuses the password or key of %s: %w", realm, user, err)
	case strings.Contains(err.Error(), "KDC_ERR_C_PRINCIPAL_UNKNOWN"):
		return nil, rollcall.Errorf(rollcall.Unauthorized, "the KDC of %s does not know %s: %w", realm, user, err)
	case strings.Contains(err.Error(), "KDC_ERR_CLIENT_REVOKED"):
		return nil, rollcall.Errorf(rollcall.Unauthorized, "the account %s is disabled, expired or locked: %w", user, err)
	case strings.Contains(err.Error(), "KRB_AP_ERR_SKEW"):
		return nil, rollcall.Errorf(rollcall.Unauthorized, "the clocks of this machine and the KDC of %s differ too much: %w", realm, err)
	}
	return nil, rollcall.Errorf(rollcall.Unavailable, "get a ticket from the KDC of %s: %w", realm, err)
}

// kerberosConfig loads krb5.conf. Where there is none, the realm and the
// directory server's own name make one.
func kerberosConfig(path, realm, host string) (*krbconfig.Config, error) {
	file := path
	if file == "" {
		file = "/etc/krb5.conf"
	}
	conf, err := krbconfig.Load(file)
	if err == nil {
		return conf, nil
	}
	if path != "" || !errors.Is(err, os.ErrNotExist) && !fileMissing(file) {
		return nil, rollcall.Errorf(rollcall.Invalid, "read the Kerberos configuration %s: %w", file, err)
	}
	if realm == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "there is no %s: give the Kerberos realm, or krb5_conf", file)
	}
	text := fmt.Sprintf("[libdefaults]\ndefault_realm = %s\nudp_preference_limit = 1\n[realms]\n%s = {\nkdc = %s:88\n}\n", realm, realm, host)
	conf, err = krbconfig.NewFromString(text)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "make a Kerberos configuration for realm %s: %w", realm, err)
	}
	return conf, nil
}

func fileMissing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, os.ErrNotExist)
}
