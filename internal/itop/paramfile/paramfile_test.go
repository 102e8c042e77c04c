package paramfile_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/itop/paramfile"
	"rollcall/internal/rollcall"
)

func TestParse(t *testing.T) {
	t.Parallel()
	const text = "# account\r\nauth_user = synchro\r\n  auth_pwd=  s3cret  \nsize_min = 20 # Megabytes\ndata_sources = 3,5\n" +
		"pwd = a=b\nlost=a=b\nempty =\nno line\ntwo words = x\nhash = a#b\n\tTabbed\t=\tx\ty\t\nlast = 1\nlast = 2"
	want := map[string]string{
		"auth_user": "synchro", "auth_pwd": "s3cret", "size_min": "20", "data_sources": "3,5",
		"pwd": "a=b", "lost=a": "b", "empty": "", "hash": "a", "Tabbed": "x\ty", "last": "2",
	}
	if diff := cmp.Diff(want, paramfile.Parse([]byte(text))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoadTakesTheLastFilesValue(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	first, second := write("a.txt", "x = 1\ny = 1\n"), write("b.txt", "y = 2\n")
	got, err := paramfile.Load(first + ", " + second)
	if diff := cmp.Diff(map[string]string{"x": "1", "y": "2"}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	missing := filepath.Join(dir, "none.txt")
	for list, want := range map[string]string{
		first + "," + missing: "Could not find the parameter file: '" + missing + "'",
		dir:                   "Could not find the parameter file: '" + dir + "'",
		"":                    "Could not find the parameter file: ''",
		write("big.txt", strings.Repeat("x = 1\n", 1<<18)): "Could not load parameter file: '" + filepath.Join(dir, "big.txt") + "': it is larger than 1 MiB",
	} {
		if _, err := paramfile.Load(list); err == nil || err.Error() != want || rollcall.KindOf(err) == rollcall.Internal {
			t.Errorf("%s: got %v, want %s", list, err, want)
		}
	}
}

// FuzzParse holds each line against the pattern that describes the format.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a = b", "a=b=c", "a=b c=d", "=x", "a b = c", "a#b=c", " = ", "a==b"} {
		f.Add(seed)
	}
	line := regexp.MustCompile(`^([^\t\n\v\f\r ]*)[\t\n\v\f\r ]*=(.*)$`)
	const blanks = "\t\n\v\f\r "
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\n") || !regexp.MustCompile(`\A[\x00-\x7f]*\z`).MatchString(text) {
			paramfile.Parse([]byte(text))
			return
		}
		plain, _, _ := strings.Cut(text, "#")
		want := map[string]string{}
		if m := line.FindStringSubmatch(strings.Trim(plain, blanks)); m != nil {
			want[m[1]] = strings.Trim(m[2], blanks)
		}
		if diff := cmp.Diff(want, paramfile.Parse([]byte(text))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	})
}
