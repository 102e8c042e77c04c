package main

import (
	"context"
	"fmt"
	"os"

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
		bar := &stepBar{bar: report.NewProgress(p.err, true, p.now)}
		env.Progress, env.Clear = bar.show, bar.clear
		defer bar.clear()
	}
	if code := collector.Exec(ctx, env, options); code != exitDone {
		return ended{code: code}
	}
	return nil
}

// stepBar shows the steps of a run.
type stepBar struct {
	bar  *report.Progress
	step string
	done int
}

func (b *stepBar) show(step string, done int) {
	if step != b.step {
		b.step, b.done = step, 0
		b.bar.Step(step, 0)
	}
	b.bar.Add(done - b.done)
	b.done = done
}

func (b *stepBar) clear() { b.bar.Done() }
