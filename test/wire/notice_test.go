package wire

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// TestTheContactHearsOfErrorsOverTheWire loads a row that cannot become a person
// and one that can, runs the data source, and reads the contact's mail.
func TestTheContactHearsOfErrorsOverTheWire(t *testing.T) {
	t.Parallel()
	office := lab.OpenPostOffice(t, lab.PostOfficeConfig{})
	dir := t.TempDir()
	r := open(t, dir)
	demo := fmt.Sprint(r.Create("Organization", nil, "name", "Demo"))
	contact := r.Create("Person", nil, "name", "Duty", "first_name", "Dora", "org_id", demo, "email", "duty@example.com")
	admin := r.local("admin", "Administrator", "REST Services User")
	s := serve(t, dir, fmt.Sprintf(`
mail: {server: %q, tls: none, from: rollcall@example.com}
serve: {cron_max_execution_time: 1s}
`, office.Addr))
	source := makeSource(t, s, admin)
	r.Update("SynchroDataSource", source, "notify_contact_id", fmt.Sprint(contact))
	post := func(page string, pairs ...string) string {
		t.Helper()
		return ask(t, s.form(page, values(append(pairs, "auth_user", "admin", "auth_pwd", password)...))).body
	}
	run := func(csv string) string {
		t.Helper()
		return post("/synchro/synchro_import.php", "data_source_id", fmt.Sprint(source), "separator", ";", "charset", "UTF-8", "synchronize", "1",
			"csvdata", "primary_key;name;first_name;org_id\n"+csv)
	}
	run("a;Ann;A;" + demo)
	post("/webservices/cron.php")
	if mails := office.Mails(); len(mails) != 0 {
		t.Fatalf("got %+v, want no mail when all is well", mails)
	}
	if answer := run("a;Ann;A;" + demo + "\nb;Bob;;" + demo); !strings.Contains(answer, "Objects creation errors: 1") {
		t.Fatalf("got %s, want one error", answer)
	}
	if answer := post("/webservices/cron.php", "verbose", "1"); !strings.Contains(answer, "Notices") {
		t.Errorf("got %s, want the task told", answer)
	}
	mails := office.Mails()
	if len(mails) != 1 || strings.Join(mails[0].To, " ") != "duty@example.com" || !strings.Contains(mails[0].Data, "Subject: iTop Data Sync - Matrix - errors (1)") {
		t.Errorf("got %+v, want one mail to the contact", mails)
	}
}
