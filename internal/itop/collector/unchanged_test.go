package collector_test

import (
	"bytes"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/itop/collector"
)

func TestUnchangedRowsAreNotSentAgain(t *testing.T) {
	t.Parallel()
	f, i := newUpload(t, "")
	sent := func() (rows []string) {
		for _, r := range i.sent("synchro_import.php") {
			rows = append(rows, strings.Split(strings.TrimSpace(r.Get("csvdata")), "\n")[1:]...)
		}
		i.mu.Lock()
		i.requests = nil
		i.mu.Unlock()
		return rows
	}
	f.want(0, []string{"There is no Synchro Data Source"})
	if got := sent(); len(got) != 2 {
		t.Errorf("first: got %q", got)
	}
	// The stand-in knows no attributes, so the definition counts as changed until
	// it shows them.
	i.sources["People source"]["fields"].(map[string]any)["attribute_list"] = shownAttributes()
	f.want(0, []string{"is up to date", "Nothing to upload: iTop has every row of 'People source'."})
	if got := sent(); got != nil {
		t.Errorf("unchanged: got %q", got)
	}
	f.write("people.csv", "primary_key;email;phone\n1;a;b\n2;c;\"new\nline\"\n3;x;y\n")
	f.want(0, nil)
	if got := strings.Join(sent(), "|"); got != "2;c;\"new|line\"|3;x;y" {
		t.Errorf("changed: got %q", got)
	}
	// What the synchronization could not do it tries again by itself.
	i.Exec = func(string) (int, string) { return 200, counters(0, 0, 1, 0, 0) }
	f.want(1, []string{"Nothing to upload"})
	if got := sent(); got != nil {
		t.Errorf("after an error of the synchronization: got %q", got)
	}
	i.Exec = nil
	// After a failed upload nobody knows what iTop has.
	f.write("people.csv", "primary_key;email;phone\n1;a;b\n2;c;\"new\nline\"\n3;x;z\n")
	i.Import = func(url.Values) (int, string) { return 200, "1" }
	f.want(1, nil)
	sent()
	i.Import = nil
	f.want(0, nil)
	if got := len(sent()); got != 4 {
		t.Errorf("after a failed upload: got %d lines", got)
	}
	// A row that came from elsewhere, or one that is gone.
	i.rows["1 9"] = true
	f.want(0, []string{"does not have the rows of 'People source' as they were sent"})
	if got := len(sent()); got != 4 {
		t.Errorf("with another row: got %d lines", got)
	}
	delete(i.rows, "1 9")
	f.want(0, nil)
	sent()
	// How rows are read is part of what was sent.
	f.want(0, []string{"Nothing to upload"})
	f.params(i.params() + sequence("People") + "<People><csv_file>people.csv</csv_file></People><date_format>d/m/Y</date_format>")
	f.want(0, nil)
	if got := len(sent()); got != 4 {
		t.Errorf("with another date format: got %d lines", got)
	}
	f.want(0, []string{"Nothing to upload"})
	for _, args := range []string{"", "--strict"} {
		f.params(i.params() + sequence("People") + "<People><csv_file>people.csv</csv_file></People><date_format>d/m/Y</date_format>" +
			map[string]string{"": "<skip_unchanged>no</skip_unchanged>"}[args])
		f.want(0, nil, strings.Fields(args)...)
		if got := len(sent()); got != 4 {
			t.Errorf("%q: got %d lines", args, got)
		}
	}
}

// Of two rows with one key iTop keeps the last, so that both must be sent.
func TestRowsWithTheSameKeyAreAllSent(t *testing.T) {
	t.Parallel()
	f, i := newUpload(t, "")
	f.write("people.csv", "email;primary_key;phone\na;1;x\n\"b;c\";2;x\n\"b;c\";1;x\n")
	for range 2 {
		f.want(0, nil)
	}
	for n, r := range i.sent("synchro_import.php") {
		if got := strings.Count(r.Get("csvdata"), "\n"); got != 4 {
			t.Errorf("upload %d: %d lines", n, got)
		}
	}
}

// A backslash before a quote ends no value, and begins none.
func TestRowsWithBackslashesStayUnsent(t *testing.T) {
	t.Parallel()
	f, i := newUpload(t, "")
	f.write("people.csv", "primary_key;email;phone\n1;\"C:\\\";x\n2;b;x\n3;\"D:\\\";x\n")
	f.want(0, nil)
	i.sources["People source"]["fields"].(map[string]any)["attribute_list"] = shownAttributes()
	f.want(0, []string{"Nothing to upload"})
	f.write("people.csv", "primary_key;email;phone\n1;\"C:\\\";x\n2;b;y\n3;\"D:\\\";x\n")
	f.want(0, []string{"1 rows of 'People source' are new or changed, 2 unchanged ones are not sent."})
}

// What changed goes into as few uploads as it needs.
func TestChangedRowsAreSentTogether(t *testing.T) {
	t.Parallel()
	f, i := newUpload(t, "")
	write := func(changed int) {
		var b strings.Builder
		b.WriteString("primary_key;email;phone\n")
		for n := range 20 {
			fmt.Fprintf(&b, "%d;e;%d\n", n, map[bool]int{true: changed}[n%4 == 0])
		}
		f.write("people.csv", b.String())
	}
	for changed := range 3 {
		write(changed)
		f.want(0, nil, "--max_chunk_size=3")
		i.sources["People source"]["fields"].(map[string]any)["attribute_list"] = shownAttributes()
	}
	sizes := map[int]int{}
	for _, r := range i.sent("synchro_import.php") {
		sizes[strings.Count(r.Get("csvdata"), "\n")-1]++
	}
	// 20 rows by threes, then twice five.
	if diff := cmp.Diff(map[int]int{3: 6 + 1 + 1, 2: 1 + 1 + 1}, sizes); diff != "" {
		t.Errorf("rows of uploads to how many (-want +got):\n%s", diff)
	}
	if left, _ := filepath.Glob(filepath.Join(f.dir, "data", "*.part")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// shownAttributes are those of newUpload's definition as iTop shows them; the
// stand-in has none of itself.
func shownAttributes() []any {
	return []any{
		map[string]any{"attcode": "email", "finalclass": "SynchroAttribute", "update": true, "reconcile": true, "update_policy": "master_locked"},
		map[string]any{"attcode": "phone", "finalclass": "SynchroAttribute", "update": true, "reconcile": false, "update_policy": "master_locked"},
	}
}

// Where there is a full load interval, unchanged rows are sent again before it
// could end.
func TestUnchangedRowsAreSentAgainWithinTheInterval(t *testing.T) {
	t.Parallel()
	f, i := newUpload(t, "<skip_unchanged>yes</skip_unchanged>")
	file := "collectors/json/People.json"
	f.write(file, strings.Replace(f.read(file), `"full_load_periodicity":"0"`, `"full_load_periodicity":"1000"`, 1))
	begin := time.Now()
	sent := func(after time.Duration) (rows int) {
		t.Helper()
		i.mu.Lock()
		i.requests = nil
		i.mu.Unlock()
		var log bytes.Buffer
		env := collector.Environment{Folder: f.dir, Out: &log, Now: func() time.Time { return begin.Add(after) }}
		if code := collector.Exec(t.Context(), env, collector.ParseOptions(nil)); code != 0 {
			t.Fatalf("after %s: exit code %d:\n%s", after, code, &log)
		}
		for _, r := range i.sent("synchro_import.php") {
			rows += strings.Count(r.Get("csvdata"), "\n") - 1
		}
		return rows
	}
	sent(0)
	i.sources["People source"]["fields"].(map[string]any)["attribute_list"] = shownAttributes()
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 0}, {99 * time.Second, 0}, {100 * time.Second, 2}, {150 * time.Second, 0}, {199 * time.Second, 0}, {201 * time.Second, 2}, {-time.Hour, 2}} {
		if got := sent(step.after); got != step.want {
			t.Errorf("after %s: %d rows were sent, want %d", step.after, got, step.want)
		}
	}
}
