package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

const (
	classCall = "EventRestService"
	// longestKept is how much of what was sent and answered is kept, in characters
	// (iTop 3.2.0).
	longestKept = 65535
	// longestWord is the same for the short texts of an event.
	longestWord = 255
	// keepTimeout is how long keeping one call may take.
	keepTimeout = 10 * time.Second
)

// keep writes a call and its answer down as an event (iTop 3.2.0's
// log_rest_service). The caller has its answer whatever becomes of that, and one
// who left is kept too.
func (c *call) keep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTimeout)
	defer cancel()
	if err := c.keepEvent(ctx); err != nil {
		c.Log.LogAttrs(ctx, slog.LevelWarn, "a REST call could not be kept", slog.String("operation", c.verb), slog.Any("err", err))
	}
}

func (c *call) keepEvent(ctx context.Context) error {
	class := c.Model.Class(classCall)
	if class == nil {
		return rollcall.Errorf(rollcall.Internal, "class %s is not declared", classCall)
	}
	code, message := outcome(c.out.start)
	if message == "" {
		message = "Ok"
	}
	event := rollcall.NewObject(class)
	for _, s := range [][2]string{
		{"userinfo", trimmed(c.account.Login, longestWord)},
		{"version", trimmed(c.version, longestWord)},
		{"operation", trimmed(c.verb, longestWord)},
		{"provider", c.provider()},
		{"json_input", trimmed(c.kept(), longestKept)},
		{"message", trimmed(message, longestKept)},
		{"code", strconv.Itoa(code)},
		{"json_output", trimmedTo(c.out.start, c.out.length)},
	} {
		event.Set(s[0], s[1])
	}
	tx, err := c.Store.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing after Commit; before it the first error tells more
	origin := rollcall.Origin{Kind: originREST, By: c.account.Name, At: c.Now()}
	refused, err := c.Registry.On(tx, origin).Create(ctx, []registry.Draft{{Object: event}})
	if err == nil {
		err = refused[0]
	}
	if err != nil {
		return err
	}
	return tx.Commit()
}

// provider returns who carried the operation out, as list_operations calls it.
func (c *call) provider() string {
	for i := range core {
		if core[i].verb == c.verb {
			return coreProvider
		}
	}
	for i := range c.Operations {
		if c.Operations[i].Verb == c.verb {
			return trimmed(c.Operations[i].provider(), longestWord)
		}
	}
	return ""
}

// outcome reads the code and the message that an answer begins with.
func outcome(answer []byte) (code int, message string) {
	d := json.NewDecoder(bytes.NewReader(answer))
	for name := ""; ; {
		token, err := d.Token()
		if err != nil {
			return code, message // the rest was not kept, or there is none
		}
		switch v := token.(type) {
		case json.Delim:
			if v != '{' || name != "" {
				return code, message // the objects begin
			}
			continue
		case string:
			if name == "" {
				name = v
				continue
			}
			if name == "message" {
				message = v
			}
		case float64:
			if name == "code" {
				code = int(v)
			}
		}
		name = ""
	}
}

// kept returns json_data without the passwords in it. What was no JSON may have
// held one anywhere, and is not kept.
func (c *call) kept() string {
	if c.params.kind == kindNull {
		return ""
	}
	if v, hid := c.masked(&c.params); hid {
		return string(appendValue(nil, &v))
	}
	return c.given
}

// credentials are the members of json_data that hold a secret whatever the
// class: those of core/check_credentials and those that clients add to sign in.
var credentials = []string{"password", "auth_pwd", "auth_token"}

// masked returns a value with its secrets hidden, and whether there were any.
func (c *call) masked(v *value) (masked value, hid bool) {
	masked = *v
	switch v.kind {
	case kindArray:
		masked.list = slices.Clone(v.list)
		for i := range masked.list {
			var deeper bool
			masked.list[i], deeper = c.masked(&v.list[i])
			hid = hid || deeper
		}
	case kindObject:
		masked.members = slices.Clone(v.members)
		for i := range masked.members {
			m := &masked.members[i]
			deeper := c.isSecret(m.name)
			if deeper {
				m.value = value{kind: kindString, text: hidden}
			} else {
				m.value, deeper = c.masked(&v.members[i].value)
			}
			hid = hid || deeper
		}
	}
	return masked, hid
}

// isSecret reports whether a member of that name may be a password: of some class.
func (c *call) isSecret(name string) bool {
	return slices.Contains(credentials, name) || slices.ContainsFunc(c.Model.Classes, func(class *rollcall.Class) bool {
		a := class.Attribute(name)
		return a != nil && a.Type == rollcall.TypePassword
	})
}

// trimmed returns a text that is no longer than its attribute allows, as iTop
// 3.2.0 shortens one, and that can be kept.
func trimmed(text string, most int) string {
	text = clean(text)
	n := utf8.RuneCountInString(text)
	if n <= most {
		return text
	}
	end := truncated(n)
	return string([]rune(text)[:most-len(end)]) + end
}

// trimmedTo is trimmed for an answer of which only the beginning is known. Answers
// are ASCII.
func trimmedTo(start []byte, length int) string {
	if length <= len(start) {
		return clean(string(start))
	}
	end := truncated(length)
	return clean(string(start[:longestKept-len(end)])) + end
}

func truncated(length int) string { return fmt.Sprintf(" -truncated (%d chars)", length) }

// clean takes out what no text attribute keeps.
func clean(text string) string {
	return string(bytes.ReplaceAll(bytes.ToValidUTF8([]byte(text), nil), []byte{0}, nil))
}
