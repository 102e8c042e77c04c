package rest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"rollcall/internal/itop/rest"
	"rollcall/internal/rollcall"
)

// TestCallsAreKeptWhenAskedFor makes calls of every kind and reads what is kept
// of them, as iTop 3.2.0 keeps it; but no password.
func TestCallsAreKeptWhenAskedFor(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	quiet := w.service
	w.config.KeepCalls = true
	w.config.Operations = []rest.Operation{{Verb: "acme/orgs", Query: "SELECT Organization", Provider: "Acme"}}
	w.service = rest.New(w.config)
	long := `{"operation":"core/create","comment":"c","class":"Organization","fields":{"name":"` + strings.Repeat("é", 300) + `"},"output_fields":"id","pad":"` + strings.Repeat("ü", 70_000) + `"}`
	for _, c := range []struct {
		version, data                      string
		operation, provider, code, message string
		input                              string // "": as sent
	}{
		{"1.3", `{"operation":"core/get","class":"Organization","key":2,"output_fields":"name"}`, "core/get", "CoreServices", "0", "Found: 1", ""},
		{"1.3", `{"operation":"core/create","comment":"c","class":"Organization","fields":{"name":"é"},"output_fields":"id"}`, "core/create", "CoreServices", "0", "Ok", ""},
		{"1.3", `{"operation":"core/check_credentials","user":"admin","password":"secret"}`, "core/check_credentials", "CoreServices", "0", "Ok",
			`{"operation":"core\/check_credentials","user":"admin","password":"*****"}`},
		{"1.3", `{"operation":"core/create","comment":"c","class":"UserLocal","fields":{"login":"x","password":["Secret-123"],"profile_list":[{"profileid":1}]},"output_fields":"id"}`,
			"core/create", "CoreServices", "100", "Error: password: the value must be a text",
			`{"operation":"core\/create","comment":"c","class":"UserLocal","fields":{"login":"x","password":"*****","profile_list":[{"profileid":1}]},"output_fields":"id"}`},
		{"1.3", `{"operation":"acme/orgs","output_fields":"id"}`, "acme/orgs", "Acme", "0", "Found: 3", ""},
		{"1.3", `{"operation":"nosuch"}`, "nosuch", "", "11", "Error: Unknown verb 'nosuch' in version '1.3'", ""},
		{"9", `{"operation":"core/get"}`, "", "", "10", "Error: There is no service available for version '9'", ""},
		{"1.3", `{"password":"secret"`, "", "", "4", "Error: Parameter json_data is not a valid JSON structure", "-"},
		{"1.3", `{"operation":"list_operations"}`, "list_operations", "", "0", "Operations: 8", ""},
		{"1.3", long, "core/create", "CoreServices", "100", "", "-"},
	} {
		answer := w.send(w.admin, map[string]string{"version": c.version, "json_data": c.data})
		got := w.lastCall()
		if c.input == "" {
			c.input = c.data
		}
		want := map[string]string{
			"userinfo": "admin", "version": c.version, "operation": c.operation, "provider": c.provider, "code": c.code,
			"message": c.message, "json_input": c.input, "json_output": answer, "date": "2026-11-21 20:02:01",
		}
		if c.input == "-" {
			want["json_input"] = got["json_input"]
		}
		if c.message == "" {
			want["message"] = got["message"]
		}
		for code, text := range want {
			if got[code] != text {
				t.Errorf("%.100s\n%s: got %.200q, want %.200q", c.data, code, got[code], text)
			}
		}
		if strings.Contains(got["json_input"], "ecret") {
			t.Errorf("%s: a password is kept: %s", c.data, got["json_input"])
		}
	}
	if got := w.lastCall()["json_input"]; len([]rune(got)) != 65535 || !strings.HasSuffix(got, "ü -truncated (70415 chars)") {
		t.Errorf("a long call: got %d characters, ending in %q", len([]rune(got)), got[max(0, len(got)-40):])
	}
	before := w.lastCall()["id"]
	w.service = quiet
	w.ask(`{"operation":"list_operations"}`)
	if got := w.lastCall()["id"]; got != before {
		t.Errorf("without being asked for: got call %s, want %s to be the last", got, before)
	}
}

// lastCall returns the values of the newest call that was kept.
func (w *world) lastCall() map[string]string {
	w.Helper()
	class := w.Model.Class("EventRestService")
	values := map[string]string{}
	must(w, w.Store.Select(w.Ctx, rollcall.SelectAll(class), rollcall.Window{}, func(row []rollcall.Object) error {
		if id := fmt.Sprint(int64(row[0].ID)); values["id"] == "" || number(id) > number(values["id"]) {
			values["id"] = id
			for i, a := range class.Stored {
				values[a.Code] = row[0].Values[i]
			}
		}
		return nil
	}))
	return values
}

// number reads an id.
func number(text string) int64 {
	n, _ := json.Number(text).Int64() // an id is a number
	return n
}
