package rest

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestParseReadsWhatPHPReads(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`:                               `{}`,
		` [ 1 , "a" , TRUE , Null ] `:      `[1,"a",true,null]`,
		`{"a":1,"b":2,"a":3}`:              `{"a":3,"b":2}`,
		`"\u00e9\ud83d\ude00\/\b\f\n\r\t"`: `"\u00e9\ud83d\ude00\/\b\f\n\r\t"`,
		`"é😀"`:                             `"\u00e9\ud83d\ude00"`,
		`9223372036854775807`:              `9223372036854775807`,
		`9223372036854775808`:              `9.223372036854776e+18`,
		`1e400`:                            `0`,
		`1.50`:                             `1.5`,
		`10.0`:                             `10`,
		`-0`:                               `-0`,
		`"\u0000"`:                         `"\u0000"`,
		`""`:                               `""`,
		strings.Repeat("[", 512) + strings.Repeat("]", 512): strings.Repeat("[", 512) + strings.Repeat("]", 512),
	} {
		v, err := parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := string(appendValue(nil, &v)); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestParseRefusesWhatPHPRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, ` `, `{`, `[1,]`, `{"a":1,}`, `{a:1}`, `{'a':1}`, `01`, `1.`, `.5`, `+1`, `1e`, `tru`, `nul`, `"a`, `"\x"`, `"\u12"`,
		`"\ud800"`, `"\udc00"`, `"\ud800\u0041"`, "\"\x01\"", "\"\xff\"", `{"\u0000a":1}`, `[1] 2`, "[1]\x00", "\ufeff{}", `{"a"}`, `{"a":}`, `-`, `[`,
		strings.Repeat("[", 513) + strings.Repeat("]", 513), strings.Repeat("[", 10_000), strings.Repeat(`{"a":`, 10_000),
	} {
		if v, err := parse(text); err == nil {
			t.Errorf("%.40q: got %v, want an error", text, v)
		}
	}
}

func TestAnObjectWithManyMembersKeepsTheLastOfEachName(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteByte('{')
	for range 3 {
		for i := range 40 {
			b.WriteString(`"k` + string(rune('a'+i%26)) + string(rune('a'+i/26)) + `":` + strings.Repeat("1", i%5+1) + `,`)
		}
	}
	b.WriteString(`"last":0}`)
	v, err := parse(b.String())
	if err != nil || len(v.members) != 41 {
		t.Fatalf("got %d members, %v; want 41", len(v.members), err)
	}
}

func TestTextOfValuesIsPHPs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`null`: "", `true`: "1", `false`: "", `12`: "12", `1.5`: "1.5", `1e25`: "1.0E+25", `1e14`: "1.0E+14", `0.1`: "0.1",
		`0.00001`: "1.0E-5", `123456789012345678901`: "1.2345678901235E+20", `[1]`: "Array", `"x"`: "x", `100000.0`: "100000", `-2.5e-7`: "-2.5E-7",
	} {
		v, err := parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := v.string(); !ok || got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestNumericTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"1": 1, " 12 ": 12, "-3": -3, "+4": 4, "1.9": 1, "1e2": 100, ".5": 0, "99999999999999999999": 0} {
		if n, ok := numeric(text); !ok || n != want {
			t.Errorf("%q: got %d, %t; want %d", text, n, ok, want)
		}
	}
	for _, text := range []string{"", " ", "x", "0x1A", "1 2", "1x", "e5", "inf", "nan", "--1", "."} {
		if n, ok := numeric(text); ok {
			t.Errorf("%q: got %d, want no number", text, n)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"operation":"core/get","class":"Person","key":{"name":"\u00e9"},"limit":1e3}`, `[[]]`, `"\ud83d\ude00"`, `{"a":-0.5e-3}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parse(text)
		if err != nil {
			return
		}
		out := appendValue(nil, &v)
		if !json.Valid(out) {
			t.Fatalf("%q was written as %q", text, out)
		}
		again, err := parse(string(out))
		if err != nil {
			t.Fatalf("%q was written as %q: %v", text, out, err)
		}
		if second := appendValue(nil, &again); string(second) != string(out) {
			t.Fatalf("%q: written %q, then %q", text, out, second)
		}
	})
}
