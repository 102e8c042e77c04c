package sheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
	"rollcall/internal/sheet"
)

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	t.Parallel()
	rows := [][]string{{"id", "text"}, {"1", "=1+1"}, {"-2", "+33 1"}, {"9007199254740993", "@x"}, {"2.5", "a <b> & \"c\"\nd"}, {"no number", "-"}}
	var b bytes.Buffer
	w, err := sheet.NewWriter(&b)
	for _, row := range rows {
		err = errors.Join(err, w.Row([]sheet.Cell{{Text: row[0], Number: true}, {Text: row[1]}}))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.xlsx")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var got [][]string
	err = sheet.Read(path, func(row []string) error {
		got = append(got, append([]string(nil), row...))
		return nil
	})
	rows[3][0] = "9007199254740992" // sheets hold floats
	if diff := cmp.Diff(rows, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if part := partOf(t, b.Bytes(), "xl/worksheets/sheet1.xml"); strings.Contains(part, "<f>") || !strings.Contains(part, `s="1"`) {
		t.Errorf("a formula, or none kept from being one:\n%s", part)
	}
	if part := partOf(t, b.Bytes(), "xl/styles.xml"); !strings.Contains(part, `quotePrefix="1"`) && !strings.Contains(part, `quotePrefix="true"`) {
		t.Errorf("texts that look like formulas have no style of their own:\n%s", part)
	}
}

func partOf(t *testing.T, workbook []byte, name string) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(workbook), int64(len(workbook)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestReadRefusesWhatIsNoWorkbook(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.xlsx")
	for _, content := range []string{"", "id,name\n", "PK\x03\x04 broken"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		err := sheet.Read(path, func([]string) error { return nil })
		if rollcall.KindOf(err) != rollcall.Invalid {
			t.Errorf("%q: got %v, want a refusal", content, err)
		}
	}
}
