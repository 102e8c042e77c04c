package wire

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/internal/registry/registrytest"
)

// TestAllowedOrganizationsHoldEverywhere tries all ways to a person of another
// organization with an account that may see one organization alone.
func TestAllowedOrganizationsHoldEverywhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := open(t, dir)
	hash, err := passwordHash()
	must(t, err)
	demo := r.Create("Organization", nil, "name", "Demo")
	own := r.Create("Organization", nil, "name", "Own")
	below := r.Create("Organization", nil, "name", "Below", "parent_id", fmt.Sprint(own))
	hidden := r.Create("Person", nil, "name", "Hidden", "first_name", "H", "org_id", fmt.Sprint(demo), "email", "hidden@example.com")
	r.Create("Person", nil, "name", "Shown", "first_name", "S", "org_id", fmt.Sprint(below), "email", "shown@example.com")
	r.local("admin", "Administrator", "REST Services User")
	r.Create("UserLocal", links{
		"profile_list":     r.profiles("REST Services User", "Configuration Manager"),
		"allowed_org_list": registrytest.LinkTo(own),
	}, "login", "limited", "password", hash)
	s := serve(t, dir, "")

	get := func(class, key, fields string) endpoint {
		return rest(class+" "+key, fmt.Sprintf(`{"operation":"core/get","class":%q,"key":%s,"output_fields":%q}`, class, key, fields))
	}
	ways := []endpoint{
		get("Person", `"SELECT Person"`, "*+"),
		get("Contact", `"SELECT Contact"`, "name,email"),
		get("Person", `{"email":"hidden@example.com"}`, "name"),
		get("Person", fmt.Sprint(hidden), "name,email"),
		get("Person", `"SELECT Person AS p JOIN Organization AS o ON p.org_id=o.id WHERE o.name='Demo'"`, "name"),
		get("Person", `"SELECT Person WHERE name='Hidden' UNION SELECT Person WHERE name='x'"`, "name"),
		get("Organization", `"SELECT Organization"`, "name"),
		rest("update", fmt.Sprintf(`{"operation":"core/update","class":"Person","key":%d,"comment":"t","fields":{"function":"changed"},"output_fields":"name,email"}`, hidden)),
		rest("update by criteria", `{"operation":"core/update","class":"Person","key":{"email":"hidden@example.com"},"comment":"t","fields":{"function":"changed"},"output_fields":"name"}`),
		rest("delete", fmt.Sprintf(`{"operation":"core/delete","class":"Person","key":%d,"comment":"t"}`, hidden)),
		rest("related", fmt.Sprintf(`{"operation":"core/get_related","class":"Person","key":%d,"relation":"impacts","depth":3,"redundancy":false,"direction":"down"}`, hidden)),
		{name: "export", page: "/webservices/export.php", fields: values("expression", "SELECT Person", "format", "csv", "fields", "name,email")},
		{name: "export-v2", page: "/webservices/export-v2.php", fields: values("expression", "SELECT Person", "format", "csv", "fields", "name,email")},
		{name: "export-v2 XML", page: "/webservices/export-v2.php", fields: values("expression", "SELECT Contact", "format", "xml")},
		{name: "import", page: "/webservices/import.php", fields: values("class", "Person", "csvdata", "email;function\nhidden@example.com;changed\n", "separator", ";", "reconciliationkeys", "email", "output", "details")},
	}
	for _, w := range ways {
		w.fields.Set("auth_user", "limited")
		w.fields.Set("auth_pwd", password)
		a := ask(t, s.form(w.page, w.fields))
		for _, told := range []string{`"Hidden"`, "Hidden,", ">Hidden<", "H Hidden", `"Demo"`, `"name":"Hidden`} {
			if strings.Contains(a.body, told) {
				t.Errorf("%s: the answer tells %s:\n%.600s", w.name, told, a.body)
			}
		}
		if became(a) == noLogin {
			t.Fatalf("%s: got %s", w.name, a.body)
		}
	}
	check := get("Person", fmt.Sprint(hidden), "name,function")
	check.fields.Set("auth_user", "admin")
	check.fields.Set("auth_pwd", password)
	if a := ask(t, s.form(check.page, check.fields)); !strings.Contains(a.body, `"name":"Hidden"`) || !strings.Contains(a.body, `"function":""`) {
		t.Errorf("the hidden person was changed: %s", a.body)
	}
	shown := get("Person", `"SELECT Person"`, "name")
	shown.fields.Set("auth_user", "limited")
	shown.fields.Set("auth_pwd", password)
	if a := ask(t, s.form(shown.page, shown.fields)); !strings.Contains(a.body, `"message":"Found: 1"`) || !strings.Contains(a.body, `"name":"Shown"`) {
		t.Errorf("got %s, want the one person below the allowed organization", a.body)
	}
}
