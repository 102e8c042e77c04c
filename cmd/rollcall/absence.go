package main

import (
	"context"
	"fmt"
	"strings"

	"rollcall/internal/rollcall"
	"rollcall/internal/source/ldap"
)

// reason is why a source does not have somebody.
type reason struct{ source, entry, why string }

// finder is the ability of a collector to look somebody up, whether or not the
// source would read the entry.
type finder interface {
	Find(ctx context.Context, text string) ([]ldap.Candidate, error)
}

// absence asks every directory for somebody and says why no object came of it.
func (a *app) absence(ctx context.Context, text string) ([]reason, error) {
	sources, err := a.identified(ctx)
	if err != nil {
		return nil, err
	}
	var reasons []reason
	for i := range sources {
		src := &sources[i]
		job, err := a.job(a.sources[i])
		if err != nil {
			return nil, err
		}
		look, ok := job.Collector.(finder)
		if !ok {
			continue
		}
		candidates, err := look.Find(ctx, text)
		if err != nil {
			return nil, fmt.Errorf("source %s: look for %q: %w", src.Name, text, err)
		}
		for _, c := range candidates {
			why, err := a.excluded(ctx, src, &c)
			if err != nil {
				return nil, err
			}
			reasons = append(reasons, reason{src.Name, c.DN, why})
		}
	}
	return reasons, nil
}

// excluded says why an entry has no object.
func (a *app) excluded(ctx context.Context, src *rollcall.Source, c *ldap.Candidate) (string, error) {
	if !c.Included {
		return "is not read: " + strings.Join(c.Reasons, "; "), nil
	}
	const unread = "would be read, but no run has done so yet: rollcall sync " // a name follows
	if src.ID == 0 {
		return unread + src.Name, nil
	}
	replica, ok, err := a.store.ReplicaByKey(ctx, src.ID, c.Key)
	switch {
	case err != nil:
		return "", err
	case !ok:
		return unread + src.Name, nil
	case replica.Dest.ID == 0 && replica.LastError != "":
		return "is read, and in error: " + replica.LastError, nil
	case replica.Dest.ID == 0:
		return fmt.Sprintf("is read; its replica %d is in state %s and has no object", replica.ID, replica.State), nil
	}
	name := fmt.Sprintf("%s::%d", replica.Dest.Class, replica.Dest.ID)
	return fmt.Sprintf("is read, and is %s: rollcall why %s", name, name), nil
}
