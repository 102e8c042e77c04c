package transfer

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"

	"rollcall/internal/auth"
	"rollcall/internal/itop/gate"
	"rollcall/internal/itop/wire"
	"rollcall/internal/oql"
	"rollcall/internal/rollcall"
)

// The classes of replicas and of the sources that they are of.
const (
	classReplica = "SynchroReplica"
	classSource  = "SynchroDataSource"
)

// What replica.php shows of a replica, as iTop 3.2.0 does: in a list, and by
// itself.
const (
	listedOfReplica = "id,sync_source_id,dest_id,dest_class,status_last_seen,status,status_dest_creator,status_last_error,status_last_warning"
	shownOfReplica  = "sync_source_id,dest_id,dest_class,status,status_last_seen,status_dest_creator,status_last_error,status_last_warning,info_creation_date,info_last_modified"
)

// replicaTitle is the title of the page.
const replicaTitle = "iTop - Synchro Replicas"

// Replicas answers replica.php, the page of one replica or of those that a query
// finds. It is a gate.Page.
func (s *Service) Replicas(ctx context.Context, w http.ResponseWriter, r *gate.Request) {
	out := &answer{w: w, header: htmlHeader(false)}
	if err := s.replicas(ctx, out, r); err != nil {
		s.failed(w, r, out, err)
	}
}

func (s *Service) replicas(ctx context.Context, out *answer, r *gate.Request) error {
	if !s.Rights.Allows(r.Account, s.Model.Class(classReplica), auth.Read) {
		return paragraph("You do not have enough permissions to read data of class '" + classReplica + "'")
	}
	switch operation := r.Params.Raw("operation", "details"); operation {
	case "oql":
		return s.replicaList(ctx, out, r)
	case "details":
		return s.replicaDetails(ctx, out, r)
	default:
		return paragraph("Invalid operation: '" + operation + "'. It is one of details and oql")
	}
}

// replicaList shows the replicas that a query finds.
func (s *Service) replicaList(ctx context.Context, out *answer, r *gate.Request) error {
	text := strings.TrimSpace(r.Params.Raw("oql", ""))
	args, err := gate.Standing(ctx, s.Model, s.Store, r.Account, oql.Parameters(text))
	if err != nil {
		return err
	}
	query, err := oql.Compile(s.Model, text, args)
	switch {
	case text == "":
		return paragraph("Missing parameter 'oql'")
	case err != nil:
		return paragraph("Invalid OQL query: '" + text + "'.\n" + err.Error())
	case query.Class().Name != classReplica:
		return paragraph("The query must select " + classReplica + ", not " + query.Class().Name)
	}
	e := &export{service: s, query: s.Rights.Visible(r.Account, query), sel: selectionOf(query)}
	if e.columns, err = parseColumns(s.Model, e.sel, prefixed(e.sel.aliases, listedOfReplica)); err != nil {
		return err
	}
	back := ""
	if id := parseID(r.Params.Raw("datasource", "")); id != 0 {
		link := s.table(ctx, out, r)
		back = "<p>Go Back to the Synchro Data Source: " + link.object(s.Model.Class(classSource), idText(id)) + "</p>"
	}
	to := s.table(ctx, out, r)
	to.columns, to.intro = e.columns, back+"<h1>List of Replica</h1>"
	return e.run(ctx, to, e.labels(true))
}

// prefixed names columns of the first class of a query that selects several.
func prefixed(aliases []string, list string) string {
	return aliases[0] + "." + strings.ReplaceAll(list, ",", ","+aliases[0]+".")
}

// table is the page that replicas are shown in.
func (s *Service) table(ctx context.Context, out *answer, r *gate.Request) *htmlTable {
	l := look{model: s.Model, localize: true}
	return &htmlTable{out: bufio.NewWriterSize(out, bufferSize), look: l, base: s.base(r), title: replicaTitle, names: s.namer(ctx)}
}

// replicaDetails shows one replica: what is kept of it, its object, and the row
// that was delivered.
func (s *Service) replicaDetails(ctx context.Context, out *answer, r *gate.Request) error {
	id := parseID(r.Params.Raw("id", ""))
	class := s.Model.Class(classReplica)
	found, err := s.visible(ctx, r.Account, class, id)
	if err != nil {
		return err
	}
	if found == nil {
		return paragraph(fmt.Sprintf("There is no replica '%s'", r.Params.Raw("id", "")))
	}
	t := s.table(ctx, out, r)
	t.text(wire.PageStart(t.title, ""))
	t.text("<h2>Private Details</h2>")
	if err := s.properties(ctx, t, found, strings.Split(shownOfReplica, ",")); err != nil {
		return err
	}
	if err := s.replicaObject(ctx, t, r.Account, found); err != nil {
		return err
	}
	t.text("<h2>Public Data</h2>")
	if err := s.replicaRow(ctx, t, found); err != nil {
		return err
	}
	t.text(wire.PageEnd)
	return t.out.Flush()
}

// visible returns an object that an account may see, nil for none.
func (s *Service) visible(ctx context.Context, account *auth.Account, class *rollcall.Class, id rollcall.ObjectID) (*rollcall.Object, error) {
	if class == nil || id == 0 || !s.Rights.Allows(account, class, auth.Read) {
		return nil, nil //nolint:nilnil // nothing to see is no error
	}
	var found *rollcall.Object
	err := s.Store.Select(ctx, s.Rights.Visible(account, rollcall.SelectIDs(class, id)), rollcall.Window{}, func(row []rollcall.Object) error {
		o := row[0]
		found = &o
		return nil
	})
	return found, err
}

// properties writes attributes of an object, one a row.
func (s *Service) properties(ctx context.Context, t *htmlTable, o *rollcall.Object, codes []string) error {
	sel := selection{aliases: []string{o.Class.Name}, classes: []*rollcall.Class{o.Class}}
	columns, err := parseColumns(s.Model, sel, strings.Join(codes, ","))
	if err != nil {
		return err
	}
	v := newValues(s.Model, s.Store)
	t.text("<table>")
	for i := range columns {
		c := &columns[i]
		cells, err := c.texts(ctx, v, []rollcall.Object{*o})
		if err != nil {
			return err
		}
		t.property(c.label(s.Model, sel, true), t.value(c, o, cells[0]))
	}
	t.text("</table>")
	return nil
}

// replicaObject shows the object that a replica is tied to, as far as the account
// may see it.
func (s *Service) replicaObject(ctx context.Context, t *htmlTable, account *auth.Account, replica *rollcall.Object) error {
	class, id := s.Model.Class(replica.Get("dest_class")), parseID(replica.Get("dest_id"))
	o, err := s.visible(ctx, account, class, id)
	if err != nil || o == nil {
		return err
	}
	t.text("<h2>Synchronized Object: " + t.object(o.Class, idText(o.ID)) + "</h2>")
	var codes []string
	for _, a := range o.Class.Attributes {
		if a.Type != rollcall.TypeLinks && a.Type != rollcall.TypeChildren {
			codes = append(codes, a.Code)
		}
	}
	return s.properties(ctx, t, o, codes)
}

// replicaRow shows the row of a replica in its source's table.
func (s *Service) replicaRow(ctx context.Context, t *htmlTable, replica *rollcall.Object) error {
	sources, err := s.Store.Objects(ctx, s.Model.Class(classSource), []rollcall.ObjectID{parseID(replica.Get("sync_source_id"))})
	if err != nil {
		return err
	}
	t.text("<table><thead><tr><th>Property</th><th>Value</th></tr></thead>")
	for i := range sources {
		src := &rollcall.Source{ID: sources[i].ID, Name: sources[i].Get("name"), Class: s.Model.Class(sources[i].Get("scope_class")), Table: sources[i].Get("database_table_name")}
		if src.Class == nil {
			continue
		}
		for _, c := range rollcall.DataColumns(src.Class) {
			if c.Part == 0 {
				src.Rules.Attributes = append(src.Rules.Attributes, rollcall.AttributeRule{Attribute: c.Attribute})
			}
		}
		rows, err := s.Store.Replicas(ctx, src, []int64{int64(replica.ID)})
		if err != nil {
			return err
		}
		for j := range rows {
			t.property(rollcall.KeyColumn, wire.Escape(rows[j].Key))
			t.delivered(src, rowOf(&rows[j]))
		}
	}
	t.text("</table>")
	return nil
}

// rowOf is what the data table says of a replica.
func rowOf(r *rollcall.Replica) rollcall.Row {
	if r.Delivered != nil {
		return r.Delivered
	}
	return r.Row
}

// delivered writes the cells of a row.
func (t *htmlTable) delivered(src *rollcall.Source, row rollcall.Row) {
	for i, rule := range src.Rules.Attributes {
		a, text := rule.Attribute, ""
		switch {
		case i >= len(row) || !row[i].Set:
		case a.Type == rollcall.TypeImage:
			text = rollcall.PictureText(row[i].Text)
		case a.Type == rollcall.TypePassword && row[i].Text != "":
			text = "*****"
		default:
			text = row[i].Text
		}
		t.property(a.Code, wire.Escape(text))
	}
}

func (t *htmlTable) property(label, value string) {
	t.text("<tr><td>" + wire.Escape(label) + "</td><td>" + value + "</td></tr>")
}
