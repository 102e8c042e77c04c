package collector

import (
	"context"
	"strings"
	"unicode/utf8"

	"slices"

	"rollcall/internal/rollcall"
	"rollcall/internal/source/sqlquery"
)

// sqlSource is a collector that runs a query, configured by the parameters
// sql_… and <Class>_query.
type sqlSource struct {
	app  *app
	task *task

	db        sqlquery.Database
	query     string
	ignored   []string
	nullified func(string) bool
}

var _ rowSource = (*sqlSource)(nil)

func (a *app) newSQL(t *task) (rowSource, error) {
	return &sqlSource{app: a, task: t, nullified: a.nullified(t), ignored: t.params.byCase(t.class + "_ignored_attributes").texts()}, nil
}

func (s *sqlSource) optional(attribute string) bool { return slices.Contains(s.ignored, attribute) }
func (s *sqlSource) quiet(string) bool              { return false }

// setting returns a parameter of the connection: the section's own, else the one
// of all SQL collectors.
func (s *sqlSource) setting(name, fallback string) string {
	if v := s.task.section.Get(name); v != nil {
		return v.str()
	}
	return s.task.params.Text(name, fallback)
}

// prepare reads the parameters and tries the connection.
func (s *sqlSource) prepare(ctx context.Context) error {
	class, log := s.task.class, s.app.log
	engine := s.setting("sql_engine", "mysql")
	log.debugf("Available PDO drivers: %s", strings.Join(sqlquery.Drivers(), ", "))
	dsn := printfGroups(s.setting("sql_connection_string", "%1$s:dbname=%2$s;host=%3$s"),
		[]string{engine, s.setting("sql_database", ""), s.setting("sql_host", "localhost")})
	log.debugf("[%s] Connection string: '%s'", class, maskDSN(dsn))
	s.query = s.task.params.byCase(class + "_query").str()
	if v := s.task.section.Get("query"); v != nil {
		s.query = v.str()
	}
	if s.query == "" {
		log.errorf("[%s] no SQL query configured! Cannot collect data. The query was expected to be configured as '%s_query' in the configuration file.", class, strings.ToLower(class))
		return errPrepare
	}
	var err error
	if engine == "sqlite" && s.task.section.Get("sql_connection_string") == nil && s.task.params.Get("sql_connection_string") == nil {
		dsn = "sqlite:" + s.app.inputPath(s.setting("sql_database", ""))
	}
	s.db, err = sqlquery.ParsePDO(dsn, s.setting("sql_login", "root"), rollcall.Secret(s.setting("sql_password", "")))
	if err == nil {
		err = s.db.Check(ctx)
	}
	if err != nil {
		log.errorf("[%s] Database connection failed: %s", class, err)
		return errPrepare
	}
	return nil
}

// maskDSN hides a password that somebody wrote into a connection string.
func maskDSN(dsn string) string {
	parts := strings.Split(dsn, ";")
	for i, p := range parts {
		if name, value, ok := strings.Cut(p, "="); ok && value != "" && secretName.MatchString(name) {
			parts[i] = name + "=" + masked
		}
	}
	return strings.Join(parts, ";")
}

// fetch runs the query.
func (s *sqlSource) fetch(ctx context.Context, emit func(*row) error) error {
	var out, shaped row
	first := true
	return sqlquery.Query(ctx, s.db, s.query, func(r *sqlquery.Row) error {
		if first {
			out = row{columns: r.Columns, cells: make([]cell, len(r.Columns))}
		}
		for i, v := range r.Values {
			out.cells[i] = cell{text: sqlText(v), absent: v == nil}
		}
		if first {
			first = false
			if err := s.check(&out); err != nil {
				return err
			}
		}
		if len(s.task.def.skipped) == 0 {
			return emit(&out)
		}
		shaped = out
		dropSkipped(&shaped, s.task.def)
		return emit(&shaped)
	})
}

// sqlText prints a value as PHP does with what its drivers give.
func sqlText(v any) []byte {
	switch x := v.(type) {
	case nil:
		return nil
	case string:
		return []byte(x)
	case bool:
		if x {
			return []byte("1")
		}
		return nil
	case float64:
		return []byte(phpFloat(x))
	}
	return []byte(sqlquery.Text(v))
}

func (s *sqlSource) check(r *row) error {
	c := columnCheck{class: s.task.class, source: "SQL query", log: s.app.log, def: s.task.def, skip: s.optional, null: s.nullified}
	return c.check(func(column string) bool { return r.find(column) >= 0 })
}

func isUTF8(b []byte) bool { return utf8.Valid(b) }
