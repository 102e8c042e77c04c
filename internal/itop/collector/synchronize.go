package collector

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"rollcall/internal/itop/client"
	"rollcall/internal/rollcall"
)

// synchronize uploads the files of every collector and runs its data source.
// A collector that fails does not keep the next from its turn, unless
// stop_on_synchro_error says so.
func (a *app) synchronize(ctx context.Context) error {
	a.step = "Synchronize"
	defer func() { a.step, a.current = "", "" }()
	stop := a.params.Text("stop_on_synchro_error", "no")
	failed := false
	for _, t := range a.tasks {
		a.current = t.class
		err := a.synchronizeOne(ctx, t)
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return err
		}
		if !errors.Is(err, errLogged) {
			if a.strict {
				return err
			}
			a.log.errorf("Exception: %s", err)
		}
		failed = true
		if stop == "yes" {
			return errLogged
		}
		if stop != "no" {
			a.log.warningf("Unexpected value '%s' for the parameter 'stop_on_synchro_error'. Will NOT stop on error. The expected values for this parameter are 'yes' or 'no'.", stop)
		}
	}
	if failed && !a.strict {
		return errLogged
	}
	return nil
}

func (a *app) synchronizeOne(ctx context.Context, t *task) error {
	if a.wasInterrupted(t) {
		return rollcall.Errorf(rollcall.Stopped, "the last collection of %s was interrupted, so its files are not everything: collect again", t.label)
	}
	if a.hasLookups(t) {
		if err := a.postProcess(ctx, t); err != nil {
			return err
		}
	}
	if err := a.send(ctx, t); err != nil {
		return err
	}
	a.log.infof("Starting synchronization of the data source '%s'...", t.sds.name)
	answer, err := a.client.Exec(ctx, t.sds.id)
	if err != nil {
		return err
	}
	if !a.readExec(t.sds.name, answer) {
		return errLogged
	}
	a.log.infof("Synchronization of data source '%s' succeeded.", t.sds.name)
	return nil
}

// wasInterrupted reports whether a collection was killed before its files had
// their names: what there is may be a part, which must not be taken for all.
func (a *app) wasInterrupted(t *task) bool {
	if a.strict {
		return false
	}
	return len(numbered(a.stem(t.label), ".csv"+partSuffix))+len(numbered(a.stem(t.label+".raw"), ".csv"+partSuffix)) > 0
}

// upload sends one file.
func (a *app) upload(ctx context.Context, t *task, file string) error {
	a.log.infof("Uploading data file '%s'", file)
	if a.env.Progress != nil {
		a.env.Progress(t.label+": upload "+filepath.Base(file), 0)
	}
	output := "retcode"
	if a.log.level == levelDebug {
		output = "details"
	}
	before := a.log.errors
	text, err := a.client.Import(ctx, client.Form{
		{Name: "separator", Value: ";"}, {Name: "data_source_id", Value: t.sds.id}, {Name: "synchronize", Value: "0"},
		{Name: "no_stop_on_import_error", Value: "1"}, {Name: "output", Value: output},
		{Name: "csvdata", File: file}, {Name: "charset", Value: charset(t)}, {Name: "date_format", Value: dateFormat(t)},
	})
	if err != nil {
		return err
	}
	text = strings.TrimSpace(stripTags(text))
	count := importCount(text, output)
	// An HTTP error was logged before; its body proves nothing, even when it is 0.
	refused := a.log.errors > before && !a.strict
	if !looselyEqual(count, "0") || refused {
		a.log.errorf("Failed to import the data from '%s' into iTop. %s line(s) had errors.", file, count)
		a.log.errorf("%s", text)
		return errLogged
	}
	a.log.debugf("%s", text)
	return nil
}

// charset is the encoding that iTop is told to read the rows in.
func charset(t *task) string {
	if name := t.section.Get("charset").str(); name != "" {
		return name
	}
	return "UTF-8"
}

// dateFormat is the form of dates that iTop is told.
func dateFormat(t *task) string { return t.params.Text("date_format", "Y-m-d H:i:s") }

var issueCount = regexp.MustCompile(`#Issues \(before synchro\): ([0-9]+)`)

// importCount reads the number of errors of an answer of synchro_import.
func importCount(text, output string) string {
	if output == "details" {
		if m := issueCount.FindStringSubmatch(text); m != nil {
			return m[1]
		}
		return "-1"
	}
	lines := strings.Split(text, "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

var (
	tag = regexp.MustCompile(`(?s)<[/!?a-zA-Z][^>]*>`)
	// The original's pattern sees one counter per line, the last, and iTop prints
	// all of them on one line.
	greedyCounter = regexp.MustCompile(`Objects (.*) errors: ([0-9]+)`)
	counter       = regexp.MustCompile(`Objects ([^:<\n]*) errors: ([0-9]+)`)
	greedyFatal   = regexp.MustCompile(`<p>ERROR: (.*)\.`) // takes whatever follows on the line along
	fatal         = regexp.MustCompile(`<p>ERROR: ([^<\n]*)\.`)
)

// stripTags removes HTML tags, as PHP's strip_tags does with those it knows.
func stripTags(text string) string {
	if !strings.Contains(text, "<") {
		return text
	}
	return tag.ReplaceAllString(text, "")
}

const loginMark = `<input type="hidden" name="loginop" value="login"`

// readExec reads the answer of synchro_exec and reports whether all went well.
func (a *app) readExec(name, body string) bool {
	if strings.Contains(body, loginMark) {
		a.log.errorf("Failed to login to iTop. Invalid (or insufficent) credentials.") //nolint:misspell // as the original says it
		return false
	}
	pattern, stopped := counter, fatal
	if a.strict {
		pattern, stopped = greedyCounter, greedyFatal
	}
	errorCount := 0
	matches := pattern.FindAllStringSubmatch(body, -1)
	for _, m := range matches {
		if phpInt(m[2]) > 0 {
			errorCount += phpInt(m[2])
			a.log.errorf("Synchronization of data source '%s' answered: %s", name, m[0])
		}
	}
	if m := stopped.FindStringSubmatch(body); m != nil {
		a.log.errorf("Synchronization of data source '%s' answered: %s", name, m[1])
		errorCount++
	}
	if len(matches) == 0 && errorCount == 0 {
		a.log.errorf("Synchronization of data source '%s' failed.", name)
		a.log.debugf("%s", body)
		if !a.strict {
			a.log.errorf("iTop answered: %s", excerpt(stripTags(body)))
		}
		errorCount++
	}
	return errorCount == 0
}

// excerpt is the beginning of a text, on one line.
func excerpt(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return "nothing"
	}
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}

// naturally sorts chunk files by number; the original goes by bytes, 10 before 2.
func naturally(files []string, bytewise bool) []string {
	if bytewise || len(files) < 2 {
		return files
	}
	number := func(f string) int {
		return phpInt(f[strings.LastIndexByte(f, '-')+1:])
	}
	sorted := slices.Clone(files)
	slices.SortStableFunc(sorted, func(x, y string) int { return cmp.Compare(number(x), number(y)) })
	return sorted
}
