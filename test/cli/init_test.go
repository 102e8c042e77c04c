package cli

import (
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/test/lab"
)

// staff is a small company in a plain schema; unique says which class its groups
// have.
func staff(base string, unique bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "dn: ou=people,%s\nobjectClass: organizationalUnit\n\ndn: ou=groups,%s\nobjectClass: organizationalUnit\n\n", base, base)
	for i, name := range []string{"Anna Ärger", "Bo Brandt", "Cleo Çelik"} {
		first, last, _ := strings.Cut(name, " ")
		uid := strings.ToLower(first)
		fmt.Fprintf(&b, "dn: uid=%s,ou=people,%s\nobjectClass: inetOrgPerson\nuid: %s\ncn: %s\nsn: %s\n", uid, base, uid, name, last)
		if i > 0 { // the first has no first name, no address and no superior
			fmt.Fprintf(&b, "givenName: %s\nmail: %s@example.org\nmanager: uid=anna,ou=people,%s\n", first, uid, base)
		}
		b.WriteByte('\n')
	}
	class, member := "groupOfNames", "member"
	if unique {
		class, member = "groupOfUniqueNames", "uniqueMember"
	}
	for group, members := range map[string][]string{"itop-Administrator": {"anna"}, "itop-Support Agent": {"anna", "bo"}, "Canteen": {"bo", "cleo"}} {
		fmt.Fprintf(&b, "dn: cn=%s,ou=groups,%s\nobjectClass: %s\ncn: %s\n", group, base, class, group)
		for _, m := range members {
			fmt.Fprintf(&b, "%s: uid=%s,ou=people,%s\n", member, m, base)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// shell types commands in a folder of its own.
type shell struct {
	t   *testing.T
	dir string
	env []string
}

// run runs the program, demands its exit code and returns what it printed.
func (s *shell) run(code int, args ...string) string {
	s.t.Helper()
	cmd := exec.Command(filepath.Join(binDir, "rollcall"), args...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), s.env...)
	var errors strings.Builder
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if cmd.ProcessState == nil {
		s.t.Fatalf("run rollcall: %v", err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.t.Fatalf("rollcall %s ended with code %d, want %d\n%s%s", strings.Join(args, " "), got, code, out, errors.String())
	}
	return string(out)
}

// table reads an export, sorted.
func (s *shell) table(class string, fields ...string) []string {
	s.t.Helper()
	rows, err := csv.NewReader(strings.NewReader(s.run(0, "export", class, "--fields", strings.Join(fields, ",")))).ReadAll()
	if err != nil {
		s.t.Fatal(err)
	}
	var lines []string
	for _, row := range rows[1:] {
		lines = append(lines, strings.Join(row, " / "))
	}
	slices.Sort(lines)
	return lines
}

func TestInitWritesWhatWorksUneditedOnSlapd(t *testing.T) {
	t.Parallel()
	for _, unique := range []bool{false, true} {
		t.Run(fmt.Sprintf("unique=%v", unique), func(t *testing.T) {
			t.Parallel()
			server := lab.Slapd(t, lab.SlapdConfig{})
			server.Add(staff(server.BaseDN, unique))
			s := &shell{t: t, dir: t.TempDir(), env: []string{"ROLLCALL_PASSWORD=" + server.Password, "ROLLCALL_LDAP_PASSWORD=" + server.Password}}
			s.run(0, "init", server.LDAPS, "--bind-dn", server.ReaderDN, "--ca", server.CA.File)
			if out := s.run(0, "check"); !strings.Contains(out, "the connection is encrypted (TLS 1.3); the server's certificate is valid until") {
				t.Errorf("check says nothing of the certificate:\n%s", out)
			}
			s.run(4, "plan", "--check")
			s.run(0, "sync")
			s.run(0, "plan", "--check")
			for _, c := range []struct {
				class  string
				fields []string
				want   []string
			}{
				{"Person", []string{"friendlyname", "email", "manager_id_friendlyname", "status"}, []string{
					"- Ärger /  /  / active", "Bo Brandt / bo@example.org / - Ärger / active", "Cleo Çelik / cleo@example.org / - Ärger / active"}},
				{"UserLDAP", []string{"login", "contactid_friendlyname", "profile_list"}, []string{
					"anna / - Ärger / Administrator; Support Agent", "bo / Bo Brandt / Support Agent", "cleo / Cleo Çelik / Portal user"}},
				{"Team", []string{"name", "persons_list"}, []string{
					"Canteen / Bo Brandt; Cleo Çelik", "itop-Administrator / - Ärger", "itop-Support Agent / - Ärger; Bo Brandt"}},
			} {
				if diff := cmp.Diff(c.want, s.sortedLinks(c.class, c.fields)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", c.class, diff)
				}
			}
		})
	}
}

// sortedLinks is table with the names within a set of links in order: the
// database gives them in the order of their IDs.
func (s *shell) sortedLinks(class string, fields []string) []string {
	s.t.Helper()
	lines := s.table(class, fields...)
	for i, line := range lines {
		cells := strings.Split(line, " / ")
		for n := range cells {
			names := strings.Split(cells[n], "; ")
			slices.Sort(names)
			cells[n] = strings.Join(names, "; ")
		}
		lines[i] = strings.Join(cells, " / ")
	}
	return lines
}

func TestInitSaysWhoItNeedsOnAnUntrustedServer(t *testing.T) {
	t.Parallel()
	server := lab.Slapd(t, lab.SlapdConfig{})
	s := &shell{t: t, dir: t.TempDir(), env: []string{"ROLLCALL_PASSWORD=wrong"}}
	s.run(1, "init", server.LDAPS, "--bind-dn", server.ReaderDN)                         // its CA is not known
	s.run(1, "init", server.LDAPS, "--bind-dn", server.ReaderDN, "--ca", server.CA.File) // the password is wrong
	if _, err := os.Stat(filepath.Join(s.dir, "rollcall.yaml")); err == nil {
		t.Error("a configuration was written for a server that could not be asked")
	}
}
