package collector

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// moduleID is name/version, with a comparison before the version: >= when none.
var moduleID = regexp.MustCompile(`^([^/]+)(?:/(>=|<=|>|<|=)?(.+))?$`)

// modules knows which modules an iTop has: each is asked for once.
type modules struct {
	rest     *rest
	date     string // of the last installation
	versions map[string]string
}

// installed looks whether a module such as itop-config-mgmt/>=2.7 is installed;
// the error says why not.
func (m *modules) installed(ctx context.Context, id string) (name, version string, err error) {
	parts := moduleID.FindStringSubmatch(strings.TrimSpace(id))
	if parts == nil {
		return id, "", rollcall.Errorf(rollcall.Invalid, "%q is no module: write name/version", id)
	}
	name = parts[1]
	if m.date == "" {
		if m.date, err = m.first(ctx, newObject().Set("name", "datamodel"), "installed"); err != nil {
			return name, "", err
		}
	}
	version, known := m.versions[name]
	if !known {
		if version, err = m.first(ctx, newObject().Set("name", name).Set("installed", m.date), "version"); err != nil {
			return name, "", err
		}
		m.versions[name] = version
	}
	operator, want := cmp.Or(parts[2], ">="), parts[3]
	if want != "" && !holds(compareVersions(version, want), operator) {
		return name, version, fmt.Errorf("Version mismatch (%s %s %s)", version, operator, want) //nolint:staticcheck // the original's sentence
	}
	return name, version, nil
}

// first returns a field of the first module installation that fits.
func (m *modules) first(ctx context.Context, key *object, field string) (string, error) {
	a, err := m.rest.get(ctx, "ModuleInstallation", key, field, 1)
	if err != nil {
		return "", err
	}
	if a.code != 0 || len(a.objects) == 0 {
		return "", rollcall.Errorf(rollcall.NotFound, "%s", a.message)
	}
	return member(a.objects[0].fields, field), nil
}

func holds(order int, operator string) bool {
	switch operator {
	case ">":
		return order > 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case "=":
		return order == 0
	}
	return order >= 0
}

// checkModules looks for the modules that collectors say they need: without a
// required one the run ends, without an optional one its collector stays out.
func (a *app) checkModules(ctx context.Context) error {
	var known *modules
	var kept []*task
	for _, t := range a.tasks {
		missing := false
		for _, list := range []string{"required_modules", "optional_modules"} {
			for _, id := range t.section.Get(list).texts() {
				if known == nil {
					r, err := a.connect()
					if err != nil {
						return err
					}
					known = &modules{rest: r, versions: map[string]string{}}
				}
				name, version, err := known.installed(ctx, id)
				switch {
				case err == nil:
					a.log.debugf("iTop module %s version %s is installed.", name, version)
				case list == "required_modules":
					return rollcall.Errorf(rollcall.Invalid, "Required iTop module %s is considered as not installed due to: %w", name, err)
				default:
					missing = true
					a.log.infof("Optional iTop module %s is considered as not installed due to: %s", name, err)
				}
			}
		}
		if missing {
			a.log.infof("> %s is disabled and will not be launched.", t.label)
			continue
		}
		kept = append(kept, t)
	}
	a.tasks = kept
	return nil
}

// versionPart cuts a version where digits and letters meet.
var versionPart = regexp.MustCompile(`[0-9]+|[A-Za-z]+`)

// stages are the words of versions in PHP's order; a number comes after rc, any
// other word before all of them.
var stages = []string{"dev", "a", "b", "rc", "#", "p"}

// compareVersions compares two versions as PHP's version_compare does.
func compareVersions(x, y string) int {
	xs, ys := versionPart.FindAllString(x, -1), versionPart.FindAllString(y, -1)
	for i := range max(len(xs), len(ys)) {
		switch {
		case i >= len(xs):
			return -versionTail(ys[i])
		case i >= len(ys):
			return versionTail(xs[i])
		}
		m, errM := strconv.Atoi(xs[i])
		n, errN := strconv.Atoi(ys[i])
		order := cmp.Compare(stage(xs[i]), stage(ys[i]))
		if errM == nil && errN == nil {
			order = cmp.Compare(m, n)
		}
		if order != 0 {
			return order
		}
	}
	return 0
}

// versionTail says how a version that goes on compares with one that ends: a
// further number is more, rc1 is less.
func versionTail(part string) int {
	if stage(part) < slices.Index(stages, "#") {
		return -1
	}
	return 1
}

func stage(part string) int {
	if part[0] >= '0' && part[0] <= '9' {
		return slices.Index(stages, "#")
	}
	short := map[string]string{"alpha": "a", "beta": "b", "RC": "rc", "pl": "p"}
	if s, ok := short[part]; ok {
		part = s
	}
	return slices.Index(stages, part)
}
