package transfer

import (
	"context"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"rollcall/internal/auth"
	"rollcall/internal/itop/wire"
	"rollcall/internal/rollcall"
)

// read brings the plain cells of the chunk to canonical form.
func (w *writer) read(context.Context) error {
	for _, r := range w.chunk {
		for i := range w.job.columns {
			c := &w.job.columns[i]
			text := r.cells[i]
			if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
				r.cells[i] = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\\0")
				w.job.invalid(r, i, "the text is not valid in the charset given")
				continue
			}
			if c.plain != "" {
				w.job.readCell(r, i, c, text)
			}
		}
	}
	return nil
}

// invalid notes a value that cannot be.
func (j *job) invalid(r *row, column int, reason string) {
	r.note(column, "'%s' is an invalid value. Unexpected value for attribute '%s': %s", clip(r.cells[column]), j.columns[column].code, reason)
}

// readCell reads one plain cell.
func (j *job) readCell(r *row, i int, c *input, text string) {
	a := c.attr
	if a == nil || isSet(a) || !a.Writable() || text == "" {
		r.values[i] = text // of what is computed or empty there is nothing to check here
		return
	}
	switch a.Type {
	case rollcall.TypeDate, rollcall.TypeDateTime:
		if !j.readDate(r, i, a, &text) {
			return
		}
	case rollcall.TypeEnum, rollcall.TypeLanguage:
		if j.localize {
			code, ok := wire.ValueOf(a, text)
			if !ok {
				r.note(i, "'%s' is an invalid value. Allowed '%s' value(s): %s", clip(text), c.code, strings.Join(shownValues(a), ", "))
				return
			}
			text = code
		}
	case rollcall.TypeTags:
		codes, unknown := wire.TagsOf(a, text, j.localize)
		if unknown != "" {
			r.note(i, "'%s' is an invalid value. Failed to process input: %s is not defined as a valid tag for %s:%s", clip(text), clip(unknown), a.Declared, a.Code)
			return
		}
		text = codes
	case rollcall.TypeImage:
		bytes, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			j.invalid(r, i, "it is not in base64")
			return
		}
		text = string(bytes)
	case rollcall.TypePassword:
		hash, err := password(text)
		if err != nil {
			r.cells[i] = "*****"
			r.note(i, "Unexpected value for attribute '%s': %s", c.code, err)
			return
		}
		r.cells[i], r.values[i] = "*****", hash
		return
	}
	value, err := a.Canonical(text)
	if err != nil {
		_, reason, ok := strings.Cut(err.Error(), ") : ")
		if !ok {
			reason = err.Error()
		}
		j.invalid(r, i, reason)
		return
	}
	r.values[i] = value
}

// password holds a password against the policy and hashes it.
func password(text string) (string, error) {
	if err := auth.CheckPolicy(rollcall.Secret(text)); err != nil {
		return "", err
	}
	return auth.Hash(rollcall.Secret(text))
}

// readDate brings a date of the format asked for to the stored one.
func (j *job) readDate(r *row, i int, a *rollcall.Attribute, text *string) bool {
	format, layout := j.dateTimes, rollcall.DateTimeLayout
	if a.Type == rollcall.TypeDate {
		format, layout = j.dates, rollcall.DateLayout
	}
	if format == nil {
		return true
	}
	t, ok := format.Parse(*text)
	if !ok {
		r.issue = "wrong date format"
		r.note(i, "'%s' is an invalid value. Expected format: %s", clip(*text), format.Format(j.service.Now().UTC()))
		return false
	}
	*text = t.Format(layout)
	return true
}

func shownValues(a *rollcall.Attribute) []string {
	if len(a.Labels) > 0 {
		return a.Labels
	}
	return a.Values
}

func isSet(a *rollcall.Attribute) bool {
	return a.Type == rollcall.TypeLinks || a.Type == rollcall.TypeChildren
}
