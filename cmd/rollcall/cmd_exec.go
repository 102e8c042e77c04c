package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"rollcall/internal/itop/collector"
	"rollcall/internal/report"
)

type execCmd struct {
	Args []string `arg:"" optional:"" name:"option" help:"The options of exec.php, as they were."`
}

// Help is the manual's text.
func (execCmd) Help() string {
	return `Takes the place of "php exec.php" of iTop's stand-alone data collectors: run in the same folder, it
reads the same conf/params.local.xml, keeps the same data sources in iTop and uploads the same data.
A folder with only conf/params.local.xml works too.

    --configure_only        only create, check and update the data sources in iTop
    --collect_only          only collect into CSV files; iTop is not contacted
    --synchro_only          upload and synchronize the CSV files that are there
    --dump_config_only      print the effective configuration; passwords are masked
    --console_log_level=N   how much is logged: 3 errors … 6 information, 7 everything
    --eventissue_log_level=N  which records become EventIssue objects in iTop; -1 for none
    --max_chunk_size=N      rows per CSV file and upload; 0 for a single file
    --config_file=PATH      this file instead of conf/params.local.xml
    --check                 verify parameters, directory, iTop, rights and definitions; nothing changes
    --compare=FOLDER        collect, then compare the CSV files with those of another run
    --strict                behave as the original did wherever somebody could depend on it
    --log_format=json       a line of JSON for each record of the log

Exit codes are those of the original: 0 done, 1 failed; a synchronization with errors is a failure
here, and was none there (--strict).

Examples:

    cd /opt/itop-collector && rollcall exec
    rollcall exec --check --config_file=conf/staging.xml
    rollcall exec --compare=data-php`
}

// Run carries the command out.
func (c *execCmd) Run(ctx context.Context, p *program) error {
	folder, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the current folder: %w", err)
	}
	env := collector.Environment{Folder: folder, Out: p.out, Now: p.now}
	options := collector.ParseOptions(c.Args)
	if isTerminal(p.err) && isTerminal(p.out) && options.LogFormat == "" {
		line := &stepLine{w: p.err, now: p.now}
		env.Progress, env.Clear = line.show, line.clear
		defer line.clear()
	}
	if code := collector.Exec(ctx, env, options); code != exitDone {
		return ended{code: code}
	}
	return nil
}

// stepLine shows how far the present step is, on a line that the log's next one
// takes away.
type stepLine struct {
	w     io.Writer
	now   func() time.Time
	last  time.Time
	shown bool
}

func (l *stepLine) show(step string, done int) {
	const often = 100 * time.Millisecond
	if now := l.now(); now.Sub(l.last) >= often {
		l.last, l.shown = now, true
		count := ""
		if done > 0 {
			count = fmt.Sprintf(" %d", done)
		}
		fmt.Fprintf(l.w, "\r\x1b[K%s…%s", report.Printable(step), count)
	}
}

func (l *stepLine) clear() {
	if l.shown {
		fmt.Fprint(l.w, "\r\x1b[K")
		l.shown = false
	}
}
