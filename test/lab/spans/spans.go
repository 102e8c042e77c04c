// Package spans is a collector of OpenTelemetry traces for tests: it takes them
// by OTLP over HTTPS, and shows what it was told.
package spans

import (
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is a step as it was told. IDs are in hexadecimal digits; Parent is "" at
// the beginning of a trace.
type Span struct {
	Name, Trace, ID, Parent string
	About                   map[string]string
	Error                   string // what it ended in
	IsServer                bool
}

// Collector takes traces.
type Collector struct {
	URL string
	CA  string // path of its certificate

	mu     sync.Mutex
	spans  []Span
	about  map[string]string
	header http.Header
}

// Start starts a collector that ends with the test.
func Start(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{CA: filepath.Join(t.TempDir(), "ca.pem")}
	s := httptest.NewTLSServer(c)
	t.Cleanup(s.Close)
	c.URL = s.URL
	if err := os.WriteFile(c.CA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// ServeHTTP takes a batch.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var batch collector.ExportTraceServiceRequest
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = proto.Unmarshal(body, &batch)
	}
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces" {
		http.Error(w, fmt.Sprintf("%s %s is no batch of traces: %v", r.Method, r.URL.Path, err), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.header = r.Header.Clone()
	for _, from := range batch.GetResourceSpans() {
		c.about = texts(from.GetResource().GetAttributes())
		for _, scope := range from.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans = append(c.spans, Span{
					Name: s.GetName(), Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()),
					Parent: hex.EncodeToString(s.GetParentSpanId()), About: texts(s.GetAttributes()), Error: s.GetStatus().GetMessage(),
					IsServer: s.GetKind() == wire.Span_SPAN_KIND_SERVER,
				})
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func texts(list []*common.KeyValue) map[string]string {
	m := map[string]string{}
	for _, pair := range list {
		switch v := pair.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			m[pair.GetKey()] = v.StringValue
		case *common.AnyValue_IntValue:
			m[pair.GetKey()] = fmt.Sprint(v.IntValue)
		case *common.AnyValue_BoolValue:
			m[pair.GetKey()] = fmt.Sprint(v.BoolValue)
		}
	}
	return m
}

// Spans returns what was told, in the order in which it ended.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Named returns the spans with a name.
func (c *Collector) Named(name string) []Span {
	return slices.DeleteFunc(c.Spans(), func(s Span) bool { return s.Name != name })
}

// Sender returns what the program said of itself, and the header of its last
// request.
func (c *Collector) Sender() (about map[string]string, header http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.about, c.header
}
