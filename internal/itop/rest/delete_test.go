package rest_test

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/internal/rollcall"
)

// gone is one object of the answer to core/delete.
func gone(class string, id, code int, message, name string) string {
	return fmt.Sprintf(`"%s::%d":{"code":%d,"message":"%s","class":%q,"key":"%d","fields":{"id":"%d","friendlyname":"%s"}}`, class, id, code, message, class, id, id, name)
}

func deleted(code int, message string, objects ...string) string {
	return fmt.Sprintf(`{"code":%d,"message":"%s","objects":{%s}}`, code, message, strings.Join(objects, ","))
}

func TestDelete(t *testing.T) {
	t.Parallel()
	onBoth(t, map[string]func(*testing.T, *world){
		"PlansAndDeletes": deletePlansAndDeletes,
		"Synchronized":    deleteSynchronized,
	})
}

func deletePlansAndDeletes(_ *testing.T, w *world) {
	w.make("Person", `{"org_id":2,"name":"Doe","first_name":"John","email":"jd@example.com"}`)
	w.make("Person", `{"org_id":2,"name":"Doe","first_name":"Jane"}`)
	w.make("Person", `{"org_id":2,"name":"Sub","first_name":"Man","manager_id":1}`)
	w.make("UserLDAP", `{"login":"jd","contactid":1,"profile_list":[{"profileid":3}]}`)
	w.make("Server", `{"org_id":2,"name":"srv1"}`)
	del := func(class, key, more string) string {
		return `{"operation":"core/delete","comment":"del","class":"` + class + `","key":` + key + more + `}`
	}
	john, user, sub := gone("Person", 1, 0, "", "John Doe"), gone("UserLDAP", 2, 5, "Reset external keys: Person", "jd"), gone("Person", 3, 5, "Reset external keys: Manager", "Man Sub")
	plan := deleted(0, "SIMULATING: Deleted: 1 plus (for DB integrity) 2", john, user, sub)
	w.want(del("Person", `{"email":"jd@example.com"}`, `,"simulate":true`), plan)
	w.want(del("Person", `{"email":"jd@example.com"}`, `,"simulate":"false"`), plan) // a text that is not empty is true
	w.want(del("Person", `"SELECT Person WHERE name='Doe'"`, `,"simulate":1`),
		deleted(0, "SIMULATING: Deleted: 2 plus (for DB integrity) 2", gone("Person", 2, 0, "", "Jane Doe"), john, user, sub))
	manual := func(class string, id int, name string) string {
		text := fmt.Sprintf("%s::%d Must be deleted manually", class, id)
		return gone(class, id, 4, "Must be deleted explicitely... but: "+text, name)
	}
	w.want(del("Organization", `{"name":"Demo"}`, `,"simulate":true`),
		deleted(100, "SIMULATING: Some issues have been encountered. See the list of planned changes for more information about the issue(s).",
			gone("Organization", 2, 0, "", "Demo"), manual("Person", 2, "Jane Doe"), manual("Person", 1, "John Doe"), manual("Person", 3, "Man Sub"), manual("Server", 1, "srv1")))
	w.want(del("Organization", `2`, ``),
		failure("Found issue(s): target_class = Organization, target_id = 2, issues = Person::2 Must be deleted manually, Person::1 Must be deleted manually, Person::3 Must be deleted manually, Server::1 Must be deleted manually"))
	w.want(del("Person", `{"email":"nobody@x"}`, ``), `{"code":0,"message":"Deleted: 0","objects":null}`)
	w.want(del("Person", `99`, `,"simulate":true`), `{"code":0,"message":"SIMULATING: Deleted: 0","objects":null}`)
	w.want(`{"operation":"core/delete","class":"Person","key":1}`, failure("Missing parameter 'comment'"))
	w.want(del("NoSuch", `1`, ``), failure("class: 'NoSuch' is not a valid class'"))
	w.want(del("Person", `1`, ``), deleted(0, "Deleted: 1 plus (for DB integrity) 2", john, user, sub))
	w.want(`{"operation":"core/get","class":"Person","key":3,"output_fields":"manager_id"}`,
		`{"code":0,"message":"Found: 1","objects":{"Person::3":{"code":0,"message":"","class":"Person","key":"3","fields":{"manager_id":"0"}}}}`)
	w.want(del("UserLDAP", `{"login":"jd"}`, ``), deleted(0, "Deleted: 1 plus (for DB integrity) 1",
		gone("UserLDAP", 2, 0, "", "jd"), gone("URP_UserProfile", 3, 0, "", "Link between jd and Configuration Manager")))
	w.want(del("URP_Profiles", `3`, ``), failure("Found issue(s): target_class = URP_Profiles, target_id = 3, issues = Objects of class URP_Profiles are predefined and cannot be deleted"))
	steps := w.history("Person", 1)
	if last := steps[len(steps)-1]; last.Verb != rollcall.HistoryDelete || last.Reason != "del" {
		w.Errorf("got %+v, want a deletion with its comment", last)
	}
}

// deleteSynchronized deletes an object that a source owns: what is said is
// recorded, and nothing is changed.
func deleteSynchronized(_ *testing.T, w *world) {
	w.make("SynchroDataSource", `{"name":"Synchro LDAP Person","scope_class":"Person","user_delete_policy":"nobody"}`)
	w.make("Person", `{"org_id":2,"name":"Klein","first_name":"Ann","email":"k@example.com"}`)
	tie(w, 1, rollcall.Ref{Class: "Person", ID: 1})
	owned := `You <b>cannot delete the object<\/b> because it is owned by the external data source Synchro LDAP Person`
	w.want(`{"operation":"core/delete","comment":"del","class":"Person","key":1,"simulate":true}`,
		deleted(12, `SIMULATING: The deletion requires that other objects be deleted\/updated, and those operations must be requested explicitely`,
			gone("Person", 1, 1, "Cannot be deleted: "+owned, "Ann Klein"), gone("SynchroReplica", 1, 0, "", "SynchroReplica")))
	w.want(`{"operation":"core/delete","comment":"del","class":"Person","key":1}`, failure("Found issue(s): target_class = Person, target_id = 1, issues = "+owned))
	w.want(`{"operation":"core/update","comment":"upd","class":"Person","key":1,"fields":{"phone":"1"}}`,
		issue("The field Phone (phone) is not writable because it is mastered by the data synchronization. Value not set.", "Person", 1))
}

// tie makes a replica of a source that made an object.
func tie(w *world, source rollcall.ObjectID, dest rollcall.Ref) {
	w.Helper()
	class := w.Model.Class(dest.Class)
	src := &rollcall.Source{ID: source, Name: "s", Class: class, Table: "synchro_data_person_1"}
	must(w, w.Store.EnsureTable(w.Ctx, src))
	tx, err := w.Store.Begin(w.Ctx)
	must(w, err)
	replicas := []rollcall.Replica{{Source: source, Key: "k", State: rollcall.StateSynchronized, Dest: dest, IsCreator: true, LastSeen: now}}
	must(w, tx.InsertReplicas(w.Ctx, src, replicas))
	must(w, tx.Commit())
}
