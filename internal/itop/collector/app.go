package collector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rollcall/internal/itop/client"
	"rollcall/internal/rollcall"
)

// The exit codes, those of the original.
const (
	exitDone   = 0
	exitFailed = 1
)

// Environment is the world outside a run.
type Environment struct {
	Folder string // the application's: conf, collectors and data lie there
	Out    io.Writer
	Now    func() time.Time
	// Progress shows how far a long step is; nil shows nothing. Clear takes what
	// it shows away before a line of the log.
	Progress func(step string, done int)
	Clear    func()
}

// app is one run of exec.
type app struct {
	env     Environment
	options Options
	params  *Parameters
	log     *logger
	strict  bool
	chunk   int
	data    string // the folder of the CSV files, with one slash at its end
	project string
	version string
	client  *client.Client
	rest    *rest

	step    string // of the run, for EventIssue
	current string // the collector at work
	tasks   []*task
	contact string // id of the contact to notify
	user    string // id of the synchro user
}

// Exec carries out one command line of exec and returns the exit code.
func Exec(ctx context.Context, env Environment, o Options) int {
	if env.Now == nil {
		env.Now = time.Now
	}
	a := &app{env: env, options: o, contact: "0", user: "0"}
	a.log = &logger{out: env.Out, now: env.Now, level: levelInfo, format: "[Y-m-d H:i:s]", eventLevel: -1, json: o.LogFormat == "json", before: env.Clear}
	if len(o.unknown) > 0 {
		a.log.errorf("Unknown parameter(s): %s", strings.Join(o.unknown, " "))
		fmt.Fprint(env.Out, Usage)
		return exitFailed
	}
	if o.LogFormat != "" && o.LogFormat != "json" && o.LogFormat != "text" {
		a.log.errorf("Unknown parameter(s): --log_format=%s (text or json)", o.LogFormat)
		return exitFailed
	}
	if o.Help {
		fmt.Fprint(env.Out, Usage)
		return exitFailed
	}
	err := a.run(ctx)
	if a.client != nil {
		a.client.Close()
	}
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil:
		a.log.errorf("Interrupted; what was not uploaded yet is not uploaded.")
	case !errors.Is(err, errLogged):
		a.log.errorf("Exception: %s", err)
	}
	return exitFailed
}

// run is the sequence of a run.
func (a *app) run(ctx context.Context) error {
	if err := a.configure(); err != nil {
		return err
	}
	a.project, a.version = module(a.env.Folder)
	if a.version == "" {
		a.version = "1.0.0"
		if hasOwnCollectors(a.env.Folder) {
			a.log.infof("Please create a 'module.*.php' file in 'collectors' folder in order to define the version of collectors")
		}
	}
	if err := a.plan(ctx); err != nil {
		return err
	}
	if a.options.DumpConfigOnly {
		_, err := io.WriteString(a.env.Out, a.params.describe())
		return err
	}
	a.log.debugf("%s", a.params.describe())
	if err := a.register(); err != nil {
		return err
	}
	if a.options.Check {
		return a.check(ctx)
	}
	if a.options.Compare != "" {
		if err := a.comparable(a.options.Compare); err != nil {
			return err
		}
	}
	if err := a.phases(ctx); err != nil {
		return err
	}
	if a.options.Compare != "" {
		return a.compare(a.options.Compare)
	}
	return nil
}

// phases configures everything, then collects everything, then synchronizes
// everything.
func (a *app) phases(ctx context.Context) error {
	o := a.options
	if o.Compare != "" {
		o.CollectOnly, o.ConfigureOnly, o.SynchroOnly = true, false, false
	}
	if !o.CollectOnly {
		if err := a.checkModules(ctx); err != nil {
			return err
		}
		if !o.SynchroOnly && !o.ConfigureOnly {
			a.readWhileAsking(ctx)
		}
		if err := a.configureSources(ctx); err != nil {
			for _, t := range a.tasks {
				t.ahead.abandon()
			}
			return err
		}
	}
	if !o.SynchroOnly && !o.ConfigureOnly {
		if err := a.collect(ctx); err != nil {
			return err
		}
	}
	if !o.ConfigureOnly && !o.CollectOnly {
		return a.synchronize(ctx)
	}
	return nil
}

// configure loads the parameters and what every run needs of them.
func (a *app) configure() error {
	var err error
	if a.params, err = LoadParameters(a.env.Folder, a.options.ConfigFile); err != nil {
		return err
	}
	p := a.params
	a.strict = a.options.Strict || isYes(p.Text("strict", ""))
	a.log.format = p.Text("console_log_dateformat", a.log.format)
	a.log.level = choose(a.options.LogLevel, p, "console_log_level", levelInfo)
	a.log.eventLevel = choose(a.options.EventLevel, p, "eventissue_log_level", -1)
	a.chunk = choose(a.options.ChunkSize, p, "max_chunk_size", 1000)
	if p.Text("log_format", "") == "json" {
		a.log.json = true
	}
	a.log.event = a.makeEvent
	for _, note := range renamed(p) {
		a.log.noticef("%s", note)
	}
	return a.openData()
}

// choose returns a number of the command line, else of the parameters.
func choose(option string, p *Parameters, name string, fallback int) int {
	if option != "" {
		return phpInt(option)
	}
	return p.Int(name, fallback)
}

// openData makes the folder of the CSV files.
func (a *app) openData() error {
	path := a.params.Text("data_path", "%APPROOT%/data/")
	a.data = strings.TrimRight(strings.ReplaceAll(path, "%APPROOT%", a.env.Folder+"/"), "/") + "/"
	if a.options.DumpConfigOnly {
		return nil
	}
	if err := os.MkdirAll(a.data, 0o700); err != nil {
		return rollcall.Errorf(rollcall.Invalid, "Failed to create data_path: '%s'. Either create the directory yourself or make sure that the script has enough rights to create it.", a.data)
	}
	return nil
}

// connect makes the client of iTop when it is first needed.
func (a *app) connect() (*rest, error) {
	if a.rest != nil {
		return a.rest, nil
	}
	options, err := a.params.Hash("curl_options")
	if err != nil {
		return nil, err
	}
	list := make([]client.CurlOption, 0, options.Len())
	for _, k := range options.Keys {
		list = append(list, client.CurlOption{Name: k, Value: options.Get(k).str()})
	}
	curl, notes, err := client.ParseCurl(list)
	if err != nil {
		return nil, err
	}
	for _, note := range notes {
		a.log.warningf("%s", note)
	}
	p := a.params
	retries := p.Int("itop_retries", 2)
	if a.strict {
		retries = 0
	}
	a.client, err = client.New(client.Config{
		URL: p.Text("itop_url", ""), Login: p.Text("itop_login", ""), Password: rollcall.Secret(p.Text("itop_password", "")),
		Token: rollcall.Secret(p.Text("itop_token", "")), LoginMode: p.Text("itop_login_mode", ""),
		SynchroTimeout: time.Duration(p.Int("itop_synchro_timeout", 600)) * time.Second,
		Curl:           curl, Retries: retries,
		Status: func(code int, url, body string) {
			a.log.errorf("HTTP error %d returned from URL: %s\n    response: %s", code, url, body)
		},
	})
	if err != nil {
		return nil, err
	}
	a.rest = &rest{client: a.client, log: a.log}
	return a.rest, nil
}

// makeEvent creates an EventIssue object for a record of the log. Failing to is
// no error.
func (a *app) makeEvent(message string) {
	r, err := a.connect()
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	fields := newObject().Set("message", message).Set("userinfo", "Collector").Set("issue", a.step+"-"+a.current).Set("impact", a.project)
	_, err = r.create(ctx, "EventIssue", fields, fmt.Sprintf("create event issue from collector %s execution.", a.current))
	if err != nil {
		a.log.write(levelWarning, fmt.Sprintf("The EventIssue could not be created: %s", err))
	}
}

// stem returns the beginning of the paths of a collector's files.
func (a *app) stem(name string) string { return a.data + name }

// debugFile returns the path of a debug file, which the original keeps beside
// the application whatever data_path says.
func (a *app) debugFile(name string) string { return filepath.Join(a.env.Folder, "data", name) }
