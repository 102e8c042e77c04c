package wire_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/itop/wire"
	"rollcall/internal/rollcall"
)

func readAll(t testing.TB, text, separator, qualifier string) ([][]string, error) {
	t.Helper()
	in := wire.NewCSV(strings.NewReader(text), separator, qualifier)
	var rows [][]string
	for {
		row, err := in.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows = append(rows, append([]string(nil), row...))
	}
}

func TestCSVReadsAsITopDoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, separator, qualifier string
		want                       [][]string
	}{
		{"a;b\n1;2\n", ";", `"`, [][]string{{"a", "b"}, {"1", "2"}}},
		{"a;b\r\n1;2", ";", `"`, [][]string{{"a", "b"}, {"1", "2"}}},
		{"  a  ; b\t\n", ";", `"`, [][]string{{"a", "b"}}},
		{"\n\na\n\n\nb\n\n", ";", `"`, [][]string{{"a"}, {"b"}}},
		{`" a ";"b""c";"d` + "\n" + `e"`, ";", `"`, [][]string{{" a ", `b"c`, "d\ne"}}},
		{`a"b;"c" ;x`, ";", `"`, [][]string{{`a"b`, "c", "x"}}},
		{"a\tb\t\n", "\t", `"`, [][]string{{"a", "b", ""}}},
		{`"a";"b"`, ";", "", [][]string{{`"a"`, `"b"`}}},
		{"a\rb\n", ";", `"`, [][]string{{"a\rb"}}},
		{`"open;a` + "\n" + `b`, ";", `"`, [][]string{{"open;a\nb"}}},
		{";\n", ";", `"`, [][]string{{"", ""}}},
		{"'it''s';x", ";", "'", [][]string{{"it's", "x"}}},
		{"", ";", `"`, nil},
	} {
		got, err := readAll(t, c.text, c.separator, c.qualifier)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%q: %v\n%s", c.text, err, diff)
		}
	}
}

func TestCSVRefusesWhatIsNoTable(t *testing.T) {
	t.Parallel()
	for what, text := range map[string]string{
		"a million columns":       strings.Repeat("x;", 1_000_000),
		"a line of 20 MiB":        strings.Repeat("x", 20<<20),
		"an open quote of 20 MiB": `"` + strings.Repeat("x\n", 10<<20),
	} {
		if _, err := readAll(t, text, ";", `"`); rollcall.KindOf(err) != rollcall.Invalid {
			t.Errorf("%s: got %v, want a refusal", what, err)
		}
	}
	in := wire.NewCSV(iotest.ErrReader(io.ErrUnexpectedEOF), ";", `"`)
	if _, err := in.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a broken source: got %v", err)
	}
}

// FuzzCSV wants rows that, written again, are read again as they were. A cell
// may hold \r\n, out of \r\r\n; it is written as that.
func FuzzCSV(f *testing.F) {
	f.Add("a;b\n\"c;\n\";d\r\n", byte(';'), byte('"'))
	f.Add("a\tb", byte('\t'), byte('\''))
	f.Add("\"a\r\r\nb\";c\r\r\n", byte(';'), byte('"'))
	f.Fuzz(func(t *testing.T, text string, separator, qualifier byte) {
		if separator == qualifier || strings.IndexByte(" \n\r", separator) >= 0 || strings.IndexByte(" \t\n\r", qualifier) >= 0 {
			return
		}
		s, q := string([]byte{separator}), string([]byte{qualifier})
		rows, err := readAll(t, text, s, q)
		if err != nil {
			return
		}
		var b strings.Builder
		asWritten := strings.NewReplacer(q, q+q, "\r\n", "\r\r\n")
		for _, row := range rows {
			for i, cell := range row {
				if i > 0 {
					b.WriteString(s)
				}
				b.WriteString(q + asWritten.Replace(cell) + q)
			}
			b.WriteByte('\n')
		}
		again, err := readAll(t, b.String(), s, q)
		if diff := cmp.Diff(rows, again); diff != "" || err != nil {
			t.Errorf("%q: %v\n%s", text, err, diff)
		}
	})
}

func TestDecodeLeavesOutWhatACharsetDoesNotHave(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ charset, text, want string }{
		{"UTF-8", "a\xffé", "a\xffé"},
		{"ISO-8859-1", "Ana\xefs \x80", "Anaïs \u0080"},
		{"WINDOWS-1252", "\x80\x81", "€"},
		{"WINDOWS-1251", "\xcf\xf0", "Пр"},
		{"ISO-8859-15", "\xa4", "€"},
		{"UTF-16BE", "\x00a\xd8\x00", "a"},
		{"Shift_JIS", "\x83\x65\xff", "テ"},
	} {
		r, err := wire.Decode(iotest.OneByteReader(strings.NewReader(c.text)), c.charset)
		if err != nil {
			t.Errorf("%s: %v", c.charset, err)
			continue
		}
		got, err := io.ReadAll(r)
		if string(got) != c.want || err != nil {
			t.Errorf("%s: got %q (%v), want %q", c.charset, got, err, c.want)
		}
	}
	if _, err := wire.Decode(strings.NewReader(""), "no such"); rollcall.KindOf(err) != rollcall.Invalid {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestEncodeTransliterates(t *testing.T) {
	t.Parallel()
	for charset, want := range map[string]string{
		"UTF-8": "Dvořák € 日", "ISO-8859-1": "Dvor\xe1k ? ?", "WINDOWS-1252": "Dvor\xe1k \x80 ?", "US-ASCII": "Dvorak ? ?",
	} {
		var b bytes.Buffer
		w, err := wire.Encode(&b, charset)
		if err != nil {
			t.Errorf("%s: %v", charset, err)
			continue
		}
		_, err = io.Copy(w, iotest.OneByteReader(strings.NewReader("Dvořák € 日")))
		if err := errors.Join(err, w.Close()); err != nil || b.String() != want {
			t.Errorf("%s: got %q (%v), want %q", charset, b.String(), err, want)
		}
	}
}

func TestDateFormats(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 9, 7, 5, 8, 0, time.UTC)
	for _, c := range []struct{ format, text, dateOnly string }{
		{"Y-m-d H:i:s", "2026-03-09 07:05:08", "Y-m-d"},
		{"d/m/Y H:i:s", "09/03/2026 07:05:08", "d/m/Y"},
		{"%d/%m/%Y %H:%i:%s", "09/03/2026 07:05:08", "d/m/Y"},
		{`j.n.y G\hi s`, "9.3.26 7h05 08", "j.n.y"},
		{"m/d/Y g:i:s a", "03/09/2026 7:05:08 am", "m/d/Y"},
		{`\d Y-m-d h:i:s A`, "d 2026-03-09 07:05:08 AM", "Y-m-d"},
	} {
		f := wire.NewDateFormat(c.format)
		if got := f.Format(at); got != c.text {
			t.Errorf("%s: got %q, want %q", c.format, got, c.text)
		}
		if got, ok := f.Parse(c.text); !ok || !got.Equal(at) {
			t.Errorf("%s: %q gave %v, %v", c.format, c.text, got, ok)
		}
		if got := f.DateOnly().String(); got != c.dateOnly {
			t.Errorf("%s: got the date format %q, want %q", c.format, got, c.dateOnly)
		}
	}
	f := wire.NewDateFormat("d/m/Y")
	for text, want := range map[string]string{"31/02/2026": "2026-03-03", "9/3/2026": "", "09/03/26": "", " 09/03/2026": "", "09/03/2026 ": "", "32/01/2026": ""} {
		got, ok := f.Parse(text)
		if ok != (want != "") || ok && got.Format(time.DateOnly) != want {
			t.Errorf("%q: got %v, %v, want %q", text, got, ok, want)
		}
	}
}

// FuzzDateFormat wants whatever a format writes to be read again by it.
func FuzzDateFormat(f *testing.F) {
	for _, seed := range []string{"Y-m-d H:i:s", "%d", `\`, "AaGgHh", "日", strings.Repeat("Y", 100_000)} {
		f.Add(seed, "x")
	}
	f.Fuzz(func(_ *testing.T, format, text string) {
		d := wire.NewDateFormat(format)
		d.Parse(text)
		d.DateOnly().Parse(text)
		d.Format(time.Date(2026, 3, 9, 7, 5, 8, 0, time.UTC))
	})
}
