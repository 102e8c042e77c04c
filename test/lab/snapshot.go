package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
func (s *SlapdServer) Reload() {
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
		if !strings.HasPrefix(line, "entryCSN:") && !strings.HasPrefix(line, "contextCSN:") {
			ldif.WriteString(line)
		}
	}
	for _, file := range []string{"data.mdb", "lock.mdb"} {
		if err := os.RemoveAll(filepath.Join(s.path("data"), file)); err != nil {
			s.t.Fatal(err)
		}
	}
	mustRun(s.t, strings.NewReader(ldif.String()), "slapadd", "-q", "-w", "-F", s.path("slapd.d"), "-b", s.BaseDN)
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
