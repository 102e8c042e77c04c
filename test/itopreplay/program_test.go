package itopreplay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/test/lab"
)

func TestMain(m *testing.M) { os.Exit(lab.Main(m)) }

// command prepares a run of the built program in a folder.
func command(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	binary := lab.Program(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, binary, append([]string{"exec"}, args...)...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TZ=UTC", "LDAPNOINIT=1"}
	return cmd
}

// run runs the built program and returns its exit code and what it wrote.
func run(t *testing.T, dir string, args ...string) (int, string) {
	t.Helper()
	out, err := command(t, dir, args...).CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	}
	return code, string(out)
}

// people writes a folder with a CSV collector of n rows.
func people(t *testing.T, n int, more string) string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "conf", "params.local.xml"), "<parameters><itop_login>a</itop_login><itop_password>geheim</itop_password><itop_retries>0</itop_retries>"+
		`<collectors_launch_sequence type="array"><c><name>People</name><enable>yes</enable><rank>1</rank></c></collectors_launch_sequence>`+
		"<People><csv_file>people.csv</csv_file></People>"+more+"</parameters>")
	writeFile(t, filepath.Join(dir, "collectors", "json", "People.json"), `{"name":"People","reconciliation_policy":"use_attributes","database_table_name":"","full_load_periodicity":"0",
"attribute_list":[{"attcode":"email","update":"1","reconcile":"1","update_policy":"master_locked","finalclass":"SynchroAttribute"}]}`)
	var b strings.Builder
	b.WriteString("primary_key;email\n")
	for i := range n {
		fmt.Fprintf(&b, "%d;%d@example.com\n", i, i)
	}
	writeFile(t, filepath.Join(dir, "people.csv"), b.String())
	return dir
}

// page is a web server that answers what a test says.
func page(t *testing.T, answer http.HandlerFunc) string {
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

// rest answers as an iTop that has everything; imports are a test's own.
func rest(imported func(http.ResponseWriter, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		switch {
		case strings.HasSuffix(r.URL.Path, "rest.php"):
			_, _ = w.Write([]byte(`{"code":0,"objects":{"X::1":{"key":"1","fields":{}}}}`))
		case strings.HasSuffix(r.URL.Path, "synchro_import.php"):
			imported(w, r.PostForm.Get("csvdata"))
		default:
			_, _ = w.Write([]byte("<p>Objects deletion errors: 0</p>"))
		}
	}
}

func TestBadDaysOfTheProgram(t *testing.T) {
	t.Parallel()
	say := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"iTop answers 500":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "HTTP error 500 returned from URL: "},
		"iTop answers HTML": {say("<html>hello</html>"), "rest.php replied: <html>hello</html>"},
		"iTop answers half": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"code":0`))
		}, "the answer broke off before its end"},
		"iTop is in maintenance":   {say(`{"data":[{"message":"This application is currently under maintenance."}]}`), "iTop is in maintenance"},
		"iTop hangs up":            {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "Problem opening URL: "},
		"iTop refuses the upload":  {rest(func(w http.ResponseWriter, _ string) { w.WriteHeader(413) }), "HTTP error 413 returned from URL: "},
		"the upload meets a login": {rest(func(w http.ResponseWriter, _ string) { _, _ = w.Write([]byte("<html>Please log in</html>")) }), "Failed to import the data from "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := people(t, 2, "<itop_url>"+page(t, c.answer)+"</itop_url>")
			code, log := run(t, dir)
			if code != 1 || !strings.Contains(log, c.want) || strings.Contains(log, "geheim") {
				t.Errorf("exit code %d:\n%s", code, log)
			}
		})
	}
	t.Run("iTop is slow", func(t *testing.T) {
		t.Parallel()
		release := make(chan struct{})
		url := page(t, rest(func(http.ResponseWriter, string) { <-release }))
		t.Cleanup(func() { close(release) })
		code, log := run(t, people(t, 2, "<itop_url>"+url+"</itop_url><itop_synchro_timeout>1</itop_synchro_timeout>"))
		if code != 1 || !strings.Contains(log, "error code: 28 ") {
			t.Errorf("exit code %d:\n%s", code, log)
		}
	})
	t.Run("parameters of 100 MB", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, "conf", "params.local.xml"), "<p><a>"+strings.Repeat("x", 100<<20)+"</a></p>")
		if code, log := run(t, dir); code != 1 || !strings.Contains(log, "larger than 16 MiB") {
			t.Errorf("exit code %d:\n%.500s", code, log)
		}
	})
	t.Run("the disk is full", func(t *testing.T) {
		t.Parallel()
		dir := people(t, 100_000, "")
		cmd := command(t, dir, "--collect_only", "--max_chunk_size=0")
		// A limit of the size of files stands for a full disk: 200 blocks of 512 bytes.
		cmd.Args = append([]string{"sh", "-c", `trap '' XFSZ; ulimit -f 200; exec "$0" "$@"`}, cmd.Args...)
		cmd.Path = "/bin/sh"
		out, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "People::Collect() got an exception: write ") {
			t.Errorf("got %v:\n%s", err, out)
		}
		if left, _ := os.ReadDir(filepath.Join(dir, "data")); len(left) > 0 {
			t.Errorf("left in data: %v", left)
		}
	})
}

func TestKilledBetweenChunks(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	rows := map[string]bool{}
	second := make(chan struct{})
	killed := make(chan struct{})
	chunks := 0
	url := page(t, rest(func(w http.ResponseWriter, data string) {
		mu.Lock()
		chunks++
		number := chunks
		mu.Unlock()
		if number == 2 { // the second chunk never gets an answer
			close(second)
			<-killed
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for line := range strings.Lines(data) {
			rows[strings.TrimSpace(line)] = true
		}
		_, _ = w.Write([]byte("0"))
	}))
	dir := people(t, 30, "<itop_url>"+url+"</itop_url><skip_unchanged>yes</skip_unchanged>")
	cmd := command(t, dir, "--max_chunk_size=10")
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-second
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	close(killed)
	if code, log := run(t, dir, "--max_chunk_size=15"); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, log)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(rows) != 31 {
		t.Errorf("iTop has %d different lines, want 30 rows and a header", len(rows))
	}
}
