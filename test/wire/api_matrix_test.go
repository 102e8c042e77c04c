package wire

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"rollcall/internal/api"
	"rollcall/internal/registry/registrytest"
)

// apiRequests is a harmless request for each operation but the open ones: it is
// refused after everybody was let in who may be.
func apiRequests() [][3]string {
	return [][3]string{
		{"GET", "/me"},
		{"GET", "/sources"},
		{"GET", "/sources/Own"},
		{"GET", "/sources/Own/replicas"},
		{"GET", "/sources/Own/failed"},
		{"POST", "/sources/Own/retry"},
		{"GET", "/sources/Other"},
		{"GET", "/directories"},
		{"GET", "/runs"},
		{"POST", "/runs", `{"sources":["Own"]}`},
		{"POST", "/runs", `{"sources":["Other"]}`},
		{"GET", "/runs/1"},
		{"GET", "/runs/1/changes"},
		{"GET", "/runs/1/problems"},
		{"POST", "/runs/1/undo"},
		{"GET", "/plans"},
		{"POST", "/plans"},
		{"GET", "/plans/1"},
		{"POST", "/plans/1/approve"},
		{"POST", "/plans/1/drop"},
		{"GET", "/bindings"},
		{"GET", "/bindings/none/members"},
		{"GET", "/jobs"},
		{"POST", "/jobs", `{"line":"none"}`},
		{"GET", "/jobs/1"},
		{"POST", "/jobs/1/requeue"},
		{"POST", "/jobs/1/cancel"},
		{"POST", "/jobs/1/forget"},
		{"GET", "/timetable"},
		{"GET", "/notices"},
		{"POST", "/notices/read", `{"notices":[1]}`},
		{"GET", "/why?object=nobody"},
		{"GET", "/objects?oql=SELECT+Person"},
		{"GET", "/objects?oql=SELECT+User"},
		{"GET", "/objects?oql=SELECT+Person+AS+p+JOIN+User+AS+u+ON+u.contactid=p.id"},
		{"GET", "/objects?oql=SELECT+Person+WHERE+id+IN+(SELECT+User)"},
		{"POST", "/sign-out"},
	}
}

// TestWhoMayCallTheAPI is the matrix of every operation and every kind of
// account. Letters: i let in, l not recognised, . forbidden. The requests come
// in the order above, in groups: me, sources, directories; runs; plans;
// bindings, jobs and timetable; why; objects; sign-out.
func TestWhoMayCallTheAPI(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := open(t, dir)
	owner := matrixRegistry(t, r)
	r.Create("SynchroDataSource", nil, "name", "Own", "scope_class", "Person", "user_id", fmt.Sprint(owner))
	r.Create("SynchroDataSource", nil, "name", "Other", "scope_class", "Person")
	s := serve(t, dir, "serve: {allowed_login_types: form|basic|token}\n")
	c := &apiClient{TB: t, site: s, contract: readContract(t, s)}

	header := func(name, value string) func() *apiClient { return func() *apiClient { return c.as(name, value) } }
	basic := func(login, pass string) func() *apiClient {
		q, err := http.NewRequest(http.MethodGet, "/", nil)
		must(t, err)
		q.SetBasicAuth(login, pass)
		return header("Authorization", q.Header.Get("Authorization"))
	}
	session := func(login string) func() *apiClient {
		return func() *apiClient { in, _ := c.signIn(login, password); return in }
	}
	const (
		nobody = "l lllllll lllllll lllll ll lllllll ll l llll l"
		// The portal signs in, and out, and that is all.
		portalOnly = "i ....... ....... ..... .. ....... .. . .... i"
		nothing    = "i ....... ....... ..... .. ....... ii . .... i"
		business   = "i ....... ....... ..... .. ....... ii . i... i"
		runs       = "i iiiii.. ii.iii. i.i.. .. ....... ii . i... i"
		everything = "i iiiiiii iiiiiii iiiii ii iiiiiii ii i iiii i"
	)
	for _, who := range []struct {
		name string
		in   func() *apiClient
		want string
	}{
		{"nobody", func() *apiClient { return c }, nobody},
		{"unknown", basic("unknown", password), nobody},
		{"wrong", basic("victim", "wrong"), nobody},
		{"empty", basic("victim", ""), nobody},
		{"disabled", basic("disabled", password), nobody},
		{"portal", basic("portal", password), portalOnly},
		{"portal-admin", basic("portal-admin", password), portalOnly},
		{"restonly", session("restonly"), nothing},
		{"config", session("config"), business},
		{"agent", basic("agent", password), business},
		{"owner", session("owner"), runs},
		{"norest", basic("norest", password), everything},
		{"admin", session("admin"), everything},
		{"robot", header("Auth-Token", applicationToken.Reveal()), everything},
		{"robot as bearer", header("Authorization", "Bearer "+applicationToken.Reveal()), everything},
		{"token for REST", header("Authorization", "Bearer "+restToken.Reveal()), everything},
		{"token for export", header("Auth-Token", exportToken.Reveal()), strings.ReplaceAll(portalOnly, "i", ".")},
		{"no such token", header("Auth-Token", "nonsense"), nobody},
	} {
		in := who.in()
		var got strings.Builder
		for _, q := range apiRequests() {
			var body []byte
			if q[2] != "" {
				body = []byte(q[2])
			}
			switch a := in.askText(q[0], q[1], body); a.status {
			case http.StatusUnauthorized:
				got.WriteString("l")
			case http.StatusForbidden:
				got.WriteString(".")
			default:
				got.WriteString("i")
			}
		}
		if want := strings.ReplaceAll(who.want, " ", ""); got.String() != want {
			t.Errorf("%s:\ngot  %s\nwant %s", who.name, &got, want)
		}
	}
	asked := map[string]bool{}
	for _, q := range apiRequests() {
		path, _, _ := strings.Cut(q[1], "?")
		for pattern, match := range c.contract.paths {
			if match.MatchString("/api/v1" + path) {
				asked[q[0]+" "+pattern] = true
			}
		}
	}
	for _, route := range api.Routes() {
		if route.Gate != api.GateOpen && !asked[route.Method+" "+route.Path] {
			t.Errorf("the matrix lacks %s %s", route.Method, route.Path)
		}
	}
}

// TestAnAccountSeesItsOrganizations asks for objects as somebody who may see one
// organization, with those below it.
func TestAnAccountSeesItsOrganizations(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := open(t, dir)
	demo, other := r.Create("Organization", nil, "name", "Demo"), r.Create("Organization", nil, "name", "Other")
	below := r.Create("Organization", nil, "name", "Below", "parent_id", fmt.Sprint(demo))
	for name, org := range map[string]string{"Ann": fmt.Sprint(demo), "Bob": fmt.Sprint(below), "Cat": fmt.Sprint(other)} {
		r.Create("Person", nil, "name", "X", "first_name", name, "org_id", org)
	}
	hash, err := passwordHash()
	must(t, err)
	r.Create("UserLocal", links{"profile_list": r.profiles("Support Agent"), "allowed_org_list": registrytest.LinkTo(demo)}, "login", "limited", "password", hash)
	s := serve(t, dir, "")
	c := &apiClient{TB: t, site: s, contract: readContract(t, s)}
	limited, signed := c.signIn("limited", password)
	same(t, "organizations", []any{signed.Account.IsLimited, len(signed.Account.Organizations)}, []any{true, 2})
	names := map[string]any{}
	for _, o := range want[api.Page[api.Object]](t, http.StatusOK, limited.ask("GET", "/objects?oql=SELECT+Person&fields=org_name", nil)).Items {
		names[o.Name] = o.Fields["org_name"]
	}
	same(t, "who is seen", names, map[string]any{"Ann X": "Demo", "Bob X": "Below"})
}
