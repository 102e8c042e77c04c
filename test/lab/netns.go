package lab

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// network is a network namespace joined to the machine by one virtual cable.
type network struct {
	name string // of the namespace
	host string // the machine's end of the cable
	addr string // the namespace's end: where its servers listen
}

// networks is how many /30 networks fit into 198.18.0.0/15, which RFC 2544 sets
// aside for tests of devices.
const networks = 1 << 15

// newNetwork makes a network namespace that ends with the test.
func newNetwork(t testing.TB) network {
	t.Helper()
	sweepNetworks()
	n := claimNetwork(t)
	t.Cleanup(func() { deleteNetwork(n.name) })
	for _, args := range [][]string{
		{"netns", "add", n.name},
		{"link", "add", n.cable(), "type", "veth", "peer", "name", "eth0", "netns", n.name},
		{"addr", "add", n.host + "/30", "dev", n.cable()},
		{"link", "set", n.cable(), "up"},
		{"-n", n.name, "addr", "add", n.addr + "/30", "dev", "eth0"},
		{"-n", n.name, "link", "set", "eth0", "up"},
		{"-n", n.name, "link", "set", "lo", "up"},
	} {
		if _, err := run(nil, "ip", args...); err != nil {
			missing(t, "samba", "a network namespace cannot be made here (it takes root with CAP_NET_ADMIN and CAP_SYS_ADMIN): "+err.Error())
		}
	}
	return n
}

// sweepNetworks deletes what test processes left behind that were killed.
func sweepNetworks() {
	locks, _ := filepath.Glob(filepath.Join(os.TempDir(), "lab[0-9]*.lock")) // the pattern is a good one
	for _, path := range locks {
		if release, err := tryLock(path); err == nil {
			deleteNetwork(strings.TrimSuffix(filepath.Base(path), ".lock"))
			release()
		}
	}
}

// deleteNetwork deletes a namespace and its cable, if they are there.
func deleteNetwork(name string) {
	_, _ = run(nil, "ip", "link", "del", name)
	_, _ = run(nil, "ip", "netns", "del", name)
}

// cable is the name of the machine's end, at most 15 characters.
func (n network) cable() string { return n.name }

// claimNetwork picks a number that no living test process uses. A lock on a
// file guards each number; it ends with the process, however that ends.
func claimNetwork(t testing.TB) network {
	t.Helper()
	for range 100 {
		number := rand.IntN(networks)
		n := network{name: fmt.Sprintf("lab%d", number)}
		first := 198<<24 | 18<<16 | number<<2
		n.host, n.addr = dotted(first+1), dotted(first+2)
		release, err := tryLock(filepath.Join(os.TempDir(), n.name+".lock"))
		if err != nil {
			continue
		}
		t.Cleanup(release)
		return n
	}
	t.Fatal("no free network number found in 100 attempts")
	return network{}
}

func dotted(ip int) string {
	return fmt.Sprintf("%d.%d.%d.%d", ip>>24&255, ip>>16&255, ip>>8&255, ip&255)
}

// tryLock locks a file or says at once that somebody else has. Releasing
// removes the file.
func tryLock(path string) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, err
	}
	// Whoever held it may have removed it meanwhile: then this is nobody's file.
	here, err := os.Stat(path)
	if err == nil {
		var mine os.FileInfo
		if mine, err = f.Stat(); err == nil && !os.SameFile(here, mine) {
			err = os.ErrNotExist
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return func() {
		_ = os.Remove(path)
		_ = f.Close()
	}, nil
}
