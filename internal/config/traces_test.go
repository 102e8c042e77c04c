package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/config"
	"rollcall/internal/rollcall"
)

func TestTracesAreRead(t *testing.T) {
	t.Parallel()
	for section, want := range map[string]config.Traces{
		"{url: 'https://otel.example.com:4318'}": {URL: "https://otel.example.com:4318/v1/traces", Share: 1},
		"{url: 'http://127.0.0.1:4318/own', share: 0.25, ca: ca.pem, headers: {X-Key: '${env:HOOK_SECRET}'}}": {
			URL: "http://127.0.0.1:4318/own", Share: 0.25, CA: "testdata/ca.pem", Headers: map[string]rollcall.Secret{"X-Key": "0123456789abcdef"}},
		"{url: 'https://otel/', share: 0}": {URL: "https://otel/v1/traces"},
	} {
		c := parse(t, "traces: "+section+"\n")
		if diff := cmp.Diff(want, c.Traces); diff != "" || len(c.Warnings) != 0 {
			t.Errorf("%s: warnings %v (-want +got)\n%s", section, c.Warnings, diff)
		}
	}
	if c := parse(t, "traces: {url: 'http://otel.example.com'}\n"); len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].Text, "unencrypted") {
		t.Errorf("got %v, want a warning", c.Warnings)
	}
}

func TestWhatIsWrongWithTraces(t *testing.T) {
	t.Parallel()
	for section, want := range map[string]string{
		"{share: 0.5}":                               "1:9: traces have no url",
		"{ulr: 'https://otel'}":                      `did you mean "url"?`,
		"[a]":                                        "traces must be a section with keys, not a list",
		"{url: otel:4318}":                           "1:15: the url of traces is none to send to",
		"{url: 'https://u:hunter2@otel'}":            "the url of traces is none to send to",
		"{url: 'https://otel', share: half}":         "from 0 to 1",
		"{url: 'https://otel', share: 1.5}":          "from 0 to 1",
		"{url: 'https://otel', share: nan}":          "from 0 to 1",
		"{url: 'https://otel', headers: x}":          "a section with a key per header, not a single value",
		"{url: 'https://otel', headers: {'A B': x}}": `"A B" is no name of a header`,
		"{url: 'https://otel', headers: {A: [x]}}":   "not a list",
	} {
		_, err := config.Parse("rollcall.yaml", []byte("traces: "+section+"\n"), env)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") || strings.Count(err.Error(), "\n") > 4 {
			t.Errorf("%s: got\n%v\nwant %s", section, err, want)
		}
	}
}
