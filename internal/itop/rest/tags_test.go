package rest_test

import (
	"testing"
	"testing/fstest"

	"rollcall/internal/registry/registrytest"
)

// skills gives persons tags.
var skills = fstest.MapFS{"model/skills.yaml": {Data: []byte(`
extend:
  Person:
    attributes:
      skills: {type: tags, values: {go: Go, php: PHP & friends, sql: SQL}, max: 2}
`)}}

func TestTagsAreLists(t *testing.T) {
	t.Parallel()
	registrytest.OnBoth(t, func(t testing.TB, dsn string) *world { return extendedWorld(t, dsn, skills) },
		map[string]func(*testing.T, *world){"Skills": tagsAreLists})
}

func tagsAreLists(_ *testing.T, w *world) {
	create := func(name, tags string) string {
		return w.ask(`{"operation":"core/create","comment":"c","class":"Person","output_fields":"skills","fields":{"org_id":2,"first_name":"A","name":"` + name + `","skills":` + tags + `}}`)
	}
	for i, c := range [][2]string{{`[]`, `[]`}, {`["sql"]`, `["sql"]`}, {`["sql","go","sql"]`, ""}, {`["sql","go"]`, `["go","sql"]`}, {`["php","php"]`, `["php"]`}} {
		got := create("P"+string(rune('0'+i)), c[0])
		want := made("Person", [...]int{1, 2, 0, 3, 4}[i], `{"skills":`+c[1]+`}`)
		if c[1] == "" {
			want = failure("skills: Maximum number of tags (2) reached for Person:skills")
		}
		if got != want {
			w.Errorf("%s\n got %s\nwant %s", c[0], got, want)
		}
	}
	for tags, want := range map[string]string{
		`"go"`:       "A tag set must be defined by an array of tag codes",
		`{"go":1}`:   "A tag set must be defined by an array of tag codes",
		`null`:       "A tag set must be defined by an array of tag codes",
		`["nosuch"]`: "nosuch is not defined as a valid tag for Person:skills",
		`["Go"]`:     "Go is not defined as a valid tag for Person:skills",
		`[["go"]]`:   "Array is not defined as a valid tag for Person:skills",
	} {
		if got, want := create("Q", tags), failure("skills: "+want); got != want {
			w.Errorf("%s\n got %s\nwant %s", tags, got, want)
		}
	}
	ids := func(key string) string {
		return w.ask(`{"operation":"core/get","class":"Person","key":` + key + `,"output_fields":"skills"}`)
	}
	person := func(id, tags string) string {
		return `"Person::` + id + `":{"code":0,"message":"","class":"Person","key":"` + id + `","fields":{"skills":` + tags + `}}`
	}
	none, sql, both, php := person("1", `[]`), person("2", `["sql"]`), person("3", `["go","sql"]`), person("4", `["php"]`)
	for key, want := range map[string]string{
		`{"skills":["sql","go"]}`:                         `{"code":0,"message":"Found: 1","objects":{` + both + `}}`,
		`{"skills":[]}`:                                   `{"code":0,"message":"Found: 1","objects":{` + none + `}}`,
		`{"skills":"go"}`:                                 failure("skills: A tag set must be defined by an array of tag codes"),
		`"SELECT Person WHERE skills MATCHES 'sql'"`:      `{"code":0,"message":"Found: 2","objects":{` + sql + `,` + both + `}}`,
		`"SELECT Person WHERE skills MATCHES 'go php'"`:   `{"code":0,"message":"Found: 2","objects":{` + both + `,` + php + `}}`,
		`"SELECT Person WHERE skills MATCHES '+go +sql'"`: `{"code":0,"message":"Found: 1","objects":{` + both + `}}`,
		`"SELECT Person WHERE skills = 'go sql'"`:         `{"code":0,"message":"Found: 1","objects":{` + both + `}}`,
		`"SELECT Person WHERE skills = ''"`:               `{"code":0,"message":"Found: 1","objects":{` + none + `}}`,
	} {
		if got := ids(key); got != want {
			w.Errorf("%s\n got %s\nwant %s", key, got, want)
		}
	}
	w.want(`{"operation":"core/update","comment":"c","class":"Person","key":3,"fields":{"skills":["php"]},"output_fields":"skills"}`, updated("Person", 3, `{"skills":["php"]}`))
}
