package collector

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// task is one collector at work: its class, its definition, where its rows come
// from.
type task struct {
	class   string
	label   string // names its files: the class, behind the prefix of one of several directories
	params  *Parameters
	section *Value
	def     *definition
	source  rowSource
	ahead   *reading // under way before its turn
	sds     *dataSource
	known   *ledger   // what an earlier run sent, where iTop was asked for it
	proven  time.Time // when iTop said that it has that
}

// rowSource is where the rows of a collector come from. Prepare finds out what
// can be found out before the first row; its error names a failed preparation.
// Fetch emits every row and returns nil only when the source was read whole.
type rowSource interface {
	prepare(ctx context.Context) error
	fetch(ctx context.Context, emit func(*row) error) error
	optional(attribute string) bool // may be missing in iTop
	quiet(column string) bool       // dropped from the files without a word
}

// launch is one item of the launch sequence.
type launch struct {
	name, enable string
	rank         float64
	rankText     string
	place        int
	fields       int
}

// plan reads the launch sequence and says which collectors run.
func (a *app) plan(ctx context.Context) error {
	ldap := !hasOwnCollectors(a.env.Folder) || usesLDAP(a.env.Folder)
	silent := a.withoutPlan()
	info := func(format string, args ...any) {
		if !silent {
			a.log.infof(format, args...)
		}
	}
	info("---------- Build collection plan ----------")
	if ldap {
		info("---------- LDAP Collectors to launched ----------")
	}
	sequence, err := a.sequence()
	if err != nil {
		return err
	}
	if len(sequence) == 0 {
		info("---------- No Launch sequence has been found, no collector has been orchestrated ----------")
		return nil
	}
	for _, item := range sequence {
		if item.enable != "yes" {
			a.log.infof("> %s is disabled and will not be launched.", item.name)
			continue
		}
		if err := a.add(ctx, item.name, info); err != nil {
			return err
		}
	}
	info("---------- Collectors have been orchestrated ----------")
	return nil
}

// registered finds the collectors that a main.php registers the old way.
var registered = regexp.MustCompile(`(?m)^[^/#*\n]*AddCollector\(\s*([^,]+?)\s*,\s*(?:['"]([A-Za-z0-9_]+)['"]|([A-Za-z0-9_]+)::class)`)

// withoutPlan reports whether the folder registers its collectors the old way.
func (a *app) withoutPlan() bool { return len(a.registrations()) > 0 }

func (a *app) registrations() [][]string {
	text, err := os.ReadFile(filepath.Join(a.env.Folder, "collectors", "main.php"))
	if err != nil {
		return nil
	}
	return registered.FindAllStringSubmatch(string(text), -1)
}

// usesLDAP reports whether a folder with collectors of its own holds the LDAP
// application.
func usesLDAP(approot string) bool {
	for _, pattern := range []string{"collectors/json/*LDAPCollector.json", "collectors/src/LDAPCollectionPlan*.php", "collectors/*LDAPCollector.json"} {
		if found, _ := filepath.Glob(filepath.Join(globEscape(approot), pattern)); len(found) > 0 {
			return true
		}
	}
	return false
}

// sequence returns the items of both launch sequences by rank.
func (a *app) sequence() ([]launch, error) {
	var list []launch
	for _, m := range a.registrations() {
		rank, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			rank = float64(len(list)) // such as $index++: in their order
		}
		list = append(list, launch{name: m[2] + m[3], enable: "yes", rank: rank, place: len(list)})
	}
	for _, name := range []string{"collectors_launch_sequence", "extensions_collectors_launch_sequence"} {
		items, err := a.params.Hash(name)
		if err != nil {
			return nil, err
		}
		for _, k := range items.Keys {
			item := items.Get(k)
			l := launch{name: item.Get("name").str(), enable: item.Get("enable").str(), rankText: item.Get("rank").str(), place: len(list), fields: item.Len()}
			if slices.ContainsFunc(list, func(x launch) bool { return x.name == l.name }) && len(a.registrations()) > 0 {
				continue
			}
			if item.Get("rank") == nil {
				a.log.infof("> Rank is missing from the launch_sequence of %s It will not be launched.", l.name)
				continue
			}
			l.rank, _ = strconv.ParseFloat(strings.TrimSpace(l.rankText), 64)
			list = append(list, l)
		}
	}
	// Equal ranks: the item with fewer fields first, then by name (observed).
	slices.SortStableFunc(list, func(x, y launch) int {
		return cmp.Or(cmp.Compare(x.rank, y.rank), cmp.Compare(x.fields, y.fields), cmp.Compare(x.name, y.name))
	})
	return list, nil
}

// add makes the tasks of one class: one, or one for each of several directories.
func (a *app) add(ctx context.Context, class string, info func(string, ...any)) error {
	if a.params.Get(class) == nil && a.params.Get(strings.ToLower(class)) == nil && !isKnownClass(class) && !a.hasDefinition(class) && a.params.byCase(class+"_query").isEmpty() {
		a.log.infof("> No file definition file has been found for %s It will not be launched.", class)
		return nil
	}
	if isLDAPUser(class) && isYes(a.params.Text("collect_person_only", "no")) && !a.strict {
		a.log.infof("> %s is disabled and will not be launched.", class)
		a.log.noticef("collect_person_only is an old name: set <enable>no</enable> for %s in <collectors_launch_sequence> instead.", class)
		return nil
	}
	a.warnOfCode(class)
	views, err := a.directories(class)
	if err != nil {
		return err
	}
	for _, view := range views {
		t := &task{class: class, label: view.label + class, params: view.params, section: view.params.byCase(class)}
		if err := a.open(ctx, t); err != nil {
			return err
		}
		a.tasks = append(a.tasks, t)
		info("%s will be launched !", t.label)
	}
	return nil
}

// view is the parameters as one of several directories sees them.
type view struct {
	label  string
	params *Parameters
}

// directories returns how a collector sees the parameters: once as they are, or
// once for each item of the parameter directories.
func (a *app) directories(class string) ([]view, error) {
	items, err := a.params.Hash("directories")
	if err != nil {
		return nil, err
	}
	if items.Len() == 0 || !a.isLDAPClass(class) {
		return []view{{params: a.params}}, nil
	}
	var views []view
	for i, k := range items.Keys {
		item := items.Get(k)
		prefix := item.Get("prefix").str()
		if prefix == "" || !tableName.MatchString(prefix) {
			return nil, rollcall.Errorf(rollcall.Invalid, "item %d of <directories> needs a <prefix> of letters, digits and _: it tells the data sources and files of several directories apart", i+1)
		}
		if slices.ContainsFunc(views, func(v view) bool { return v.label == prefix }) {
			return nil, rollcall.Errorf(rollcall.Invalid, "two items of <directories> have the prefix %q: each needs its own", prefix)
		}
		views = append(views, view{label: prefix, params: a.params.with(item)})
	}
	return views, nil
}

func (a *app) hasDefinition(class string) bool {
	for _, dir := range []string{"collectors/extensions/json", "collectors/json", "collectors"} {
		if _, err := os.Stat(filepath.Join(a.env.Folder, dir, class+".json")); err == nil {
			return true
		}
	}
	return false
}

// open builds a task: its rows' source, then its definition.
func (a *app) open(ctx context.Context, t *task) error {
	var err error
	if t.source, err = a.newSource(ctx, t); err != nil {
		return err
	}
	if t.def, err = loadDefinition(a.env.Folder, t.class, a.version, a.log); err != nil {
		return err
	}
	if s, ok := t.source.(interface{ adapt(*definition) }); ok {
		s.adapt(t.def)
	}
	a.log.debugf("aCollectorConfig %s:  [%s]", t.class, sectionText(t.section))
	return nil
}

// register says which collectors run. The original builds each a second time
// here, and says what that says again.
func (a *app) register() error {
	for _, t := range a.tasks {
		if s, ok := t.source.(interface{ introduce() }); ok && !a.withoutPlan() {
			s.introduce()
			a.log.debugf("aCollectorConfig %s:  [%s]", t.class, sectionText(t.section))
		}
	}
	a.log.debugf("Registered collectors:")
	for _, t := range a.tasks {
		a.log.debugf("Collector: %s, version: %s", t.class, a.version)
	}
	return nil
}

// sectionText shows a section as the original's debug record does.
func sectionText(v *Value) string {
	if v.isEmpty() {
		return "[]"
	}
	text, err := json.Marshal(valueJSON("", v))
	if err != nil {
		return "[]"
	}
	return quoted(string(text))
}

// valueJSON turns a value into what encodes as the same JSON; secrets are masked.
func valueJSON(name string, v *Value) any {
	if v.Scalar {
		if v.Text != "" && secretName.MatchString(name) {
			return masked
		}
		return v.Text
	}
	if v.isList() {
		list := make([]any, 0, len(v.Keys))
		for _, k := range v.Keys {
			list = append(list, valueJSON("", v.items[k]))
		}
		return list
	}
	o := newObject()
	for _, k := range v.Keys {
		o.Set(k, valueJSON(k, v.items[k]))
	}
	return o
}
