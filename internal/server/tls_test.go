package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/internal/server"
)

func TestPlainHTTPStaysOnLoopback(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]bool{"0.0.0.0:0": false, "[::]:0": false, "192.0.2.1:0": false, "127.0.0.1:0": true, "localhost:0": true, ":0": true} {
		s, err := server.Open(t.Context(), server.Config{Listen: listen}, nil)
		if (err == nil) != want {
			t.Errorf("%s: got error %v", listen, err)
		}
		if err == nil {
			if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") && !strings.HasPrefix(s.URL(), "http://[::1]:") {
				t.Errorf("%s: listens on %s", listen, s.URL())
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		} else if rollcall.KindOf(err) != rollcall.Invalid {
			t.Errorf("%s: got %v", listen, err)
		}
	}
	s, err := server.Open(t.Context(), server.Config{Listen: "0.0.0.0:0", Plain: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// pair writes a certificate for 127.0.0.1 with a serial number.
func pair(t *testing.T, dir string, serial int64) (cert, key string) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestTLSAndARenewedCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := pair(t, dir, 1)
	var mu sync.Mutex
	now := time.Now()
	r := run(t, server.Config{Cert: cert, Key: key, Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}}, echo)
	serial := func() int64 {
		t.Helper()
		c, err := tls.Dial("tcp", strings.TrimPrefix(r.URL(), "https://"), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS13})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if got := serial(); got != 1 {
		t.Errorf("got certificate %d, want 1", got)
	}
	pair(t, dir, 2)
	later := time.Now().Add(time.Minute)
	for _, path := range []string{cert, key} {
		if err := os.Chtimes(path, later, later); err != nil {
			t.Fatal(err)
		}
	}
	if got := serial(); got != 1 {
		t.Errorf("got certificate %d before it is time to look", got)
	}
	mu.Lock()
	now = now.Add(time.Minute)
	mu.Unlock()
	if got := serial(); got != 2 {
		t.Errorf("got certificate %d, want the new one", got)
	}
	if err := os.WriteFile(cert, []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	now = now.Add(time.Minute)
	mu.Unlock()
	if got := serial(); got != 2 {
		t.Errorf("got certificate %d, want the last good one", got)
	}
	old := &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}
	if c, err := tls.Dial("tcp", strings.TrimPrefix(r.URL(), "https://"), old); err == nil {
		_ = c.Close()
		t.Error("got a connection by TLS 1.1")
	}
}

func TestACertificateThatCannotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	_, err := server.Open(t.Context(), server.Config{Listen: "127.0.0.1:0", Cert: "/nowhere/cert.pem", Key: "/nowhere/key.pem"}, nil)
	if err == nil || !strings.Contains(err.Error(), "/nowhere/cert.pem") {
		t.Errorf("got %v", err)
	}
}
