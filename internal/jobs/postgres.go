package jobs

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"rollcall/internal/rollcall"
)

// postgres is a queue that several nodes share. Each node that works jobs holds
// an advisory lock in a session of its own, which the server gives back when the
// node, or its connection, dies: that is how the others know.
type postgres struct {
	pool *pgxpool.Pool
	node string

	mu    sync.Mutex
	alive *pgx.Conn // holds the node's lock
	url   *pgx.ConnConfig
}

func openPostgres(ctx context.Context, store, node string) (*postgres, error) {
	config, err := pgxpool.ParseConfig(store)
	if err != nil {
		// The driver's message would repeat the address with its password.
		return nil, rollcall.Errorf(rollcall.Invalid, "the postgres:// address cannot be read")
	}
	config.MaxConns = 8
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	d := &postgres{pool: pool, node: node, url: config.ConnConfig}
	// Two nodes that start at once must not make the tables twice.
	err = d.alone(ctx, "rollcall queue migration", func() error { return migrate(ctx, riverpgxv5.New(pool)) })
	if err != nil {
		pool.Close()
		return nil, err
	}
	return d, nil
}

// alone does something while holding a lock that all nodes know.
func (d *postgres) alone(ctx context.Context, name string, do func() error) error {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", lockKey(name)); err != nil {
		return err
	}
	err = do()
	_, unlock := conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", lockKey(name))
	return errors.Join(err, unlock)
}

func (d *postgres) client(settings *river.Config) (client, error) {
	return river.NewClient(riverpgxv5.New(d.pool), settings)
}

func (d *postgres) notifies() bool { return true }

func (d *postgres) entryIs() string { return "args->>'entry' = @entry" }

func (d *postgres) close() error {
	d.pool.Close()
	return nil
}

// lockKey spreads names over the keys of advisory locks.
func lockKey(name string) int64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return int64(h.Sum64()) //nolint:gosec // a key, whatever its sign
}

func nodeKey(node string) int64 { return lockKey("rollcall node " + node) }

func (d *postgres) serve(ctx context.Context) (func() error, error) {
	if err := d.live(ctx); err != nil {
		return nil, err
	}
	if _, err := d.takeOver(ctx); err != nil {
		return nil, err
	}
	return func() error {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.alive == nil {
			return nil
		}
		err := d.alive.Close(context.WithoutCancel(ctx))
		d.alive = nil
		return err
	}, nil
}

// live takes this node's lock, or makes sure that it is still held.
func (d *postgres) live(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.alive != nil {
		if d.alive.Ping(ctx) == nil {
			return nil
		}
		_ = d.alive.Close(context.WithoutCancel(ctx)) // it is broken
		d.alive = nil
	}
	config := d.url.Copy()
	config.RuntimeParams["application_name"] = "rollcall node " + d.node
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("hold the node's lock: %w", err)
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", nodeKey(d.node)); err != nil {
		return errors.Join(fmt.Errorf("hold the node's lock: %w", err), conn.Close(context.WithoutCancel(ctx)))
	}
	d.alive = conn
	return nil
}

func (d *postgres) takeOver(ctx context.Context) ([]string, error) {
	if err := d.live(ctx); err != nil {
		return nil, err
	}
	rows, err := d.pool.Query(ctx, "SELECT DISTINCT attempted_by[array_upper(attempted_by, 1)] FROM river_job WHERE state = 'running' AND attempted_by IS NOT NULL")
	if err != nil {
		return nil, err
	}
	nodes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	var dead []string
	for _, node := range nodes {
		if node == d.node {
			continue
		}
		died, err := d.inherit(ctx, node)
		if err != nil {
			return dead, fmt.Errorf("take over from node %s: %w", node, err)
		}
		if died {
			dead = append(dead, node)
		}
	}
	return dead, nil
}

// inherit queues the jobs of a node again if it is dead: if its lock is to be
// had. The lock is kept until that is done, so that two nodes do not do it both.
func (d *postgres) inherit(ctx context.Context, node string) (died bool, err error) {
	err = pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", nodeKey(node)).Scan(&died); err != nil || !died {
			return err
		}
		tag, err := tx.Exec(ctx, `UPDATE river_job SET state = 'available', scheduled_at = now(), max_attempts = greatest(max_attempts, attempt + 1)
			WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $1`, node)
		died = tag.RowsAffected() > 0
		return err
	})
	return died, err
}

func (d *postgres) giveBack(ctx context.Context, id int64) error {
	_, err := d.pool.Exec(ctx, `UPDATE river_job SET state = 'available', scheduled_at = now(), max_attempts = greatest(max_attempts, attempt + 1)
		WHERE state = 'running' AND id = $1 AND attempted_by[array_upper(attempted_by, 1)] = $2`, id, d.node)
	return err
}
