package wire

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/internal/api"
	"rollcall/internal/registry/registrytest"
	"rollcall/internal/rollcall"
	"rollcall/test/lab"
	"rollcall/test/lab/postgres"
)

// TestAPI goes through every operation of the API with the built program, on
// either database, and holds every answer against the API's own document.
func TestAPI(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(apiPeople(s.BaseDN))
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		apiStory(t, s, registrytest.SQLite(t))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		apiStory(t, s, postgres.Start(t).Database(t))
	})
}

// apiStory is everything that happens to one server, in order.
func apiStory(t *testing.T, s *lab.SlapdServer, dsn string) {
	dir := t.TempDir()
	put := func(name, text string) { must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)) }
	put("companies.csv", "id,name\n1,Demo\n2,Elsewhere\n")
	put("people.csv", somePeople)
	put("ldap.password", s.Password)
	r := &registryOf{registrytest.Open(t, dsn, time.Now, nil)}
	r.local("boss", "Administrator")
	r.local("runner", "Support Agent")
	r.Create("LicencePackage", nil, "name", "Basic", "quantity", "10")
	site := serve(t, dir, apiConfig(s, dsn))
	c := readContract(t, site)
	c.secrets = []string{password, adaPassword, s.Password, "$argon2id$", "$sha256$"}
	w := &world{t: t, registry: r, apiClient: &apiClient{TB: t, site: site, contract: c}}
	w.apiClient, _ = w.signIn("boss", password)
	for _, part := range []func(*world){
		(*world).plansAreMadeAndApproved, (*world).runsAreStartedAndHeld, (*world).replicasInPages, (*world).runsAreUndone,
		(*world).bindingsAndSignIn, (*world).jobsAreHandled, (*world).failedEntriesAreTried, (*world).noticesAreRead, (*world).whyAndWhyNot, (*world).objectsByQuery, (*world).runnersSeeTheirSource,
		(*world).metricsOfRuns, (*world).sessionEnds,
	} {
		if part(w); t.Failed() {
			t.Fatal("the rest depends on this")
		}
	}
	if never := w.contract.unseen(); len(never) > 0 {
		t.Errorf("these operations never answered: %s", never)
	}
	for _, secret := range []string{"$argon2id$", password, adaPassword, s.Password, strings.TrimPrefix(w.header.Get("Authorization"), "Bearer ")} {
		if strings.Contains(site.log.String(), secret) {
			t.Error("the log has a password or a token")
		}
	}
}

func (w *world) plansAreMadeAndApproved() {
	made := want[api.Run](w, http.StatusCreated, w.ask("POST", "/plans", map[string]any{"sources": []string{"people", "companies"}}))
	same(w, "kind, state, by and sources", []any{made.Kind, made.State, made.By, len(made.Sources)}, []any{"plan", rollcall.RunHeld, "boss", 2})
	first := want[api.Page[rollcall.Change]](w, http.StatusOK, w.ask("GET", fmt.Sprintf("/runs/%d/changes?limit=2", made.ID), nil))
	rest := want[api.Page[rollcall.Change]](w, http.StatusOK, w.ask("GET", fmt.Sprintf("/runs/%d/changes?limit=1000&cursor=%s", made.ID, first.Next), nil))
	same(w, "changes in two pages", []any{len(first.Items), len(rest.Items), rest.Next}, []any{2, 4, ""})
	same(w, "the first change", []any{first.Items[0].Source, first.Items[0].Verb, first.Items[0].Name}, []any{"companies", rollcall.VerbProvision, "Demo"})
	waiting := want[api.Page[api.Run]](w, http.StatusOK, w.ask("GET", "/plans?source=people", nil))
	same(w, "plans that wait", []any{len(waiting.Items), waiting.Items[0].ID}, []any{1, made.ID})
	same(w, "the plan", want[api.Run](w, http.StatusOK, w.ask("GET", fmt.Sprintf("/plans/%d", made.ID), nil)), made)

	// Whoever looks away while things move on is told so.
	other := strings.Replace(somePeople, "Ann,", "Anna,", 1)
	must(w, os.WriteFile(filepath.Join(w.site.dir, "people.csv"), []byte(other), 0o600))
	refused(w, w.ask("POST", fmt.Sprintf("/plans/%d/approve", made.ID), nil), http.StatusConflict, "things moved on since run …")
	must(w, os.WriteFile(filepath.Join(w.site.dir, "people.csv"), []byte(somePeople), 0o600))
	applied := want[api.Run](w, http.StatusCreated, w.ask("POST", fmt.Sprintf("/plans/%d/approve", made.ID), nil))
	same(w, "what came of it", []any{applied.Kind, applied.State, applied.Digest == made.Digest}, []any{"apply", rollcall.RunCompleted, true})
	refused(w, w.ask("POST", fmt.Sprintf("/plans/%d/approve", made.ID), nil), http.StatusConflict, fmt.Sprintf("run %d is not held: its state is approved", made.ID))
	refused(w, w.ask("GET", fmt.Sprintf("/plans/%d", applied.ID), nil), http.StatusNotFound, fmt.Sprintf("run %d is no plan: its state is completed", applied.ID))

	idle := want[api.Run](w, http.StatusCreated, w.ask("POST", "/plans", map[string]any{"sources": []string{"companies"}}))
	if page := want[api.Page[rollcall.Change]](w, http.StatusOK, w.ask("GET", fmt.Sprintf("/runs/%d/changes", idle.ID), nil)); len(page.Items) != 0 {
		w.Errorf("nothing changed, and the plan has %+v", page.Items)
	}
	dropped := want[api.Run](w, http.StatusOK, w.ask("POST", fmt.Sprintf("/plans/%d/drop", idle.ID), nil))
	same(w, "state of the dropped plan", dropped.State, rollcall.RunDropped)
	problems := want[api.Page[rollcall.Problem]](w, http.StatusOK, w.ask("GET", fmt.Sprintf("/runs/%d/problems", applied.ID), nil))
	if len(problems.Items) != 1 || problems.Items[0].Key != "4" {
		w.Errorf("got problems %+v, want the one of who has no name", problems.Items)
	}
}

func (w *world) runsAreStartedAndHeld() {
	must(w, os.WriteFile(filepath.Join(w.site.dir, "people.csv"), []byte("id,last,first,mail\n3,Cook,Cat,cat@example.com\n"), 0o600))
	job := w.start("people")
	same(w, "the job", []any{job.State, job.Line, job.By}, []any{api.JobStopped, "sync people", "boss"})
	held := want[api.Page[api.Run]](w, http.StatusOK, w.ask("GET", "/plans?state=held", nil))
	if len(held.Items) != 1 || held.Items[0].Kind != "sync" || held.Items[0].Sources[0].Held == "" {
		w.Fatalf("got %+v, want the run that a limit held", held.Items)
	}
	applied := want[api.Run](w, http.StatusCreated, w.ask("POST", fmt.Sprintf("/plans/%d/approve", held.Items[0].ID), nil))
	same(w, "persons deleted", applied.Sources[0].Counters.Deleted, 2)
	refused(w, w.ask("POST", "/runs", map[string]any{"sources": []string{"nobody"}}), http.StatusNotFound, "…nobody…")

	runs := want[api.Page[api.Run]](w, http.StatusOK, w.ask("GET", "/runs?limit=2", nil))
	older := want[api.Page[api.Run]](w, http.StatusOK, w.ask("GET", "/runs?limit=2&cursor="+runs.Next, nil))
	if runs.Items[0].ID != applied.ID || older.Items[0].ID >= runs.Items[1].ID {
		w.Errorf("got runs %+v and %+v, want the newest first", runs.Items, older.Items)
	}
	alone := want[api.Page[api.Run]](w, http.StatusOK, w.ask("GET", "/runs?source=people&state=completed", nil))
	same(w, "runs of people that went through", len(alone.Items), 2)
	changes := want[api.Page[rollcall.Change]](w, http.StatusOK, w.ask("GET", fmt.Sprintf("/runs/%d/changes", applied.ID), nil))
	same(w, "what it did", []any{len(changes.Items), changes.Items[0].Verb}, []any{2, rollcall.VerbDelete})
}

func (w *world) replicasInPages() {
	must(w, os.WriteFile(filepath.Join(w.site.dir, "people.csv"), []byte(somePeople), 0o600))
	same(w, "the job", w.start("people").State, api.JobDone)
	var keys []string
	cursor := ""
	for range 5 {
		page := want[api.Page[api.Replica]](w, http.StatusOK, w.ask("GET", "/sources/people/replicas?limit=2&cursor="+cursor, nil))
		for _, r := range page.Items {
			keys = append(keys, r.Key)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	same(w, "keys in pages", len(keys), 4)
	bad := want[api.Page[api.Replica]](w, http.StatusOK, w.ask("GET", "/sources/people/replicas?errors=true", nil))
	if len(bad.Items) != 1 || bad.Items[0].Key != "4" || bad.Items[0].Error == "" || bad.Items[0].Object != nil {
		w.Errorf("got replicas in error %+v, want the one without a name", bad.Items)
	}
	good := want[api.Page[api.Replica]](w, http.StatusOK, w.ask("GET", "/sources/people/replicas?state=synchronized", nil))
	if len(good.Items) != 3 || good.Items[0].Object == nil || good.Items[0].Object.Class != "Person" {
		w.Errorf("got synchronized replicas %+v, want three with their persons", good.Items)
	}
	never := want[api.Page[api.Replica]](w, http.StatusOK, w.ask("GET", "/sources/elsewhere/replicas", nil))
	same(w, "replicas of a source that never ran", len(never.Items), 0)
	source := want[api.Source](w, http.StatusOK, w.ask("GET", "/sources/people", nil))
	same(w, "replicas of people", source.Replicas, 4)
	refused(w, w.ask("GET", "/sources/nobody", nil), http.StatusNotFound, "there is no data source nobody")
}

func (w *world) runsAreUndone() {
	last := want[api.Page[api.Run]](w, http.StatusOK, w.ask("GET", "/runs?limit=1&source=people", nil)).Items[0]
	can := want[api.Run](w, http.StatusCreated, w.ask("POST", fmt.Sprintf("/runs/%d/undo", last.ID), map[string]bool{"dry_run": true}))
	same(w, "a trial is no run", []any{can.ID, can.Undoes}, []any{int64(0), last.ID})
	undone := want[api.Run](w, http.StatusCreated, w.ask("POST", fmt.Sprintf("/runs/%d/undo", last.ID), nil))
	same(w, "kind, state and what it took back", []any{undone.Kind, undone.State, undone.Undoes}, []any{"undo", rollcall.RunCompleted, last.ID})
	same(w, "its state", want[api.Run](w, http.StatusOK, w.ask("GET", fmt.Sprintf("/runs/%d", last.ID), nil)).State, rollcall.RunUndone)
	refused(w, w.ask("POST", fmt.Sprintf("/runs/%d/undo", last.ID), nil), http.StatusConflict, fmt.Sprintf("run %d was undone before", last.ID))
	same(w, "the job that does it again", w.start("people").State, api.JobDone)
}

func (w *world) bindingsAndSignIn() {
	same(w, "the job", w.start("users").State, api.JobDone)
	bindings := want[api.Page[api.Binding]](w, http.StatusOK, w.ask("GET", "/bindings", nil)).Items
	if len(bindings) != 1 || len(bindings[0].Gives) != 4 || len(bindings[0].Groups) != 4 || bindings[0].Groups[0].Name != "sales" {
		w.Fatalf("got bindings %+v, want one that gives four things to one group", bindings)
	}
	first := want[api.Page[api.Grant]](w, http.StatusOK, w.ask("GET", "/bindings/sales/members?limit=5", nil))
	rest := want[api.Page[api.Grant]](w, http.StatusOK, w.ask("GET", "/bindings/sales/members?limit=5&cursor="+first.Next, nil))
	all := append(first.Items, rest.Items...)
	holders := map[string]int{}
	for _, g := range all {
		holders[g.Holder.Name+" "+string(g.Kind)+" "+g.Target.Name]++
	}
	same(w, "members", holders, map[string]int{
		"ada role Sales": 1, "ada functional_role Seller": 1, "ada path /ldap-groups/sales": 1, "ada licence Basic": 1,
		"bob role Sales": 1, "bob functional_role Seller": 1, "bob path /ldap-groups/sales": 1, "bob licence Basic": 1,
	})
	refused(w, w.ask("GET", "/bindings/nothing/members", nil), http.StatusNotFound, "there is no binding nothing")
	directories := want[api.Page[api.Directory]](w, http.StatusOK, w.ask("GET", "/directories", nil)).Items
	same(w, "directories", []any{len(directories), directories[1].Name, directories[1].Sources}, []any{2, "main", []string{"users"}})

	ada, signed := w.signIn("ada", adaPassword)
	a := signed.Account
	same(w, "the verdict", []any{a.Login, a.Class, a.Administrator, a.Profiles, a.Roles[0].Name, a.Functional[0].Name, a.Groups[0].Name, a.Licences, a.IsLimited},
		[]any{"ada", "UserLDAP", false, []string{"Support Agent"}, "Sales", "Seller", "/ldap-groups/sales", []string{"Basic"}, false})
	same(w, "the account that asks", want[api.Account](w, http.StatusOK, ada.ask("GET", "/me", nil)), a)
	const no = "the login or the password is wrong, or the account may not sign in"
	for _, pass := range []string{"wrong", ""} {
		refused(w, w.ask("POST", "/sign-in", map[string]string{"login": "ada", "password": pass}), http.StatusUnauthorized, no)
	}
	refused(w, w.ask("POST", "/sign-in", map[string]string{"login": "unknown", "password": "wrong"}), http.StatusUnauthorized, no)
	refused(w, w.ask("POST", "/sign-in", map[string]string{"login": "ada"}), http.StatusBadRequest, "password is missing")
	w.registry.Create("UserLDAP", links{"profile_list": w.registry.profiles("Support Agent")}, "login", "lost", "ldap_server", "away")
	refused(w, w.ask("POST", "/sign-in", map[string]string{"login": "lost", "password": adaPassword}), http.StatusServiceUnavailable,
		"the directory that knows the password does not answer; accounts with a password of their own can still sign in")
}

func (w *world) jobsAreHandled() {
	lines := want[api.Page[api.Line]](w, http.StatusOK, w.ask("GET", "/timetable", nil)).Items
	same(w, "lines", []any{len(lines), lines[0].Name, lines[0].Next.IsZero(), lines[1].Next.IsZero()}, []any{2, "nightly", false, true})
	queued := want[api.Queued](w, http.StatusAccepted, w.ask("POST", "/jobs", map[string]string{"line": "hopeless"}))
	same(w, "the first is new", queued.New, true)
	job := w.ended(queued.Job.ID)
	same(w, "its state", job.State, api.JobWaiting)
	again := want[api.Queued](w, http.StatusAccepted, w.ask("POST", "/jobs", map[string]string{"line": "hopeless"}))
	same(w, "a second one is none", []any{again.New, again.Job.ID}, []any{false, job.ID})
	path := fmt.Sprintf("/jobs/%d", job.ID)
	same(w, "requeued", want[api.Job](w, http.StatusOK, w.ask("POST", path+"/requeue", nil)).ID, job.ID)
	w.ended(job.ID)
	same(w, "cancelled", want[api.Job](w, http.StatusOK, w.ask("POST", path+"/cancel", nil)).State, api.JobStopped)
	refused(w, w.ask("POST", path+"/cancel", nil), http.StatusConflict, fmt.Sprintf("job %d is stopped already", job.ID))
	stopped := want[api.Page[api.Job]](w, http.StatusOK, w.ask("GET", "/jobs?state=stopped&line=hopeless", nil)).Items
	same(w, "stopped jobs of the line", []any{len(stopped), stopped[0].ID}, []any{1, job.ID})
	first := want[api.Page[api.Job]](w, http.StatusOK, w.ask("GET", "/jobs?limit=2", nil))
	rest := want[api.Page[api.Job]](w, http.StatusOK, w.ask("GET", "/jobs?limit=2&cursor="+first.Next, nil))
	if rest.Items[0].ID >= first.Items[1].ID {
		w.Errorf("got jobs %+v and %+v, want the newest first", first.Items, rest.Items)
	}
	if a := w.ask("POST", path+"/forget", nil); a.status != http.StatusNoContent || a.body != "" {
		w.Errorf("forget: got %d %s", a.status, a.body)
	}
	refused(w, w.ask("GET", path, nil), http.StatusNotFound, fmt.Sprintf("there is no job %d", job.ID))
	refused(w, w.ask("POST", "/jobs", map[string]string{"line": "never"}), http.StatusNotFound, `the timetable has no "never"; …`)
}

func (w *world) failedEntriesAreTried() {
	failed := want[api.Page[rollcall.FailedEntry]](w, http.StatusOK, w.ask("GET", "/sources/people/failed", nil)).Items
	if len(failed) != 1 || failed[0].Key != "4" {
		w.Fatalf("got failed entries %+v, want the one without a name", failed)
	}
	must(w, os.WriteFile(filepath.Join(w.site.dir, "people.csv"), []byte(strings.Replace(somePeople, "4,,", "4,Dunn,", 1)), 0o600))
	retried := want[api.Retried](w, http.StatusAccepted, w.ask("POST", "/sources/people/retry", map[string]any{"keys": []string{"4"}}))
	same(w, "entries that are due", []any{retried.Entries, retried.Job.Line, retried.Job.Kind}, []any{1, "queue people", "queue"})
	same(w, "the job", w.ended(retried.Job.ID).State, api.JobDone)
	same(w, "failed entries", len(want[api.Page[rollcall.FailedEntry]](w, http.StatusOK, w.ask("GET", "/sources/people/failed", nil)).Items), 0)
	refused(w, w.ask("POST", "/sources/elsewhere/retry", nil), http.StatusConflict, "source elsewhere is none of the configuration, or was never run: there is nothing to try again")
}

func (w *world) noticesAreRead() {
	unread := func() []rollcall.Notice {
		w.Helper()
		return want[api.Page[rollcall.Notice]](w, http.StatusOK, w.ask("GET", "/notices?unread=true", nil)).Items
	}
	before := unread()
	if len(before) == 0 {
		w.Fatal("nobody is told of the run that a limit held")
	}
	marked := want[api.Marked](w, http.StatusOK, w.ask("POST", "/notices/read", map[string]any{"notices": []int64{before[0].ID}}))
	same(w, "marked", marked.Changed, 1)
	same(w, "unread notices", len(unread()), len(before)-1)
}

func (w *world) whyAndWhyNot() {
	why := func(object, attribute string) api.Explanation {
		w.Helper()
		return want[api.Explanation](w, http.StatusOK, w.ask("GET", "/why?object="+url.QueryEscape(object)+"&attribute="+attribute, nil))
	}
	story := why("ann@example.com", "email").Object
	same(w, "the story", []any{story.Class, story.Name, len(story.Attributes), story.Attributes[0].Source, story.Replicas[0].Key}, []any{"Person", "Ann Adams", 1, "people", "1"})
	if of := why("ada", "").Object; of == nil || len(of.Grants) != 4 {
		w.Errorf("got %+v, want the account with its four grants", of)
	}
	w.registry.Create("Person", nil, "name", "Adams", "first_name", "Ann", "org_id", "1")
	same(w, "who may be meant", len(why("Ann Adams", "").Candidates), 2)
	refused(w, w.ask("GET", "/why?object=Person::999999", nil), http.StatusNotFound, "there is no object Person::999999 and never was")
	refused(w, w.ask("GET", "/why", nil), http.StatusBadRequest, "object is missing")
}

func (w *world) objectsByQuery() {
	list := func(oql, more string) api.Page[api.Object] {
		w.Helper()
		return want[api.Page[api.Object]](w, http.StatusOK, w.ask("GET", "/objects?oql="+url.QueryEscape(oql)+more, nil))
	}
	const fields = "&limit=2&fields=first_name,org_id,org_name,notify,manager_id,picture"
	page := list("SELECT Person WHERE email LIKE '%t@example.com' OR email LIKE '%n@example.com' OR email LIKE '%b@example.com'", fields)
	rest := list("SELECT Person WHERE email LIKE '%t@example.com' OR email LIKE '%n@example.com' OR email LIKE '%b@example.com'", fields+"&cursor="+page.Next)
	all := append(page.Items, rest.Items...)
	if len(all) != 3 || rest.Next != "" || all[0].ID >= all[1].ID || all[1].ID >= all[2].ID {
		w.Fatalf("got %+v, want three persons in two pages, by their IDs", all)
	}
	same(w, "the fields", all[0].Fields, map[string]any{
		"first_name": "Cat", "org_id": 1.0, "org_name": "Demo", "notify": "yes", "manager_id": nil, "picture": "",
	})
	same(w, "numbers are numbers", list("SELECT LicencePackage", "&fields=quantity").Items[0].Fields, map[string]any{"quantity": 10.0})
	roles := list("SELECT lnkUserToRole WHERE user_login = 'ada' AND role_name = 'Sales'", "&fields=user_login,type")
	same(w, "links", []any{roles.Items[0].Name, roles.Items[0].Fields}, []any{"ada / Sales", map[string]any{"user_login": "ada", "type": "member"}})
	contacts := list("SELECT Contact WHERE friendlyname = 'Cat Cook'", "").Items
	same(w, "an object of a class below", []any{len(contacts), contacts[0].Class, contacts[0].Name, len(contacts[0].Fields)}, []any{1, "Person", "Cat Cook", 0})
}

func (w *world) runnersSeeTheirSource() {
	runner, _ := w.signIn("runner", password)
	sources := want[api.Page[api.Source]](w, http.StatusOK, runner.ask("GET", "/sources", nil)).Items
	same(w, "what a runner sees", []any{len(sources), sources[0].Name}, []any{1, "users"})
	refused(w, runner.ask("GET", "/sources/people", nil), http.StatusForbidden, "data source people is run by administrators and by the user that it names")
	for _, run := range want[api.Page[api.Run]](w, http.StatusOK, runner.ask("GET", "/runs", nil)).Items {
		if len(run.Sources) != 1 || run.Sources[0].Source != "users" {
			w.Errorf("the runner of users sees %+v", run)
		}
	}
	refused(w, runner.ask("GET", "/runs/1", nil), http.StatusNotFound, "there is no run 1")
	refused(w, runner.ask("POST", "/runs", map[string]any{"sources": []string{"users", "people"}}), http.StatusForbidden, "data source people is run by …")
	refused(w, runner.ask("POST", "/runs", nil), http.StatusForbidden, "this asks for the profile Administrator")
	queued := want[api.Queued](w, http.StatusAccepted, runner.ask("POST", "/runs", map[string]any{"sources": []string{"users"}}))
	same(w, "the job", w.ended(queued.Job.ID).State, api.JobDone)
}

func (w *world) metricsOfRuns() {
	time.Sleep(1100 * time.Millisecond) // what is told of runs may be a second old
	page := func(path string) string {
		r, err := http.NewRequest(http.MethodGet, w.site.url+path, nil)
		must(w, err)
		return ask(w, r).body
	}
	metrics := page("/metrics")
	for _, line := range []string{
		`rollcall_source_last_run_state{source="people",state="completed"} 1`, `rollcall_source_last_run_count{counter="entries_read",source="users"} 2`,
		`rollcall_source_last_good_run_age_seconds{source="users"} `, `rollcall_source_last_run_state{source="elsewhere",state="error"} 1`,
		`rollcall_jobs{state="queued"} 0`, `rollcall_jobs{state="stopped"} `, `rollcall_sign_ins_refused_total 3`, `rollcall_sign_ins_accepted_total `, `rollcall_sign_ins_unjudged_total 1`,
	} {
		if !strings.Contains(metrics, line) {
			w.Errorf("the metrics lack %s", line)
		}
	}
	ready := page("/readyz")
	for _, line := range []string{"ready\n", "\nsource people: last good run ", "\nsource elsewhere: no good run; last run "} {
		if !strings.Contains(ready, line) {
			w.Errorf("/readyz lacks %q: %s", line, ready)
		}
	}
}

func (w *world) sessionEnds() {
	other, _ := w.signIn("boss", password)
	if a := other.ask("POST", "/sign-out", nil); a.status != http.StatusNoContent {
		w.Errorf("sign out: got %d %s", a.status, a.body)
	}
	refused(w, other.ask("GET", "/me", nil), http.StatusUnauthorized, "the session has ended, or there is no such token")
}
