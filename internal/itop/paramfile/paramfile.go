// Package paramfile reads the parameter files that iTop's web services and
// their command lines take (param_file): one "name = value" a line.
package paramfile

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"rollcall/internal/rollcall"
)

// maxSize is far more than parameters need; what is larger is some other file.
const maxSize = 1 << 20

// Load reads the files of a comma-separated list; later ones override earlier
// ones. The messages of its errors are iTop's.
func Load(list string) (map[string]string, error) {
	values := map[string]string{}
	for path := range strings.SplitSeq(list, ",") {
		path = strings.TrimSpace(path)
		text, err := read(path)
		if err != nil {
			return nil, err
		}
		for name, value := range Parse(text) {
			values[name] = value
		}
	}
	return values, nil
}

func read(path string) ([]byte, error) {
	if info, err := os.Stat(path); err != nil || info.IsDir() || path == "" {
		return nil, rollcall.Errorf(rollcall.NotFound, "Could not find the parameter file: '%s'", path)
	}
	unread := func(err error) error {
		return &rollcall.Error{Kind: rollcall.Invalid, Msg: fmt.Sprintf("Could not load parameter file: '%s'", path), Err: err}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, unread(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(text) > maxSize {
		err = fmt.Errorf("it is larger than %d MiB", maxSize>>20)
	}
	if err != nil {
		return nil, unread(err)
	}
	return text, nil
}

// Parse reads the text of one file. Nothing in it is an error: a line that is
// no parameter is passed over. What follows a # is a comment, wherever the #
// stands; a name holds no blank, and is as long as it can be: "a=b=c" gives the
// parameter a=b, "a = b=c" gives a (iTop 3.2.0).
func Parse(text []byte) map[string]string {
	values := map[string]string{}
	for line := range bytes.Lines(text) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		if name, value, ok := split(strings.TrimSpace(string(line))); ok {
			values[name] = value
		}
	}
	return values
}

// split is ^(\S*)\s*=(.*)$, the first part greedy.
func split(line string) (name, value string, ok bool) {
	word := strings.IndexFunc(line, isBlank)
	if word < 0 {
		word = len(line)
	}
	if rest := strings.TrimLeftFunc(line[word:], isBlank); strings.HasPrefix(rest, "=") {
		return line[:word], strings.TrimSpace(rest[1:]), true
	}
	// The name ends before an equals sign of its own word: the last one.
	if at := strings.LastIndexByte(line[:word], '='); at >= 0 {
		return line[:at], strings.TrimSpace(line[at+1:]), true
	}
	return "", "", false
}

func isBlank(r rune) bool { return r == ' ' || r >= '\t' && r <= '\r' }
