package baddays

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"rollcall/test/lab"
)

// The exit codes, as the manual lists them.
const (
	done     = 0
	failed   = 1
	usage    = 2
	problems = 3
	stopped  = 5
)

// office is one installation of the program: a folder with a configuration and
// a database, and the environment that it runs in.
type office struct {
	t      testing.TB
	dir    string
	Config setting // written by configure
	env    []string
}

// setting is what differs between the configurations of the tests. Its zero
// value, but for URL, is a sound configuration.
type setting struct {
	URL       string
	UsersURL  string // where the accounts are read; URL when empty
	BindDN    string
	Base      string
	Directory string // further lines of the directory
	Filter    string
	Key       string
	Manager   string // the rule of manager_id
	Persons   string // further attributes of persons
	Limits    string
	PageSize  int // 20 when 0
	NoUsers   bool
	Wait      string // for an answer; a minute when empty, whatever else the machine does
}

const password = "CORP_PASSWORD" // the variable that holds it

var written = template.Must(template.New("rollcall.yaml").Parse(`store: rollcall.db
directories:
  corp: &corp
    url: {{.URL}}
    bind: {dn: "{{.BindDN}}", password: "${env:` + password + `}"}
    base: {{printf "%q" .Base}}
    page_size: {{or .PageSize 20}}
    timeouts: {connect: {{or .Wait "1m"}}, idle: {{or .Wait "1m"}}}
{{- with .Directory}}
    {{.}}
{{- end}}
{{- if .UsersURL}}
  accounts:
    <<: *corp
    url: {{.UsersURL}}
{{- end}}
sources:
  organizations:
    class: Organization
    inline:
      main: {name: Example}
    attributes:
      name: {from: name, reconcile: true}
    gone: {then: ignore}
  persons:
    class: Person
    directory: corp
    filter: {{printf "%q" .Filter}}
    key: {{.Key}}
    attributes:
      name:       {from: sn, reconcile: true}
      first_name: {from: givenName, reconcile: true, default: "-"}
      email:      {from: mail, reconcile: true}
      function:   {from: title}
      org_id:     {value: Example, by: name}
      manager_id: {{.Manager}}
{{- with .Persons}}
      {{.}}
{{- end}}
    gone:   {after: 0d, then: update, set: {status: inactive}}
    limits: {{.Limits}}
{{- if not .NoUsers}}
  users:
    class: UserLDAP
    directory: {{if .UsersURL}}accounts{{else}}corp{{end}}
    filter: {{printf "%q" .Filter}}
    key: {{.Key}}
    attributes:
      login:     {from: uid, reconcile: true}
      contactid: {from: dn, by: dn, source: persons}
      status:    {value: enabled}
      language:  {value: EN US}
    profiles: {pattern: '^CN=itop-([^,]+),', default: Portal user}
    gone:   {after: 0d, then: update, set: {status: disabled}}
    limits: {{.Limits}}
{{- end}}
`))

// newOffice makes an installation that reads a directory as somebody whose
// password is given.
func newOffice(t testing.TB, s setting, secret string) *office {
	t.Helper()
	o := &office{t: t, dir: t.TempDir(), Config: s}
	o.env = append(os.Environ(), password+"="+secret, "NO_COLOR=1")
	o.configure()
	return o
}

// officeAt is newOffice for a server of the lab, reached at an URL.
func officeAt(t testing.TB, s *lab.SlapdServer, url string) *office {
	t.Helper()
	return newOffice(t, setting{URL: url, BindDN: s.ReaderDN, Base: "ou=people," + s.BaseDN}, s.Password)
}

// configure writes the configuration.
func (o *office) configure() {
	o.t.Helper()
	s := o.Config
	for _, d := range []struct {
		into  *string
		value string
	}{
		{&s.BindDN, "cn=reader,dc=example,dc=org"}, {&s.Base, "ou=people,dc=example,dc=org"},
		{&s.Filter, "(objectClass=inetOrgPerson)"}, {&s.Key, "entryUUID"}, {&s.Limits, "{gone: 20%}"},
		{&s.Manager, "{from: manager, by: dn}"},
	} {
		if *d.into == "" {
			*d.into = d.value
		}
	}
	var text bytes.Buffer
	if err := written.Execute(&text, s); err != nil {
		o.t.Fatal(err)
	}
	o.write("rollcall.yaml", text.String())
}

// reconfigure changes the configuration and writes it.
func (o *office) reconfigure(change func(*setting)) {
	o.t.Helper()
	change(&o.Config)
	o.configure()
}

func (o *office) path(name string) string { return filepath.Join(o.dir, name) }

func (o *office) write(name, text string) {
	o.t.Helper()
	if err := os.WriteFile(o.path(name), []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) read(name string) string {
	o.t.Helper()
	text, err := os.ReadFile(o.path(name))
	if err != nil {
		o.t.Fatal(err)
	}
	return string(text)
}

// outcome is how one command ended.
type outcome struct {
	t      testing.TB
	args   string
	code   int // -1: a signal
	stdout string
	stderr string
	began  time.Time
	took   time.Duration
}

// longest is how long a command may take, whatever is wrong.
const longest = 30 * time.Second

// command prepares a command without starting it.
func (o *office) command(args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = o.dir, o.env
	return cmd
}

// run runs a command to its end.
func (o *office) run(args ...string) *outcome {
	o.t.Helper()
	return o.finish(o.start(o.command(args...)))
}

// running is a command in progress.
type running struct {
	cmd            *exec.Cmd
	stdout, stderr *bytes.Buffer
	began          time.Time
}

func (o *office) start(cmd *exec.Cmd) *running {
	o.t.Helper()
	r := &running{cmd: cmd, stdout: new(bytes.Buffer), stderr: new(bytes.Buffer), began: time.Now()}
	cmd.Stdout, cmd.Stderr = r.stdout, r.stderr
	if err := cmd.Start(); err != nil {
		o.t.Fatal(err)
	}
	return r
}

func (o *office) finish(r *running) *outcome {
	o.t.Helper()
	late := time.AfterFunc(longest, func() { _ = r.cmd.Process.Signal(syscall.SIGQUIT) })
	defer late.Stop()
	err := r.cmd.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		o.t.Fatal(err)
	}
	hear(r.stdout.String() + r.stderr.String())
	return &outcome{
		t: o.t, args: strings.Join(r.cmd.Args[1:], " "), code: r.cmd.ProcessState.ExitCode(),
		stdout: r.stdout.String(), stderr: r.stderr.String(), began: r.began, took: time.Since(r.began),
	}
}

// sync runs a sync that must end well.
func (o *office) sync() *outcome {
	o.t.Helper()
	return o.run("sync").ended(done)
}

// ended checks the exit code.
func (r *outcome) ended(code int) *outcome {
	r.t.Helper()
	if r.code != code {
		r.t.Fatalf("rollcall %s: got exit code %d, want %d\n%s%s", r.args, r.code, code, r.stdout, r.stderr)
	}
	return r
}

// says checks that the error is told in one line that contains some texts.
func (r *outcome) says(texts ...string) *outcome {
	r.t.Helper()
	sentence := r.sentence()
	for _, text := range texts {
		if !strings.Contains(sentence, text) {
			r.t.Errorf("rollcall %s: got %q, want it to say %q", r.args, sentence, text)
		}
	}
	r.t.Logf("rollcall %s: exit %d: %s", r.args, r.code, sentence)
	return r
}

// shows checks that the report on standard output contains some texts.
func (r *outcome) shows(texts ...string) *outcome {
	r.t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.stdout, text) {
			r.t.Errorf("rollcall %s: the report does not show %q:\n%s", r.args, text, r.stdout)
		}
	}
	return r
}

// aside is what standard error holds besides: progress, and what the program
// thinks of the configuration.
var aside = regexp.MustCompile(`(?m)^((organizations|persons|users): [a-z]+: |[0-9:]{8} WRN look at the configuration ).*\n`)

// sentence returns what the program says on standard error: one line.
func (r *outcome) sentence() string {
	r.t.Helper()
	said := strings.TrimSpace(aside.ReplaceAllString(r.stderr, ""))
	if !strings.HasPrefix(said, "rollcall: ") || strings.Contains(said, "\n") {
		r.t.Errorf("rollcall %s: standard error holds more or less than one sentence:\n%s", r.args, r.stderr)
	}
	return said
}
