//go:build oracle

package sqlquery

import (
	"database/sql"
	"net"
	"strconv"

	goora "github.com/sijms/go-ora/v2"

	"rollcall/internal/rollcall"
)

// openOracle opens an Oracle database. Its driver makes the program half as
// large again, so only builds that ask for it have it.
func openOracle(host, service, user string, password rollcall.Secret) (*sql.DB, error) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, "1521"
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "the port of the Oracle server is a number, not %q", port)
	}
	return sql.Open("oracle", goora.BuildUrl(name, number, service, user, password.Reveal(), nil))
}

const hasOracle = true
