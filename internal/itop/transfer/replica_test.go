package transfer_test

import (
	"regexp"
	"strings"
	"testing"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// replicasOf makes a data source with one row that was delivered, tied to a
// person, and one that is not.
func (w *world) replicasOf(person rollcall.ObjectID) *rollcall.Source {
	w.Helper()
	id := w.create("SynchroDataSource", "name", "HR <b>", "scope_class", "Person", "database_table_name", "synchro_data_hr")
	class := w.Model.Class("Person")
	src := &rollcall.Source{ID: id, Name: "HR <b>", Class: class, Table: "synchro_data_hr"}
	for _, code := range []string{"name", "first_name", "picture"} {
		src.Rules.Attributes = append(src.Rules.Attributes, rollcall.AttributeRule{Attribute: class.Attribute(code)})
	}
	tx, err := w.Store.Begin(w.Ctx)
	must(w, err)
	defer func() { _ = tx.Rollback() }()
	must(w, tx.EnsureTable(w.Ctx, src))
	row := func(cells ...string) rollcall.Row {
		r := make(rollcall.Row, len(cells))
		for i, c := range cells {
			r[i] = rollcall.Cell{Text: c, Set: true}
		}
		return r
	}
	must(w, tx.InsertReplicas(w.Ctx, src, []rollcall.Replica{
		{Source: id, Key: "k1", State: rollcall.StateSynchronized, Dest: rollcall.Ref{Class: "Person", ID: person}, IsCreator: true, Row: row("N<g", "Ann", "\x89PNG\r\n\x1a\n1234")},
		{Source: id, Key: "k2", State: rollcall.StateNew, LastError: "no <such> place", Row: row("Ono", "Bob", "")},
	}))
	must(w, tx.Commit())
	return src
}

// textOf is what a page says, a tag being a blank.
func textOf(page string) string {
	return strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, " ")), " ")
}

// replicasAreShown one by one and in a list, to whoever may read them.
func replicasAreShown(t *testing.T, w *world) {
	src := w.replicasOf(w.person("Ann", "Ng", "ann@example.com"))
	ask := func(account *auth.Account, pairs ...string) string {
		form := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			form[pairs[i]] = pairs[i+1]
		}
		return w.askAs(account, w.service.Replicas, form).Body.String()
	}
	var ids []string
	for _, key := range []string{"k1", "k2"} {
		r, found, err := w.Store.ReplicaByKey(w.Ctx, src.ID, key)
		if err != nil || !found {
			t.Fatal(found, err)
		}
		ids = append(ids, idText(rollcall.ObjectID(r.ID)))
	}
	config := &auth.Account{Ref: rollcall.Ref{Class: "UserLocal", ID: 9}, Login: "few", Profiles: []string{"Configuration Manager"}}
	for name, c := range map[string]struct {
		account *auth.Account
		pairs   []string
		want    []string
	}{
		"a list": {w.admin, []string{"operation", "oql", "oql", "SELECT SynchroReplica WHERE status_last_error != ''", "datasource", idText(src.ID)},
			[]string{"Go Back to the Synchro Data Source: HR &lt;b&gt; List of Replica", "no &lt;such&gt; place", "!Person"}},
		"one": {w.admin, []string{"id", ids[0]},
			[]string{"Private Details Synchro Data Source HR &lt;b&gt;", "Status Synchronized", "Synchronized Object: Ann Ng", "Email ann@example.com", "Public Data Property Value primary_key k1", "name N&lt;g", "picture", "!PNG\r"}},
		"one without an object": {w.admin, []string{"id", ids[1], "operation", "details"}, []string{"Last Error no &lt;such&gt; place", "primary_key k2", "!Synchronized Object"}},
		"none":                  {w.admin, []string{"id", "x' OR 1=1"}, []string{"ERROR: There is no replica &#039;x&#039; OR 1=1&#039;"}},
		"another class":         {w.admin, []string{"operation", "oql", "oql", "SELECT Person"}, []string{"The query must select SynchroReplica"}},
		"no query":              {w.admin, []string{"operation", "oql"}, []string{"Missing parameter &#039;oql&#039;"}},
		"what is none":          {w.admin, []string{"operation", "oql", "oql", "SELECT <b>"}, []string{"Invalid OQL query", "!<b>"}},
		"no right":              {config, []string{"id", ids[0]}, []string{"You do not have enough permissions", "!HR"}},
		"what it cannot do":     {w.admin, []string{"operation", "delete", "id", ids[0]}, []string{"Invalid operation: &#039;delete&#039;"}},
	} {
		page := ask(c.account, c.pairs...)
		for _, want := range c.want {
			if text, not := strings.CutPrefix(want, "!"); strings.Contains(textOf(page), text) == not {
				t.Errorf("%s: got %s, want %q", name, textOf(page), want)
			}
		}
	}
	if page := ask(w.admin, "operation", "oql", "oql", "SELECT SynchroReplica"); !strings.Contains(page, `synchro/replica.php?operation=details&id=`+ids[0]+`"`) {
		t.Errorf("no link to the replica in %s", page)
	}
}
