package demo_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rollcall/internal/demo"
	"rollcall/test/lab"
)

func TestBindTellsPasswordsApart(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, demo.NewCompany()))
	for name, test := range map[string]struct {
		request *ldap.SimpleBindRequest
		want    uint16
	}{
		"good":           {ldap.NewSimpleBindRequest(demo.BindDN, demo.BindPassword, nil), ldap.LDAPResultSuccess},
		"other spelling": {ldap.NewSimpleBindRequest(strings.ToUpper(demo.BindDN), demo.BindPassword, nil), ldap.LDAPResultSuccess},
		"wrong password": {ldap.NewSimpleBindRequest(demo.BindDN, "guess", nil), ldap.LDAPResultInvalidCredentials},
		"unknown DN":     {ldap.NewSimpleBindRequest("cn=nobody", "guess", nil), ldap.LDAPResultInvalidCredentials},
		"no password":    {&ldap.SimpleBindRequest{Username: demo.BindDN, AllowEmptyPassword: true}, ldap.LDAPResultUnwillingToPerform},
		"anonymous":      {&ldap.SimpleBindRequest{AllowEmptyPassword: true}, ldap.LDAPResultSuccess},
	} {
		_, err := c.SimpleBind(test.request)
		var got uint16
		if e, ok := errors.AsType[*ldap.Error](err); ok {
			got = e.ResultCode
		}
		if got != test.want {
			t.Errorf("%s: got result %d (%v), want %d", name, got, err, test.want)
		}
	}
}

func TestAnonymousClientsReadTheRootDSEAlone(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, demo.NewCompany()))
	root, err := c.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, 0, 0, 0, false, "(objectClass=*)", nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	if got := root.Entries[0].GetAttributeValue("namingContexts"); got != demo.BaseDN {
		t.Errorf("namingContexts: got %q, want %q", got, demo.BaseDN)
	}
	if got := root.Entries[0].GetAttributeValues("supportedControl"); !strings.Contains(strings.Join(got, " "), ldap.ControlTypePaging) {
		t.Errorf("supportedControl: got %q, want the paging control in it", got)
	}
	_, err = c.Search(request(demo.BaseDN, "(uid=*)"))
	if !ldap.IsErrorWithCode(err, ldap.LDAPResultInsufficientAccessRights) {
		t.Errorf("search: got %v, want insufficient access rights", err)
	}
}

func TestServerRefusesWhatItDoesNotDo(t *testing.T) {
	t.Parallel()
	addr := serve(t, demo.NewCompany())
	strange := request(demo.BaseDN, "(uid=*)")
	strange.Controls = []ldap.Control{ldap.NewControlString("1.2.3.4", true, "")}
	badCookie := request(demo.BaseDN, "(uid=*)")
	badCookie.Controls = []ldap.Control{&ldap.ControlPaging{PagingSize: 5, Cookie: []byte("?")}}
	search := func(r *ldap.SearchRequest) func(*ldap.Conn) error {
		return func(c *ldap.Conn) error { _, err := c.Search(r); return err }
	}
	for name, test := range map[string]struct {
		do   func(*ldap.Conn) error
		want uint16
	}{
		"no such base": {search(request("ou=x,"+demo.BaseDN, "(uid=*)")), ldap.LDAPResultNoSuchObject},
		"outside":      {search(request("dc=example", "(uid=*)")), ldap.LDAPResultNoSuchObject},
		"control":      {search(strange), ldap.LDAPResultUnavailableCriticalExtension},
		"cookie":       {search(badCookie), ldap.LDAPResultProtocolError},
		"write":        {func(c *ldap.Conn) error { return c.Del(ldap.NewDelRequest(demo.BindDN, nil)) }, ldap.LDAPResultUnwillingToPerform},
		"StartTLS":     {func(c *ldap.Conn) error { return c.StartTLS(nil) }, ldap.LDAPResultProtocolError},
		"SASL":         {(*ldap.Conn).ExternalBind, ldap.LDAPResultAuthMethodNotSupported},
	} {
		if err := test.do(signIn(t, addr)); !ldap.IsErrorWithCode(err, test.want) {
			t.Errorf("%s: got %v, want result %d", name, err, test.want)
		}
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	c := signIn(t, serve(t, demo.NewCompany()))
	for _, test := range []struct {
		base  string
		scope int
		want  string
	}{
		{"ou=service," + demo.BaseDN, ldap.ScopeBaseObject, "ou=Service"},
		{"ou=service," + demo.BaseDN, ldap.ScopeSingleLevel, "cn=rollcall"},
		{"ou=service," + demo.BaseDN, ldap.ScopeWholeSubtree, "ou=Service cn=rollcall"},
		{"ou=service," + demo.BaseDN, ldap.ScopeChildren, "cn=rollcall"},
		{demo.PeopleDN, ldap.ScopeSingleLevel, "ou=Berlin ou=Paris ou=Kraków ou=Dublin ou=København"},
	} {
		r := request(test.base, "(objectClass=*)", "1.1")
		r.Scope = test.scope
		result, err := c.Search(r)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range result.Entries {
			first, _, _ := strings.Cut(e.DN, ",")
			got = append(got, first)
			if len(e.Attributes) > 0 {
				t.Errorf("%s: got attributes %v, want none", e.DN, e.Attributes)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("scope %d of %s: got %q, want %q", test.scope, test.base, got, test.want)
		}
	}
}

func TestAttributesAreThoseAskedFor(t *testing.T) {
	t.Parallel()
	c := signIn(t, serve(t, demo.NewCompany()))
	const chief = "(uid=sangstroem)"
	for _, test := range []struct {
		ask  []string
		want []string // some of these are there
		not  []string
	}{
		{nil, []string{"cn", "mail", "objectClass"}, []string{"entryUUID", "memberOf"}},
		{[]string{"MAIL", "unknown"}, []string{"mail"}, []string{"cn", "unknown"}},
		{[]string{"+"}, []string{"entryUUID", "memberOf", "modifyTimestamp"}, []string{"cn"}},
		{[]string{"*", "entryuuid"}, []string{"cn", "entryUUID"}, []string{"memberOf"}},
	} {
		e := one(t, c, chief, test.ask...)
		have := map[string]bool{}
		for _, a := range e.Attributes {
			have[a.Name] = true
		}
		for _, name := range test.want {
			if !have[name] {
				t.Errorf("asked for %q: %s is missing in %v", test.ask, name, have)
			}
		}
		for _, name := range test.not {
			if have[name] {
				t.Errorf("asked for %q: got %s", test.ask, name)
			}
		}
	}
	if e := one(t, c, "(cn=rollcall)", "*", "+", "userPassword"); e.GetAttributeValue("userPassword") != "" {
		t.Error("got a password")
	}
}

func TestRangesOfValues(t *testing.T) {
	t.Parallel()
	c := signIn(t, serve(t, demo.NewCompany()))
	const staff = "(cn=Engineering)"
	all := one(t, c, staff, "member").GetAttributeValues("member")
	var got []string
	for low := 0; ; {
		e := one(t, c, staff, fmt.Sprintf("member;range=%d-%d", low, low+24))
		a := e.Attributes[0]
		got = append(got, a.Values...)
		if strings.HasSuffix(a.Name, "-*") {
			break
		}
		low += len(a.Values)
	}
	if diff := cmp.Diff(all, got); diff != "" {
		t.Errorf("ranges put together differ from the whole (-want +got):\n%s", diff)
	}
	if e := one(t, c, staff, "member;range=9999-*"); len(e.Attributes) != 0 {
		t.Errorf("past the end: got %v, want no attribute", e.Attributes)
	}
}

func TestPagesPutTogetherAreTheWhole(t *testing.T) {
	t.Parallel()
	c := signIn(t, serve(t, demo.NewCompany()))
	whole := dns(find(t, c, "(objectClass=*)", "1.1"))
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.Uint32Range(1, 300).Draw(rt, "size")
		result, err := c.SearchWithPaging(request(demo.BaseDN, "(objectClass=*)", "1.1"), size)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(whole, dns(result.Entries)); diff != "" {
			rt.Errorf("pages of %d (-want +got):\n%s", size, diff)
		}
	})
}

func TestSizeLimitEndsASearchWithItsCode(t *testing.T) {
	t.Parallel()
	c := signIn(t, serve(t, demo.NewCompany()))
	r := request(demo.BaseDN, "(uid=*)", "1.1")
	r.SizeLimit = 10
	result, err := c.Search(r)
	if !ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) || len(result.Entries) != 10 {
		t.Errorf("got %d entries and %v, want 10 and size limit exceeded", len(result.Entries), err)
	}
}

func TestCutAfterEndsTheConnectionMidway(t *testing.T) {
	t.Parallel()
	d := demo.NewCompany()
	addr := serve(t, d)
	c := signIn(t, addr)
	d.CutAfter(25)
	var got []*ldap.Entry
	r := request(demo.BaseDN, "(uid=*)", "1.1")
	var err error
	for p := ldap.NewControlPaging(10); ; {
		r.Controls = []ldap.Control{p}
		var page *ldap.SearchResult
		if page, err = c.Search(r); page != nil {
			got = append(got, page.Entries...)
		}
		if err != nil {
			break
		}
		p = ldap.FindControl(page.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		p.PagingSize = 10
	}
	if !ldap.IsErrorWithCode(err, ldap.ErrorNetwork) && !strings.Contains(err.Error(), "EOF") || len(got) != 25 {
		t.Errorf("got %d entries and %v, want 25 and a broken connection", len(got), err)
	}
	d.CutAfter(0)
	if n := len(find(t, signIn(t, addr), "(uid=*)", "1.1")); n < 200 {
		t.Errorf("afterwards: got %d entries, want everybody", n)
	}
}

func TestRealLdapsearchReadsTheCompany(t *testing.T) {
	t.Parallel()
	lab.Require(t, "ldapsearch")
	addr := serve(t, demo.NewCompany())
	out, err := exec.Command("ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", "ldap://"+addr,
		"-D", demo.BindDN, "-w", demo.BindPassword, "-b", demo.PeopleDN, "-E", "pr=50/noprompt",
		"(&(objectClass=inetOrgPerson)(!(l=Dublin))(mail=*@brightwater.example))", "uid").CombinedOutput()
	if err != nil {
		t.Fatalf("ldapsearch: %v\n%s", err, out)
	}
	if got := strings.Count(string(out), "\nuid: "); got != 161 {
		t.Errorf("got %d people outside Dublin, want 161\n%s", got, out)
	}
}

func TestServeEndsWithItsContextAndLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- demo.NewCompany().Serve(ctx, l) }()
	c := signIn(t, l.Addr().String())
	cancel()
	if err := <-done; err != nil {
		t.Errorf("serve: got %v, want nil", err)
	}
	if _, err := c.Search(request(demo.BaseDN, "(uid=*)")); err == nil {
		t.Error("the connection still answers")
	}
}

// FuzzServerSurvives feeds the server bytes of a stranger; then it must still
// answer an honest client.
func FuzzServerSurvives(f *testing.F) {
	f.Add([]byte("0\x0c\x02\x01\x01`\x07\x02\x01\x03\x04\x00\x80\x00"))
	f.Add([]byte("0%\x02\x01\x02c \x04\x00\n\x01\x00\n\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass0\x00"))
	f.Add([]byte("0\x84\xff\xff\xff\xff"))
	d := demo.NewCompany()
	addr := serve(f, d)
	honest := signIn(f, addr)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write(data)
		_ = c.(*net.TCPConn).CloseWrite()
		drain(c)
		one(t, honest, "(uid=sangstroem)", "1.1")
	})
}

func drain(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 4096)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
	}
}

func dns(entries []*ldap.Entry) []string {
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.DN
	}
	return out
}
