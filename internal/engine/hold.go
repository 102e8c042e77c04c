package engine

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"rollcall/internal/rollcall"
)

// remember keeps how the loads stand before anything is decided.
func (r *runner) remember() {
	for _, l := range r.loads {
		l.asRead.counters, l.asRead.source, l.asRead.standing = l.counters, *l.src, l.standing
	}
	r.read = problems{list: slices.Clip(r.problems.list), more: r.problems.more}
}

// reset brings the loads back to that.
func (r *runner) reset() {
	for _, l := range r.loads {
		l.counters, *l.src, l.standing = l.asRead.counters, l.asRead.source, l.asRead.standing
		l.granting = nil
		if l.stand != nil {
			l.stand.fresh = 0
		}
		l.missing, l.dropped, l.movedFrom, l.missed, l.arrivals = nil, nil, nil, 0, 0
		l.left = 0
	}
	*r.problems = r.read
	r.made = nil
	r.digest.Reset()
}

// hold keeps the plan of a run that a limit stopped, so that a person can read
// exactly what approving it would do. Deciding once more gives the same plan:
// the entries are those that were read, and the database is as it was.
func (r *runner) hold(ctx context.Context, decide func(context.Context) error) (err error) {
	if err := r.tx.Rollback(); err != nil {
		return fmt.Errorf("keep the plan: %w", err)
	}
	file, err := newSpool(r.engine.spool)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.close()) }()
	sink := r.opt.Sink
	defer func() { r.opt.Sink = sink }()
	lines := json.NewEncoder(file.out)
	r.opt.Sink = func(c *rollcall.Change) error { return lines.Encode(c) }
	r.reset()
	if err := decide(ctx); err != nil {
		return err
	}
	r.run.Digest = hex.EncodeToString(r.digest.Sum(nil))
	if err := r.tx.Rollback(); err != nil {
		return fmt.Errorf("keep the plan: %w", err)
	}
	plan, err := rewound(file.out, file.file)
	if err != nil {
		return fmt.Errorf("keep the plan: %w", err)
	}
	if err := r.engine.store.SavePlan(ctx, r.run.ID, plan); err != nil {
		return fmt.Errorf("keep the plan: %w", err)
	}
	return nil
}

// rewound returns what was written, to be read from its beginning.
func rewound(out *bufio.Writer, file *os.File) (io.Reader, error) {
	if err := out.Flush(); err != nil {
		return nil, err
	}
	_, err := file.Seek(0, io.SeekStart)
	return file, err
}

// noteMade remembers the first object of a hierarchy that the run makes.
func (r *runner) noteMade(root string, id rollcall.ObjectID) {
	if first, known := r.made[root]; known && first <= id {
		return
	}
	if r.made == nil {
		r.made = map[string]rollcall.ObjectID{}
	}
	r.made[root] = id
}

// hideMade leaves out of a change the IDs of objects that the same run makes:
// they depend on who else made objects in between, and a plan is the same plan
// whatever they become.
func (r *runner) hideMade(c *rollcall.Change) {
	class := r.engine.model.Class(c.Class)
	if class == nil || len(r.made) == 0 {
		return
	}
	for i := range c.Sets {
		set := &c.Sets[i]
		a := class.Attribute(set.Attribute)
		if a == nil || set.NewText == "" {
			continue
		}
		switch target := r.engine.model.Class(a.Target); {
		case a.IsKey():
			if r.isMade(target.Root, set.New) {
				set.New = ""
			}
		case a.Type == rollcall.TypeLinks:
			other := r.engine.model.Class(target.Attribute(a.Remote).Target) // the other side
			if _, makes := r.made[other.Root]; makes {
				set.Old, set.New = "", ""
			}
		}
	}
}

func (r *runner) isMade(root, id string) bool {
	n, err := strconv.ParseInt(id, 10, 64)
	first, makes := r.made[root]
	return err == nil && makes && rollcall.ObjectID(n) >= first
}
