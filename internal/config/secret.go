package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"rollcall/internal/rollcall"
)

// reference is ${env:NAME}, ${file:PATH} or ${cred:NAME}; a $ more in front of it
// takes its meaning away.
var reference = regexp.MustCompile(`\$?\$\{(env|file|cred):([^}]*)\}`)

// secret reads a password. One that stands in the file itself works and earns a
// warning.
func (r *reader) secret(into *rollcall.Secret) func(*value) {
	return func(v *value) {
		if !r.scalar(v, "a password, best as ${env:NAME}, ${file:PATH} or ${cred:NAME},") {
			return
		}
		full, referred := r.expand(v, true)
		if !referred && v.text != "" {
			r.secrets = append(r.secrets, v.text)
			r.warnPlain(v)
		}
		*into = rollcall.Secret(full)
	}
}

func (r *reader) warnPlain(v *value) {
	r.warn(v.Position, "the password stands in the file for all who read it; use ${env:NAME}, ${file:PATH} or ${cred:NAME}")
}

// expand puts in what the references in a text stand for, and reports whether
// there were any. Credentials are for secrets alone.
func (r *reader) expand(v *value, secret bool) (full string, referred bool) {
	full, referred = r.substitute(v, secret)
	if secret && !referred {
		if at := strings.Index(v.text, "${"); at >= 0 && !strings.Contains(v.text, "$${") {
			r.problem(v.Position, "%s is no known reference; use ${env:NAME}, ${file:PATH} or ${cred:NAME}", v.text[at:])
		}
	}
	return full, referred
}

// substitute is expand for a text in which ${ may also stand for itself.
func (r *reader) substitute(v *value, secret bool) (full string, referred bool) {
	if !strings.Contains(v.text, "${") {
		return v.text, false
	}
	full = reference.ReplaceAllStringFunc(v.text, func(s string) string {
		if strings.HasPrefix(s, "$$") {
			return s[1:]
		}
		referred = true
		m := reference.FindStringSubmatch(s)
		if m[1] == "cred" && !secret {
			r.problem(v.Position, "%s: a credential can only be a password", s)
			return ""
		}
		meant, err := r.referred(m[1], m[2])
		if err != nil {
			r.problem(v.Position, "%s: %v", s, err)
		}
		return meant
	})
	return full, referred
}

// referred returns what one reference stands for.
func (r *reader) referred(kind, name string) (string, error) {
	if name == "" {
		return "", fmt.Errorf("there is no name after the colon of %s", kind)
	}
	switch kind {
	case "env":
		meant, ok := r.lookup(name)
		if !ok {
			return "", fmt.Errorf("the environment variable %s is not set", name)
		}
		return meant, nil
	case "cred":
		dir, ok := r.lookup("CREDENTIALS_DIRECTORY")
		if !ok || dir == "" {
			return "", fmt.Errorf("there is no credentials directory; the service manager makes one for LoadCredential=%s:…", name)
		}
		if name != filepath.Base(name) || name == ".." {
			return "", fmt.Errorf("a credential's name holds no path")
		}
		return readSecret(filepath.Join(dir, name))
	}
	return readSecret(r.path(name))
}

// readSecret reads a file's text without the line end that editors add.
func readSecret(path string) (string, error) {
	const largest = 1 << 16
	info, err := os.Stat(path)
	if err == nil && (info.IsDir() || info.Size() > largest) {
		return "", fmt.Errorf("%s is no file with a password", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("cannot be read: %w", err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}
