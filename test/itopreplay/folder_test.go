package itopreplay_test

import (
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"rollcall/internal/demo"
)

// TestFoldersThatAreNotAsTheyShouldBe: whatever is wrong with a folder, the
// program says so in a sentence, ends with 1, uploads nothing and leaves nothing
// in data/.
func TestFoldersThatAreNotAsTheyShouldBe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file string // that is written anew
		text string // what it says then
		want string
	}{
		"an entity":             {"conf/params.local.xml", `<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><p><a>&x;</a></p>`, "declares entities, which are never expanded"},
		"another root":          {"conf/params.local.xml", "a: 1", "Invalid Parameters file"},
		"a parameter twice":     {"conf/params.local.xml", "<p><h><a>1</a><a>2</a></h></p>", "duplicate tags 'a' inside hash 'h'"},
		"a wrong encoding":      {"conf/params.local.xml", "<?xml version=\"1.0\" encoding=\"UTF-8\"?><p><a>\xe9</a></p>", "Invalid Parameters file"},
		"a quote in a JSON":     {"collectors/json/People.json", `{"name": "$a$", "description": "}`, "Cannot create Collector (invalid JSON definition)"},
		"rows of another width": {"people.csv", "primary_key;email\n1;a;b\n", "Wrong number of columns (3) on line 2"},
		"rows without a key":    {"people.csv", "email\na\n", `The mandatory column "primary_key" is missing`},
		"rows in Latin-1":       {"people.csv", "primary_key;email\n1;Andr\xe9\n", "is not encoded in UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var uploads atomic.Int32
			url := page(t, rest(func(w http.ResponseWriter, _ string) {
				uploads.Add(1)
				_, _ = w.Write([]byte("0"))
			}))
			dir := people(t, 2, "<itop_url>"+url+"</itop_url>")
			writeFile(t, filepath.Join(dir, c.file), c.text)
			code, log := run(t, dir)
			if code != 1 || !strings.Contains(log, c.want) {
				t.Errorf("exit code %d, want %q:\n%s", code, c.want, log)
			}
			left, err := filepath.Glob(filepath.Join(dir, "data", "*.csv"))
			if err != nil || len(left) > 0 || uploads.Load() > 0 {
				t.Errorf("%d uploads, and left in data: %v %v", uploads.Load(), left, err)
			}
		})
	}
}

// TestADirectoryThatDiesInMidPage: nobody is uploaded, and the password is
// nowhere, also where everything is logged and the configuration dumped.
func TestADirectoryThatDiesInMidPage(t *testing.T) {
	t.Parallel()
	company := demo.NewCompany()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- company.Serve(t.Context(), l) }()
	t.Cleanup(func() {
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	var uploads atomic.Int32
	url := page(t, rest(func(w http.ResponseWriter, _ string) {
		uploads.Add(1)
		_, _ = w.Write([]byte("0"))
	}))
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "conf", "params.local.xml"), "<parameters><itop_url>"+url+"</itop_url><itop_login>a</itop_login><itop_password>geheim</itop_password>"+
		"<itop_retries>0</itop_retries><page_size>50</page_size><ldapuri>ldap://"+l.Addr().String()+"</ldapuri><ldapdn>"+demo.PeopleDN+"</ldapdn>"+
		"<ldaplogin>"+demo.BindDN+"</ldaplogin><ldappassword>"+demo.BindPassword+"</ldappassword>"+
		"<person_fields><primary_key>uid</primary_key></person_fields><user_fields><primary_key>uid</primary_key><login>uid</login></user_fields></parameters>")
	company.CutAfter(60)
	code, log := run(t, dir, "--console_log_level=7")
	if code != 1 || uploads.Load() > 0 || !strings.Contains(log, "FAILED") {
		t.Errorf("exit code %d and %d uploads:\n%s", code, uploads.Load(), log)
	}
	_, dump := run(t, dir, "--dump_config_only")
	for _, secret := range []string{demo.BindPassword, "geheim"} {
		if strings.Contains(log, secret) || strings.Contains(dump, secret) {
			t.Errorf("%s is told:\n%s\n%s", secret, log, dump)
		}
	}
	company.CutAfter(0)
	if code, log := run(t, dir); code != 0 || uploads.Load() == 0 {
		t.Errorf("once it lives again: exit code %d and %d uploads:\n%s", code, uploads.Load(), log)
	}
}
