package collector

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"rollcall/internal/rollcall"
	"rollcall/internal/source/csvfile"
)

// lookup replaces the values of one column by what iTop knows under a key made
// of several columns: the original's LookupTable, declared in the section.
type lookup struct {
	query     string
	fields    []string // of iTop's objects: the key
	columns   []string // of the CSV file: the key
	into      string   // the column that is replaced
	result    string   // the attribute that replaces it; the id when empty
	fold      bool
	quiet     bool // what is not found is no warning
	skipEmpty bool
	required  bool // a row that is not found is left out
	known     map[string]string
	log       *logger

	places []int
	dest   int
}

// hasLookups reports whether a collector's files are worked on before they are
// uploaded.
func (a *app) hasLookups(t *task) bool { return t.section.Get("lookups").Len() > 0 }

// lookups reads the section and asks iTop.
func (a *app) lookups(ctx context.Context, t *task) ([]*lookup, error) {
	var list []*lookup
	items := t.section.Get("lookups")
	for _, k := range items.Keys {
		item := items.Get(k)
		l := &lookup{
			query: item.Get("query").str(), fields: commaList(item.Get("fields").str()), columns: commaList(item.Get("columns").str()),
			into: item.Get("into").str(), result: item.Get("result").str(), log: a.log,
			fold: item.Get("case_sensitive").str() == "no", quiet: isYes(item.Get("ignore_errors").str()), skipEmpty: isYes(item.Get("skip_if_empty").str()), required: isYes(item.Get("required").str()),
		}
		if len(l.columns) == 0 || len(l.columns) != len(l.fields) || l.into == "" {
			return nil, rollcall.Errorf(rollcall.Invalid, "<lookups> of %s: each needs <query>, as many <fields> as <columns>, separated by commas, and <into>", t.class)
		}
		if err := l.load(ctx, a.rest); err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

func commaList(text string) []string {
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// load reads the objects. A refusal leaves the table empty.
func (l *lookup) load(ctx context.Context, r *rest) error {
	class, ok := strings.CutPrefix(l.query, "SELECT ")
	if !ok {
		return rollcall.Errorf(rollcall.Invalid, "Invalid OQL query: '%s'. Expecting a query starting with 'SELECT xxx'", l.query)
	}
	class, _, _ = strings.Cut(class, " ")
	l.known = map[string]string{}
	fields := strings.Join(l.fields, ",")
	if l.result != "" && l.result != "id" {
		fields += "," + l.result
	}
	got, err := r.get(ctx, class, l.query, fields, 0)
	if err != nil {
		return err
	}
	if got.code != 0 {
		l.log.errorf("Unable to retrieve the %s objects (query = %s). Message: %s", class, l.query, got.message)
		return nil
	}
	for _, f := range got.objects {
		parts := make([]string, len(l.fields))
		for i, name := range l.fields {
			v, ok := f.fields.Get(name)
			if !ok {
				l.log.errorf("field '%s' does not exist in '%s'", name, strings.Join(f.fields.Keys, ","))
			}
			parts[i] = textOf(v)
		}
		value := f.id
		if l.result != "" && l.result != "id" {
			value = member(f.fields, l.result)
		}
		l.known[l.key(parts)] = value
	}
	return nil
}

func (l *lookup) key(parts []string) string {
	key := strings.Join(parts, "_")
	if l.fold {
		key = strings.ToLower(key)
	}
	return key
}

// header finds the columns.
func (l *lookup) header(titles []string) {
	find := func(name string) int {
		for i, t := range titles {
			if t == name {
				return i
			}
		}
		l.log.errorf("'%s' is not a valid column name in the CSV file. Mapping will fail.", name)
		return -1
	}
	l.places = nil
	for _, c := range l.columns {
		l.places = append(l.places, find(c))
	}
	l.dest = find(l.into)
}

// apply replaces the cell of one row; one that is not found stays as it is. It
// reports whether the row is to be uploaded.
func (l *lookup) apply(cells []string) bool {
	if l.dest < 0 || l.dest >= len(cells) || l.skipEmpty && cells[l.dest] == "" {
		return true
	}
	parts := make([]string, len(l.places))
	for i, at := range l.places {
		if at >= 0 && at < len(cells) {
			parts[i] = cells[at]
		}
	}
	key := l.key(parts)
	if value, ok := l.known[key]; ok {
		cells[l.dest] = value
		return true
	}
	level := levelWarning
	if l.quiet {
		level = levelDebug
	}
	l.log.log(level, "No mapping found with key: '%s', '%s' will be set to zero.", key, l.into)
	return !l.required
}

// postProcess makes the files to upload of the raw ones.
func (a *app) postProcess(ctx context.Context, t *task) error {
	list, err := a.lookups(ctx, t)
	if err != nil {
		return err
	}
	for i, raw := range naturally(dataFiles(a.stem(t.label+".raw")), false) {
		a.log.infof("Processing '%s'...", raw)
		final := a.stem(t.label) + "-" + itoa(i+1) + ".csv"
		a.log.debugf("Converting '%s' to '%s'...", raw, final)
		if err := convert(raw, final, list); err != nil {
			return err
		}
		a.log.infof("End of processing of '%s'...", raw)
	}
	return nil
}

// convert copies a file with the lookups applied.
func convert(from, to string, list []*lookup) error {
	in, err := os.Open(from)
	if err != nil {
		return rollcall.Errorf(rollcall.Invalid, "read the data file: %w", err)
	}
	defer in.Close()
	r, err := csvfile.NewReader(in, csvfile.Dialect{})
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to+partSuffix, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return rollcall.Errorf(rollcall.Invalid, "Unable to open the file '%s' for writing.", to)
	}
	w := bufio.NewWriter(out)
	err = errors.Join(convertRows(r, w, list), w.Flush(), out.Close())
	if err != nil {
		_ = os.Remove(to + partSuffix)
		return rollcall.Errorf(rollcall.Unavailable, "write %s: %w", to, err)
	}
	return os.Rename(to+partSuffix, to)
}

func convertRows(r *csvfile.Reader, w *bufio.Writer, list []*lookup) error {
	var line []byte
	for first := true; ; first = false {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		cells := make([]string, len(record))
		for i := range record {
			cells[i] = string(record[i])
		}
		kept := true
		for _, l := range list {
			if first {
				l.header(cells)
			} else if kept = l.apply(cells); !kept {
				l.log.debugf("Ignoring the line %d. Reason: there is no %s in iTop", r.Records()-1, l.into)
				break
			}
		}
		if !kept {
			continue
		}
		line = line[:0]
		for i, c := range cells {
			if i > 0 {
				line = append(line, ';')
			}
			line = appendCSV(line, []byte(c))
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
}
