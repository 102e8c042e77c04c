package sqlquery

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// schemes are the drivers that a URL may name, with the words that the driver has
// for host and database.
var schemes = map[string]struct{ driver, host, name string }{
	"postgres": {"pgsql", "host", "dbname"}, "postgresql": {"pgsql", "host", "dbname"},
	"mysql": {"mysql", "host", "dbname"}, "mariadb": {"mysql", "host", "dbname"},
	"sqlserver": {"sqlsrv", "server", "database"},
	"oracle":    {"oci", "", "dbname"},
}

// ParseDSN reads a connection string: a URL such as postgres://user@db1/hr, or a
// PDO data source name. A user and a password beside it win over those in it.
func ParseDSN(dsn, user string, password rollcall.Secret) (Database, error) {
	scheme, _, isURL := strings.Cut(dsn, "://")
	if !isURL || scheme == "sqlite" {
		return ParsePDO(strings.Replace(dsn, "sqlite://", "sqlite:", 1), user, password)
	}
	known, ok := schemes[scheme]
	if !ok {
		return Database{}, rollcall.Errorf(rollcall.Invalid, "no database is reached by %s://; known here: %s", scheme,
			strings.Join(append(slices.Sorted(maps.Keys(schemes)), "sqlite"), ", "))
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return Database{}, rollcall.Errorf(rollcall.Invalid, "the connection string is no URL: a password with :, / or @ in it is better given by password")
	}
	d := Database{Driver: known.driver, User: user, Password: password}
	if u.User != nil {
		inURL, _ := u.User.Password()
		d.User, d.Password = cmp.Or(user, u.User.Username()), cmp.Or(password, rollcall.Secret(inURL))
	}
	name := strings.TrimPrefix(u.Path, "/")
	settings := [][2]string{{known.host, u.Hostname()}, {"port", u.Port()}, {known.name, name}}
	switch known.driver {
	case "oci":
		settings = [][2]string{{known.name, "//" + u.Host + "/" + name}}
	case "sqlsrv":
		if u.Port() != "" {
			settings = [][2]string{{known.host, u.Hostname() + "," + u.Port()}, {known.name, name}}
		}
	}
	query := u.Query()
	for _, key := range slices.Sorted(maps.Keys(query)) {
		settings = append(settings, [2]string{key, query.Get(key)})
	}
	var parts []string
	for _, s := range settings {
		if strings.ContainsAny(s[1], ";") {
			return Database{}, rollcall.Errorf(rollcall.Invalid, "the connection string has a ; in its %s, which none of the drivers takes", s[0])
		}
		if s[1] != "" {
			parts = append(parts, s[0]+"="+s[1])
		}
	}
	d.Name = strings.Join(parts, ";")
	return d, d.validate()
}
