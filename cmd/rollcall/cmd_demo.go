package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"rollcall/internal/demo"
	"rollcall/internal/directory"
	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
)

type demoCmd struct {
	Keep string `placeholder:"DIR" help:"Work in this folder and keep it; afterwards the directory answers until Ctrl-C, to play with."`
}

// Help is the manual's text.
func (demoCmd) Help() string {
	return `Starts an LDAP server inside the program with a sample company of some 200 people, and shows what
Rollcall does with it: it plans, syncs, lets a day pass in the directory, shows what changed and
why, and ends with a connection that is cut, and changes nothing. It needs nothing and leaves
nothing behind.

Examples:

    rollcall demo
    rollcall demo --keep /tmp/brightwater       and then, in another shell:
    rollcall -c /tmp/brightwater/rollcall.yaml plan`
}

// Run carries the command out.
func (c *demoCmd) Run(ctx context.Context, p *program) (err error) {
	folder := c.Keep
	if folder == "" {
		if folder, err = os.MkdirTemp("", "rollcall-demo-"); err != nil {
			return fmt.Errorf("make a folder for the demo: %w", err)
		}
		defer closing(func() error { return os.RemoveAll(folder) }, &err)
	} else if err := os.MkdirAll(folder, 0o750); err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("start the sample directory: %w", err)
	}
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	company := demo.NewCompany()
	go func() { served <- company.Serve(serving, l) }()
	defer closing(func() error { stop(); return <-served }, &err)

	s := &show{program: p, company: company, url: "ldap://" + l.Addr().String(), folder: folder}
	p.config, p.quiet = filepath.Join(folder, "rollcall.yaml"), true
	p.log = slog.New(slog.DiscardHandler) // its warnings are about a network that there is none of
	if err := s.play(ctx); err != nil {
		return err
	}
	if c.Keep == "" {
		s.say("\nThat was all; nothing of it is left. Your own directory is next:  rollcall init ldaps://…\n")
		return nil
	}
	s.say("\nKept in %s. The directory answers at %s until Ctrl-C; try\n  rollcall -c %s plan\n", folder, s.url, p.config)
	<-ctx.Done()
	return nil
}

// show is one performance of the demo.
type show struct {
	*program
	company *demo.Directory
	url     string
	folder  string
	number  int
}

func (s *show) say(format string, args ...any) { fmt.Fprintf(s.out, format, args...) }

// title begins a part.
func (s *show) title(text string) {
	s.number++
	line := fmt.Sprintf("%d. %s", s.number, text)
	if s.color {
		line = "\x1b[1m" + line + "\x1b[0m"
	}
	s.say("\n%s\n", line)
}

// play goes through the parts in order.
func (s *show) play(ctx context.Context) error {
	for _, part := range []func(context.Context) error{s.configure, s.arrive, s.spendDay, s.explain, s.cutOff} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// configure writes the configuration that init would write.
func (s *show) configure(ctx context.Context) error {
	s.title("A directory, and a configuration for it")
	found, err := propose(ctx, directory.Config{
		URLs: []string{s.url},
		Bind: directory.Bind{User: demo.BindDN, Password: demo.BindPassword},
	}, "", "")
	if err != nil {
		return err
	}
	found.Password = "${file:password}"
	if err := os.WriteFile(filepath.Join(s.folder, "password"), []byte(demo.BindPassword), 0o600); err != nil {
		return fmt.Errorf("write the demo's password: %w", err)
	}
	f, err := os.Create(s.program.config)
	if err != nil {
		return fmt.Errorf("write the demo's configuration: %w", err)
	}
	if err := errors.Join(writeDraft(f, initTemplate, found.draft()), f.Close()); err != nil {
		return err
	}
	s.say("   %s, with %d entries, at %s\n", demo.Company, s.company.Len(), s.url)
	s.say("   $ rollcall init %s\n", s.url)
	setup, err := s.load()
	if err != nil {
		return err
	}
	for i, src := range setup.sources {
		from := "written in the configuration"
		if written := setup.config.Sources[i]; written.Filter != "" {
			from = written.Filter
		}
		s.say("   source %-14s -> %-13s %s\n", src.Name, src.Class.Name, from)
	}
	return nil
}

// arrive plans and makes the first load.
func (s *show) arrive(ctx context.Context) (err error) {
	a, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	s.title("What a first run would do:  rollcall plan")
	if err := s.plan(ctx, a, shownOf{"persons": 1}); err != nil {
		return err
	}
	s.title("Let it happen:  rollcall sync")
	if _, err := s.sync(ctx, a); err != nil {
		return err
	}
	s.say("   The registry holds")
	separator := " "
	for _, name := range []string{"Organization", "Person", "UserLDAP", "URP_UserProfile", "Team", "lnkPersonToTeam"} {
		n, err := a.store.Count(ctx, a.model.Class(name))
		if err != nil {
			return err
		}
		s.say("%s%d %s", separator, n, name)
		separator = ", "
	}
	s.say(".\n   Once more:  ")
	result, err := a.sync(ctx, a.sources, engine.Options{Kind: "sync"})
	if err != nil {
		return err
	}
	s.say("%s: twice is once.\n", sumOf(&result.Run))
	return nil
}

// spendDay changes the directory and follows it.
func (s *show) spendDay(ctx context.Context) (err error) {
	a, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	s.title("A day passes in the directory")
	lines, err := demo.Day(s.company)
	if err != nil {
		return err
	}
	for _, line := range lines {
		s.say("   - %s\n", line)
	}
	s.title("What that means here:  rollcall plan")
	if err := s.plan(ctx, a, shownOf{"persons": 20, "users": 3}); err != nil {
		return err
	}
	s.title("Follow it:  rollcall sync")
	_, err = s.sync(ctx, a)
	return err
}

// explain tells one person's story.
func (s *show) explain(ctx context.Context) (err error) {
	a, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	const whom = "Saint-Clair"
	s.title(fmt.Sprintf("Why is it so:  rollcall why %s email", whom))
	var text strings.Builder
	inner := *s.program
	inner.out = &text
	a.program = &inner
	if err := (&whyCmd{Object: whom, Attribute: "email"}).tell(ctx, a); err != nil {
		return err
	}
	s.indent(text.String(), 30)
	return nil
}

// indent shows a text under a title, no more than so many lines of it.
func (s *show) indent(text string, most int) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		if i == most {
			s.say("   …\n")
			return
		}
		s.say("%s\n", strings.TrimRight("   "+line, " "))
	}
}

// cutOff breaks the connection in the middle of the read.
func (s *show) cutOff(ctx context.Context) (err error) {
	a, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	const after = 60 // entries
	s.title("The network fails in the middle of a read:  rollcall sync")
	before, err := a.digest(ctx)
	if err != nil {
		return err
	}
	s.company.CutAfter(after)
	_, failed := a.sync(ctx, a.sources, engine.Options{Kind: "sync"})
	s.company.CutAfter(0)
	if failed == nil {
		return rollcall.Errorf(rollcall.Internal, "the demo's connection was cut and the run did not notice")
	}
	s.say("   rollcall: %v\n", failed)
	now, err := a.digest(ctx)
	if err != nil {
		return err
	}
	if now != before {
		return rollcall.Errorf(rollcall.Internal, "the demo's registry changed in a run that failed: %s, was %s", now, before)
	}
	s.say("   Before: %s\n   After:  %s\n   Nobody was taken for gone: what is not read to its end says nothing about absence.\n", before, now)
	return nil
}
