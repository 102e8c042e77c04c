package rest_test

import (
	"fmt"
	"strings"
	"testing"
)

// definition is what the public collectors send for a data source.
func definition(name, class, table string) string {
	return fmt.Sprintf(`{"name":%q,"description":"direct","status":"production","user_id":1,"notify_contact_id":0,"scope_class":%q,"database_table_name":%q,"scope_restriction":"","full_load_periodicity":"0",`+
		`"reconciliation_policy":"use_attributes","action_on_zero":"create","action_on_one":"update","action_on_multiple":"error","delete_policy":"delete","delete_policy_update":"","delete_policy_retention":"0",`+
		`"user_delete_policy":"nobody","url_icon":"","url_application":""}`, name, class, table)
}

// records are the members of an attribute list.
func records(codes ...string) string {
	parts := make([]string, len(codes))
	for i, code := range codes {
		code, kind, _ := strings.Cut(code, ":")
		code, reconciles := strings.CutPrefix(code, "+")
		parts[i] = fmt.Sprintf(`{"attcode":%q,"update":true,"reconcile":%t,"update_policy":"master_locked","finalclass":"SynchroAtt%s","friendlyname":%q}`, code, reconciles, kind, code)
	}
	return `"attribute_list":[` + strings.Join(parts, ",") + `]`
}

func TestDataSources(t *testing.T) {
	t.Parallel()
	onBoth(t, map[string]func(*testing.T, *world){"AsCollectorsWriteThem": sourcesAsCollectorsWriteThem, "Refused": sourcesRefused, "OwnRecords": sourcesWithTheirOwnRecords})
}

func sourcesAsCollectorsWriteThem(t *testing.T, w *world) {
	declared := records("+name:ribute", "status:ribute", "+org_id:ExtKey", "+email:ribute", "phone:ribute", "notify:ribute", "function:ribute", "cis_list:LinkSet", "picture:ribute",
		"+first_name:ribute", "+employee_number:ribute", "mobile_phone:ribute", "location_id:ExtKey", "manager_id:ExtKey", "team_list:LinkSet")
	sorted := records("cis_list:LinkSet", "+email:ribute", "+employee_number:ribute", "+first_name:ribute", "function:ribute", "location_id:ExtKey", "manager_id:ExtKey", "mobile_phone:ribute",
		"+name:ribute", "notify:ribute", "+org_id:ExtKey", "phone:ribute", "picture:ribute", "status:ribute", "team_list:LinkSet")
	fields := `{"name":"Direct Persons","description":"direct","status":"production","user_id":"1","notify_contact_id":"0","scope_class":"Person","database_table_name":"synchro_data_direct_persons",` +
		`"scope_restriction":"","full_load_periodicity":"%s","reconciliation_policy":"use_attributes","action_on_zero":"create","action_on_one":"update","action_on_multiple":"error","delete_policy":"delete",` +
		`"delete_policy_update":"","delete_policy_retention":"0",%s,"user_delete_policy":"nobody","url_icon":"","url_application":"","friendlyname":"Direct Persons","user_id_friendlyname":"admin",` +
		`"user_id_finalclass_recall":"UserLocal","notify_contact_id_friendlyname":"","notify_contact_id_finalclass_recall":"%s","notify_contact_id_obsolescence_flag":""}`
	got, want := w.create("SynchroDataSource", definition("Direct Persons", "Person", "synchro_data_direct_persons"), "*"), made("SynchroDataSource", 1, fmt.Sprintf(fields, "0", declared, "Contact"))
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	w.want(`{"operation":"core/update","class":"SynchroDataSource","key":1,"fields":{"full_load_periodicity":"3600"},"comment":"u","output_fields":"*"}`,
		updated("SynchroDataSource", 1, fmt.Sprintf(fields, "3600", sorted, "")))
	w.want(`{"operation":"core/update","class":"SynchroAttExtKey","key":{"sync_source_id":1,"attcode":"org_id"},"fields":{"attcode":"org_id","update":"1","reconcile":"0","update_policy":"master_unlocked","reconciliation_attcode":"name"},"comment":"u","output_fields":"*"}`,
		updated("SynchroAttExtKey", 3, `{"sync_source_id":"1","sync_source_name":"Direct Persons","attcode":"org_id","update":true,"reconcile":false,"update_policy":"master_unlocked","reconciliation_attcode":"name","finalclass":"SynchroAttExtKey","friendlyname":"org_id","sync_source_id_friendlyname":"Direct Persons"}`))
	w.want(`{"operation":"core/update","class":"SynchroAttribute","key":{"sync_source_id":1,"attcode":"nosuch"},"fields":{"update":"1"},"comment":"u"}`,
		failure("No item found with criteria: sync_source_id: 1 (1), attcode: nosuch (nosuch)"))
	body := w.ask(`{"operation":"core/get","class":"SynchroAttLinkSet","key":"SELECT SynchroAttLinkSet WHERE attcode IN ('cis_list','team_list') AND sync_source_id = 1","output_fields":"*","limit":0}`)
	if !strings.Contains(body, `"Found: 2"`) || !strings.Contains(body, `"row_separator":"|","attribute_separator":";","value_separator":":","attribute_qualifier":"'"`) {
		t.Errorf("got %s, want two link sets with their separators", body)
	}
	// Without a table of its own, it gets one, and its records come sorted.
	body = w.create("SynchroDataSource", definition("Teams", "Team", ""), "database_table_name,attribute_list")
	if !strings.Contains(body, `{"database_table_name":"synchro_data_team_2","attribute_list":[{"attcode":"cis_list"`) {
		t.Errorf("got %s", body)
	}
}

func sourcesRefused(t *testing.T, w *world) {
	w.make("SynchroDataSource", definition("A", "Person", "synchro_data_a"))
	for fields, want := range map[string]string{
		definition("B", "NoSuchClass", ""):                                                                                                                  failure("Unknown class 'NoSuchClass'"),
		definition("B", "Person", "synchro_data_a"):                                                                                                         issue("The table synchro_data_a already exists in the database. Please use another name for the synchro data table.", "SynchroDataSource", -1),
		strings.Replace(definition("B", "Server", ""), `"delete"`, `"explode"`, 1):                                                                          issue("Unexpected value for attribute 'Delete Policy' (delete_policy) : Value not allowed [explode]", "SynchroDataSource", -1),
		strings.Replace(definition("B", "Server", ""), `{`, `{"attribute_list":[{"attcode":"name","reconcile":"0"}],`, 1):                                   issue("At Least one reconciliation key must be specified, or the reconciliation policy must be to use the primary key.", "SynchroDataSource", -1),
		strings.Replace(definition("B", "Server", ""), `{`, `{"attribute_list":[{"attcode":"org_id","reconcile":"1","reconciliation_attcode":"name"}],`, 1): failure("attribute_list: reconciliation_attcode: Unknown attribute"),
		strings.Replace(definition("B", "Server", ""), `{`, `{"attribute_list":[{"attcode":"org_id","reconcile":"1"},{"reconcile":"1"}],`, 1):               failure("attribute_list: Unexpected value for attribute 'Attribute Code' (attcode) : Null not allowed: issues = {0=>Unexpected value for attribute 'Attribute Code' (attcode) : Null not allowed}, class = SynchroAttribute, id = -1"),
	} {
		if got := w.create("SynchroDataSource", fields, "id"); got != want {
			t.Errorf("%s\n got %s\nwant %s", fields, got, want)
		}
	}
	w.want(`{"operation":"core/get","class":"SynchroDataSource","key":{"name":"B"}}`, `{"code":0,"message":"Found: 0","objects":null}`)
	w.want(`{"operation":"core/get","class":"SynchroAttribute","key":{"sync_source_id":2},"output_fields":"id"}`, failure("sync_source_id: Invalid object SynchroDataSource::2"))
}

func sourcesWithTheirOwnRecords(t *testing.T, w *world) {
	list := func(items string) string {
		return w.ask(`{"operation":"core/update","class":"SynchroDataSource","key":1,"fields":{"attribute_list":[` + items + `]},"comment":"u","output_fields":"attribute_list"}`)
	}
	own := `{"attcode":"name","update":"1","reconcile":"1","update_policy":"master_locked","finalclass":"SynchroAttribute"}`
	status := `{"attcode":"status","update":"1","reconcile":"0","update_policy":"master_locked","finalclass":"SynchroAttribute"}`
	body := w.create("SynchroDataSource", strings.Replace(definition("With list", "Server", "synchro_data_x"), `{`, `{"attribute_list":[`+own+`,`+status+`],`, 1), "attribute_list")
	if want := made("SynchroDataSource", 1, `{`+records("+name:ribute", "status:ribute")+`}`); body != want {
		t.Errorf("got %s\nwant %s", body, want)
	}
	// The list is complete: what it has already stays, what it lacks goes, what is new comes.
	if got, want := list(own+`,{"attcode":"cpu"}`), updated("SynchroDataSource", 1, `{`+records("cpu:ribute", "+name:ribute")+`}`); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	w.want(`{"operation":"core/get","class":"SynchroAttribute","key":{"attcode":"name"},"output_fields":"id"}`,
		`{"code":0,"message":"Found: 1","objects":{"SynchroAttribute::1":{"code":0,"message":"","class":"SynchroAttribute","key":"1","fields":{"id":"1"}}}}`)
	// A refused member leaves the list as it was.
	if got := list(own + `,{"attcode":"ram","update_policy":"bogus"}`); !strings.HasPrefix(got, `{"code":100,"message":"Error: attribute_list: Unexpected value`) {
		t.Errorf("got %s", got)
	}
	w.want(`{"operation":"core/get","class":"SynchroDataSource","key":1,"output_fields":"attribute_list"}`,
		strings.NewReplacer(`"message":null`, `"message":"Found: 1"`, `"updated"`, `""`).Replace(updated("SynchroDataSource", 1, `{`+records("cpu:ribute", "+name:ribute")+`}`)))
}
