package storetest

import (
	"testing"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func (s *suite) feedSourceGone(t *testing.T) {
	dsn := s.fresh(t)
	m := rollcall.NewModel(append(classes(), sourceClass()))
	st := openAt(t, dsn, m)
	insert(t, st, object(m, "SynchroDataSource", 5, "name", "etl", "scope_class", "Person", "database_table_name", "synchro_data_etl"))
	f := &fed{t, dsn, st, nil, `"synchro_data_etl"`}
	f.sql(`INSERT INTO {t} (primary_key, name) VALUES ('a', 'Doe')`)
	if _, ok, err := st.ReplicaByKey(t.Context(), 5, "a"); err != nil || !ok {
		t.Fatalf("a row of a source that was just made has no replica (%v)", err)
	}
	write(t, st, func(tx *store.Tx) {
		must(t, tx.DeleteObjects(t.Context(), m.Class("SynchroDataSource"), []rollcall.ObjectID{5}))
	})
	f.refused(`INSERT INTO {t} (primary_key) VALUES ('b')`, "synchro_data_etl")
	if _, ok, err := st.ReplicaByKey(t.Context(), 5, "a"); err != nil || ok {
		t.Errorf("the replicas of a source are there after it went (%v)", err)
	}
}

// sourceClass is as much of the class of data sources as the store looks at.
func sourceClass() *rollcall.Class {
	c := &rollcall.Class{Name: "SynchroDataSource", Root: "SynchroDataSource", NamedBy: []string{"name"}}
	for _, code := range []string{"name", "scope_class", "database_table_name"} {
		c.Attributes = append(c.Attributes, &rollcall.Attribute{Code: code, Type: rollcall.TypeString})
	}
	c.Index()
	return c
}
