package main

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// mostDifferences is how many differences between two plans are shown.
const mostDifferences = 20

// matcher holds what a run is about to do against a plan. The run's changes go
// to a file of their own, so that memory does not grow with the plan unless the
// two really differ.
type matcher struct {
	plan *planReader
	now  *planWriter
}

func newMatcher(plan *planReader) (*matcher, error) {
	now, err := newPlanWriter(plan.file.Name())
	if err != nil {
		return nil, err
	}
	return &matcher{plan: plan, now: now}, nil
}

// confirm refuses a run that would do anything else than the plan.
func (m *matcher) confirm(run *rollcall.Run) error {
	if run.Digest == m.plan.header.Digest {
		return nil
	}
	differences, more, err := m.differences()
	if err != nil {
		return err
	}
	text := strings.Join(differences, "\n  ")
	if more > 0 {
		text += fmt.Sprintf("\n  … and %d more", more)
	}
	return rollcall.Errorf(rollcall.Conflict, "things moved on since the plan was made: make a new one. What differs:\n  %s", text)
}

// deed identifies a change among the others of its plan; what exactly it does is
// another matter.
type deed [16]byte

type planned struct {
	content [16]byte
	met     bool
}

// differences compares the two plans, change by change, whatever their order.
func (m *matcher) differences() (list []string, more int, err error) {
	before := map[deed]*planned{}
	err = m.eachPlanned(func(d deed, content [16]byte, _ *rollcall.Change) {
		before[d] = &planned{content: content}
	})
	if err != nil {
		return nil, 0, err
	}
	add := func(text string, c *rollcall.Change) {
		if len(list) == mostDifferences {
			more++
			return
		}
		list = append(list, text+": "+describe(c))
	}
	err = m.eachNow(func(d deed, content [16]byte, c *rollcall.Change) {
		was := before[d]
		switch {
		case was == nil:
			add("new since", c)
		case was.content != content:
			add("with other values", c)
		}
		if was != nil {
			was.met = true
		}
	})
	if err != nil {
		return nil, 0, err
	}
	err = m.eachPlanned(func(d deed, _ [16]byte, c *rollcall.Change) {
		if !before[d].met {
			add("no longer", c)
		}
	})
	if len(list) == 0 {
		list = []string{"the same changes in another order"}
	}
	return list, more, err
}

// eachPlanned reads the plan from its beginning.
func (m *matcher) eachPlanned(yield func(deed, [16]byte, *rollcall.Change)) error {
	again, err := openPlan(m.plan.file.Name())
	if err != nil {
		return err
	}
	for {
		line, err := again.next()
		if line == nil || err != nil {
			return errors.Join(err, again.close())
		}
		if err := deeds(line, yield); err != nil {
			return errors.Join(err, again.close())
		}
	}
}

// eachNow reads what the run is about to do.
func (m *matcher) eachNow(yield func(deed, [16]byte, *rollcall.Change)) error {
	if err := m.now.out.Flush(); err != nil {
		return fmt.Errorf("compare with the plan: %w", err)
	}
	f, err := os.Open(m.now.changes.Name())
	if err != nil {
		return fmt.Errorf("compare with the plan: %w", err)
	}
	defer f.Close() // it was only read
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("compare with the plan: %w", err)
		}
		if err := deeds(line, yield); err != nil {
			return err
		}
	}
}

func deeds(line []byte, yield func(deed, [16]byte, *rollcall.Change)) error {
	var c rollcall.Change
	if err := json.Unmarshal(line, &c); err != nil {
		return rollcall.Errorf(rollcall.Invalid, "read the plan: a line is no change: %w", err)
	}
	normal, err := json.Marshal(&c)
	if err != nil {
		return fmt.Errorf("compare with the plan: %w", err)
	}
	identity := sha256.Sum256([]byte(strings.Join([]string{c.Source, c.Key, string(c.Verb), c.Entry}, "\x00")))
	content := sha256.Sum256(normal)
	yield(deed(identity[:16]), [16]byte(content[:16]), &c)
	return nil
}

// describe says in one line what a change does.
func describe(c *rollcall.Change) string {
	attributes := make([]string, len(c.Sets))
	for i, s := range c.Sets {
		attributes[i] = s.Attribute
	}
	slices.Sort(attributes)
	text := fmt.Sprintf("%s %s %s", c.Verb, c.Class, cmp.Or(c.Name, c.Entry, c.Key))
	if len(attributes) > 0 && c.Verb != rollcall.VerbProvision {
		text += " (" + strings.Join(attributes, ", ") + ")"
	}
	return text
}
