package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// TestK33AdministratorsAreToldOfAShortage has fewer licences than people: the run
// goes on, administrators find it in the application and in their mail, once, and
// it is over when there are enough.
func TestK33AdministratorsAreToldOfAShortage(t *testing.T) {
	t.Parallel()
	office := lab.OpenPostOffice(t, lab.PostOfficeConfig{})
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob", "eve") + groupLDIF(s.BaseDN, "all", "ada", "bob", "eve"))
	h := bindingHome(t, s, fmt.Sprintf("  all: {source: users, groups: {name: all}, licence: crm, role: All}\nmail: {server: %q, tls: none, from: rollcall@example.com}\n", office.Addr))
	h.byHand("LicencePackage", "name,quantity", "crm,1")
	h.byHand("Organization", "name", "Example")
	h.byHand("Person", "name,first_name,email,org_id->name", "Ruler,Rae,rae@example.com,Example", "Clerk,Cay,cay@example.com,Example")
	h.byHand("UserLocal", "login,password,contactid->email,profile_list", "rae,Secret123!secret,rae@example.com,profileid->name:Administrator", "cay,Secret123!secret,cay@example.com,profileid->name:Portal user")

	h.want(exitProblems, "sync")
	same(t, "roles", h.roles(), "ada / All\nbob / All\neve / All")
	list := h.notices("--for", "rae")
	same(t, "what an administrator finds", told(list), "licences: Source users: licences are short")
	if text, _ := list[0]["text"].(string); !strings.Contains(text, "2 licences of package crm are short: it has 1, 0 are taken up, 3 more are wanted") {
		t.Errorf("got %q, want the shortfall", text)
	}
	same(t, "what another finds", told(h.notices("--for", "cay")), "")
	mails := office.Mails()
	if len(mails) != 1 || strings.Join(mails[0].To, " ") != "rae@example.com" || !strings.Contains(strings.ReplaceAll(mails[0].Data, "=\r\n", ""), "2 licences of package crm are short") {
		t.Fatalf("got %+v, want one mail to the administrator with the shortfall", mails)
	}

	h.want(exitDone, "notices", "read", "--for", "rae")
	h.want(exitProblems, "sync") // still short: no news
	same(t, "what she has not read", told(h.notices("--for", "rae", "--unread")), "")
	h.byHand("LicencePackage", "name,quantity", "crm,2") // less short: news
	h.want(exitProblems, "sync")
	same(t, "what she has not read", told(h.notices("--for", "rae", "--unread")), "licences: Source users: licences are short")
	same(t, "mails", len(office.Mails()), 2)
	h.byHand("LicencePackage", "name,quantity", "crm,3")
	h.want(exitDone, "sync")
	same(t, "all of it", told(h.notices("--for", "rae")), "licences over: Source users: licences are short\nlicences again over: Source users: licences are short")
	same(t, "mails", len(office.Mails()), 2)
}

// TestK36TheEndOfARunIsTold to whoever started it; an entry in trouble does not
// stop the others.
func TestK36TheEndOfARunIsTold(t *testing.T) {
	t.Parallel()
	s := crew(t, "ada", "bad", "bob")
	h := crewHome(t, s, goneAtOnce, "  none: {}\n")
	h.want(exitProblems, "sync")
	same(t, "people", h.people(), "ada bob")
	same(t, "told", told(h.notices("--unread")), "problems: Source crew: 1 entries are in trouble")
	h.want(exitDone, "notices", "read", "1")
	same(t, "told", told(h.notices("--unread")), "")
	h.want(exitDone, "notices", "unread", "1")
	mend(s, "bad")
	h.want(exitDone, "sync")
	same(t, "told", told(h.notices("--unread")), "completed: Run 2 went through (sync of companies, crew)\nproblems over: Source crew: 1 entries are in trouble")
	same(t, "trouble", told(h.notices("--open")), "")
	s.Stop()
	h.want(exitFailed, "sync", "crew")
	same(t, "trouble", told(h.notices("--open")), "failed: Source crew: run 3 failed")
	contains(t, h.want(exitFailed, "notices", "read", "99"), "there is no notice 99")
	s.Start()
	fire(s, "bob")
	h.replace("rollcall.yaml", "limits: {gone: none}", "limits: {gone: 0}")
	h.want(exitStopped, "sync", "crew")
	same(t, "trouble", told(h.notices("--open")), "held: Source crew: run 4 is held\nfailed: Source crew: run 3 failed")
	h.want(exitDone, "apply", "--drop", "4")
	same(t, "trouble", told(h.notices("--open")), "failed: Source crew: run 3 failed")
}

// TestAWebhookHearsOfAHeldRun at a receiver that is down at first: it is called
// again, signed each time, and told what happened.
func TestAWebhookHearsOfAHeldRun(t *testing.T) {
	t.Parallel()
	type call struct {
		header http.Header
		body   []byte
	}
	calls := make(chan call, 10)
	answers := make(chan int, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls <- call{r.Header, body}
		w.WriteHeader(<-answers)
	}))
	defer receiver.Close()
	s := crew(t, "ada", "bob")
	h := crewHome(t, s, goneAtOnce, fmt.Sprintf("  none: {}\nwebhooks: {ops: {url: %q, secret: '${env:HOOK_SECRET}', internal: true}}\nnotices: {held: {on: held, webhooks: ops}}\n", receiver.URL))
	h.env = append(h.env, "HOOK_SECRET=0123456789abcdef")
	h.replace("rollcall.yaml", "limits: {gone: none}", "limits: {gone: 0}")
	h.want(exitDone, "sync")
	fire(s, "bob")
	answers <- http.StatusServiceUnavailable
	h.want(exitStopped, "sync")
	first := <-calls
	var event struct {
		Event    string
		Sources  []string
		Run      int
		Subject  string
		Counters map[string]int
	}
	if err := json.Unmarshal(first.body, &event); err != nil || event.Event != "held" || event.Run != 2 || strings.Join(event.Sources, "") != "crew" || event.Counters["replica_total"] != 2 {
		t.Errorf("got %s, %v, want the held run", first.body, err)
	}
	h.sql("UPDATE dispatch SET next_try = created")
	answers <- http.StatusOK
	h.serve()
	second := <-calls
	for _, c := range []call{first, second} {
		mac := hmac.New(sha256.New, []byte("0123456789abcdef"))
		fmt.Fprintf(mac, "%s.%s", c.header.Get("Rollcall-Timestamp"), c.body)
		same(t, "signature", c.header.Get("Rollcall-Signature"), "sha256="+hex.EncodeToString(mac.Sum(nil)))
		same(t, "delivery", c.header.Get("Rollcall-Delivery"), first.header.Get("Rollcall-Delivery"))
	}
	h.until("it is settled", func() bool { return h.sql("SELECT state || attempts FROM dispatch") == "sent2" })
}
