package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// CA is a certificate authority made for one test.
type CA struct {
	File string // the CA's certificate, PEM

	t    testing.TB
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	next int64
}

// Cert is a certificate with its key, as PEM files.
type Cert struct{ CertFile, KeyFile string }

// NewCA makes a certificate authority.
func NewCA(t testing.TB) *CA {
	t.Helper()
	ca := &CA{t: t, dir: tempDir(t, "ca"), next: 1}
	ca.key = newKey(t)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(ca.next),
		Subject:               pkix.Name{CommonName: "Lab CA"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &ca.key.PublicKey, ca.key)
	if err != nil {
		t.Fatalf("make the CA: %v", err)
	}
	if ca.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatalf("make the CA: %v", err)
	}
	ca.File = writePEM(t, filepath.Join(ca.dir, "ca.pem"), "CERTIFICATE", der)
	return ca
}

// Server returns a good certificate for localhost, 127.0.0.1, ::1 and the names
// and addresses given.
func (ca *CA) Server(names ...string) Cert {
	ca.t.Helper()
	return ca.issue(append([]string{"localhost", "127.0.0.1", "::1"}, names...), "localhost", time.Now().Add(12*time.Hour))
}

// Expired returns a server certificate, good but for its end, an hour ago.
func (ca *CA) Expired() Cert {
	ca.t.Helper()
	return ca.issue([]string{"localhost", "127.0.0.1", "::1"}, "localhost", time.Now().Add(-time.Hour))
}

// WrongName returns a server certificate that is good for another host alone.
func (ca *CA) WrongName() Cert {
	ca.t.Helper()
	return ca.issue([]string{"elsewhere.example.org", "192.0.2.1"}, "elsewhere.example.org", time.Now().Add(12*time.Hour))
}

// Client returns a client certificate whose subject is CN=name.
func (ca *CA) Client(name string) Cert {
	ca.t.Helper()
	return ca.issue(nil, name, time.Now().Add(12*time.Hour))
}

// Pool returns the pool that trusts this CA alone.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	return pool
}

func (ca *CA) clientConfig() *tls.Config { return &tls.Config{RootCAs: ca.Pool()} }

// issue signs a certificate for names until notAfter.
func (ca *CA) issue(names []string, commonName string, notAfter time.Time) Cert {
	ca.t.Helper()
	ca.next++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(ca.next),
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    time.Now().Add(-48 * time.Hour),
		NotAfter:     notAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if names == nil {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	key := newKey(ca.t)
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, &key.PublicKey, ca.key)
	if err != nil {
		ca.t.Fatalf("issue a certificate for %s: %v", commonName, err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		ca.t.Fatalf("issue a certificate for %s: %v", commonName, err)
	}
	base := filepath.Join(ca.dir, big.NewInt(ca.next).String())
	return Cert{
		CertFile: writePEM(ca.t, base+".crt", "CERTIFICATE", der),
		KeyFile:  writePEM(ca.t, base+".key", "PRIVATE KEY", keyDER),
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("make a key: %v", err)
	}
	return key
}

// writePEM writes one block and returns the path. The mode is 0600 because
// samba refuses a key that others may read.
func writePEM(t testing.TB, path, kind string, der []byte) string {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
