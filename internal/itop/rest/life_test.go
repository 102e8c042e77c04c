package rest_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestApplyStimulus(t *testing.T) {
	t.Parallel()
	onBoth(t, map[string]func(*testing.T, *world){"UserRequest": applyStimulus})
}

func applyStimulus(t *testing.T, w *world) {
	w.make("Person", `{"org_id":2,"name":"Klein","first_name":"Ann","email":"k@example.com"}`)
	w.make("UserRequest", `{"org_id":2,"caller_id":1,"title":"Help é","description":"<b>desc</b>"}`)
	apply := func(stimulus, fields string) string {
		return w.ask(`{"operation":"core/apply_stimulus","class":"UserRequest","key":1,"comment":"x","output_fields":"status,solution","stimulus":"` + stimulus + `","fields":` + fields + `}`)
	}
	for _, c := range [][3]string{
		{"ev_assign", `{}`, updated("UserRequest", 1, `{"status":"assigned","solution":""}`)},
		{"ev_nosuch", `{}`, `{"code":100,"message":"Invalid stimulus: 'ev_nosuch' on the object R-000001 in state 'assigned'","objects":null}`},
		{"ev_resolve", `{}`, `{"code":100,"message":"Missing mandatory attribute(s) for applying the stimulus: solution.","objects":null}`},
		{"ev_assign", `{"agent_id":1}`, `{"code":100,"message":"Invalid stimulus: 'ev_assign' on the object R-000001 in state 'assigned'","objects":null}`},
		{"ev_resolve", `{"solution":"done"}`, updated("UserRequest", 1, `{"status":"resolved","solution":"<p>done<\/p>"}`)},
	} {
		if got := apply(c[0], c[1]); got != c[2] {
			t.Errorf("%s %s\n got %s\nwant %s", c[0], c[1], got, c[2])
		}
	}
	w.want(`{"operation":"core/apply_stimulus","class":"UserRequest","key":9,"comment":"x","stimulus":"ev_close","fields":{}}`, failure("Invalid object UserRequest::9"))
	w.want(`{"operation":"core/apply_stimulus","class":"UserRequest","key":1,"comment":"x","stimulus":"ev_close"}`, failure("Missing parameter 'fields'"))
	w.want(`{"operation":"core/apply_stimulus","class":"UserRequest","key":1,"comment":"x","fields":{}}`, failure("Missing parameter 'stimulus'"))
	w.want(`{"operation":"core/apply_stimulus","class":"Person","key":1,"comment":"x","fields":{},"stimulus":"ev_assign"}`,
		`{"code":100,"message":"Invalid stimulus: 'ev_assign' on the object Ann Klein in state 'active'","objects":null}`)
	body := w.ask(`{"operation":"core/get","class":"UserRequest","key":1,"output_fields":"assignment_date,resolution_date,close_date,sla_tto_over"}`)
	if !strings.Contains(body, `{"assignment_date":"2026-11-21 20:02:01","resolution_date":"2026-11-21 20:02:01","close_date":"","sla_tto_over":null}`) {
		t.Errorf("got %s, want the dates of both transitions", body)
	}
}

func TestGetRelated(t *testing.T) {
	t.Parallel()
	onBoth(t, map[string]func(*testing.T, *world){"Impacts": getRelated, "Redundancy": getRelatedWithRedundancy, "Obsolescence": obsoleteObjectsHaveTheirDay})
}

// obsoleteObjectsHaveTheirDay asks for objects that became obsolete, by all that
// is known of that: a flag that is computed, a day that is kept.
func obsoleteObjectsHaveTheirDay(_ *testing.T, w *world) {
	w.make("Person", `{"org_id":2,"name":"Klein","first_name":"Ann"}`)
	w.make("Person", `{"org_id":2,"name":"Gone","first_name":"Bob","status":"inactive","manager_id":1}`)
	w.make("Server", `{"org_id":2,"name":"old","status":"obsolete"}`)
	w.make("OtherSoftware", `{"org_id":2,"name":"soft","functionalci_id":1}`)
	object := func(class, id, fields string) string {
		return `{"code":0,"message":"Found: 1","objects":{"` + class + `::` + id + `":{"code":0,"message":"","class":"` + class + `","key":"` + id + `","fields":{` + fields + `}}}}`
	}
	both := `"obsolescence_flag":true,"obsolescence_date":"2026-11-21"`
	ann, bob := object("Person", "1", `"name":"Klein","obsolescence_flag":false,"obsolescence_date":""`), object("Person", "2", `"name":"Gone",`+both)
	for _, c := range [][3]string{
		{"Person", `{"obsolescence_flag":true}`, bob},
		{"Person", `{"obsolescence_date":"2026-11-21"}`, bob},
		{"Person", `{"obsolescence_date":null}`, ann},
		{"Person", `"SELECT Person WHERE obsolescence_date > '2026-11-01' AND obsolescence_flag = 1"`, bob},
		{"Person", `"SELECT Person WHERE ISNULL(obsolescence_date)"`, ann},
		{"Person", `"SELECT Person AS p JOIN Person AS m ON p.manager_id = m.id WHERE ISNULL(m.obsolescence_date)"`, bob},
		{"Contact", `"SELECT Contact WHERE obsolescence_date = '2026-11-21'"`, bob},
		{"FunctionalCI", `"SELECT FunctionalCI WHERE obsolescence_date = '2026-11-21'"`, object("Server", "1", `"name":"old",`+both)},
	} {
		w.want(`{"operation":"core/get","class":"`+c[0]+`","key":`+c[1]+`,"output_fields":"name,obsolescence_flag,obsolescence_date"}`, c[2])
	}
	w.want(`{"operation":"core/update","class":"Person","key":2,"comment":"x","fields":{"status":"active"},"output_fields":"obsolescence_flag,obsolescence_date"}`,
		updated("Person", 2, `{"obsolescence_flag":false,"obsolescence_date":""}`))
	w.want(`{"operation":"core/update","class":"Person","key":2,"comment":"x","fields":{"obsolescence_date":"2020-01-01"}}`,
		failure("obsolescence_date: Attempting to set the value on the read-only attribute Person::obsolescence_date"))
}

// getRelatedWithRedundancy puts four farms of three hypervisors, and solutions
// over them, under what iTop 3.2.0 makes of their settings.
func getRelatedWithRedundancy(t *testing.T, w *world) {
	related := func(class, key, more string) string {
		body := w.ask(`{"operation":"core/get_related","class":"` + class + `","key":` + key + `,"relation":"impacts"` + more + `}`)
		var answer struct {
			Message   string
			Objects   map[string]struct{ Fields struct{ Friendlyname string } }
			Relations json.RawMessage
		}
		must(w, json.Unmarshal([]byte(body), &answer))
		var names []string
		for _, o := range answer.Objects {
			names = append(names, o.Fields.Friendlyname)
		}
		slices.Sort(names)
		return strings.Join(names, " ") + " " + string(answer.Relations)
	}
	keyOf := func(names ...string) string {
		return `"SELECT Hypervisor WHERE name IN ('` + strings.Join(names, "','") + `')"`
	}
	farm := func(name, setting string) {
		id := w.make("Farm", `{"org_id":2,"name":"`+name+`"`+setting+`}`)
		for _, n := range []string{"1", "2", "3"} {
			w.make("Hypervisor", `{"org_id":2,"name":"`+name+n+`","farm_id":`+fmt.Sprint(int64(id))+`}`)
		}
	}
	farm("a", "")                         // one must be up
	farm("b", `,"redundancy":"2"`)        // two must
	farm("c", `,"redundancy":"50%"`)      // one and a half
	farm("d", `,"redundancy":"disabled"`) // all
	w.make("ApplicationSolution", `{"org_id":2,"name":"app","functionalcis_list":[{"functionalci_id":{"name":"a"}},{"functionalci_id":{"name":"b"}}]}`)
	w.make("ApplicationSolution", `{"org_id":2,"name":"safe","redundancy":"1","functionalcis_list":[{"functionalci_id":{"name":"a"}},{"functionalci_id":{"name":"b"}}]}`)
	on := `,"redundancy":true`
	for _, c := range []struct{ key, more, want string }{
		{keyOf("a1"), "", `a a1 app safe {"Hypervisor::2":[{"key":"Farm::1"}],"Farm::1":[{"key":"ApplicationSolution::17"},{"key":"ApplicationSolution::18"}]}`},
		{keyOf("a1"), on, `a1 []`},
		{keyOf("a1", "a2"), on, `a1 a2 []`},
		{keyOf("a1", "a2", "a3"), on, `a a1 a2 a3 app {"Hypervisor::2":[{"key":"Farm::1"}],"Hypervisor::3":[{"key":"Farm::1"}],"Hypervisor::4":[{"key":"Farm::1"}],"Farm::1":[{"key":"ApplicationSolution::17"}]}`},
		{keyOf("b1"), on, `b1 []`},
		{keyOf("b1", "b3"), on, `app b b1 b3 {"Hypervisor::6":[{"key":"Farm::5"}],"Hypervisor::8":[{"key":"Farm::5"}],"Farm::5":[{"key":"ApplicationSolution::17"}]}`},
		{keyOf("c1"), on, `c1 []`},
		{keyOf("c1", "c2"), on, `c c1 c2 {"Hypervisor::10":[{"key":"Farm::9"}],"Hypervisor::11":[{"key":"Farm::9"}]}`},
		{keyOf("d2"), on, `d d2 {"Hypervisor::15":[{"key":"Farm::13"}]}`},
		{`"SELECT Hypervisor WHERE farm_name IN ('a','b')"`, on + `,"depth":"1"`, `a a1 a2 a3 b b1 b2 b3 ` +
			`{"Hypervisor::2":[{"key":"Farm::1"}],"Hypervisor::3":[{"key":"Farm::1"}],"Hypervisor::4":[{"key":"Farm::1"}],` +
			`"Hypervisor::6":[{"key":"Farm::5"}],"Hypervisor::7":[{"key":"Farm::5"}],"Hypervisor::8":[{"key":"Farm::5"}]}`},
	} {
		if got := related("Hypervisor", c.key, c.more); got != c.want {
			t.Errorf("%s%s\n got %s\nwant %s", c.key, c.more, got, c.want)
		}
	}
	if got, want := related("Farm", `{"name":"d"}`, on+`,"direction":"up"`), "d d1 d2 d3 []"; got != want {
		t.Errorf("upwards: got %s, want %s", got, want)
	}
	w.want(`{"operation":"core/update","class":"Farm","key":1,"comment":"x","fields":{"redundancy":"many"}}`,
		failure(`Unexpected value for attribute 'High availability' (redundancy) : Wrong format [many]: issues = {0=>Unexpected value for attribute 'High availability' (redundancy) : Wrong format [many]}, class = Farm, id = 1`))
}

func getRelated(_ *testing.T, w *world) {
	w.make("Server", `{"org_id":2,"name":"srv1"}`)
	w.make("Server", `{"org_id":2,"name":"srv4"}`)
	w.make("ApplicationSolution", `{"org_id":2,"name":"App1","functionalcis_list":[{"functionalci_id":{"name":"srv1"}}]}`)
	w.make("ApplicationSolution", `{"org_id":2,"name":"App2","functionalcis_list":[{"functionalci_id":{"name":"srv1"}}]}`)
	object := func(class, id, name string) string {
		return `"` + class + `::` + id + `":{"code":0,"message":"","class":"` + class + `","key":"` + id + `","fields":{"id":"` + id + `","friendlyname":"` + name + `"}}`
	}
	srv1, srv4 := object("Server", "1", "srv1"), object("Server", "2", "srv4")
	apps := object("ApplicationSolution", "3", "App1") + "," + object("ApplicationSolution", "4", "App2")
	edges := `{"Server::1":[{"key":"ApplicationSolution::3"},{"key":"ApplicationSolution::4"}]}`
	down := `{"code":0,"message":"Scope: 1; Related objects: Server= 1, ApplicationSolution= 2","objects":{` + srv1 + "," + apps + `},"relations":` + edges + `}`
	alone := `{"code":0,"message":"Scope: 1; Related objects: Server= 1","objects":{` + srv1 + `},"relations":[]}`
	for params, want := range map[string]string{
		`"key":{"name":"srv1"},"relation":"impacts","depth":4,"redundancy":true`: down,
		`"key":{"name":"srv1"},"relation":"impacts","redundancy":false`:          down,
		`"key":1,"relation":"impacts","direction":"down","output_fields":"name"`: down,
		`"key":1,"relation":"impacts","depth":0`:                                 alone,
		`"key":1,"relation":"impacts","direction":"up"`:                          alone,
		`"key":1,"relation":"depends on"`:                                        alone,
		`"key":1,"relation":"nosuch"`:                                            alone,
		`"key":1,"relation":"impacts","direction":"sideways"`:                    `{"code":100,"message":"Invalid value: 'sideways' for the parameter 'direction'. Valid values are 'up' and 'down'","objects":null,"relations":[]}`,
		`"key":{"name":"none"},"relation":"impacts"`:                             `{"code":0,"message":"Nothing found","objects":null,"relations":[]}`,
		`"key":"SELECT Server","relation":"impacts"`:                             `{"code":0,"message":"Scope: 2; Related objects: Server= 2, ApplicationSolution= 2","objects":{` + srv1 + "," + srv4 + "," + apps + `},"relations":` + edges + `}`,
		`"key":1`: failure("Missing parameter 'relation'"),
	} {
		w.want(`{"operation":"core/get_related","class":"Server",`+params+`}`, want)
	}
	up := `{"code":0,"message":"Scope: 1; Related objects: ApplicationSolution= 1, Server= 1","objects":{` + object("ApplicationSolution", "3", "App1") + "," + srv1 + `},"relations":`
	w.want(`{"operation":"core/get_related","class":"ApplicationSolution","key":3,"relation":"impacts","direction":"up"}`, up+`{"Server::1":[{"key":"ApplicationSolution::3"}]}}`)
	w.want(`{"operation":"core/get_related","class":"ApplicationSolution","key":3,"relation":"depends on"}`, up+`{"ApplicationSolution::3":[{"key":"Server::1"}]}}`)
}
