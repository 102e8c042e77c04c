package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Snapshot copies the server's database, with the server stopped for that moment.
// What it returns puts the copy back, as a restored backup of the disk does: the
// server then knows nothing of what came after.
func (s *SlapdServer) Snapshot() (restore func()) {
	s.t.Helper()
	s.Stop()
	put := snapshot(s.t, s.path("data"))
	s.Start()
	return func() {
		s.t.Helper()
		s.Stop()
		put()
		s.Start()
	}
}

// Reload exports the database and imports it again as new, with the entries'
// identifiers but without the stamps by which a server knows what changed since.
// The new ones are of a later second: within one, slapd finds an entry that is
// no newer than any stamp (slapd 2.5.13).
func (s *SlapdServer) Reload() {
	s.t.Helper()
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
	s.reimport([]string{"-w"}, func(line string) string {
		if strings.HasPrefix(line, "entryCSN:") || strings.HasPrefix(line, "contextCSN:") {
			return ""
		}
		return line
	})
}

// Renumber exports the database and imports it again with the stamps of another
// server, as a copy of what that server has.
func (s *SlapdServer) Renumber(serverID int) {
	s.t.Helper()
	stamp := regexp.MustCompile(`^((?:entryCSN|contextCSN): [^#]*#[0-9a-f]{6})#[0-9a-f]{3}#`)
	s.reimport(nil, func(line string) string { return stamp.ReplaceAllString(line, fmt.Sprintf("$1#%03x#", serverID)) })
}

// reimport exports the database and imports its lines as edited.
func (s *SlapdServer) reimport(options []string, edit func(line string) string) {
	s.t.Helper()
	s.Stop()
	var ldif strings.Builder
	file := filepath.Join(s.dir, "reload.ldif")
	mustRun(s.t, nil, "slapcat", "-F", s.path("slapd.d"), "-b", s.BaseDN, "-o", "ldif-wrap=no", "-l", file)
	text, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		ldif.WriteString(edit(line))
	}
	for _, file := range []string{"data.mdb", "lock.mdb"} {
		if err := os.RemoveAll(filepath.Join(s.path("data"), file)); err != nil {
			s.t.Fatal(err)
		}
	}
	args := append([]string{"-q", "-F", s.path("slapd.d"), "-b", s.BaseDN}, options...)
	mustRun(s.t, strings.NewReader(ldif.String()), "slapadd", args...)
	s.Start()
}

// Snapshot copies the controller's database, as that of a SlapdServer does. A
// disk that was put back keeps its invocationId, unlike a controller that was
// restored as the manual says.
func (s *SambaServer) Snapshot() (restore func()) {
	s.t.Helper()
	s.Stop()
	put := snapshot(s.t, filepath.Join(s.dir, "private"))
	s.Start()
	return func() {
		s.t.Helper()
		s.Stop()
		put()
		s.Start()
	}
}

func snapshot(t testing.TB, dir string) (restore func()) {
	t.Helper()
	copied := filepath.Join(tempDir(t, "snapshot"), "copy")
	mustRun(t, nil, "cp", "-a", "--sparse=always", dir, copied)
	return func() {
		t.Helper()
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		mustRun(t, nil, "cp", "-a", "--sparse=always", copied, dir)
	}
}
