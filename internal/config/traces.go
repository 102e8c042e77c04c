package config

import (
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// Traces says where to tell what the program did, by OpenTelemetry's protocol
// over HTTP. Without a URL nothing is told.
type Traces struct {
	URL     string                     // with its path
	Headers map[string]rollcall.Secret // sent with every batch
	CA      string                     // path
	Share   float64                    // of the traces that begin here, from 0 to 1
}

// tracesPath is where a collector takes traces by default (OTLP 1.0,
// OTLP/HTTP request).
const tracesPath = "/v1/traces"

func (t *Traces) read(r *reader, v *value) {
	t.Share = 1
	r.section(v, "traces", keys{
		"url":     r.text(&t.URL),
		"headers": func(v *value) { t.readHeaders(r, v) },
		"ca":      r.file(&t.CA),
		"share": func(v *value) {
			share, err := strconv.ParseFloat(v.text, 64)
			if err != nil || math.IsNaN(share) || share < 0 || share > 1 {
				r.problem(v.Position, "the share of traces that are told is a number from 0 to 1, such as 0.1")
				return
			}
			t.Share = share
		},
	})
	u, err := url.Parse(t.URL)
	switch {
	case v.shape != mapping:
		return
	case r.lacks(v, "url"):
		r.problem(v.Position, "traces have no url, such as https://otel.example.com:4318")
		return
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		if at := v.get("url"); at != nil {
			r.problem(at.Position, "the url of traces is none to send to, such as https://otel.example.com:4318")
		}
		return
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		r.warn(v.get("url").Position, "traces cross the network unencrypted; use https")
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = tracesPath
	}
	t.URL = u.String()
}

// headerName is what a header can be called, as servers commonly take it.
var headerName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func (t *Traces) readHeaders(r *reader, v *value) {
	if v.shape != mapping {
		r.problem(v.Position, "the headers of traces are a section with a key per header, not %s", v.shape)
		return
	}
	t.Headers = map[string]rollcall.Secret{}
	for _, f := range v.fields {
		if !headerName.MatchString(f.key.Text) {
			r.problem(f.key.Position, "%q is no name of a header", f.key.Text)
			continue
		}
		var value rollcall.Secret
		r.secret(&value)(f.value)
		t.Headers[f.key.Text] = value
	}
}
