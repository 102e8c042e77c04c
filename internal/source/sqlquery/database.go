package sqlquery

import (
	"context"
	"database/sql"
	"net"
	"net/url"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	_ "github.com/microsoft/go-mssqldb" // the driver sqlserver
	_ "modernc.org/sqlite"              // the driver sqlite

	"rollcall/internal/rollcall"
)

// Database says which database to ask. Driver and Settings are those of a PDO
// data source name, which is what iTop's collectors are configured with.
type Database struct {
	Driver   string // mysql, pgsql, sqlite, sqlsrv, oci
	Name     string // what follows the driver: settings, or the path of a SQLite file
	User     string
	Password rollcall.Secret
}

// ParsePDO reads a PDO data source name such as mysql:host=db1;dbname=hr.
func ParsePDO(dsn, user string, password rollcall.Secret) (Database, error) {
	driver, name, ok := strings.Cut(dsn, ":")
	if !ok {
		return Database{}, rollcall.Errorf(rollcall.Invalid, "the connection string %q does not begin with a driver and a colon, such as mysql:", dsn)
	}
	d := Database{Driver: driver, Name: name, User: user, Password: password}
	return d, d.validate()
}

// Drivers lists the drivers of this build.
func Drivers() []string {
	list := []string{"mysql", "pgsql", "sqlite", "sqlsrv"}
	if hasOracle {
		list = append(list, "oci")
	}
	return list
}

var errNoOracle = rollcall.Errorf(rollcall.Invalid, "could not find driver: this build reads no Oracle database; build with -tags oracle")

func (d Database) validate() error {
	switch d.Driver {
	case "mysql", "pgsql", "sqlite", "sqlsrv", "dblib":
		return nil
	case "oci":
		if hasOracle {
			return nil
		}
		return errNoOracle
	}
	return rollcall.Errorf(rollcall.Invalid, "could not find driver: %q is none of %s", d.Driver, strings.Join(Drivers(), ", "))
}

// settings cuts host=…;dbname=… into a map with names in lower case.
func (d Database) settings() map[string]string {
	m := map[string]string{}
	for part := range strings.SplitSeq(d.Name, ";") {
		if k, v, ok := strings.Cut(part, "="); ok {
			m[strings.ToLower(strings.TrimSpace(k))] = strings.TrimSpace(v)
		}
	}
	return m
}

// hostOf returns the host and the port, which older configurations write into
// the host.
func hostOf(s map[string]string, fallback string) string {
	host, port := s["host"], s["port"]
	if host == "" {
		host = "localhost"
	}
	if port == "" {
		port = fallback
	}
	return net.JoinHostPort(host, port)
}

func (d Database) open() (*sql.DB, error) {
	var pool *sql.DB
	var err error
	s := d.settings()
	switch d.Driver {
	case "mysql":
		pool, err = sql.Open("mysql", d.mysql(s))
	case "sqlite":
		// The file must be there: an empty one made by opening it would read as
		// nobody.
		name := "file:" + (&url.URL{Path: d.Name}).EscapedPath() + "?mode=ro"
		if d.Name == ":memory:" {
			name = d.Name
		}
		pool, err = sql.Open("sqlite", name)
	case "sqlsrv", "dblib":
		pool, err = sql.Open("sqlserver", d.sqlServer(s))
	case "oci":
		host, service, _ := strings.Cut(strings.TrimPrefix(s["dbname"], "//"), "/")
		pool, err = openOracle(host, service, d.User, d.Password)
	default:
		err = d.validate()
	}
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "open the database: %w", err)
	}
	pool.SetMaxOpenConns(1)
	return pool, nil
}

func (d Database) mysql(s map[string]string) string {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.DBName = d.User, d.Password.Reveal(), s["dbname"]
	c.Net, c.Addr = "tcp", hostOf(s, "3306")
	if socket := s["unix_socket"]; socket != "" {
		c.Net, c.Addr = "unix", socket
	}
	c.AllowCleartextPasswords = false
	// The whole of Unicode, where the original asked for three bytes a character
	// or left it to the client library.
	_ = c.Apply(mysql.Charset("utf8mb4", ""))
	return c.FormatDSN()
}

func (d Database) sqlServer(s map[string]string) string {
	host, name := s["server"], s["database"]
	if host == "" {
		host = s["host"]
	}
	if name == "" {
		name = s["dbname"]
	}
	host, port, _ := strings.Cut(strings.TrimPrefix(host, "tcp:"), ",")
	if port == "" {
		port = s["port"]
	}
	u := url.URL{Scheme: "sqlserver", Host: host, User: url.UserPassword(d.User, d.Password.Reveal())}
	if port != "" {
		u.Host = net.JoinHostPort(host, port)
	} else if h, instance, ok := strings.Cut(host, `\`); ok {
		u.Host, u.Path = h, instance
	}
	q := url.Values{"database": {name}}
	switch strings.ToLower(s["trustservercertificate"]) {
	case "1", "yes", "true":
		q.Set("TrustServerCertificate", "true")
	}
	if e := s["encrypt"]; e != "" {
		q.Set("encrypt", map[bool]string{true: "true", false: "false"}[e == "1" || strings.EqualFold(e, "yes") || strings.EqualFold(e, "true")])
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// Check connects and says nothing else.
func (d Database) Check(ctx context.Context) error {
	if d.Driver == "pgsql" {
		conn, err := d.postgres(ctx)
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	}
	pool, err := d.open()
	if err != nil {
		return err
	}
	defer pool.Close()
	return pool.PingContext(ctx)
}

func (d Database) postgres(ctx context.Context) (*pgconn.PgConn, error) {
	s := d.settings()
	u := url.URL{Scheme: "postgres", Host: hostOf(s, "5432"), Path: "/" + s["dbname"], User: url.UserPassword(d.User, d.Password.Reveal())}
	q := url.Values{"client_encoding": {"UTF8"}}
	if strings.HasPrefix(s["host"], "/") { // the folder of its socket
		u.Host = ""
		q.Set("host", s["host"])
		if s["port"] != "" {
			q.Set("port", s["port"])
		}
	}
	if mode := s["sslmode"]; mode != "" {
		q.Set("sslmode", mode)
	}
	u.RawQuery = q.Encode()
	cfg, err := pgconn.ParseConfig(u.String())
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "read the connection string of PostgreSQL: its settings are host, port, dbname and sslmode")
	}
	return pgconn.ConnectConfig(ctx, cfg)
}

// queryPostgres asks by the simple protocol, in which every value comes as the
// server prints it.
func queryPostgres(ctx context.Context, d Database, query string, emit func(*Row) error) error {
	conn, err := d.postgres(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	results := conn.Exec(ctx, query)
	defer results.Close()
	for results.NextResult() {
		rows := results.ResultReader()
		fields := rows.FieldDescriptions()
		r := &Row{Values: make([]any, len(fields))}
		for _, f := range fields {
			r.Columns = append(r.Columns, f.Name)
		}
		for rows.NextRow() {
			for i, v := range rows.Values() {
				r.Values[i] = postgresValue(v, fields[i].DataTypeOID)
			}
			if err := emit(r); err != nil {
				return err
			}
		}
	}
	return results.Close()
}

func postgresValue(v []byte, oid uint32) any {
	switch {
	case v == nil:
		return nil
	case oid == pgtype.BoolOID:
		return string(v) == "t"
	}
	return string(v)
}
