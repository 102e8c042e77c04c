package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"rollcall/internal/report"
)

// release is set by the linker for a released build.
var release string

// version returns the release, or the commit that was built.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "development"
	}
	commit, modified := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			commit = s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = "+"
		}
	}
	if commit == "" {
		return "development"
	}
	return "development-" + commit + modified
}

type versionCmd struct{ data }

// Help is the manual's text.
func (versionCmd) Help() string {
	return `Prints the version of the program and of the compiler that built it.

Examples:

    rollcall version`
}

// Run carries the command out.
func (c *versionCmd) Run(p *program) error {
	if c.JSON {
		return report.WriteJSON(p.out, struct {
			Version  string `json:"version"`
			Go       string `json:"go"`
			Platform string `json:"platform"`
		}{version(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH})
	}
	_, err := fmt.Fprintf(p.out, "rollcall %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
