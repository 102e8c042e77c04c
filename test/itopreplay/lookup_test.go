package itopreplay_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/itop/collector"
	"rollcall/test/itopreplay"
)

const lookupParams = `<?xml version="1.0" encoding="UTF-8"?>
<parameters>
  <itop_url>%URL%</itop_url><itop_login>admin</itop_login><itop_password>admin</itop_password><itop_login_mode>form</itop_login_mode>
  <LabPCCollector>
    <csv_file>pcs.csv</csv_file>
    <lookups type="array">
      <item><query>SELECT Model</query><fields>brand_id_friendlyname,name</fields><columns>brand_id,model_id</columns><into>model_id</into>
        <case_sensitive>no</case_sensitive><required>yes</required></item>
      <item><query>SELECT Brand</query><fields>name,friendlyname</fields><columns>name,name</columns><into>name</into><ignore_errors>yes</ignore_errors></item>
      <item><query>SELECT Nope</query><fields>name</fields><columns>name</columns><into>name</into><ignore_errors>yes</ignore_errors></item>
    </lookups>
  </LabPCCollector>
</parameters>
`

const lookupDefinition = `{"name":"Lab PCs","description":"lookup","status":"production","user_id":"$synchro_user$","notify_contact_id":"$contact_to_notify$",
"scope_class":"PC","database_table_name":"synchro_data_lab_pcs","scope_restriction":"","full_load_periodicity":"0","reconciliation_policy":"use_attributes",
"action_on_zero":"create","action_on_one":"update","action_on_multiple":"error","delete_policy":"ignore","delete_policy_update":"","delete_policy_retention":"0",
"user_delete_policy":"nobody","url_icon":"","url_application":"","attribute_list":[
{"attcode":"name","update":"1","reconcile":"1","update_policy":"master_locked","finalclass":"SynchroAttribute"},
{"attcode":"org_id","update":"1","reconcile":"1","update_policy":"master_locked","finalclass":"SynchroAttExtKey","reconciliation_attcode":"name"},
{"attcode":"brand_id","update":"1","reconcile":"0","update_policy":"master_locked","finalclass":"SynchroAttExtKey","reconciliation_attcode":"name"},
{"attcode":"model_id","update":"1","reconcile":"0","update_policy":"master_locked","finalclass":"SynchroAttExtKey","reconciliation_attcode":""},
{"attcode":"status","update":"1","reconcile":"0","update_policy":"master_locked","finalclass":"SynchroAttribute"},
{"attcode":"serialnumber","update":"1","reconcile":"0","update_policy":"master_locked","finalclass":"SynchroAttribute"}]}`

// A recorded collector with lookup tables replays from a section alone.
func TestRecordedLookupsReplay(t *testing.T) {
	t.Parallel()
	const name = "c26-lookups"
	dir, folder := recordings(t), t.TempDir()
	server := itopreplay.Start(t, itopreplay.Load(t, filepath.Join(dir, name+".json")), isAttributeUpdate, isQuestionOfOurs)
	writeFile(t, filepath.Join(folder, "conf", "params.local.xml"), strings.ReplaceAll(lookupParams, "%URL%", server.URL))
	writeFile(t, filepath.Join(folder, "collectors", "main.php"), "<?php\nOrchestrator::AddCollector(1, 'LabPCCollector');\n")
	writeFile(t, filepath.Join(folder, "collectors", "json", "LabPCCollector.json"), lookupDefinition)
	writeFile(t, filepath.Join(folder, "pcs.csv"), "primary_key;org_id;brand_id;model_id;status;serialnumber;name\n"+
		"pc1;Demo;Dell;Latitude;production;S1;pc1\npc2;Demo;dell;latitude;stock;S2;pc2\npc3;Demo;HP;None;stock;S3;pc3\n")
	var out bytes.Buffer
	if code := collector.Exec(t.Context(), collector.Environment{Folder: folder, Out: &out, Now: time.Now}, collector.Options{}); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, skipped := range server.Skipped() {
		if !strings.HasPrefix(skipped, "core/update SynchroAtt") {
			t.Errorf("the recorded request was not sent: %s", skipped)
		}
	}
	want := expectedLog(readFile(t, filepath.Join(dir, "logs", name+".log")), difference{}, false)
	got := logLines(strings.ReplaceAll(out.String(), folder, "%APPROOT%"))
	if diff := cmp.Diff(want, without(got, []string{"[Info]\t[LabPCCollector] CSV file is [pcs.csv]"})); diff != "" {
		t.Errorf("log (-recorded +ours):\n%s", diff)
	}
}
