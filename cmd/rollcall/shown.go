package main

import (
	"context"
	"fmt"
	"strings"

	"rollcall/internal/rollcall"
)

// shown returns the text of an attribute for each of several objects: of a key
// the name of what it refers to, of a field what it shows, of a set of links the
// names on its other side.
func (a *app) shown(ctx context.Context, objects []rollcall.Object, att *rollcall.Attribute) ([]string, error) {
	texts := make([]string, len(objects))
	var err error
	switch {
	case att.IsKey():
		err = a.shownKeys(ctx, objects, att, texts)
	case att.Type == rollcall.TypeField:
		err = a.shownFields(ctx, objects, att, texts)
	case att.Type == rollcall.TypeLinks, att.Type == rollcall.TypeChildren:
		err = a.shownSets(ctx, objects, att, texts)
	default:
		for i := range objects {
			texts[i] = objects[i].Get(att.Code)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", att.Code, err)
	}
	return texts, nil
}

func (a *app) shownKeys(ctx context.Context, objects []rollcall.Object, att *rollcall.Attribute, texts []string) error {
	ids := targets(objects, att.Code)
	names, err := a.store.Names(ctx, a.model.Class(att.Target), present(ids))
	if err != nil {
		return err
	}
	for i := range objects {
		texts[i] = names[ids[i]]
	}
	return nil
}

// shownFields follows a field's key and reads the attribute there, which may be
// a field in its turn.
func (a *app) shownFields(ctx context.Context, objects []rollcall.Object, att *rollcall.Attribute, texts []string) error {
	key := objects[0].Class.Attribute(att.Via)
	class := a.model.Class(key.Target)
	ids := targets(objects, att.Via)
	there, err := a.store.Objects(ctx, class, present(ids))
	if err != nil || len(there) == 0 {
		return err
	}
	remote, err := a.shown(ctx, there, class.Attribute(att.Remote))
	if err != nil {
		return err
	}
	byID := make(map[rollcall.ObjectID]string, len(there))
	for i := range there {
		byID[there[i].ID] = remote[i]
	}
	for i := range objects {
		texts[i] = byID[ids[i]]
	}
	return nil
}

func (a *app) shownSets(ctx context.Context, objects []rollcall.Object, att *rollcall.Attribute, texts []string) error {
	hosts := make([]rollcall.ObjectID, len(objects))
	for i := range objects {
		hosts[i] = objects[i].ID
	}
	sets, err := a.store.Links(ctx, att, hosts)
	if err != nil {
		return err
	}
	other := a.model.Class(att.Target)
	if att.Type == rollcall.TypeLinks {
		other = a.model.Class(other.Attribute(att.Remote).Target)
	}
	var all []rollcall.ObjectID
	for _, links := range sets {
		for _, link := range links {
			all = append(all, link.Target)
		}
	}
	names, err := a.store.Names(ctx, other, all)
	if err != nil {
		return err
	}
	for i, links := range sets {
		parts := make([]string, len(links))
		for n, link := range links {
			parts[n] = names[link.Target]
		}
		texts[i] = strings.Join(parts, "; ")
	}
	return nil
}

// targets returns what the objects' key points at, 0 for nothing.
func targets(objects []rollcall.Object, key string) []rollcall.ObjectID {
	ids := make([]rollcall.ObjectID, len(objects))
	for i := range objects {
		ids[i] = objectID(objects[i].Get(key))
	}
	return ids
}

func present(ids []rollcall.ObjectID) []rollcall.ObjectID {
	var list []rollcall.ObjectID
	seen := map[rollcall.ObjectID]bool{0: true}
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			list = append(list, id)
		}
	}
	return list
}
