package replay

import (
	"regexp"
	"testing"
)

// mask hides a volatile value: one that depends on when, where and by what the
// exchange was recorded.
type mask struct {
	name    string
	pattern *regexp.Regexp
	with    string
}

// masks is the whole list. Both sides go through it before they are compared.
var masks = []mask{
	{"date and time", regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`), "<time>"},
	{"day of a password", regexp.MustCompile(`"password_renewed_date":"\d{4}-\d\d-\d\d"`), `"password_renewed_date":"<day>"`},
	{"memory of a run", regexp.MustCompile(`"memory_usage_peak":"\d*"`), `"memory_usage_peak":"<bytes>"`},
	{"seconds of a request", regexp.MustCompile(`"(tto|ttr)":\d+`), `"$1":<seconds>`},
	{"seconds spent", regexp.MustCompile(`"time_spent":"\d+"`), `"time_spent":"<seconds>"`},
	{"clock of cron", regexp.MustCompile(`(Starting|Exiting|Next occurrence|Started): \d{10}`), "$1: <clock>"},
	{"address", regexp.MustCompile(`http://127\.0\.0\.1:\d+`), "<address>"},
}

// compared are the headers that clients look at.
var compared = []string{"Content-Type", "Access-Control-Allow-Origin", "Content-Disposition"}

func masked(text string) string {
	for _, m := range masks {
		text = m.pattern.ReplaceAllString(text, m.with)
	}
	return text
}

func TestMasksHideNothingElse(t *testing.T) {
	t.Parallel()
	const plain = `{"code":0,"id":"12","date":"2024-01-31","tto":"1","full_load_periodicity":"3600"}`
	if got := masked(plain); got != plain {
		t.Errorf("got %s", got)
	}
	if got, want := masked(`{"start_date":"2026-11-21 20:02:32","tto":1,"time_spent":"2"}`), `{"start_date":"<time>","tto":<seconds>,"time_spent":"<seconds>"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
