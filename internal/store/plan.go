package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"rollcall/internal/rollcall"
)

// planPart is how many bytes of a plan one row holds.
const planPart = 256 << 10

// SavePlan keeps the plan of a run, bytes as they come, in a transaction of its
// own. It takes the place of one that was kept before.
func (s *Store) SavePlan(ctx context.Context, run int64, plan io.Reader) error {
	// Not retried: plan can be read only once.
	_, err := s.writeOnce(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, "DELETE FROM run_plan WHERE run = ?", run); err != nil {
			return err
		}
		return tx.insertPlan(ctx, run, plan)
	})
	if err != nil {
		return fmt.Errorf("keep the plan of run %d: %w", run, err)
	}
	return nil
}

// KeepPlan records a plan that somebody asked for as a run that ended, and
// gives it its ID: with its problems and, byte for byte, what it would do.
func (s *Store) KeepPlan(ctx context.Context, run *rollcall.Run, problems []rollcall.Problem, plan io.Reader) error {
	_, err := s.writeOnce(ctx, func(tx *Tx) error {
		if err := tx.insertRun(ctx, run); err != nil {
			return err
		}
		if err := tx.insertProblems(ctx, run.ID, problems); err != nil {
			return err
		}
		return tx.insertPlan(ctx, run.ID, plan)
	})
	if err != nil {
		return fmt.Errorf("keep a plan: %w", err)
	}
	return nil
}

func (t *Tx) insertPlan(ctx context.Context, run int64, plan io.Reader) error {
	buf := make([]byte, planPart)
	for part := 0; ; part++ {
		n, err := io.ReadFull(plan, buf)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return err
		}
		if n > 0 || part == 0 { // an empty plan is a plan
			if _, err := t.exec(ctx, "INSERT INTO run_plan (run, part, data) VALUES (?, ?, ?)", run, part, buf[:n:n]); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
	}
}

// Plan returns the plan of a run as it was kept. The caller closes it.
func (s *Store) Plan(ctx context.Context, run int64) (io.ReadCloser, error) {
	p := &planReader{ctx: ctx, q: &s.queries, run: run}
	if err := p.fill(); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, rollcall.Errorf(rollcall.NotFound, "no plan was kept of run %d", run)
		}
		return nil, err
	}
	return p, nil
}

// planReader reads a plan part by part.
type planReader struct {
	ctx  context.Context // of Plan, as with any reader made of a request
	q    *queries
	run  int64
	part int
	data []byte
}

func (p *planReader) fill() error {
	var data []byte
	err := p.q.one(p.ctx, "SELECT data FROM run_plan WHERE run = ? AND part = ?", []any{p.run, p.part}, &data)
	if rollcall.KindOf(err) == rollcall.NotFound {
		return io.EOF
	}
	if err != nil {
		return fmt.Errorf("read the plan of run %d: %w", p.run, err)
	}
	p.part++
	p.data = data
	return nil
}

// Read implements io.Reader.
func (p *planReader) Read(buf []byte) (int, error) {
	for len(p.data) == 0 {
		if err := p.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(buf, p.data)
	p.data = p.data[n:]
	return n, nil
}

// Close implements io.Closer. There is nothing to close between two parts.
func (p *planReader) Close() error { return nil }
