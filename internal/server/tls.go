package server

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"

	"rollcall/internal/rollcall"
)

// certificate is read from files, and read again when they change: whoever renews
// one need not stop the server.
type certificate struct {
	cert, key string
	log       *slog.Logger
	now       func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	changed time.Time
	looked  time.Time
}

// lookEvery is how often the files are looked at.
const lookEvery = 10 * time.Second

// tls returns how to speak TLS, nil for plain HTTP.
func (c Config) tls() (*tls.Config, error) {
	if c.Cert == "" && c.Key == "" {
		return nil, nil
	}
	pair := &certificate{cert: c.Cert, key: c.Key, log: c.Log, now: c.Now}
	if err := pair.load(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pair.get(), nil },
	}, nil
}

func (c *certificate) load() error {
	c.changed = c.modified()
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return rollcall.Errorf(rollcall.Invalid, "read the certificate %s and its key %s: %w", c.cert, c.key, err)
	}
	c.current, c.looked = &pair, c.now()
	return nil
}

// modified is when one of the files last changed.
func (c *certificate) modified() (last time.Time) {
	for _, path := range []string{c.cert, c.key} {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last
}

// get returns the certificate. One that cannot be read leaves the old one in
// use.
func (c *certificate) get() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if now.Sub(c.looked) < lookEvery {
		return c.current
	}
	c.looked = now
	if c.modified().Equal(c.changed) {
		return c.current
	}
	if err := c.load(); err != nil {
		c.log.Error("the new certificate is not used", slog.Any("err", err))
		return c.current
	}
	c.log.Info("the certificate was read again")
	return c.current
}
