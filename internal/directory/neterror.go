package directory

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"rollcall/internal/rollcall"
)

// explainNetwork makes a person's sentence of a failure below LDAP.
func explainNetwork(what string, end endpoint, err error) error {
	reason := "the connection failed"
	switch dns, isDNS := errors.AsType[*net.DNSError](err); {
	case isDNS && dns.IsNotFound:
		reason = fmt.Sprintf("the name %s is not known: check its spelling and this machine's DNS", end.host)
	case isDNS:
		reason = fmt.Sprintf("the name %s could not be looked up: check this machine's DNS", end.host)
	case errors.Is(err, syscall.ECONNREFUSED):
		reason = fmt.Sprintf("nothing listens on %s: check the port, and that the server runs", end.address)
	case errors.Is(err, os.ErrNotExist) && end.network == "unix":
		reason = fmt.Sprintf("there is no socket %s", end.address)
	case errors.Is(err, os.ErrPermission) && end.network == "unix":
		reason = fmt.Sprintf("the socket %s may not be opened by this account", end.address)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		reason = fmt.Sprintf("there is no way to %s: check network and firewall", end.address)
	case isTimeout(err):
		reason = fmt.Sprintf("%s does not answer: check network and firewall", end.address)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		reason = "the server cut the connection: look into its log, and try again"
	case errors.Is(err, errMalformed):
		reason = "what answers there does not speak LDAP: check host and port, and whether it wants ldaps://"
	}
	return &rollcall.Error{Kind: rollcall.Unavailable, Msg: what + ": " + reason, Err: err}
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}

// explainTLS makes a person's sentence of a failed handshake, with the names and
// dates of the certificate that was shown.
func explainTLS(what string, end endpoint, conf *tls.Config, err error, waited time.Duration) error {
	if r, ok := errors.AsType[*ResultError](err); ok {
		return &rollcall.Error{Kind: rollcall.Unavailable, Msg: what + ": the server refuses StartTLS", Err: r}
	}
	if isTimeout(err) {
		return &rollcall.Error{Kind: rollcall.Unavailable, Msg: fmt.Sprintf("%s: the server accepted the connection but did not answer within %s", what, waited), Err: err}
	}
	reason := ""
	if verify, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		reason = certificateReason(verify, conf)
	}
	if record, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		reason = fmt.Sprintf("%s does not speak TLS: use ldap:// (with starttls), or the server's TLS port, usually 636", end.address)
		err = record
	}
	if alert, ok := errors.AsType[tls.AlertError](err); ok {
		reason = "the server ended the TLS handshake: it may want a client certificate, or no TLS version and cipher suits both (TLS 1.2 is the least)"
		err = alert
	}
	if reason == "" {
		if errors.Is(err, errMalformed) || !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) && strings.HasPrefix(err.Error(), "tls: ") {
			reason = "the TLS handshake failed"
		} else if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
			reason = fmt.Sprintf("the server cut the connection during the TLS handshake: check that TLS is spoken at %s, and the server's log", end.address)
		} else {
			return explainNetwork(what, end, err)
		}
	}
	return &rollcall.Error{Kind: rollcall.Unavailable, Msg: what + ": " + reason, Err: err}
}

func certificateReason(verify *tls.CertificateVerificationError, conf *tls.Config) string {
	shown := "the server's certificate"
	if len(verify.UnverifiedCertificates) > 0 {
		shown += " (" + describeCertificate(verify.UnverifiedCertificates[0]) + ")"
	}
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](verify.Err)
	hostname, isHostname := errors.AsType[x509.HostnameError](verify.Err)
	_, isUnknown := errors.AsType[x509.UnknownAuthorityError](verify.Err)
	switch {
	case isInvalid && invalid.Reason == x509.Expired:
		if time.Now().Before(invalid.Cert.NotBefore) {
			return fmt.Sprintf("%s is not valid before %s: check this machine's clock", shown, invalid.Cert.NotBefore.UTC().Format(time.DateTime))
		}
		if len(verify.UnverifiedCertificates) > 0 && !invalid.Cert.Equal(verify.UnverifiedCertificates[0]) {
			return fmt.Sprintf("%s is signed by one that expired: %s", shown, describeCertificate(invalid.Cert))
		}
		return fmt.Sprintf("%s expired: renew it at the server", shown)
	case isHostname:
		return fmt.Sprintf("%s is for %s, not for %s: use that name in the URL, or set tls.server_name", shown, certificateNames(hostname.Certificate), conf.ServerName)
	case isUnknown:
		return fmt.Sprintf("%s is signed by a CA that is not trusted here: give that CA's certificate as tls.ca", shown)
	}
	return shown + " is not acceptable"
}

func describeCertificate(c *x509.Certificate) string {
	return fmt.Sprintf("subject %q, issuer %q, valid %s to %s", c.Subject, c.Issuer,
		c.NotBefore.UTC().Format(time.DateOnly), c.NotAfter.UTC().Format(time.DateOnly))
}

func certificateNames(c *x509.Certificate) string {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return fmt.Sprintf("no host at all (it has no subject alternative name; its subject is %q)", c.Subject)
	}
	return strings.Join(names, ", ")
}

// certPool reads PEM certificates, each of which must be one.
func certPool(pem []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("it holds no PEM certificate")
	}
	return pool, nil
}
