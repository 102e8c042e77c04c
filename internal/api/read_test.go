package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"rollcall/internal/rollcall"
)

// sample has a field of every kind that an operation may take.
type sample struct {
	Name  string   `path:"name"`
	Count int      `query:"count" default:"5" min:"1" max:"9"`
	Long  int64    `query:"long"`
	Only  bool     `query:"only"`
	Word  string   `query:"word" enum:"a,b"`
	Texts []string `json:"texts"`
	IDs   []int64  `json:"ids"`
	Text  string   `json:"text" max:"3"`
	Is    bool     `json:"is"`
	Need  string   `json:"need" required:"true"`
}

func request(name, query, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.URL.RawQuery = query
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.SetPathValue("name", name)
	return r
}

var sampleRoute = &route{in: reflect.TypeFor[sample]()}

func TestAnArgumentIsReadFromItsPlaces(t *testing.T) {
	t.Parallel()
	in, err := read(request("n", "only=true&word=b&long=-7", `{"need":"x","texts":["a",""],"ids":[1,-2],"is":true,"text":"äöü"}`), sampleRoute)
	want := &sample{Name: "n", Count: 5, Long: -7, Only: true, Word: "b", Texts: []string{"a", ""}, IDs: []int64{1, -2}, Text: "äöü", Is: true, Need: "x"}
	if err != nil || !reflect.DeepEqual(in, want) {
		t.Errorf("got %+v, %v; want %+v", in, err, want)
	}
}

func TestAnArgumentIsRefusedInOneSentence(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ query, body, want string }{
		{"", `{}`, "need is missing"},
		{"", `null`, "the body must be a JSON object"},
		{"", `{"need":1}`, "the field need must be a text"},
		{"", `{"need":"x","ids":["a"]}`, "the field ids must be a list of whole numbers"},
		{"", `{"need":"x","text":"äöüß"}`, "text is longer than 3 characters"},
		{"", `{"need":"x"} {}`, "the body is no JSON: at byte 14: invalid character '{' after top-level value"},
		{"count=10", `{"need":"x"}`, "count must be from 1 to 9, not 10"},
		{"count=1e3", `{"need":"x"}`, `count must be a whole number, not "1e3"`},
		{"long=9223372036854775808", `{"need":"x"}`, `long must be a whole number, not "9223372036854775808"`},
		{"only=1", `{"need":"x"}`, `only must be true or false, not "1"`},
		{"word=c", `{"need":"x"}`, `word must be one of a, b, not "c"`},
		{"word=a%00", `{"need":"x"}`, "word is no text"},
		{"Name=x", `{"need":"x"}`, `there is no parameter "Name" here; expected are: count, long, only, word`},
	} {
		_, err := read(request("n", tt.query, tt.body), sampleRoute)
		if err == nil || err.Error() != tt.want || rollcall.KindOf(err) != rollcall.Invalid {
			t.Errorf("%s %s: got %v, want %s", tt.query, tt.body, err, tt.want)
		}
	}
}

// FuzzRead sends anything: what is taken is within its bounds, and what is not
// is refused as the sender's mistake, in a sentence that can be shown.
func FuzzRead(f *testing.F) {
	f.Add("n", "only=true&word=b", `{"need":"x","texts":["a"]}`)
	f.Add("", "count=9&long=%31", `{"need":"x","ids":[1],"is":null}`)
	f.Add("\xff", "%zz;&=", "[{\"a\":")
	f.Fuzz(func(t *testing.T, name, query, body string) {
		in, err := read(request(name, query, body), sampleRoute)
		if err != nil {
			if rollcall.KindOf(err) != rollcall.Invalid || oneLine(err.Error()) == "" {
				t.Fatalf("got %v of kind %v", err, rollcall.KindOf(err))
			}
			return
		}
		s, ok := in.(*sample)
		if !ok || s.Count < 1 || s.Count > 9 || !slices.Contains([]string{"", "a", "b"}, s.Word) || utf8.RuneCountInString(s.Text) > 3 {
			t.Fatalf("took %+v", in)
		}
		for _, text := range append(s.Texts, s.Name, s.Need, s.Text) {
			if !utf8.ValidString(text) {
				t.Fatalf("took %q", text)
			}
		}
		if _, err := url.ParseQuery(query); err != nil {
			t.Fatalf("took the query %q", query)
		}
	})
}

func TestTwoTypesOfOneNameAreNoticed(t *testing.T) {
	t.Parallel()
	s := &schemas{named: object{}, types: map[string]reflect.Type{}}
	s.of(reflect.TypeFor[Page[rollcall.Problem]]())
	s.of(reflect.TypeFor[Problem]())
	s.of(reflect.TypeFor[Run]())
	if s.err != nil {
		t.Fatal(s.err)
	}
	s.of(reflect.TypeFor[rollcall.Run]())
	if s.err == nil {
		t.Error("two types are called Run, and nobody says so")
	}
}
