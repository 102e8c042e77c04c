package transfer_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

const benchObjects = 100_000

// discard is a client that reads quickly.
type discard struct {
	header http.Header
	n      int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(p []byte) (int, error) { d.n += len(p); return len(p), nil }

// BenchmarkExportCSV is export-v2.php with 100,000 persons, against the database's
// own shell writing the same columns.
func BenchmarkExportCSV(b *testing.B) {
	path := filepath.Join(b.TempDir(), "rollcall.db")
	w := newWorld(b, path)
	w.Write(func(tx *store.Tx, _ *registry.Editor) {
		editor := w.Registry.On(tx, rollcall.Origin{Kind: rollcall.OriginInteractive, By: "bench", At: now})
		for start := 0; start < benchObjects; start += 1000 {
			drafts := make([]registry.Draft, 1000)
			for i := range drafts {
				o := rollcall.NewObject(w.Model.Class("Person"))
				n := start + i
				for code, v := range map[string]string{
					"name": fmt.Sprintf("Name%d", n%9973), "first_name": fmt.Sprintf("First%d", n%997), "org_id": "2",
					"email": fmt.Sprintf("u%06d@example.com", n), "phone": "+33 1 23 45 67 89", "function": "Sales; EMEA",
				} {
					o.Set(code, v)
				}
				drafts[i] = registry.Draft{Object: o, Reason: "bench"}
			}
			_, err := editor.Create(w.Ctx, drafts)
			must(b, err)
		}
	})
	form := map[string]string{"expression": "SELECT Person", "format": "csv", "fields": "id,first_name,name,email,org_id->name,org_id"}
	b.Run("export-v2", func(b *testing.B) {
		for b.Loop() {
			d := &discard{header: http.Header{}}
			w.service.ExportV2(w.Ctx, d, w.request(w.admin, form))
			if d.n < 40*benchObjects {
				b.Fatalf("got %d bytes", d.n)
			}
		}
	})
	b.Run("sqlite shell", func(b *testing.B) {
		shell, err := exec.LookPath("sqlite3")
		if err != nil {
			b.Skip("sqlite3 is not installed")
		}
		query := `SELECT p.id, p.first_name, p.name, p.email, o.name, p.org_id FROM obj_Contact p LEFT JOIN obj_Organization o ON o.id = p.org_id
			WHERE p.finalclass = 'Person' ORDER BY p.first_name || ' ' || p.name`
		for b.Loop() {
			out, err := exec.Command(shell, "-readonly", "-csv", path, query).Output()
			if err != nil || len(out) < 40*benchObjects {
				b.Fatalf("%v: %d bytes %s", err, len(out), strings.TrimSpace(string(out[:min(len(out), 200)])))
			}
		}
	})
}
