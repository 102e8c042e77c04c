package collector

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// phpMethod is a method that a PHP class declares.
var phpMethod = regexp.MustCompile(`(?m)^\s*(?:(?:public|protected|private|static|final)\s+)*function\s+&?([A-Za-z0-9_]+)\s*\(`)

// warnOfCode says which code of a collector's PHP class is not run: what it did
// to the data has to be said in the section, or the class kept by a command.
func (a *app) warnOfCode(class string) {
	if isKnownClass(class) {
		return
	}
	for _, dir := range []string{"collectors/extensions/src", "collectors/src", "collectors"} {
		path := filepath.Join(a.env.Folder, dir, class+".class.inc.php")
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		var names []string
		for _, m := range phpMethod.FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
		if len(names) > 0 {
			a.log.warningf("%s: the code of %s is not run (%s). Say what it does in the section <%s>, or run it by <command>.", class, path, strings.Join(names, ", "), class)
		}
		return
	}
}
