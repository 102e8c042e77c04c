package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"time"
)

// Section is the part of a source that only its own kind understands. What
// ${env:…}, ${file:…} and ${cred:…} in it stand for is put in already.
type Section struct {
	Position
	kind    string
	written *value // as it stands in the file
	filled  *value
	config  *Config // for the messages of Decode
}

// Decode reads the section into a struct or a map by its yaml tags. Its error
// says of all that is wrong where it stands; an unknown key is an error.
func (s *Section) Decode(into any) error {
	r := &reader{misspelt: map[key]bool{}}
	r.decode(s.filled, reflect.ValueOf(into).Elem(), "the section "+s.kind)
	return asError(s.config.Path, s.config.text, s.config.secrets, r.problems)
}

// own reads the section of a kind of source.
func (r *reader) own(v *value, kind string) *Section {
	return &Section{Position: v.Position, kind: kind, written: v, filled: r.fill(v, false)}
}

// sealed are the keys below which every text is a password or may hold one.
var sealed = map[string]bool{"password": true, "headers": true, "token": true}

// fill copies a value with what the references in its texts stand for.
func (r *reader) fill(v *value, secret bool) *value {
	out := *v
	out.items, out.fields = nil, nil
	if v.shape == scalar {
		out.text = r.fillText(v, secret)
	}
	for _, item := range v.items {
		out.items = append(out.items, r.fill(item, secret))
	}
	for _, f := range v.fields {
		out.fields = append(out.fields, field{f.key, r.fill(f.value, secret || sealed[f.key.Text])})
	}
	return &out
}

// settingPassword finds a password among the settings of a connection string.
var settingPassword = regexp.MustCompile(`(?i)(?:^|[;?&:\s])(?:password|pwd)\s*=\s*([^;&\s]+)`)

func (r *reader) fillText(v *value, secret bool) string {
	full, referred := r.substitute(v, true)
	if referred || v.text == "" {
		return full
	}
	password := ""
	if m := settingPassword.FindStringSubmatch(v.text); m != nil {
		password = m[1]
	}
	if u, err := url.Parse(v.text); err == nil && u.User != nil {
		if p, ok := u.User.Password(); ok {
			password = p
		}
	}
	if secret {
		password = v.text
	}
	if password != "" {
		r.secrets = append(r.secrets, password)
		r.warnPlain(v)
	}
	return full
}

// decode reads a value into a Go value. What is no text, truth value, number from
// 0 on, duration, list or section, nor a pointer to one, is a mistake of the
// program.
func (r *reader) decode(v *value, into reflect.Value, what string) {
	switch {
	case into.Type() == reflect.TypeFor[time.Duration]():
		r.duration(into.Addr().Interface().(*time.Duration))(v)
		return
	case into.Kind() == reflect.Interface:
		if v.shape != nothing {
			into.Set(reflect.ValueOf(v.plain()))
		}
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		known := keys{}
		for _, field := range reflect.VisibleFields(into.Type()) {
			if field.Anonymous {
				continue // its fields count as the section's own
			}
			name := cmp.Or(field.Tag.Get("yaml"), strings.ToLower(field.Name))
			known[name] = func(v *value) { r.decode(v, into.FieldByIndex(field.Index), name) }
		}
		r.section(v, what, known)
	case reflect.Pointer:
		if v.shape != nothing {
			into.Set(reflect.New(into.Type().Elem()))
			r.decode(v, into.Elem(), what)
		}
	case reflect.Map:
		r.decodeMap(v, into, what)
	case reflect.Slice:
		items := []*value{v}
		if v.shape == list {
			items = v.items
		}
		into.Set(reflect.MakeSlice(into.Type(), len(items), len(items)))
		for i, item := range items {
			r.decode(item, into.Index(i), what)
		}
	case reflect.String:
		if r.scalar(v, "a text") {
			into.SetString(v.text)
		}
	case reflect.Bool:
		r.truth(into.Addr().Interface().(*bool))(v)
	case reflect.Int:
		r.number(into.Addr().Interface().(*int), 0, math.MaxInt32)(v)
	default:
		panic("config: no section is read into a " + into.Type().String())
	}
}

func (r *reader) decodeMap(v *value, into reflect.Value, what string) {
	if v.shape != mapping {
		r.problem(v.Position, "%s must be a section with keys, not %s", what, v.shape)
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	for _, f := range v.fields {
		item := reflect.New(into.Type().Elem()).Elem()
		r.decode(f.value, item, f.key.Text)
		into.SetMapIndex(reflect.ValueOf(f.key.Text), item)
	}
}

// plain returns a value as texts, lists and maps.
func (v *value) plain() any {
	switch v.shape {
	case scalar:
		return v.text
	case list:
		items := make([]any, len(v.items))
		for i, item := range v.items {
			items[i] = item.plain()
		}
		return items
	case mapping:
		m := make(map[string]any, len(v.fields))
		for _, f := range v.fields {
			m[f.key.Text] = f.value.plain()
		}
		return m
	}
	return nil
}

// scope says which data the section reads, in words without secrets: a
// connection string is told from another by a digest of how it is written.
func (s *Section) scope() string {
	var parts []string
	for _, key := range []string{"file", "url", "path", "query"} {
		if v := s.written.get(key); v != nil && v.shape == scalar {
			parts = append(parts, key+" "+withoutPassword(strings.TrimSpace(v.text)))
		}
	}
	if v := s.written.get("dsn"); v != nil && v.shape == scalar {
		sum := sha256.Sum256([]byte(v.text))
		parts = append(parts, "database #"+hex.EncodeToString(sum[:4]))
	}
	return fmt.Sprintf("%s of %s", s.kind, strings.Join(parts, ", "))
}
