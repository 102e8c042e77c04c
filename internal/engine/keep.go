package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// waiter is an entry with a reference to another entry of its load.
type waiter struct {
	at      int64 // in the spool
	replica int64
	isMade  bool // its object was made by this run
	isTold  bool // what became of it is counted
}

// writeReplicas writes replicas that exist: those whose rows others deliver
// without their rows.
func (r *runner) writeReplicas(ctx context.Context, l *load, replicas []rollcall.Replica) error {
	write := r.tx.UpdateReplicas
	if l.stand != nil {
		write = r.tx.SettleReplicas
	}
	if err := write(ctx, l.src, replicas); err != nil {
		return fmt.Errorf("keep replicas: %w", err)
	}
	return nil
}

// keep writes the replicas of a batch: what was taken over, or why nothing was.
func (b *batching) keep(ctx context.Context) error {
	var made, changed []rollcall.Replica
	var history []rollcall.ReplicaHistory
	var madeAt []int
	for i := range b.entries {
		if err := b.settle(i); err != nil {
			return err
		}
		replica := b.replicas[i]
		switch {
		case replica.ID == 0:
			made = append(made, replica)
			madeAt = append(madeAt, i)
		case !sameReplica(&replica, &b.before[i]):
			changed = append(changed, replica)
			before := b.before[i]
			if b.stand != nil {
				before.Row = b.entries[i].row // what its data row says, before and after
			}
			history = append(history, rollcall.ReplicaHistory{Run: b.run.ID, Before: before})
		}
	}
	if err := b.tx.InsertReplicas(ctx, b.src, made); err != nil {
		return fmt.Errorf("keep new replicas: %w", err)
	}
	b.arrivals += len(made)
	for n, i := range madeAt {
		b.replicas[i].ID = made[n].ID
	}
	if err := b.tx.InsertReplicaHistory(ctx, history); err != nil {
		return fmt.Errorf("keep what replicas were: %w", err)
	}
	if err := b.writeReplicas(ctx, b.load, changed); err != nil {
		return err
	}
	for i := range b.entries {
		if b.resolved[i].waits && b.failed[i] == "" {
			b.waiting = append(b.waiting, waiter{b.entries[i].at, b.replicas[i].ID, b.before[i].Dest.ID == 0 && !b.joined[i], b.edited[i] || b.joined[i]})
		}
	}
	return nil
}

// settle gives a replica the state that follows from what happened.
func (b *batching) settle(i int) error {
	e, replica := &b.entries[i], &b.replicas[i]
	replica.Source, replica.Key, replica.Name, replica.Content = b.src.ID, e.key, e.name, e.content
	replica.LastSeen = time.Time{}
	if b.stand != nil {
		replica.Name, replica.LastSeen = b.before[i].Name, b.before[i].LastSeen
	}
	if replica.ID == 0 {
		replica.Run, replica.State = b.run.ID, rollcall.StateNew
	}
	replica.LastWarning = warningText(b.resolved[i].warnings)
	for _, w := range b.resolved[i].warnings[min(len(e.warnings), len(b.resolved[i].warnings)):] {
		b.problems.add(rollcall.Problem{Source: b.src.Name, Key: e.key, Entry: e.name, Reason: w, Warning: true})
	}
	if text := b.failed[i]; text != "" {
		return b.settleFailed(i, text)
	}
	replica.State, replica.LastError, replica.Restore = rollcall.StateSynchronized, "", ""
	// A value that could not be mapped leaves what was taken over before.
	row := slices.Clone(e.row)
	for n := range row {
		if !row[n].Set && b.before[i].Row != nil {
			row[n] = b.before[i].Row[n]
		}
	}
	replica.Row = row
	return nil
}

func (b *batching) settleFailed(i int, text string) error {
	e, replica := &b.entries[i], &b.replicas[i]
	replica.LastError = errorText(text)
	switch replica.State {
	case rollcall.StateNew, rollcall.StateOrphan:
	default:
		replica.State = rollcall.StateModified
	}
	if replica.Row == nil || replica.State == rollcall.StateNew {
		replica.Row = slices.Clone(e.row)
	}
	lost := b.resolved[i].lost
	reason := text
	// Those that come of the mapping are problems already.
	if fresh := lost[min(len(e.warnings), len(lost)):]; len(fresh) > 0 {
		reason += " (" + strings.Join(fresh, "; ") + ")"
	}
	b.problems.add(rollcall.Problem{Source: b.src.Name, Key: e.key, Entry: e.name, Reason: reason})
	change := b.change(i, rollcall.VerbFail)
	change.Error, change.Warnings = text, lost
	if b.objects[i] != nil {
		change.Name = b.objects[i].Name()
	}
	return b.emit(change)
}

// sameReplica reports whether nothing of a replica is to be written.
func sameReplica(a, b *rollcall.Replica) bool {
	return a.Key == b.Key && a.Name == b.Name && a.Content == b.Content && a.State == b.State &&
		a.Dest == b.Dest && a.IsCreator == b.IsCreator && a.LastSeen.Equal(b.LastSeen) &&
		a.LastError == b.LastError && a.LastWarning == b.LastWarning && a.Restore == b.Restore &&
		a.LastModified.Equal(b.LastModified) && slices.Equal(a.Row, b.Row)
}

// The longest text that a replica keeps, in characters (iTop 3.2.0).
const longestText = 255

// warningText is how a replica keeps its warnings.
func warningText(warnings []string) string {
	switch len(warnings) {
	case 0:
		return ""
	case 1:
		return cut(warnings[0])
	}
	return cut(fmt.Sprintf("%d warnings: %s", len(warnings), strings.Join(warnings, " ")))
}

func cut(text string) string {
	if runes := []rune(text); len(runes) > longestText {
		return string(runes[:longestText-3]) + "..."
	}
	return text
}

// errorText is how a replica keeps its error.
func errorText(text string) string {
	if runes := []rune(text); len(runes) > longestText {
		return fmt.Sprintf("%s...(%d chars)...", string(runes[:200]), len(runes))
	}
	return text
}
