package baddays

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
)

// picture is what the database means, whatever numbers it gave to things: every
// object by its values, with the names of others where it refers to them; every
// replica; every step of history. A line each, sorted.
type picture struct{ Objects, Replicas, History []string }

// picture takes the picture of the database.
func (o *office) picture() picture {
	o.t.Helper()
	model, err := schema.Load()
	if err != nil {
		o.t.Fatal(err)
	}
	c := camera{t: o.t, model: model, objects: map[rollcall.Ref]object{}}
	db := o.openDatabase()
	defer db.Close()
	for _, name := range column[string](o.t, db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'obj\\_%' ESCAPE '\\'") {
		for _, row := range table(o.t, db, "SELECT * FROM "+name) {
			c.take(row)
		}
	}
	var p picture
	for _, found := range c.objects {
		p.Objects = append(p.Objects, c.describe(found))
	}
	for _, row := range table(o.t, db, "SELECT * FROM priv_sync_replica") {
		p.Replicas = append(p.Replicas, fmt.Sprintf("%s %s %s %q creator=%s -> %s", row["entry_key"], row["entry_name"], row["status"],
			row["content"], row["status_dest_creator"], c.name(row["dest_class"], row["dest_id"])))
	}
	for _, row := range table(o.t, db, "SELECT * FROM history") {
		p.History = append(p.History, fmt.Sprintf("%s %s %s %s %s %s", row["verb"], row["class"], row["name"], row["entry_key"], row["reason"], c.sets(row["sets"])))
	}
	slices.Sort(p.Objects)
	slices.Sort(p.Replicas)
	slices.Sort(p.History)
	return p
}

// camera knows the objects of one database.
type camera struct {
	t       testing.TB
	model   *rollcall.Model
	objects map[rollcall.Ref]object // by root class
}

type object struct {
	class  *rollcall.Class
	values map[string]string
}

func (c *camera) take(row map[string]string) {
	class := c.model.Class(row["finalclass"])
	if class == nil {
		c.t.Fatalf("an object of no class: %v", row)
	}
	c.objects[rollcall.Ref{Class: class.Root, ID: number(row["id"])}] = object{class, row}
}

func number(text string) rollcall.ObjectID {
	var id rollcall.ObjectID
	_, _ = fmt.Sscan(text, &id) // empty: nobody
	return id
}

// describe returns an object's values, others named where it refers to them.
func (c *camera) describe(o object) string {
	var b strings.Builder
	b.WriteString(o.class.Name)
	for _, a := range o.class.Stored {
		value := o.values[a.Code]
		if a.IsKey() && value != "" {
			value = c.name(a.Target, value)
		}
		fmt.Fprintf(&b, " %s=%q", a.Code, value)
	}
	return b.String()
}

// name returns what tells an object from others: its values that refer to
// nobody.
func (c *camera) name(class, id string) string {
	declared := c.model.Class(class)
	if declared == nil {
		return "nobody"
	}
	o, ok := c.objects[rollcall.Ref{Class: declared.Root, ID: number(id)}]
	if !ok {
		return "nobody"
	}
	var b strings.Builder
	b.WriteString(o.class.Name)
	for _, a := range o.class.Stored {
		if value := o.values[a.Code]; !a.IsKey() && value != "" {
			fmt.Fprintf(&b, ",%s", value)
		}
	}
	return b.String()
}

// sets renders the steps of attributes, references by the names of their
// targets.
func (c *camera) sets(text string) string {
	if text == "" {
		return ""
	}
	var sets []rollcall.Set
	if err := json.Unmarshal([]byte(text), &sets); err != nil {
		c.t.Fatal(err)
	}
	for i := range sets {
		if s := &sets[i]; s.OldText != "" || s.NewText != "" {
			s.Old, s.New = "", ""
		}
	}
	return fmt.Sprintf("%+v", sets)
}
