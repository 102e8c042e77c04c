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
		buf := make([]byte, planPart)
		for part := 0; ; part++ {
			n, err := io.ReadFull(plan, buf)
			last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
			if err != nil && !last {
				return err
			}
			if n > 0 || part == 0 { // an empty plan is a plan
				if _, err := tx.exec(ctx, "INSERT INTO run_plan (run, part, data) VALUES (?, ?, ?)", run, part, buf[:n:n]); err != nil {
					return err
				}
			}
			if last {
				return nil
			}
		}
	})
	if err != nil {
		return fmt.Errorf("keep the plan of run %d: %w", run, err)
	}
	return nil
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
