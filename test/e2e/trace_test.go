package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"rollcall/test/lab/spans"
)

// TestWhatIsDoneIsTold: runs, jobs and requests are told to a collector of traces,
// with their parts within them.
func TestWhatIsDoneIsTold(t *testing.T) {
	t.Parallel()
	collector := spans.Start(t)
	h := newHome(t, "TRACES_TOKEN=Bearer hunter2")
	h.write("rollcall.yaml", fmt.Sprintf(`sources:
  sites: {class: Organization, key: id, inline: {a: {name: Aarhus}}, attributes: {name: {from: name, reconcile: true}}, gone: {then: ignore}}
timetable:
  sites: {sync: sites}
traces: {url: %q, ca: %q, headers: {Authorization: "${env:TRACES_TOKEN}"}}
`, collector.URL, collector.CA))

	h.want(0, "sync")
	run := oneSpan(t, collector, "run")
	if run.Parent != "" || run.About["rollcall.kind"] != "sync" || run.About["rollcall.run"] != "1" || run.About["rollcall.state"] != "completed" {
		t.Errorf("got the run %+v", run)
	}
	for _, part := range []string{"read", "apply", "remove", "grant", "commit"} {
		s := oneSpan(t, collector, part)
		if s.Trace != run.Trace || s.Parent != run.ID || part != "commit" && s.About["rollcall.source"] != "sites" || s.Error != "" {
			t.Errorf("got %+v, want a part of the run", s)
		}
	}
	if _, header := collector.Sender(); header.Get("Authorization") != "Bearer hunter2" {
		t.Errorf("got the header %v", header)
	}

	const more = "inline: {a: {name: Aarhus}, b: {name: Bergen}}, limits: {new: 0}"
	h.replace("rollcall.yaml", "inline: {a: {name: Aarhus}}", more)
	h.want(5, "sync")
	if runs := collector.Named("run"); len(runs) != 2 || runs[1].About["rollcall.error.kind"] != "stopped" || runs[1].About["rollcall.state"] != "held" {
		t.Errorf("got %+v, want a second run that was held", runs)
	}
	h.replace("rollcall.yaml", more, "inline: {a: {name: Aarhus}}")

	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	server, stop := h.serve()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.url+"/webservices/rest.php?auth_pwd=hunter2", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Traceparent", "00-"+trace+"-00f067aa0ba902b7-01")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	h.want(0, "jobs", "run", "sites")
	h.until("the job's run was told", func() bool { return len(collector.Named("job")) > 0 })
	stop()
	request := oneSpan(t, collector, "/webservices/rest.php")
	if request.Trace != trace || request.Parent != "00f067aa0ba902b7" || !request.IsServer || request.About["http.response.status_code"] != fmt.Sprint(answer.StatusCode) {
		t.Errorf("got the request %+v", request)
	}
	job := oneSpan(t, collector, "job")
	if job.About["rollcall.entry"] != "sites" || !slices.ContainsFunc(collector.Named("run"), func(s spans.Span) bool { return s.Parent == job.ID && s.Trace == job.Trace }) {
		t.Errorf("got the job %+v without its run", job)
	}
	if all := fmt.Sprint(collector.Spans()); strings.Contains(all, "hunter2") {
		t.Errorf("a password is in %s", all)
	}
}

// oneSpan returns the only span with a name.
func oneSpan(t *testing.T, c *spans.Collector, name string) spans.Span {
	t.Helper()
	list := c.Named(name)
	if len(list) != 1 {
		t.Fatalf("got %d spans %s, want 1: %+v", len(list), name, c.Spans())
	}
	return list[0]
}
