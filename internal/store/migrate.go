package store

import (
	"context"
	"embed"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

//go:embed migrations
var migrationFiles embed.FS

// migration is one numbered step of the fixed tables.
type migration struct {
	number int
	name   string
	text   string
}

// migrations lists a dialect's steps in order.
func migrations(d dialect) ([]migration, error) {
	dir := path.Join("migrations", d.traits().folder)
	files, err := migrationFiles.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var steps []migration
	for _, f := range files {
		text, err := migrationFiles.ReadFile(path.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		digits, _, _ := strings.Cut(f.Name(), "_")
		n, err := strconv.Atoi(digits)
		if err != nil {
			return nil, fmt.Errorf("migration %s: the name does not begin with a number", f.Name())
		}
		steps = append(steps, migration{n, strings.TrimSuffix(f.Name(), ".sql"), string(text)})
	}
	slices.SortFunc(steps, func(a, b migration) int { return a.number - b.number })
	return steps, nil
}

// applied returns the number of the last step that a database took.
func applied(ctx context.Context, on querier, d dialect) (int, error) {
	cols, err := d.columns(ctx, on, "schema_migration")
	if err != nil || len(cols) == 0 {
		return 0, err
	}
	var n int
	err = on.QueryRowContext(ctx, "SELECT COALESCE(MAX(number), 0) FROM schema_migration").Scan(&n)
	return n, d.translate(err)
}

// migrated reports whether no step is left to take.
func migrated(ctx context.Context, on querier, d dialect) (bool, error) {
	steps, err := migrations(d)
	if err != nil {
		return false, err
	}
	at, err := applied(ctx, on, d)
	if err != nil {
		return false, fmt.Errorf("read the version of %s: %w", d.name(), err)
	}
	last := steps[len(steps)-1].number
	if at > last {
		return false, rollcall.Errorf(rollcall.Invalid, "%s was made by a newer version of this program (step %d, this one knows %d): use that version", d.name(), at, last)
	}
	return at == last, nil
}

// migrate takes the steps that are left.
func migrate(ctx context.Context, tx *Tx) error {
	steps, err := migrations(tx.d)
	if err != nil {
		return err
	}
	at, err := applied(ctx, tx.tx, tx.d)
	if err != nil {
		return err
	}
	for _, m := range steps {
		if m.number <= at {
			continue
		}
		if _, err := tx.tx.ExecContext(ctx, m.text); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, tx.d.translate(err))
		}
		if _, err := tx.exec(ctx, "INSERT INTO schema_migration (number, name, applied_at) VALUES (?, ?, ?)", m.number, m.name, timeText(tx.now())); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return nil
}
