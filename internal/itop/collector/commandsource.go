package collector

import (
	"context"
	"errors"
	"os"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/internal/source/command"
)

// runCommand carries out the command of a section before its file is read. With
// command_timeout it is ended when it takes longer.
func (a *app) runCommand(ctx context.Context, t *task) error {
	line := t.section.Get("COMMAND").str()
	if line == "" {
		line = t.section.Get("command").str()
	}
	if line == "" {
		return nil
	}
	a.log.infof("Command: %s. Workdir: %s", line, a.env.Folder)
	if seconds := phpInt(t.section.Get("command_timeout").str()); seconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, time.Duration(seconds)*time.Second, errors.New("it took longer than command_timeout allows"))
		defer cancel()
	}
	var result command.Result
	var err error
	if keep := t.section.Get("command_output").str(); keep != "" {
		result, err = a.runInto(ctx, line, keep)
	} else {
		result, err = command.Run(ctx, line, a.env.Folder)
	}
	if err != nil {
		return err
	}
	a.log.infof("elapsed:%ds output: %s", int(result.Elapsed.Seconds()), result.Output)
	return nil
}

// runInto keeps what a command prints in a file, where the section's csv_file or
// jsonfile finds it.
func (a *app) runInto(ctx context.Context, line, path string) (command.Result, error) {
	path = a.inputPath(path)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return command.Result{}, rollcall.Errorf(rollcall.Invalid, "keep the output of the command: %w", err)
	}
	result, err := command.RunTo(ctx, line, a.env.Folder, f)
	return result, errors.Join(err, f.Close())
}
