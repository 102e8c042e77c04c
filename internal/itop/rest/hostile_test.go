package rest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rollcall/internal/itop/gate"
	"rollcall/internal/itop/rest"
	"rollcall/internal/store"
)

// Whatever comes, the answer is one JSON object with a code and a message, and
// the objects that were there before are there after.
func FuzzServe(f *testing.F) {
	for _, seed := range []string{
		`{"operation":"core/get","class":"Person","key":{"org_id":{"name":"Demo"}},"output_fields":"*+","limit":1,"page":2}`,
		`{"operation":"core/get","class":"Contact","key":"SELECT Person UNION SELECT Team"}`,
		`{"operation":"core/create","comment":"","class":"Team","fields":{"org_id":2,"name":"T","persons_list":[{"person_id":1}]}}`,
		`{"operation":"core/create","comment":"","class":"SynchroDataSource","fields":{"name":"S","scope_class":"Person","attribute_list":[{"attcode":"name","reconcile":true}]}}`,
		`{"operation":"core/update","comment":"","class":"Person","key":1,"fields":{"picture":{"data":"eA=="},"phone":null,"team_list":[]}}`,
		`{"operation":"core/delete","comment":"","class":"Organization","key":2,"simulate":1}`,
		`{"operation":"core/apply_stimulus","comment":"","class":"UserRequest","key":{},"fields":{"solution":"x"},"stimulus":"ev_resolve"}`,
		`{"operation":"core/get_related","class":"Server","key":"SELECT Server","relation":"depends on","depth":1e9}`,
		`{"operation":"core/check_credentials","user":"admin","password":["x"]}`,
	} {
		f.Add(seed)
	}
	w := sqlite(f)
	w.make("Person", `{"org_id":2,"name":"Doe","first_name":"John"}`)
	w.make("UserRequest", `{"org_id":2,"caller_id":1,"title":"t","description":"d"}`)
	f.Fuzz(func(t *testing.T, data string) {
		answer := httptest.NewRecorder()
		params := gate.NewParams(map[string]string{"version": "1.3", "json_data": data})
		w.service.Serve(t.Context(), answer, &gate.Request{Params: params, Account: w.admin})
		var got struct {
			Code    *int
			Message *string
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || got.Code == nil {
			t.Fatalf("%q: got %s: %v", data, answer.Body, err)
		}
		if got.Message != nil && strings.Contains(*got.Message, "internal error") {
			t.Fatalf("%q: got %s", data, answer.Body)
		}
	})
}

func TestHugeNumbersAndDeepCriteria(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.want(`{"operation":"core/get","class":"Person","key":1e400}`, `{"code":0,"message":"Found: 0","objects":null}`)
	w.want(`{"operation":"core/get","class":"Person","key":99999999999999999999}`, `{"code":0,"message":"Found: 0","objects":null}`)
	w.want(`{"operation":"core/get","class":"Person","key":-1}`, `{"code":0,"message":"Found: 0","objects":null}`)
	if got := w.create("Organization", `{"name":1e400}`, "name"); got != made("Organization", 3, `{"name":"INF"}`) {
		t.Errorf("got %s", got)
	}
	deep := `{"name":"x"}`
	for range 200 {
		deep = `{"parent_id":` + deep + `}`
	}
	got := w.ask(`{"operation":"core/get","class":"Organization","key":` + deep + `}`)
	if want := strings.Repeat("parent_id: ", 200) + "No item found with criteria: name: x (x)"; got != failure(want) {
		t.Errorf("got %s", got)
	}
	// Organizations that are each other's parents end a search for names.
	body := w.ask(`{"operation":"core/update","comment":"","class":"Organization","key":2,"fields":{"parent_id":2}}`)
	if !strings.Contains(body, "Value not allowed [2]") {
		t.Errorf("got %s", body)
	}
}

// brokenWriter is a client that leaves after some bytes.
type brokenWriter struct {
	http.ResponseWriter
	left int
}

func (b *brokenWriter) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errors.New("broken pipe")
	}
	return len(p), nil
}

func TestAClientThatLeavesEndsAnAnswer(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	for i := range 90 {
		w.make("Location", fmt.Sprintf(`{"org_id":2,"name":"L%d","address":%q}`, i, strings.Repeat("x", 60_000)))
	}
	defer func() {
		if got, ok := recover().(error); !ok || !errors.Is(got, http.ErrAbortHandler) {
			t.Errorf("got panic %v, want %v", got, http.ErrAbortHandler)
		}
	}()
	params := gate.NewParams(map[string]string{"version": "1.3", "json_data": `{"operation":"core/get","class":"Location","key":{},"output_fields":"address"}`})
	w.service.Serve(w.Ctx, &brokenWriter{httptest.NewRecorder(), 1000}, &gate.Request{Params: params, Account: w.admin})
	t.Error("the answer came to an end")
}

// A database that fails is no business of the client's.
func TestTroubleOfOurOwnIsNotTold(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	closed, err := store.Open(w.Ctx, store.Config{DSN: t.TempDir() + "/x.db", Model: w.Model})
	must(t, err)
	must(t, closed.Close())
	w.config.Store = restStore{closed}
	w.service = rest.New(w.config)
	got := w.ask(`{"operation":"core/get","class":"Person","key":1}`)
	if strings.Contains(got, "sql") || !strings.Contains(got, `"code":100,"message":"Error: `) {
		t.Errorf("got %s", got)
	}
}
