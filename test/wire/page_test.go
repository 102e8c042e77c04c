package wire

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rollcall/internal/api"
	"rollcall/test/lab"
)

// block is a fenced block of a page.
type block struct{ kind, text string }

var fence = regexp.MustCompile("(?ms)^```(sh|text)\n(.*?)^```$")

// TestThePageForOperatorsTellsTheTruth carries out the commands of docs/wire.md
// and compares what they print with what the page says.
func TestThePageForOperatorsTellsTheTruth(t *testing.T) {
	t.Parallel()
	carryOut(t, "wire.md", "serve: {allowed_login_types: form|external|basic|token}\n")
}

// TestThePageOfTheAPITellsTheTruth does the same with docs/api.md, whose
// configuration stands in the page.
func TestThePageOfTheAPITellsTheTruth(t *testing.T) {
	t.Parallel()
	page := readPage(t, "api.md")
	config := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindStringSubmatch(page)
	if config == nil {
		t.Fatal("the page has no configuration")
	}
	carryOut(t, "api.md", config[1])
	for _, route := range api.Routes() {
		line := fmt.Sprintf("| `%s %s` | %s | %s |\n", route.Method, strings.TrimPrefix(route.Path, "/api/v1"), route.Gate, route.Summary)
		if !strings.Contains(page, line) {
			t.Errorf("the page lacks the line\n%s", line)
		}
	}
}

func readPage(t *testing.T, name string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
	must(t, err)
	return string(page)
}

// carryOut carries out the commands of a page, in order, and compares what they
// print with what stands below them. The server starts before the first one
// that asks for its address.
func carryOut(t *testing.T, name, config string) {
	lab.Require(t, "curl")
	var blocks []block
	for _, m := range fence.FindAllStringSubmatch(readPage(t, name), -1) {
		blocks = append(blocks, block{m[1], m[2]})
	}
	dir := t.TempDir()
	bin := lab.Program(t)
	must(t, os.WriteFile(filepath.Join(dir, "rollcall.yaml"), []byte("store: rollcall.db\n"+config), 0o600))
	env := []string{"PATH=" + filepath.Dir(bin) + ":" + os.Getenv("PATH"), "HOME=" + dir, "PASSWORD=" + password, "TZ=UTC"}

	var out string
	ran, compared := 0, 0
	var s *site
	for _, b := range blocks {
		if b.kind == "text" {
			compared++
			compare(t, b.text, out)
			continue
		}
		if s == nil && strings.Contains(b.text, "$URL") {
			s = serve(t, dir, config)
			env = append(env, "URL="+s.url)
		}
		out = shell(t, dir, env, b.text)
		ran++
	}
	if ran < 10 || compared < 10 {
		t.Errorf("the page has %d commands and %d answers: is it read rightly?", ran, compared)
	}
}

// shell runs commands, each of which must succeed.
func shell(t *testing.T, dir string, env []string, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", script)
	cmd.Dir, cmd.Env = dir, env
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s\n%v\n%s%s", script, err, out, &errs)
	}
	return string(out)
}

// compare looks for each line of the page in what was printed, in their order.
func compare(t *testing.T, page, printed string) {
	t.Helper()
	var pattern strings.Builder
	pattern.WriteString("(?s)")
	for line := range strings.Lines(page) {
		for i, part := range strings.Split(strings.TrimSuffix(line, "\n"), "…") {
			if i > 0 {
				pattern.WriteString(".*?")
			}
			pattern.WriteString(regexp.QuoteMeta(part))
		}
		pattern.WriteString(".*?")
	}
	if !regexp.MustCompile(pattern.String()).MatchString(printed) {
		t.Errorf("the page says\n%s\nand what is printed is\n%s", page, printed)
	}
}
