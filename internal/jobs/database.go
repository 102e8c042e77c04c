package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
)

// database is where the queue is kept.
type database interface {
	// client returns River's client over this database.
	client(settings *river.Config) (client, error)
	// entryIs is the condition that picks the jobs of an entry, named @entry.
	entryIs() string
	// notifies reports whether a running job hears at once that it is cancelled.
	notifies() bool
	// serve makes this node one that works jobs; release ends that. What a node
	// that died left is queued again first.
	serve(ctx context.Context) (release func() error, err error)
	// takeOver queues the jobs of nodes that died since and returns their names.
	takeOver(ctx context.Context) (nodes []string, err error)
	// giveBack queues a job again that counts as running.
	giveBack(ctx context.Context, id int64) error
	close() error
}

// openDatabase opens the queue of a store and brings its tables up to date.
func openDatabase(ctx context.Context, store, node string) (database, error) {
	if strings.HasPrefix(store, "postgres://") || strings.HasPrefix(store, "postgresql://") {
		return openPostgres(ctx, store, node)
	}
	return openSQLite(ctx, store)
}

// migrate makes River's tables, or changes them to the form that this version
// of River knows.
func migrate[T any](ctx context.Context, driver riverdriver.Driver[T]) error {
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("make the queue's tables: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("make the queue's tables: %w", err)
	}
	return nil
}
