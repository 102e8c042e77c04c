package lab

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// MariaDBServer is a running MariaDB. It listens on a Unix socket in a temp
// folder alone.
type MariaDBServer struct {
	Socket string
	User   string // an account without a password

	proc *process
}

// MariaDB starts a MariaDB server that ends with t. It skips or fails the test as
// Require does.
func MariaDB(t testing.TB) *MariaDBServer {
	t.Helper()
	Require(t, "mariadb")
	dir := tempDir(t, "mariadb")
	install := exec.Command("mariadb-install-db", "--no-defaults", "--user=root", "--datadir="+filepath.Join(dir, "data"),
		"--auth-root-authentication-method=normal", "--skip-test-db")
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("mariadb-install-db: %v\n%s", err, out)
	}
	s := &MariaDBServer{Socket: filepath.Join(dir, "socket"), User: "root"}
	var err error
	if s.proc, err = startProcess(dir, "mariadbd", "--no-defaults", "--user=root", "--datadir="+filepath.Join(dir, "data"), "--socket="+s.Socket,
		"--skip-networking", "--pid-file="+filepath.Join(dir, "pid"), "--innodb-flush-log-at-trx-commit=0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.proc.stop(stopTimeout) })
	deadline := time.Now().Add(startTimeout)
	for err = s.exec("", "SELECT 1"); err != nil; err = s.exec("", "SELECT 1") {
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(s.proc.log) // the message does without
			t.Fatalf("start MariaDB: %v\n%s", err, text)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return s
}

// Exec runs statements on a database; none is meant by "".
func (s *MariaDBServer) Exec(t testing.TB, database, statements string) {
	t.Helper()
	if err := s.exec(database, statements); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

func (s *MariaDBServer) exec(database, statements string) error {
	c := mysql.NewConfig()
	c.User, c.Net, c.Addr, c.DBName, c.MultiStatements = s.User, "unix", s.Socket, database, true
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	_, err = db.ExecContext(context.Background(), statements)
	return errors.Join(err, db.Close())
}
