package collector_test

import (
	order "cmp"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/itop/collector"
)

// A collector may need modules of iTop: each is asked for once, a required one
// that lacks ends the run, an optional one leaves its collector out.
func TestModulesOfITop(t *testing.T) {
	t.Parallel()
	run := func(code int, list string, texts ...string) (asked []string, uploads int) {
		f, i := newFolder(t), newITop(t)
		f.definition("PC", "name*")
		f.write("pc.csv", "primary_key;name\n1;a\n")
		f.params(i.params() + "<console_log_level>7</console_log_level>" + sequence("PC") + "<PC><csv_file>pc.csv</csv_file>" + list + "</PC>")
		i.Import = func(url.Values) (int, string) { return http.StatusOK, "#Issues (before synchro): 0\n" }
		i.REST = func(_, class string, data map[string]any) (string, bool) {
			if class != "ModuleInstallation" {
				return "", false
			}
			key := data["key"].(map[string]any)
			asked = append(asked, fmt.Sprint(key["name"], " ", key["installed"], " ", data["output_fields"], " ", data["limit"]))
			switch key["name"] {
			case "datamodel":
				return `{"code":0,"message":"Found: 1","objects":{"ModuleInstallation::9":{"key":"9","fields":{"installed":"2026-01-02 03:04:05"}}}}`, true
			case "itop-config-mgmt":
				return `{"code":0,"message":"Found: 1","objects":{"ModuleInstallation::8":{"key":"8","fields":{"version":"3.2.0"}}}}`, true
			}
			return `{"code":0,"message":"Found: 0","objects":null}`, true
		}
		f.want(code, texts)
		return asked, len(i.sent("synchro_import.php"))
	}
	asked, uploads := run(0, `<required_modules type="array"><i>itop-config-mgmt/2.7</i><i>itop-config-mgmt/&gt;3.1.9</i></required_modules>`,
		"[Debug]\tiTop module itop-config-mgmt version 3.2.0 is installed.")
	if diff := cmp.Diff([]string{"datamodel <nil> installed 1", "itop-config-mgmt 2026-01-02 03:04:05 version 1"}, asked); diff != "" || uploads != 1 {
		t.Errorf("%d uploads; asked (-want +got):\n%s", uploads, diff)
	}
	if _, uploads = run(1, `<required_modules type="array"><i>itop-config-mgmt/3.3</i></required_modules>`,
		"Required iTop module itop-config-mgmt is considered as not installed due to: Version mismatch (3.2.0 >= 3.3)"); uploads != 0 {
		t.Error("a run without a required module uploaded")
	}
	if _, uploads = run(0, `<optional_modules type="array"><i>itop-nothing</i></optional_modules>`,
		"[Info]\tOptional iTop module itop-nothing is considered as not installed due to: Found: 0"); uploads != 0 {
		t.Error("a collector without its optional module uploaded")
	}
}

func TestVersionsCompareAsInPHP(t *testing.T) {
	t.Parallel()
	ordered := []string{"2.6.9", "2.7.0-dev", "2.7.0-alpha", "2.7.0-beta2", "2.7.0-RC1", "2.7.0", "2.7.0.1", "2.7.0-p1", "2.7.10", "3.0"}
	for i, x := range ordered {
		for j, y := range ordered {
			if got := collector.CompareVersions(x, y); got != order.Compare(i, j) {
				t.Errorf("%s and %s: got %d, want %d", x, y, got, order.Compare(i, j))
			}
		}
	}
}
