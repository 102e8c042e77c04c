package collector

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// definition is a data source definition: the file of a collector's class.
type definition struct {
	class string
	path  string
	text  string // with $version$ replaced
	built bool   // it came with the program

	attributes []attribute
	columns    map[string]bool // every column that some attribute accepts
	skipped    map[string]bool // optional attributes that iTop does not have
}

// attribute is what the collection itself needs to know of an attribute.
type attribute struct {
	code      string
	update    bool
	reconcile bool
	columns   []string
}

// maxDefinition bounds the size of a definition file.
const maxDefinition = 4 << 20

// loadDefinition reads the definition of a class: the folder's own, or the one
// that comes with the program.
func loadDefinition(approot, class, version string, l *logger) (*definition, error) {
	d := &definition{class: class, skipped: map[string]bool{}}
	text, err := d.read(approot)
	if err != nil {
		return nil, err
	}
	if text == "" {
		l.errorf("Empty Synchro Data Source definition for the collector '%s' (file to check/create: %s)", class, d.path)
		return nil, rollcall.Errorf(rollcall.Invalid, "Cannot create Collector (empty JSON definition)")
	}
	d.text = strings.ReplaceAll(text, "$version$", jsonInner(version))
	v, err := parseJSONText(d.text)
	o, isObject := v.(*object)
	if err != nil || !isObject {
		if err == nil {
			err = errors.New("it is no JSON object")
		}
		l.errorf("Invalid Synchro Data Source definition for the collector '%s' (not a JSON string)", class)
		return nil, rollcall.Errorf(rollcall.Invalid, "Cannot create Collector (invalid JSON definition): %s: %s", d.path, jsonProblem(d.text, err))
	}
	d.learn(o)
	return d, nil
}

func (d *definition) read(approot string) (string, error) {
	for _, dir := range []string{"collectors/extensions/json", "collectors/json", "collectors"} {
		d.path = filepath.Join(approot, dir, d.class+".json")
		info, err := os.Stat(d.path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && info.Size() > maxDefinition {
			return "", rollcall.Errorf(rollcall.Invalid, "%s is larger than %d MiB, which no definition is", d.path, maxDefinition>>20)
		}
		text, err := os.ReadFile(d.path)
		if err != nil {
			return "", rollcall.Errorf(rollcall.Invalid, "read the definition of %s: %w", d.class, err)
		}
		return string(text), nil
	}
	d.path = filepath.Join(approot, "collectors/json", d.class+".json")
	text, err := builtin.ReadFile("builtin/collectors/json/" + d.class + ".json")
	if err != nil {
		return "", nil //nolint:nilerr // there is none: the caller says so
	}
	d.built = true
	return string(text), nil
}

// jsonProblem says where a text stops being JSON, with the line itself.
func jsonProblem(text string, err error) string {
	at := len(text)
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = min(int(s.Offset), len(text))
	}
	line := strings.Count(text[:at], "\n") + 1
	lines := strings.Split(text, "\n")
	return fmt.Sprintf("%v, in line %d: %s", err, line, strings.TrimSpace(lines[line-1]))
}

func (d *definition) learn(o *object) {
	list, _ := o.Get("attribute_list")
	items, _ := list.([]any)
	d.columns = map[string]bool{}
	for _, item := range items {
		a, ok := item.(*object)
		if !ok {
			continue
		}
		code := member(a, "attcode")
		att := attribute{code: code, update: member(a, "update") != "0", reconcile: member(a, "reconcile") != "0", columns: []string{code}}
		if list := member(a, "import_columns"); list != "" {
			att.columns = strings.Split(list, ",")
		}
		d.attributes = append(d.attributes, att)
		d.columns[code] = true
		for _, c := range att.columns {
			d.columns[c] = true
		}
	}
}

func (d *definition) hasColumn(name string) bool { return d.columns[name] }

// addColumns lets an attribute be filled from several columns.
func (d *definition) addColumns(code string, columns ...string) {
	for i := range d.attributes {
		if d.attributes[i].code == code {
			d.attributes[i].columns = columns
			for _, c := range columns {
				d.columns[c] = true
			}
		}
	}
}

// replacement is one placeholder of the definitions.
type replacement struct{ marker, value string }

// jsonInner encodes a text so that it can stand within a JSON text's quotes.
func jsonInner(text string) string {
	b, err := marshal(text)
	if err != nil || len(b) < 2 {
		return ""
	}
	return string(b[1 : len(b)-1])
}

// expected returns the definition with its placeholders replaced, one after the
// other. Values are encoded for JSON, which the original leaves out.
func (d *definition) expected(replacements []replacement) (*object, error) {
	text := d.text
	for _, r := range replacements {
		text = strings.ReplaceAll(text, r.marker, jsonInner(r.value))
	}
	v, err := parseJSONText(text)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "%s is no JSON once its placeholders are replaced: %s", d.path, jsonProblem(text, err))
	}
	o, ok := v.(*object)
	if !ok {
		return nil, rollcall.Errorf(rollcall.Invalid, "%s holds no JSON object", d.path)
	}
	return o, nil
}

var tableName = regexp.MustCompile(`^[A-Za-z0-9_]*$`)

// checkDefinition finds what is wrong with a definition before iTop is asked.
func checkDefinition(o *object) error {
	name := member(o, "name")
	if name == "" {
		return rollcall.Errorf(rollcall.Invalid, "Collector::CheckDataSourceDefinition: the definition has no name")
	}
	if member(o, "reconciliation_policy") == "use_attributes" {
		if !slices.ContainsFunc(attributeList(o), func(a *object) bool { return member(a, "reconcile") == "1" }) {
			return rollcall.Errorf(rollcall.Invalid, "Collector::CheckDataSourceDefinition: Missing reconciliation key for data source '%s'. "+
				"At least one attribute in 'attribute_list' must have the flag 'reconcile' set to '1'.", name)
		}
	}
	if table := member(o, "database_table_name"); !tableName.MatchString(table) {
		return rollcall.Errorf(rollcall.Invalid, "Collector::CheckDataSourceDefinition: '%s' invalid characters in database_table_name, current value is '%s'", name, table)
	}
	return nil
}

func attributeList(o *object) []*object {
	list, _ := o.Get("attribute_list")
	items, _ := list.([]any)
	var out []*object
	for _, item := range items {
		if a, ok := item.(*object); ok {
			out = append(out, a)
		}
	}
	return out
}
