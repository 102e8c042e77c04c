package collector

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
	"rollcall/internal/source/csvfile"
)

// maxShown is how many differences are shown of one collector.
const maxShown = 20

// comparable looks, before anything is collected, whether there is a folder to
// compare with.
func (a *app) comparable(folder string) error {
	theirs, err := os.Stat(folder)
	if err != nil || !theirs.IsDir() {
		return rollcall.Errorf(rollcall.NotFound, "--compare needs a folder with the CSV files of another run: there is none at '%s'", folder)
	}
	if ours, err := os.Stat(a.data); err == nil && os.SameFile(ours, theirs) {
		return rollcall.Errorf(rollcall.Invalid, "--compare needs the CSV files of another run, and '%s' is where this one writes its own: copy them to another folder first", folder)
	}
	return nil
}

// compare holds what was collected against the CSV files of another run, such as
// one of the original: by primary key, whatever the size of the chunks.
func (a *app) compare(folder string) error {
	same := true
	for _, t := range a.tasks {
		ours, err := readTable(naturally(dataFiles(a.stem(t.label)), false))
		if err != nil {
			return err
		}
		theirs, err := readTable(naturally(dataFiles(filepath.Join(folder, t.label)), false))
		if err != nil {
			return err
		}
		same = a.compareTables(t.label, ours, theirs) && same
	}
	if !same {
		return errLogged
	}
	a.log.infof("Compare: the files are the same.")
	return nil
}

// table is the rows of all files of one collector, as texts of CSV.
type table struct {
	header  []string
	keys    []string
	rows    map[string][]string
	doubles int
}

func readTable(files []string) (*table, error) {
	t := &table{rows: map[string][]string{}}
	for _, name := range files {
		if err := t.read(name); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *table) read(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return rollcall.Errorf(rollcall.Invalid, "compare: %w", err)
	}
	defer f.Close()
	r, err := csvfile.NewReader(f, csvfile.Dialect{})
	if err != nil {
		return err
	}
	key := -1
	for first := true; ; first = false {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return rollcall.Errorf(rollcall.Invalid, "compare: %s: %w", name, err)
		}
		cells := make([]string, len(record))
		for i := range record {
			cells[i] = string(record[i])
		}
		if first {
			t.header = cells
			key = slices.Index(cells, "primary_key")
			continue
		}
		id := strings.Join(cells, ";")
		if key >= 0 && key < len(cells) {
			id = cells[key]
		}
		if _, known := t.rows[id]; known {
			t.doubles++
		} else {
			t.keys = append(t.keys, id)
		}
		t.rows[id] = cells
	}
}

// compareTables says what differs and reports whether nothing does.
func (a *app) compareTables(label string, ours, theirs *table) bool {
	shown := 0
	say := func(format string, args ...any) {
		if shown++; shown <= maxShown {
			a.log.warningf("Compare: "+label+": "+format, args...)
		}
	}
	if !slices.Equal(ours.header, theirs.header) {
		say("the columns differ: here %s, there %s", strings.Join(ours.header, ";"), strings.Join(theirs.header, ";"))
	}
	for _, k := range ours.keys {
		other, ok := theirs.rows[k]
		if !ok {
			say("only here: %s", k)
			continue
		}
		a.compareRows(k, ours, theirs, ours.rows[k], other, say)
	}
	for _, k := range theirs.keys {
		if _, ok := ours.rows[k]; !ok {
			say("only there: %s", k)
		}
	}
	if ours.doubles != theirs.doubles {
		say("rows that repeat a primary key: here %d, there %d", ours.doubles, theirs.doubles)
	}
	if shown == 0 && !slices.Equal(ours.keys, theirs.keys) {
		a.log.infof("Compare: %s: the same rows in another order.", label)
	}
	if shown > maxShown {
		a.log.warningf("Compare: %s: … and %d more differences.", label, shown-maxShown)
	}
	a.log.infof("Compare: %s: %d rows here, %d there, %d differences.", label, len(ours.keys), len(theirs.keys), shown)
	return shown == 0
}

func (a *app) compareRows(key string, ours, theirs *table, row, other []string, say func(string, ...any)) {
	for i, column := range ours.header {
		j := slices.Index(theirs.header, column)
		if j < 0 || i >= len(row) || j >= len(other) || row[i] == other[j] {
			continue
		}
		say("%s: %s is '%s' here, '%s' there", key, column, row[i], other[j])
	}
}
