package collector_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/test/lab"
)

// Persons and users are read at the same time, and with one filter in one search;
// neither files nor log show it.
func TestReadingAheadShowsNowhere(t *testing.T) {
	t.Parallel()
	s := newOffice(t)
	const persons, users = "iTopPersonLDAPCollector", "iTopUserLDAPCollector"
	signIn := func(uri string) []string {
		return []string{
			"[Debug]\tldap_connect('" + uri + "')...", "[Debug]\tldap_bind('" + s.AdminDN + "', '***')...", "[Debug]\tldap_bind() Ok.",
			"[Info]\tPagination of results is supported by the LDAP server.", "[Info]\tResults will be retrieved by pages of 1000 elements.",
		}
	}
	part := func(uri, class, search, counted string) []string {
		lines := []string{
			"[Info]\t" + class + " beginning of data collection...",
			"[Debug]\tErasing previous data file. unlink('%APPROOT%//data/" + class + "-1.csv') returned true",
		}
		return append(append(lines, signIn(uri)...), "[Debug]\tldap_search('"+s.BaseDN+"', '"+search+")...", "[Info]\t("+counted+") Number of entries found on LDAP: 3")
	}
	end := func(class string) []string {
		return []string{"[Info]\tWriting to file '%APPROOT%//data/" + class + "-1.csv'.", "[Info]\t" + class + " end of data collection."}
	}
	for name, c := range map[string]struct {
		more, filter string
		connections  int
	}{
		"two searches": {filter: "(&(objectClass=person)(mail=*))", connections: 2},
		"one search":   {more: "<ldapuserfilter>(objectClass=person)</ldapuserfilter>", filter: "(objectClass=person)", connections: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, proxy := newFolder(t), lab.Proxy(t, s.Addr)
			settings := directory(s) + "<ldapuri>" + proxy.URL() + "</ldapuri><console_log_level>7</console_log_level>" + c.more
			f.params(settings)
			f.want(0, nil, "--collect_only")
			before := proxy.Connections()
			_, log := f.exec("--collect_only")
			if got := proxy.Connections() - before; got != c.connections {
				t.Errorf("%d connections, want %d", got, c.connections)
			}
			var got []string
			for line := range strings.Lines(log[strings.Index(log, "[Info]\t"+persons+" beginning"):]) {
				if !strings.Contains(line, "Supported controls") {
					got = append(got, strings.TrimSuffix(line, "\n"))
				}
			}
			want := slices.Concat(
				part(proxy.URL(), persons, "(objectClass=person)', ['uid', 'sn', 'givenname', 'mail', 'telephonenumber', 'mobile', 'title', 'employeenumber']", "Persons"), end(persons),
				part(proxy.URL(), users, c.filter+"', ['uid', 'uid', 'mail']", "Users"),
				[]string{"[Warning]\tSkipping row #2 because of lack of primary key. Is uid the right field to use as a primary key?"}, end(users),
			)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the log (-want +got):\n%s", diff)
			}
			if got, want := f.read("data/"+users+"-1.csv"), "primary_key;language;login;contactid;profile_list\n"+
				"ann;\"EN US\";ann;ann@example.org;\"profileid->name:Portal user\"\nbob;\"EN US\";bob;bob@example.org;\"profileid->name:Portal user\"\n"; got != want {
				t.Errorf("users (-want +got):\n%s", cmp.Diff(want, got))
			}

			// When the first of them fails, the other leaves what was there.
			for what, fault := range map[string]struct {
				more  string
				fault lab.Fault
			}{
				"a bad filter":    {"<ldappersonfilter>(broken</ldappersonfilter><ldapuserfilter>(broken</ldapuserfilter>", lab.Fault{}},
				"cut in mid-page": {"<page_size>1</page_size>", lab.Fault{CutPages: 2}},
			} {
				f.write("data/"+users+"-1.csv", "kept")
				f.params(settings + fault.more)
				proxy.Set(fault.fault)
				f.want(1, []string{persons + "::Prepare() returned false"}, "--collect_only")
				if got := f.read("data/" + users + "-1.csv"); got != "kept" || f.has("data/"+users+"-1.csv.part") || f.has("data/"+persons+"-1.csv.part") {
					t.Errorf("%s: got %q, or parts of files; want the users' file as it was", what, got)
				}
			}
		})
	}
}

// What fails of the second of two collectors that share a search is told in its
// turn; the first one's files stand.
func TestASharedSearchFailsForOneAlone(t *testing.T) {
	t.Parallel()
	s := newOffice(t)
	f := newFolder(t)
	f.definition("Names", "name*")
	f.definition("Others", "name*")
	section := func(class, from string) string {
		return "<" + class + "><ldapfilter>(objectClass=person)</ldapfilter><fields><primary_key>uid</primary_key><name>" + from + "</name></fields></" + class + ">"
	}
	f.write("data/Others-1.csv", "stale")
	f.write("data/Others-2.csv.part/in-the-way", "")
	f.params(directory(s) + "<max_chunk_size>1</max_chunk_size>" + sequence("Names", "Others") + section("Names", "sn") + section("Others", "givenName"))
	log := f.want(1, []string{
		"Names end of data collection.\n[Info]\tOthers beginning", "Writing to file '%APPROOT%//data/Others-2.csv'.\n",
		"[Error]\tOthers::Collect() got an exception: Unable to open the file '%APPROOT%//data/Others-2.csv' for writing.",
	}, "--collect_only")
	if got := f.read("data/Names-2.csv"); got != "primary_key;name\nbob;Boss\n" {
		t.Errorf("names: got %q:\n%s", got, log)
	}
	if f.has("data/Others-1.csv") || f.has("data/Others-1.csv.part") {
		t.Error("something was left of the collector that failed")
	}
}
