//go:build !oracle

package sqlquery

import (
	"database/sql"

	"rollcall/internal/rollcall"
)

func openOracle(string, string, string, rollcall.Secret) (*sql.DB, error) { return nil, errNoOracle }

const hasOracle = false
