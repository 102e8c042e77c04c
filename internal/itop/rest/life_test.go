package rest_test

import (
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
	onBoth(t, map[string]func(*testing.T, *world){"Impacts": getRelated})
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
