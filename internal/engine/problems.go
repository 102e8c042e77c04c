package engine

import "rollcall/internal/rollcall"

// mostProblems is how many problems a run keeps in full; a source whose every
// entry is wrong says so by their number.
const mostProblems = 10_000

// problems gathers what was wrong with single entries.
type problems struct {
	list []rollcall.Problem
	more int
}

func (p *problems) count() int { return len(p.list) + p.more }

func (p *problems) add(problem rollcall.Problem) {
	if len(p.list) == mostProblems {
		p.more++
		return
	}
	p.list = append(p.list, problem)
}
