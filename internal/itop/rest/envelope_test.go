package rest_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"rollcall/internal/auth"
	"rollcall/internal/itop/gate"
	"rollcall/internal/itop/rest"
)

const sevenOperations = `"operations":[{"verb":"core\/create","description":"Create an object","extension":"CoreServices"},` +
	`{"verb":"core\/update","description":"Update an object","extension":"CoreServices"},` +
	`{"verb":"core\/apply_stimulus","description":"Apply a stimulus to change the state of an object","extension":"CoreServices"},` +
	`{"verb":"core\/get","description":"Search for objects","extension":"CoreServices"},` +
	`{"verb":"core\/delete","description":"Delete objects","extension":"CoreServices"},` +
	`{"verb":"core\/get_related","description":"Get related objects through the specified relation","extension":"CoreServices"},` +
	`{"verb":"core\/check_credentials","description":"Check user credentials","extension":"CoreServices"}`

func TestRequestChecksInOrder(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	for _, c := range []struct {
		version, data, want string
	}{
		{"1.4", `{"operation": "list_operations", "output_fields": "*"}`, `{"code":0,"message":"Operations: 7","version":"1.4",` + sevenOperations + `]}`},
		{"1.5", `{"operation": "list_operations"}`, `{"code":10,"message":"Error: There is no service available for version '1.5'"}`},
		{"9.9", `{"operation": `, `{"code":4,"message":"Error: Parameter json_data is not a valid JSON structure"}`},
		{"", `{}`, `{"code":2,"message":"Error: Missing parameter 'version' (e.g. '1.0')"}`},
		{"1.3", ``, `{"code":3,"message":"Error: Missing parameter 'json_data'"}`},
		{"1.3", `[]`, `{"code":4,"message":"Error: Parameter json_data is not a valid JSON structure"}`},
		{"1.3", `0`, `{"code":4,"message":"Error: Parameter json_data is not a valid JSON structure"}`},
		{"1.3", `"x"`, `{"code":100,"message":"Error: Missing parameter 'operation'"}`},
		{"1.3", `{}`, `{"code":100,"message":"Error: Missing parameter 'operation'"}`},
		{"1.3", `{"operation":null}`, `{"code":100,"message":"Error: Missing parameter 'operation'"}`},
		{"1.3", `{"operation":["core/get"]}`, `{"code":100,"message":"Error: Parameter 'operation' must be a text"}`},
		{"1.3", `{"operation": "core/nosuch"}`, `{"code":11,"message":"Error: Unknown verb 'core\/nosuch' in version '1.3'"}`},
		{"1.3", `{"operation": "core/get", "class": "NoSuch", "key": 1}`, `{"code":100,"message":"Error: class: 'NoSuch' is not a valid class'"}`},
		{"1.3", `{"operation": "core/get", "class": "Person"}`, `{"code":100,"message":"Error: Missing parameter 'key'"}`},
		{"1.3", `{"operation": "core/get", "key": 1}`, `{"code":100,"message":"Error: Missing parameter 'class'"}`},
		{"1.3", strings.Repeat("[", 10_000), `{"code":4,"message":"Error: Parameter json_data is not a valid JSON structure"}`},
		{"1.3", "{\"operation\":\"\xff\"}", `{"code":4,"message":"Error: Parameter json_data is not a valid JSON structure"}`},
	} {
		params := map[string]string{"version": c.version, "json_data": c.data}
		if c.version == "" {
			delete(params, "version")
		}
		if got := w.send(w.admin, params); got != c.want {
			t.Errorf("%s %.60s\n got %s\nwant %s", c.version, c.data, got, c.want)
		}
	}
}

func TestJSONPIsAFunctionCall(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	for callback, want := range map[string][2]string{
		"cb":       {"application/javascript", `cb({"code":100,"message":"Error: Missing parameter 'operation'"});`},
		"alert(1)": {"application/json", `{"code":100,"message":"Error: Missing parameter 'operation'"}`},
		"":         {"application/json", `{"code":100,"message":"Error: Missing parameter 'operation'"}`},
	} {
		answer := httptest.NewRecorder()
		params := gate.NewParams(map[string]string{"version": "1.3", "json_data": "{}", "callback": callback})
		w.service.Serve(w.Ctx, answer, &gate.Request{Params: params, Account: w.admin})
		if answer.Header().Get("Content-Type") != want[0] || answer.Body.String() != want[1] || answer.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%q: got %v %s", callback, answer.Header(), answer.Body)
		}
	}
}

func TestARefusalIsCodeOne(t *testing.T) {
	t.Parallel()
	answer := httptest.NewRecorder()
	rest.New(rest.Config{}).Refuse(answer, &gate.Request{Params: gate.NewParams(nil)}, &gate.Refusal{Code: gate.WrongCredentials, Message: "Invalid login"})
	if got, want := answer.Body.String(), `{"code":1,"message":"Error: Invalid login"}`; got != want || answer.Code != 200 {
		t.Errorf("got %d %s, want %s", answer.Code, got, want)
	}
}

func TestCheckCredentials(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	for data, want := range map[string]string{
		`{"operation":"core/check_credentials","user":"admin","password":"secret"}`: `{"code":0,"message":null,"authorized":true}`,
		`{"operation":"core/check_credentials","user":"admin","password":"wrong"}`:  `{"code":0,"message":null,"authorized":false}`,
		`{"operation":"core/check_credentials","user":"","password":"secret"}`:      `{"code":0,"message":null,"authorized":false}`,
		`{"operation":"core/check_credentials","user":"admin","password":""}`:       `{"code":0,"message":null,"authorized":false}`,
		`{"operation":"core/check_credentials","user":"admin"}`:                     `{"code":100,"message":"Error: Missing parameter 'password'"}`,
		`{"operation":"core/check_credentials"}`:                                    `{"code":100,"message":"Error: Missing parameter 'user'"}`,
	} {
		w.want(data, want)
	}
	w.config.Accounts = credentials(func(auth.Credentials) (bool, error) { return true, errors.New("directory out of reach") })
	w.service = rest.New(w.config)
	w.want(`{"operation":"core/check_credentials","user":"u","password":"secret"}`, `{"code":0,"message":null,"authorized":false}`)
}
