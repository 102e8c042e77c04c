package rest_test

import (
	"testing"
)

// TestChildrenAreMadeWithTheirOwn writes 1:n link sets within 1:n link sets: what
// hangs on a member is made with it, what has the same values stays, and what is
// not wanted any more is cut off.
func TestChildrenAreMadeWithTheirOwn(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.make("Person", `{"org_id":2,"name":"Klein","first_name":"Ann"}`)
	host := func(name, more string) string { return `{"org_id":2,"name":"` + name + `"` + more + `}` }
	w.make("Farm", `{"org_id":2,"name":"f","hypervisor_list":[`+
		host("h1", `,"contacts_list":[{"contact_id":1}],"virtualmachine_list":[`+host("v1", "")+`,`+host("v2", `,"logicalinterface_list":[{"name":"eth0"}]`)+`]`)+`,`+
		host("h2", "")+`]}`)
	asks := func(class, fields, want string) {
		t.Helper()
		w.want(`{"operation":"core/get","class":"`+class+`","key":"SELECT `+class+`","output_fields":"`+fields+`"}`, want)
	}
	found := func(n string, objects string) string {
		return `{"code":0,"message":"Found: ` + n + `","objects":{` + objects + `}}`
	}
	object := func(class, id, fields string) string {
		return `"` + class + `::` + id + `":{"code":0,"message":"","class":"` + class + `","key":"` + id + `","fields":{` + fields + `}}`
	}
	asks("VirtualMachine", "name,virtualhost_name", found("2", object("VirtualMachine", "4", `"name":"v1","virtualhost_name":"h1"`)+`,`+object("VirtualMachine", "5", `"name":"v2","virtualhost_name":"h1"`)))
	asks("LogicalInterface", "name,virtualmachine_name", found("1", object("LogicalInterface", "1", `"name":"eth0","virtualmachine_name":"v2"`)))
	asks("lnkContactToFunctionalCI", "functionalci_name", found("1", object("lnkContactToFunctionalCI", "1", `"functionalci_name":"h1"`)))

	w.want(`{"operation":"core/update","comment":"c","class":"Farm","key":1,"output_fields":"name","fields":{"hypervisor_list":[`+
		host("h2", "")+`,`+host("h3", `,"virtualmachine_list":[`+host("v3", "")+`]`)+`]}}`, updated("Farm", 1, `{"name":"f"}`))
	asks("Hypervisor", "name,farm_id", found("3", object("Hypervisor", "2", `"name":"h1","farm_id":"0"`)+`,`+
		object("Hypervisor", "3", `"name":"h2","farm_id":"1"`)+`,`+object("Hypervisor", "6", `"name":"h3","farm_id":"1"`)))
	w.want(`{"operation":"core/get","class":"VirtualMachine","key":{"name":"v3"},"output_fields":"virtualhost_name"}`,
		found("1", object("VirtualMachine", "7", `"virtualhost_name":"h3"`)))
	// One that is refused leaves nothing of the others.
	w.want(`{"operation":"core/create","comment":"c","class":"Farm","fields":{"org_id":2,"name":"g","hypervisor_list":[`+host("h4", `,"virtualmachine_list":[{"name":"v4"}]`)+`]}}`,
		failure("hypervisor_list: virtualmachine_list: Unexpected value for attribute 'Organization' (org_id) : Null not allowed: "+
			"issues = {0=>Unexpected value for attribute 'Organization' (org_id) : Null not allowed}, class = VirtualMachine, id = -1"))
	w.want(`{"operation":"core/get","class":"Hypervisor","key":{"name":"h4"}}`, `{"code":0,"message":"Found: 0","objects":null}`)
}
