package itopreplay_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/itop/collector"
	"rollcall/test/itopreplay"
	"rollcall/test/lab"
)

// recordings returns the folder of the recordings, beside the repository.
func recordings(t testing.TB) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "recordings")
	lab.RequireFile(t, "recordings", filepath.Join(dir, "README.md"))
	return dir
}

// between are the changes of the directory before a scenario.
var between = map[string]string{
	"c03-changed-removed-added-interval0": `dn: uid=u000001,ou=people,dc=example,dc=com
changetype: modify
replace: title
title: Directrice; "R&D", Zürich

dn: uid=u000002,ou=people,dc=example,dc=com
changetype: delete

dn: uid=u000021,ou=people,dc=example,dc=com
changetype: add
objectClass: inetOrgPerson
uid: u000021
cn: Zoë New
sn: New
givenName: Zoë
mail: u000021@example.com
title: Trainee

dn: cn=itop-Configuration Manager,ou=groups,dc=example,dc=com
changetype: modify
add: member
member: uid=u000001,ou=people,dc=example,dc=com
`,
	"c24-objects-in-error": `dn: uid=u000030,ou=people,dc=example,dc=com
changetype: add
objectClass: inetOrgPerson
uid: u000030
cn: No Given
sn: NoGiven
mail: u000030@example.com

dn: uid=u000031,ou=people,dc=example,dc=com
changetype: add
objectClass: inetOrgPerson
uid: u000031
cn: Bad Profile
sn: Bad
givenName: Profile
mail: u000031@example.com

dn: cn=itop-No Such Profile,ou=groups,dc=example,dc=com
changetype: add
objectClass: groupOfNames
cn: itop-No Such Profile
member: uid=u000031,ou=people,dc=example,dc=com
`,
}

// scenario is one recorded run of the collector.
type scenario struct {
	name string
	conf string // default when empty
	args []string
}

var scenarios = []scenario{
	{name: "c01-first-run"},
	{name: "c02-unchanged"},
	{name: "c03-changed-removed-added-interval0"},
	{name: "c04-removed-interval1s", conf: "interval1"},
	{name: "c05-back-to-interval0"},
	{name: "c06-wrong-password", conf: "badpwd"},
	{name: "c07-no-rest-profile", conf: "norest"},
	{name: "c08-restonly-account", conf: "restonly"},
	{name: "c09-definition-changed", conf: "changed"},
	{name: "c10-collect-only", args: []string{"--collect_only"}},
	{name: "c11-synchro-only", args: []string{"--synchro_only"}},
	{name: "c12-configure-only", args: []string{"--configure_only"}},
	{name: "c13-table-name-changed", conf: "table"},
	{name: "c14-contact-to-notify-and-synchro-user", conf: "notify"},
	{name: "c15-unknown-contact-and-synchro-user", conf: "notify-unknown"},
	{name: "c16-details-log-level-7", args: []string{"--console_log_level=7"}},
	{name: "c17-profiles-not-synchronized", conf: "noprofiles"},
	{name: "c18-wrong-url", conf: "badurl"},
	{name: "c19-ldap-bind-refused", conf: "badldap"},
	{name: "c20-chunks-of-7", args: []string{"--max_chunk_size=7"}},
	{name: "c21-login-mode-basic", conf: "basic"},
	{name: "c22-unknown-option", args: []string{"--foo=1"}},
	{name: "c23-dump-config-only", args: []string{"--dump_config_only"}},
	{name: "c24-objects-in-error"},
	{name: "c25-itop-in-maintenance"},
}

// difference is what a run may do otherwise than recorded: docs/differences.md
// has a line for each.
type difference struct {
	code int               // the exit code, where it differs
	rest bool              // the run ends before the last recorded request
	logs map[string]string // a recorded line to ours; empty: not said
	more []string          // lines that only we say
}

// always holds for both modes.
var always = map[string]difference{
	"c19-ldap-bind-refused": {logs: map[string]string{
		"[Error]\tldap_bind('cn=admin,dc=example,dc=com', 'wrong') FAILED (Invalid credentials).": "[Error]\tldap_bind('cn=admin,dc=example,dc=com', '***') FAILED (Invalid credentials).",
	}},
	"c25-itop-in-maintenance": {code: 1, rest: true},
}

// relaxed holds without strict.
var relaxed = map[string]difference{
	"c04-removed-interval1s": {code: 1, more: []string{
		"[Error]\tSynchronization of data source 'Synchro LDAP Person' answered: Objects deletion errors: 1",
	}, logs: map[string]string{"[Info]\tSynchronization of data source 'Synchro LDAP Person' succeeded.": ""}},
	"c15-unknown-contact-and-synchro-user": {more: []string{
		"[Warning]\tSynchro user (doesnotexist) not found in iTop. Only administrators will be allowed to run the synchronization.",
	}},
	"c16-details-log-level-7": {more: []string{"[Debug]\tiTop does not say what it has: not in the recording (1)"}},
	"c19-ldap-bind-refused": {logs: map[string]string{
		"[Error]\tldap_bind('cn=admin,dc=example,dc=com', 'wrong') FAILED (Invalid credentials).": "[Error]\tldap_bind('cn=admin,dc=example,dc=com', '***') FAILED (Invalid credentials: bind to %LDAP% as cn=admin,dc=example,dc=com: the user or the password is wrong: invalidCredentials (49)).",
	}},
	"c24-objects-in-error": {code: 1, more: []string{
		"[Error]\tSynchronization of data source 'Synchro LDAP Person' answered: Objects creation errors: 1",
		"[Error]\tSynchronization of data source 'Synchro Users from LDAP' answered: Objects creation errors: 1",
	}, logs: map[string]string{
		"[Info]\tSynchronization of data source 'Synchro LDAP Person' succeeded.":     "",
		"[Info]\tSynchronization of data source 'Synchro Users from LDAP' succeeded.": "",
	}},
}

func TestRecordedRunsReplay(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"strict", "relaxed"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			replayAll(t, mode == "strict")
		})
	}
}

func replayAll(t *testing.T, strict bool) {
	dir := recordings(t)
	slapd := lab.Slapd(t, lab.SlapdConfig{BaseDN: "dc=example,dc=com"})
	ldif := readFile(t, filepath.Join(dir, "dir20.ldif"))
	_, people, _ := strings.Cut(ldif, "\n\n") // the base entry is there
	slapd.Add(people)
	folder := t.TempDir()
	for _, s := range scenarios {
		ok := t.Run(s.name, func(t *testing.T) {
			if change, ok := between[s.name]; ok {
				slapd.Modify(change)
			}
			diff := always[s.name]
			if d, ok := relaxed[s.name]; ok && !strict {
				diff = d
			}
			replay(t, replayed{dir, folder, slapd, strict, s, diff})
		})
		if !ok {
			return // the next one builds on what this one left
		}
	}
}

type replayed struct {
	dir, folder string
	slapd       *lab.SlapdServer
	strict      bool
	scenario
	difference
}

func replay(t *testing.T, r replayed) {
	server := itopreplay.Start(t, itopreplay.Load(t, filepath.Join(r.dir, r.name+".json")), func(e itopreplay.Exchange) bool {
		return !r.strict && isAttributeUpdate(e)
	}, func(class, query string) bool { return !r.strict && isQuestionOfOurs(class, query) })
	conf := r.conf
	if conf == "" {
		conf = "default"
	}
	text := readFile(t, filepath.Join(r.dir, "conf", conf+".xml"))
	for old, now := range map[string]string{
		"http://127.0.0.1:8089": server.URL, "ldap://127.0.0.1:3890": r.slapd.LDAP,
		"<ldappassword>admin<": "<ldappassword>" + r.slapd.Password + "<",
	} {
		text = strings.ReplaceAll(text, old, now)
	}
	writeFile(t, filepath.Join(r.folder, "conf", "params.local.xml"), text)
	var out bytes.Buffer
	options := collector.ParseOptions(r.args)
	options.Strict = r.strict
	code := collector.Exec(t.Context(), collector.Environment{Folder: r.folder, Out: &out, Now: time.Now}, options)

	mask := strings.NewReplacer(r.folder, "%APPROOT%", server.URL, "http://127.0.0.1:8089", r.slapd.LDAP, "%LDAP%")
	recorded := readFile(t, filepath.Join(r.dir, "logs", r.name+".log"))
	wantCode := recordedCode(t, recorded)
	if r.code != 0 {
		wantCode = r.code
	}
	if code != wantCode {
		t.Errorf("exit code %d, want %d\n%s", code, wantCode, out.String())
	}
	for _, skipped := range server.Skipped() {
		if !r.rest && (r.strict || !strings.HasPrefix(skipped, "core/update SynchroAtt")) {
			t.Errorf("the recorded request was not sent: %s", skipped)
		}
	}
	want := expectedLog(strings.ReplaceAll(recorded, "ldap://127.0.0.1:3890", "%LDAP%"), r.difference, r.strict)
	if got := logLines(mask.Replace(out.String())); !r.rest {
		if d := cmp.Diff(want, without(got, r.more)); d != "" {
			t.Errorf("log (-recorded +ours):\n%s", d)
		}
		for _, line := range r.more {
			if !strings.Contains(strings.Join(got, "\n"), line) {
				t.Errorf("the log lacks %q:\n%s", line, strings.Join(got, "\n"))
			}
		}
	}
}

// isAttributeUpdate reports whether a request writes an attribute of a data
// source, which we leave out where it would change nothing.
func isAttributeUpdate(e itopreplay.Exchange) bool {
	return strings.HasPrefix(itopreplay.Describe(e), "core/update SynchroAtt")
}

// isQuestionOfOurs reports whether a query is one by which we find out what need
// not be asked or sent. The recorded iTop does not answer them, and then a run must
// go the recorded way.
func isQuestionOfOurs(class, query string) bool {
	switch class {
	case "User", "Contact", "SynchroDataSource", "SynchroReplica":
		return true
	}
	return class == "SynchroAttribute" && strings.Contains(query, " JOIN ")
}

var (
	stamp    = regexp.MustCompile(`(?m)^\[[^\]]*\]\t`)
	exitLine = regexp.MustCompile(`(?m)^exit code: ([0-9]+)\n?`)
)

func recordedCode(t *testing.T, log string) int {
	m := exitLine.FindStringSubmatch(log)
	if m == nil {
		t.Fatal("the recorded log has no exit code")
	}
	code := 0
	for _, c := range m[1] {
		code = code*10 + int(c-'0')
	}
	return code
}

// moreControls are those of the overlays that the laboratory's slapd has and the
// recorded one had not.
var moreControls = regexp.MustCompile(`Supported controls: .*?(LDAP_CONTROL_PROXY_AUTHZ)`)

// logLines cuts a log into lines without their times.
func logLines(log string) []string {
	log = moreControls.ReplaceAllString(log, "Supported controls: $1")
	return strings.Split(strings.TrimRight(stamp.ReplaceAllString(log, ""), "\n"), "\n")
}

// secretLine is a parameter that is masked in our dumps.
var secretLine = regexp.MustCompile(`^(  <(?:itop_password|ldappassword|itop_token)>)[^<]+(<)`)

// expectedLog is a recorded log as ours should be.
func expectedLog(recorded string, d difference, strict bool) []string {
	var lines []string
	for _, line := range logLines(exitLine.ReplaceAllString(recorded, "")) {
		if now, ok := d.logs[line]; ok {
			if line = now; line == "" {
				continue
			}
		}
		switch {
		case strings.HasPrefix(line, "PHP Warning:"):
			continue
		// There is no PHP and none of its extensions to be checked.
		case strings.HasPrefix(line, "[Debug]\tOK, the required"):
			continue
		// Only attributes that differ are written.
		case !strict && strings.HasPrefix(line, "[Debug]\tUpdating attribute"):
			continue
		case strings.HasPrefix(line, "php exec.php["):
			line = strings.TrimRight(collector.Usage[strings.IndexByte(collector.Usage, '\n')+1:], "\n")
		case strings.Contains(line, "ldap_bind('cn=admin,dc=example,dc=com', 'admin')"):
			line = strings.Replace(line, "'admin')", "'***')", 1)
		}
		// The defaults are built in here, where the original has files of them.
		for _, file := range []string{"conf/params.distrib.xml", "collectors/params.distrib.xml"} {
			line = strings.Replace(line, ". %APPROOT%/"+file, ". (built in) "+file, 1)
		}
		lines = append(lines, secretLine.ReplaceAllString(line, "$1***$2"))
	}
	return lines
}

func without(lines, drop []string) []string {
	var kept []string
	for _, line := range lines {
		found := false
		for _, d := range drop {
			found = found || line == d
		}
		if !found {
			kept = append(kept, line)
		}
	}
	return kept
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
