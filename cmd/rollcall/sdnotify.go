package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
)

// What a service tells systemd (sd_notify(3)).
const (
	serviceReady    = "READY=1"
	serviceStopping = "STOPPING=1"
)

// notifySystemd tells systemd how the service stands; without systemd, or for a
// unit that is not of Type=notify, it does nothing.
func notifySystemd(ctx context.Context, state string) error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	if abstract, ok := strings.CutPrefix(path, "@"); ok {
		path = "\x00" + abstract
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unixgram", path)
	if err != nil {
		return fmt.Errorf("tell systemd %s: %w", state, err)
	}
	if _, err := conn.Write([]byte(state)); err != nil {
		_ = conn.Close() // the first error tells more
		return fmt.Errorf("tell systemd %s: %w", state, err)
	}
	return conn.Close()
}
