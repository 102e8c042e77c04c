package rest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rollcall/internal/auth"
	"rollcall/internal/itop/rest"
)

// withOperations gives a world some declared operations.
func withOperations(w *world, list ...rest.Operation) *world {
	w.config.Operations = list
	w.service = rest.New(w.config)
	return w
}

func TestDeclaredOperationsAreListedAndAnswered(t *testing.T) {
	t.Parallel()
	w := withOperations(sqlite(t),
		rest.Operation{Verb: "acme/people_of", Description: "People of an organization", Provider: "Acme", Query: "SELECT Person AS p JOIN Organization AS o ON p.org_id = o.id WHERE o.name = :org", Parameters: []string{"org"}},
		rest.Operation{Verb: "acme/secret", Query: "SELECT User", Profiles: []string{"Auditor"}})
	people(w)
	want := `{"code":0,"message":"Operations: 9","version":"1.3",` + sevenOperations +
		`,{"verb":"acme\/people_of","description":"People of an organization","extension":"Acme"},{"verb":"acme\/secret","description":"","extension":"Configuration"}]}`
	w.want(`{"operation":"list_operations"}`, want)
	w.want(`{"operation":"acme/people_of","org":"Demo","output_fields":"name","limit":1,"page":6}`,
		`{"code":0,"message":"Found: 6","objects":{"Person::6":{"code":0,"message":"","class":"Person","key":"6","fields":{"name":"Durand"}}}}`)
	w.want(`{"operation":"acme/people_of","org":"x' OR '1'='1"}`, `{"code":0,"message":"Found: 0","objects":null}`)
	w.want(`{"operation":"acme/people_of"}`, failure("Missing parameter 'org'"))
	clerk := &auth.Account{Login: "clerk", Profiles: []string{"Configuration Manager"}}
	if got, want := w.as(clerk, `{"operation":"acme/secret"}`), `{"code":1,"message":"The current user does not have enough permissions for the operation acme\/secret","objects":null}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	auditor := &auth.Account{Login: "auditor", Profiles: []string{"Auditor"}}
	if got := w.as(auditor, `{"operation":"acme/secret"}`); !strings.Contains(got, "for reading data of class User") {
		t.Errorf("got %s, want the rights on the class to count all the same", got)
	}
}

func TestAnOperationMayBeAURL(t *testing.T) {
	t.Parallel()
	type asked struct{ body, user, kind string }
	var got asked
	status, answer := http.StatusOK, `{"code":0,"message":"done é","n":{"a":[1,2.5,null]}}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = asked{string(body), r.Header.Get("X-Rollcall-User"), r.Header.Get("Content-Type")}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	w := withOperations(sqlite(t), rest.Operation{Verb: "acme/do", URL: server.URL}, rest.Operation{Verb: "acme/gone", URL: "http://127.0.0.1:1/"})
	w.want(`{"operation":"acme/do","what":"é"}`, `{"code":0,"message":"done \u00e9","n":{"a":[1,2.5,null]}}`)
	if want := (asked{`{"operation":"acme\/do","what":"\u00e9"}`, "admin", "application/json"}); got != want {
		t.Errorf("the URL was asked %+v, want %+v", got, want)
	}
	for body, want := range map[string]string{
		`nonsense`: "what its URL answered is not a JSON object with a code", `{"message":"x"}`: "what its URL answered is not a JSON object with a code", `[0]`: "what its URL answered is not a JSON object with a code",
	} {
		answer = body
		w.want(`{"operation":"acme/do"}`, failure(`the operation acme\/do could not be carried out: `+want))
	}
	status = http.StatusBadGateway
	w.want(`{"operation":"acme/do"}`, failure(`the operation acme\/do could not be carried out: its URL answered with status 502`))
	w.want(`{"operation":"acme/gone"}`, failure(`the operation acme\/gone could not be carried out: its URL did not answer`))
}
