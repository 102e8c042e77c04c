package collector

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// declared is the name and version in a module's declaration.
var declared = regexp.MustCompile(`['"]([A-Za-z0-9_-]+)/([0-9][0-9A-Za-z.-]*)['"]`)

// builtinModule is what the LDAP collectors that come with the program stand for.
const builtinName, builtinVersion = "itop-data-collector-ldap", "1.2.1"

// module finds the project's name and version: of the first module.*.php in the
// folder of the collectors. Nothing of it is executed.
func module(approot string) (name, version string) {
	found, _ := filepath.Glob(filepath.Join(globEscape(approot), "collectors", "module.*.php"))
	if len(found) == 0 {
		if hasOwnCollectors(approot) {
			return "", ""
		}
		return builtinName, builtinVersion
	}
	name = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(found[0]), "module."), ".php")
	text, err := os.ReadFile(found[0])
	if err != nil {
		return name, ""
	}
	if m := declared.FindSubmatch(text); m != nil {
		return string(m[1]), string(m[2])
	}
	return name, ""
}
