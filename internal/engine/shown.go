package engine

import (
	"context"
	"fmt"
	"strings"

	"rollcall/internal/rollcall"
)

// linkNames returns the names of all that the batch's link sets point at, when
// anybody wants to read them. The Ref's class is that of the link set's other
// side.
func (b *batching) linkNames(ctx context.Context) (map[rollcall.Ref]string, error) {
	names := map[rollcall.Ref]string{}
	if !b.isTold() {
		return names, nil
	}
	targets := map[string][]rollcall.ObjectID{}
	for i := range b.entries {
		for n, links := range b.resolved[i].links {
			class := b.otherSide(&b.src.Rules.Attributes[n])
			for _, link := range links {
				if ref := (rollcall.Ref{Class: class.Name, ID: link.Target}); names[ref] == "" {
					names[ref] = fmt.Sprint(link.Target)
					targets[class.Name] = append(targets[class.Name], link.Target)
				}
			}
		}
	}
	for class, ids := range targets {
		found, err := b.tx.Names(ctx, b.engine.model.Class(class), ids)
		if err != nil {
			return nil, fmt.Errorf("read the names of link targets: %w", err)
		}
		for id, name := range found {
			names[rollcall.Ref{Class: class, ID: id}] = name
		}
	}
	return names, nil
}

// otherSide is the class that a link set's links lead to.
func (r *runner) otherSide(rule *rollcall.AttributeRule) *rollcall.Class {
	link := r.engine.model.Class(rule.Attribute.Target)
	return r.engine.model.Class(link.Attribute(rule.Attribute.Remote).Target)
}

// namesOf lists the targets of links as a person reads them.
func (r *runner) namesOf(rule *rollcall.AttributeRule, links []rollcall.Link, names map[rollcall.Ref]string) string {
	class := r.otherSide(rule).Name
	list := make([]string, len(links))
	for i, link := range links {
		list[i] = names[rollcall.Ref{Class: class, ID: link.Target}]
	}
	return strings.Join(list, ", ")
}
