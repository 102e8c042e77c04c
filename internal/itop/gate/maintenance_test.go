package gate_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/internal/itop/gate"
)

func TestMaintenanceLastsAsLongAsItsFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "maintenance")
	page := gate.Maintained(file, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	ask := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		page.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, nil))
		return w
	}
	if got := ask("/webservices/rest.php").Code; got != http.StatusTeapot {
		t.Errorf("without the file: got %d", got)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got := ask("/itop/webservices/rest.php")
	if want := `{"data":[{"code":100,"message":"This application is currently under maintenance."}],"scripts":[]}`; got.Code != 503 || got.Body.String() != want || got.Header().Get("Content-Type") != "application/json" {
		t.Errorf("got %d %v %s", got.Code, got.Header(), got.Body)
	}
	if got := ask("/webservices/export-v2.php"); got.Code != 503 || !strings.Contains(got.Body.String(), "<p>This application is currently under maintenance.</p>") {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if got := ask("/webservices/rest.php").Code; got != http.StatusTeapot {
		t.Errorf("after it: got %d", got)
	}
}

func TestNotFoundIsThePageOfAWebServer(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	gate.NotFound(w, httptest.NewRequest(http.MethodGet, "/nowhere", nil))
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "The requested URL was not found on this server.") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
