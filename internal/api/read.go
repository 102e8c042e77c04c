package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"rollcall/internal/rollcall"
)

// longestBody bounds the body of a request: the longest are lists of names.
const longestBody = 64 << 10

// field is one field of an operation's argument, as its tags declare it:
//
//	path:"name" or query:"name" or json:"name"   where it stands
//	required:"true"                              it must be given
//	default:"100" min:"1" max:"500"              of a number; max of a text: its characters
//	enum:"a,b"                                   the words that it may be
//	doc:"…"                                      what it means
type field struct {
	reflect.StructField
	place    string // path, query or body
	name     string
	required bool
}

// fields lists the fields of an operation's argument.
func fields(in reflect.Type) []field {
	var list []field
	for i := range in.NumField() {
		f := in.Field(i)
		if f.Anonymous {
			for _, inner := range fields(f.Type) {
				inner.Index = append([]int{i}, inner.Index...)
				list = append(list, inner)
			}
			continue
		}
		one := field{StructField: f, required: f.Tag.Get("required") == "true"}
		for place, tag := range map[string]string{"path": "path", "query": "query", "body": "json"} {
			if name, ok := f.Tag.Lookup(tag); ok {
				one.place, one.name = place, name
			}
		}
		list = append(list, one)
	}
	return list
}

// read reads the argument of an operation from a request.
func read(r *http.Request, route *route) (any, error) {
	in := reflect.New(route.in)
	all := fields(route.in)
	given, err := queryOf(r, all)
	if err != nil {
		return nil, err
	}
	body, err := bodyOf(r, all)
	if err != nil {
		return nil, err
	}
	for i := range all {
		f := &all[i]
		target := in.Elem().FieldByIndex(f.Index)
		var isGiven bool
		var err error
		switch f.place {
		case "path":
			isGiven = true
			err = f.parse(target, r.PathValue(f.name))
		case "query":
			var text string
			if text, isGiven = given[f.name]; isGiven {
				err = f.parse(target, text)
			}
		case "body":
			var text json.RawMessage
			if text, isGiven = body[f.name]; isGiven {
				err = f.decode(target, text)
			}
		}
		if err == nil {
			err = f.settle(target, isGiven)
		}
		if err != nil {
			return nil, err
		}
	}
	return in.Interface(), nil
}

// queryOf returns the parameters of the query string, of which each is known and
// stands there once.
func queryOf(r *http.Request, all []field) (map[string]string, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "the query string cannot be read: %w", err)
	}
	given := make(map[string]string, len(values))
	for name, list := range values {
		known := slices.ContainsFunc(all, func(f field) bool { return f.place == "query" && f.name == name })
		switch {
		case !known:
			return nil, rollcall.Errorf(rollcall.Invalid, "there is no parameter %q here%s", shorten(name), names(all, "query"))
		case len(list) > 1:
			return nil, rollcall.Errorf(rollcall.Invalid, "the parameter %s is given %d times", name, len(list))
		}
		given[name] = list[0]
	}
	return given, nil
}

// names lists what may stand in a place.
func names(all []field, place string) string {
	var list []string
	for _, f := range all {
		if f.place == place {
			list = append(list, f.name)
		}
	}
	if len(list) == 0 {
		return "; none is expected"
	}
	return "; expected are: " + strings.Join(list, ", ")
}

// bodyOf returns the fields of the body, a JSON object, of which each is known.
// Nothing, or an empty body, is an empty object.
func bodyOf(r *http.Request, all []field) (map[string]json.RawMessage, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		if size, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, statusError{http.StatusRequestEntityTooLarge, rollcall.Errorf(rollcall.Invalid, "the body is longer than %d bytes", size.Limit)}
		}
		return nil, rollcall.Errorf(rollcall.Invalid, "read the body: %w", err)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return map[string]json.RawMessage{}, nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, statusError{http.StatusUnsupportedMediaType, rollcall.Errorf(rollcall.Invalid, "the body must be JSON, and the header Content-Type say application/json")}
	}
	if !utf8.Valid(text) {
		return nil, rollcall.Errorf(rollcall.Invalid, "the body is not UTF-8")
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal(text, &body); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, rollcall.Errorf(rollcall.Invalid, "the body is no JSON: at byte %d: %s", syntax.Offset, syntax)
		}
		return nil, errNoObject()
	}
	if body == nil { // null
		return nil, errNoObject()
	}
	for name := range body {
		if !slices.ContainsFunc(all, func(f field) bool { return f.place == "body" && f.name == name }) {
			return nil, rollcall.Errorf(rollcall.Invalid, "the body has a field %q that is not known here%s", shorten(name), names(all, "body"))
		}
	}
	return body, nil
}

func errNoObject() error {
	return rollcall.Errorf(rollcall.Invalid, "the body must be a JSON object")
}

// parse reads a value from an address.
func (f *field) parse(target reflect.Value, text string) error {
	if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
		return rollcall.Errorf(rollcall.Invalid, "%s is no text", f.name)
	}
	switch target.Kind() {
	case reflect.String:
		target.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return rollcall.Errorf(rollcall.Invalid, "%s must be true or false, not %q", f.name, shorten(text))
		}
		target.SetBool(text == "true")
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return rollcall.Errorf(rollcall.Invalid, "%s must be a whole number, not %q", f.name, shorten(text))
		}
		target.SetInt(n)
	default:
		return fmt.Errorf("field %s of type %s is no parameter", f.name, target.Type())
	}
	return nil
}

// decode reads a value from the body.
func (f *field) decode(target reflect.Value, text json.RawMessage) error {
	err := json.Unmarshal(text, target.Addr().Interface())
	if err != nil || string(text) == "null" {
		return rollcall.Errorf(rollcall.Invalid, "the field %s must be %s", f.name, kindText(f.Type))
	}
	return nil
}

func kindText(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Int64 {
			return "a list of whole numbers"
		}
		return "a list of texts"
	}
	return "a text"
}

// settle gives a field its default and checks what it got.
func (f *field) settle(target reflect.Value, isGiven bool) error {
	if !isGiven {
		if f.required {
			return rollcall.Errorf(rollcall.Invalid, "%s is missing", f.name)
		}
		if text, ok := f.Tag.Lookup("default"); ok {
			return f.parse(target, text)
		}
		return nil
	}
	switch target.Kind() {
	case reflect.Int, reflect.Int64:
		if low, high, ok := f.span(); ok && (target.Int() < low || target.Int() > high) {
			return rollcall.Errorf(rollcall.Invalid, "%s must be from %d to %d, not %d", f.name, low, high, target.Int())
		}
	case reflect.String:
		text := target.String()
		if enum := f.words(); len(enum) > 0 && !slices.Contains(enum, text) {
			return rollcall.Errorf(rollcall.Invalid, "%s must be one of %s, not %q", f.name, strings.Join(enum, ", "), shorten(text))
		}
		if most, err := strconv.Atoi(f.Tag.Get("max")); err == nil && utf8.RuneCountInString(text) > most {
			return rollcall.Errorf(rollcall.Invalid, "%s is longer than %d characters", f.name, most)
		}
	}
	return nil
}

// span is the range of a number.
func (f *field) span() (low, high int64, ok bool) {
	low, lowErr := strconv.ParseInt(f.Tag.Get("min"), 10, 64)
	high, highErr := strconv.ParseInt(f.Tag.Get("max"), 10, 64)
	return low, high, lowErr == nil && highErr == nil
}

// words are those that a field may be, none for any text.
func (f *field) words() []string {
	if tag := f.Tag.Get("enum"); tag != "" {
		return strings.Split(tag, ",")
	}
	return words[f.Type]
}

// shorten keeps what a request said short enough to be repeated.
func shorten(s string) string {
	const most = 100
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
