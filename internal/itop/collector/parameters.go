package collector

import (
	"bytes"
	"embed"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// builtin holds the defaults and the definitions that come with the program, for
// folders that lack their own.
//
//go:embed builtin
var builtin embed.FS

// Parameters is the effective configuration: all files, merged.
type Parameters struct {
	root  *Value
	files []string
	over  []*Value // laid over the root, the last one first: a directory of several
}

// LoadParameters reads the files of an application folder in their order. An
// empty configFile means conf/params.local.xml, which may be absent.
func LoadParameters(approot, configFile string) (*Parameters, error) {
	p := &Parameters{root: hash()}
	for _, name := range []string{"conf/params.distrib.xml", "collectors/params.distrib.xml"} {
		found, err := p.load(filepath.Join(approot, name))
		if err != nil {
			return nil, err
		}
		if found || name == "collectors/params.distrib.xml" && hasOwnCollectors(approot) {
			continue
		}
		text, err := builtin.ReadFile("builtin/" + name)
		if err != nil {
			return nil, err
		}
		if err := p.add("(built in) "+name, bytes.NewReader(text)); err != nil {
			return nil, err
		}
	}
	if _, err := p.load(filepath.Join(approot, "collectors/extensions/params.distrib.xml")); err != nil {
		return nil, err
	}
	if configFile == "" {
		_, err := p.load(filepath.Join(approot, "conf/params.local.xml"))
		return p, err
	}
	found, err := p.load(configFile)
	if err == nil && !found {
		err = rollcall.Errorf(rollcall.NotFound, "The specified configuration file '%s' does not exist.", configFile)
	}
	return p, err
}

// hasOwnCollectors reports whether the folder holds an application of its own,
// which the defaults of the LDAP collectors would disturb.
func hasOwnCollectors(approot string) bool {
	for _, pattern := range []string{"collectors/main.php", "collectors/json/*.json", "collectors/*.json"} {
		if found, _ := filepath.Glob(filepath.Join(approot, pattern)); len(found) > 0 {
			return true
		}
	}
	return false
}

// load merges one file; an absent one is no error.
func (p *Parameters) load(path string) (found bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, rollcall.Errorf(rollcall.Invalid, "Invalid Parameters file '%s': %w", path, err)
	}
	defer f.Close()
	return true, p.add(path, f)
}

func (p *Parameters) add(name string, r io.Reader) error {
	v, err := parseXML(name, r)
	if err != nil {
		return err
	}
	p.root = merge(p.root, v)
	p.files = append(p.files, name)
	return nil
}

// placeholder is $name$ within a value.
var placeholder = regexp.MustCompile(`\$[A-Za-z0-9_-]+\$`)

// maxPlaceholders bounds how deep values may refer to one another: a circle
// would not end.
const maxPlaceholders = 32

// raw returns a parameter as it was written.
func (p *Parameters) raw(name string) *Value {
	for i := len(p.over) - 1; i >= 0; i-- {
		if v := p.over[i].Get(name); v != nil {
			if base := p.root.Get(name); base != nil && !base.Scalar && !v.Scalar {
				return merge(base.clone(), v.clone())
			}
			return v
		}
	}
	return p.root.Get(name)
}

// Get returns a parameter with its placeholders replaced; nil when it is not
// set.
func (p *Parameters) Get(name string) *Value { return p.fill(p.raw(name), 0) }

func (p *Parameters) fill(v *Value, depth int) *Value {
	if v == nil {
		return nil
	}
	if v.Scalar {
		if !strings.Contains(v.Text, "$") {
			return v
		}
		return scalar(p.fillText(v.Text, depth))
	}
	filled := hash()
	for _, k := range v.Keys {
		filled.set(k, p.fill(v.items[k], depth))
	}
	return filled
}

func (p *Parameters) fillText(text string, depth int) string {
	return placeholder.ReplaceAllStringFunc(text, func(marker string) string {
		name := strings.Trim(marker, "$")
		v := p.raw(name)
		switch {
		case v == nil:
			return "#ERROR_UNDEFINED_PLACEHOLDER_" + name + "#"
		case !v.Scalar:
			return "Array"
		case depth >= maxPlaceholders:
			return "#ERROR_CIRCULAR_PLACEHOLDER_" + name + "#"
		}
		return p.fill(v, depth+1).Text
	})
}

// Text returns a parameter's text, or a fallback when it is not set.
func (p *Parameters) Text(name, fallback string) string {
	v := p.Get(name)
	if v == nil {
		return fallback
	}
	return v.str()
}

// Int returns a parameter's number, or a fallback when it is not set.
func (p *Parameters) Int(name string, fallback int) int {
	v := p.Get(name)
	if v == nil {
		return fallback
	}
	return phpInt(v.str())
}

// Hash returns a parameter that must be a hash or a list. A text, which the
// original dies of, is an error that says what to write; an absent or empty one
// has no items.
func (p *Parameters) Hash(name string) (*Value, error) {
	v := p.Get(name)
	if v == nil {
		return hash(), nil
	}
	if !v.Scalar {
		return v, nil
	}
	if strings.TrimSpace(v.Text) == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "the parameter <%s> is empty, which replaces its distributed value by nothing: leave it out, or give it entries", name)
	}
	return nil, rollcall.Errorf(rollcall.Invalid, "the parameter <%s> holds a text where entries are expected: <%s><name>value</name></%s>", name, name, name)
}

// byCase returns a parameter under a name, or under its lower-case form when the
// first is absent or empty.
func (p *Parameters) byCase(name string) *Value {
	if v := p.Get(name); !v.isEmpty() {
		return v
	}
	return p.Get(strings.ToLower(name))
}

// with returns the parameters as seen by one of several directories.
func (p *Parameters) with(over *Value) *Parameters {
	return &Parameters{root: p.root, files: p.files, over: append(p.over[:len(p.over):len(p.over)], over)}
}

// isYes reports whether a flag of ours is set.
func isYes(text string) bool {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "yes", "true", "1", "on":
		return true
	}
	return false
}

func itoa(n int) string { return strconv.Itoa(n) }
