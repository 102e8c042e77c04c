package ldif_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
	"rollcall/internal/source/ldif"
	"rollcall/internal/source/sourcetest"
)

const people = "\ufeffversion: 1\r\n" + `# People, and a comment
  that is folded
dn: uid=a,dc=x
objectClass: person
uid: a
entryUUID: 1
CN: Ann
 a Very Long
  Name
mail: a@x
mail: b@x
cn;lang-de: Anna
seeAlso:

dn:: dWlkPcOpLGRjPXg=
entryUUID: 2
cn:: w6k=
jpegPhoto;binary:: AP8=
modifyTimestamp: 20260102030405Z


dn: uid=c\,d,ou=p,dc=x
entryuuid: 3
objectGUID:: AAECAwQFBgcICQoLDA0ODw==
`

// open returns what makes a collector of a text.
func open(text, key string, fields ...string) func(testing.TB) source.Collector {
	return func(t testing.TB) source.Collector {
		file := filepath.Join(t.TempDir(), "x.ldif")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := ldif.New(ldif.Config{Document: source.Document{File: file}, Key: key, Fields: fields})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

const searched = "# extended LDIF\n#\n# LDAPv3\n\ndn: cn=a\nid: 1\n\n# search result\nsearch: 2\n"

func TestCollector(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, sourcetest.Suite{
		Open: open(people, "entryUUID", "cn", "mail", "dn", "rdn", "parent", "jpegphoto", "modifyTimestamp", "objectGUID", "cn;lang-de", "seealso"),
		Want: map[string]sourcetest.Entry{
			"1": {Name: "uid=a,dc=x", Fields: map[string][]string{
				"cn": {"Anna Very Long Name"}, "mail": {"a@x", "b@x"}, "dn": {"uid=a,dc=x"}, "rdn": {"a"}, "parent": {"dc=x"}, "cn;lang-de": {"Anna"},
			}},
			"2": {Name: "uid=é,dc=x", Fields: map[string][]string{
				"cn": {"é"}, "dn": {"uid=é,dc=x"}, "rdn": {"é"}, "parent": {"dc=x"}, "jpegphoto": {"\x00\xff"}, "modifyTimestamp": {"2026-01-02 03:04:05"},
			}},
			"3": {Name: `uid=c\,d,ou=p,dc=x`, Fields: map[string][]string{
				"dn": {`uid=c\,d,ou=p,dc=x`}, "rdn": {"c,d"}, "parent": {"ou=p,dc=x"}, "objectGUID": {"03020100-0504-0706-0809-0a0b0c0d0e0f"},
			}},
		},
		Broken: map[string]func(testing.TB) source.Collector{
			"empty":               open("", "id"),
			"cut in a line":       open("dn: cn=a\nid: 1\n\ndn: cn=b\nid: 2", "id"),
			"cut in base64":       open("dn: cn=a\nid:: AAE\n", "id"),
			"no DN":               open("cn: a\n", "id"),
			"a broken DN":         open("dn: nobody\n", "id"),
			"two DNs":             open("dn: cn=a\ndn: cn=b\n", "id"),
			"no attribute":        open("dn: cn=a\nwhat is this\n", "id"),
			"folded from nothing": open(" dn: cn=a\n", "id"),
			"changes":             open("dn: cn=a\nchangetype: delete\n", "id"),
			"another file":        open("dn: cn=a\nid:< file:///etc/passwd\n", "id"),
			"another version":     open("version: 2\ndn: cn=a\n", "id"),
			"no LDIF":             open("<html>\n", "id"),
			"a search cut off":    open(searched, "id"),
			"a search too large":  open(searched+"result: 4 Size limit exceeded\n", "id"),
			"entries missing":     open(searched+"result: 0 Success\n\n# numEntries: 2\n", "id"),
			"not there": func(t testing.TB) source.Collector {
				c, err := ldif.New(ldif.Config{Document: source.Document{File: filepath.Join(t.TempDir(), "none")}, Key: "id"})
				if err != nil {
					t.Fatal(err)
				}
				return c
			},
		},
	})
}

func TestWhatLdapsearchWritesIsRead(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, sourcetest.Suite{
		Open: open("# extended LDIF\n\n# a\ndn: cn=a\nid: 1\n\ndn: cn=b\nid: 2\n\n# search result\nsearch: 2\nresult: 0 Success\n"+
			"control: 1.2.840.113556.1.4.319 false MAUCAQAEAA==\npagedresults: cookie=AQ==\n\ndn: cn=c\nid: 3\n\nsearch: 3\nresult: 0 Success\n\n# numResponses: 5\n# numEntries: 3\n", "id"),
		Want: map[string]sourcetest.Entry{
			"1": {Name: "cn=a", Fields: map[string][]string{}}, "2": {Name: "cn=b", Fields: map[string][]string{}}, "3": {Name: "cn=c", Fields: map[string][]string{}},
		},
	})
}

// A document at an address is read like a file, but for values in files: its
// server would choose what is read from this machine.
func TestEntriesAtAnAddress(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "hunter2" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		text := people
		if r.URL.Path == "/cut" {
			w.Header().Set("Content-Length", strconv.Itoa(len(text)))
			text = text[:len(text)/2]
		}
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	collect := func(path string, password rollcall.Secret) (keys []string, err error) {
		c, err := ldif.New(ldif.Config{Document: source.Document{URL: server.URL + path, User: "u", Password: password}, Key: "entryUUID"})
		if err != nil {
			return nil, err
		}
		_, err = c.Collect(t.Context(), func(e *rollcall.Entry) error { keys = append(keys, string(e.Key)); return nil })
		return keys, err
	}
	keys, err := collect("/people", "hunter2")
	if diff := cmp.Diff([]string{"1", "2", "3"}, keys); err != nil || diff != "" {
		t.Errorf("keys (-want +got):\n%s\n%v", diff, err)
	}
	for path, password := range map[string]rollcall.Secret{"/cut": "hunter2", "/people": "falsch"} {
		if _, err := collect(path, password); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want an error", path, err)
		}
	}
	if _, err := ldif.New(ldif.Config{Document: source.Document{URL: server.URL}, Files: true, Key: "id"}); err == nil {
		t.Error("files were allowed")
	}
}

// Messages say at which line, and what to do.
func TestMessages(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"dn: cn=a\nid: 1\n\ndn: cn=b\nchangetype: add\n": "line 5: this is a list of changes (changetype: add)",
		"dn: cn=a\nphoto:< file:///p.jpg\n":              "line 2: the value of photo lies in another file (file:///p.jpg), which is read only when the source says files: true",
		"dn: cn=a\nid: 1\nid":                            `line 3: "id" is no line of LDIF`,
		searched + "result: 4 Size limit exceeded\n":     "4 Size limit exceeded",
		"dn: cn=a\n\ndn: b\n":                            "line 3: ",
	} {
		_, err := open(text, "id")(t).Collect(t.Context(), discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	if _, err := ldif.New(ldif.Config{Document: source.Document{File: "x"}, Key: "id", Fields: []string{"disabled"}}); err == nil {
		t.Error("a field that no file tells was taken")
	}
}

// A value in a file of its own is read when the source says so, and only from
// this machine.
func TestValuesInFiles(t *testing.T) {
	t.Parallel()
	photo := filepath.Join(t.TempDir(), "a b.jpg")
	if err := os.WriteFile(photo, []byte("\xff\xd8\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	address := "file://" + strings.ReplaceAll(photo, " ", "%20")
	r := ldif.NewReader(strings.NewReader("dn: cn=a\nphoto:< "+address+"\n"), true)
	record, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ldif.Value{{Attribute: "photo", Value: []byte("\xff\xd8\n")}}, record.Values); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, elsewhere := range []string{"http://127.0.0.1/x", "file://server/x", "file:///nowhere", "file:" + filepath.Dir(photo)} {
		if _, err := ldif.NewReader(strings.NewReader("dn: cn=a\nphoto:< "+elsewhere+"\n"), true).Read(); err == nil {
			t.Errorf("%s was read", elsewhere)
		}
	}
}

// FuzzReader: whatever comes, the reader ends, and what it reads once it reads
// again when it is written out.
func FuzzReader(f *testing.F) {
	f.Add(people)
	f.Add(searched + "result: 0 Success\n")
	f.Add("dn: cn=a\nb:< file:///x\n")
	f.Fuzz(func(t *testing.T, text string) {
		first, err := records(text)
		if err != nil {
			return
		}
		var b strings.Builder
		for _, r := range first {
			writeOut(&b, r)
		}
		if len(first) == 0 {
			return
		}
		second, err := records(b.String())
		if diff := cmp.Diff(first, second, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("written out, it reads differently: %v\n%s", err, diff)
		}
	})
}
