package collector_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"

	"rollcall/internal/itop/collector"
)

// load reads parameters of several files laid over one another.
func load(t *testing.T, files ...string) (*collector.Parameters, error) {
	t.Helper()
	f := newFolder(t)
	f.write("collectors/main.php", "<?php") // no defaults of the LDAP collectors
	f.write("conf/params.distrib.xml", files[0])
	if len(files) > 1 {
		f.write("conf/params.local.xml", files[1])
	}
	return collector.LoadParameters(f.dir, "")
}

func TestParametersAreTyped(t *testing.T) {
	t.Parallel()
	p, err := load(t, "\ufeff"+`<?xml version="1.0" encoding="UTF-8"?><any>
<text> a
 b </text><empty/><number type="int"> 12abc</number><odd type="bool">x<child>1</child></odd>
<list type="array"><x>1</x><x>2</x></list><none type="array"/><hash>lost<a>1</a><b><c>2</c></b></hash>
<cdata><![CDATA[<&>]]></cdata><twice>1</twice><twice>2</twice><Type Type="array">t</Type></any>`)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"text": " a\n b ", "empty": "", "number": "12", "odd": "x", "cdata": "<&>", "twice": "2", "Type": "t"} {
		if got := p.Text(name, "absent"); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := p.Get("hash").Get("b").Get("c").Text; got != "2" {
		t.Errorf("hash: got %q", got)
	}
	if got := p.Get("list").Keys; !cmp.Equal(got, []string{"0", "1"}) {
		t.Errorf("list: got %q", got)
	}
}

func TestParametersMerge(t *testing.T) {
	t.Parallel()
	p, err := load(t,
		`<p><h><a>1</a><b>2</b></h><l type="array"><i><n>x</n><e>yes</e></i><i><n>y</n></i></l><s>1</s><g><a>1</a></g></p>`,
		`<p><new>n</new><h><b>3</b><c>4</c></h><l type="array"><i><e>no</e></i></l><s><x>1</x></s><g>gone</g></p>`)
	if err != nil {
		t.Fatal(err)
	}
	f := newFolder(t)
	_ = f
	for path, want := range map[string]string{"h/a": "1", "h/b": "3", "h/c": "4", "l/0/n": "x", "l/0/e": "no", "l/1/n": "y", "s/x": "1", "g": "gone", "new": "n"} {
		names := strings.Split(path, "/")
		v := p.Get(names[0])
		for _, n := range names[1:] {
			v = v.Get(n)
		}
		if v == nil || v.Text != want {
			t.Errorf("%s: got %+v, want %q", path, v, want)
		}
	}
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	p, err := load(t, `<p><b>1</b><chain>$b$+$b$</chain><all>$chain$ $nobody$ $b$b$ $é$ $ a$</all><h><x>$b$</x></h><ofhash>$h$</ofhash><me>$me$</me><a>$c$</a><c>$a$</c></p>`)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"all": "1+1 #ERROR_UNDEFINED_PLACEHOLDER_nobody# 1b$ $é$ $ a$", "ofhash": "Array",
	} {
		if got := p.Text(name, ""); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := p.Get("h").Get("x").Text; got != "1" {
		t.Errorf("within a hash: got %q", got)
	}
	for _, name := range []string{"me", "a"} {
		if got := p.Text(name, ""); !strings.Contains(got, "#ERROR_CIRCULAR_PLACEHOLDER_") {
			t.Errorf("a circle: got %q", got)
		}
	}
}

func TestBadParameterFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, want string }{
		"duplicate in a hash": {`<p><h><a>1</a><a>2</a></h></p>`, "duplicate tags 'a' inside hash 'h'"},
		"mixed array":         {`<p><l type="array"><a>1</a><b>2</b></l></p>`, "mixed tags ('a' and 'b') inside array 'l'"},
		"no child":            {`<p/>`, "Invalid Parameters file"},
		"not well-formed":     {"<p>\n<a></b></p>", "(line: 2)"},
		"cut off":             {"<p>\n<a>", "(line: 2)"},
		"a declared entity":   {`<!DOCTYPE p [<!ENTITY x "y">]><p><a>&x;</a></p>`, "declares entities, which are never expanded"},
		"a bomb":              {`<!DOCTYPE p [<!ENTITY a "1234567890"><!ENTITY b "&a;&a;&a;">]><p><a>&b;</a></p>`, "declares entities"},
		"a foreign file":      {`<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><p><a>&x;</a></p>`, "declares entities"},
		"an HTML entity":      {`<p><a>&nbsp;</a></p>`, "nothing else is expanded"},
		"too deep":            {strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100), "nested too deep"},
		"too large":           {"<p><a>" + strings.Repeat("x", 17<<20) + "</a></p>", "larger than 16 MiB"},
		"unknown encoding":    {`<?xml version="1.0" encoding="KLINGON"?><p><a>1</a></p>`, `"KLINGON" is not known`},
		"a digit as a name":   {`<p><32>6</32></p>`, "(line: 1)"},
		"two roots":           {`<p><a>1</a></p><q/>`, "Extra content"},
		"nothing":             {"", "no element"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, c.file)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "Invalid Parameters file") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestParameterFilesOfOtherEncodings(t *testing.T) {
	t.Parallel()
	for _, order := range []unicode.Endianness{unicode.LittleEndian, unicode.BigEndian} {
		wide, err := unicode.UTF16(order, unicode.UseBOM).NewEncoder().String(`<?xml version="1.0" encoding="UTF-16"?><p><a>café</a></p>`)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := load(t, wide); err != nil || p.Text("a", "") != "café" {
			t.Errorf("UTF-16, order %v: got %v", order, err)
		}
	}
	p, err := load(t, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><p><a>caf\xe9</a></p>")
	if err != nil || p.Text("a", "") != "café" {
		t.Errorf("got %v, %v", p, err)
	}
}

func TestDumpMasksSecrets(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.params(`<itop_password>geheim1</itop_password><itop_token>geheim2</itop_token><ldappassword>geheim3</ldappassword><sql_password>geheim4</sql_password>
<x><jsonpost><auth_pwd>geheim5</auth_pwd></jsonpost></x><curl_options><CURLOPT_PROXYUSERPWD>u:geheim6</CURLOPT_PROXYUSERPWD></curl_options><a>&lt;&amp;"'</a>`)
	log := f.want(0, []string{"<itop_password>***</itop_password>", "<a>&lt;&amp;\"'</a>", "  1. (built in) conf/params.distrib.xml"[2:], "3. %APPROOT%/conf/params.local.xml"}, "--dump_config_only")
	if strings.Contains(log, "geheim") {
		t.Errorf("a secret is in the dump:\n%s", log)
	}
}

func TestConfigFile(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.params("<a>local</a>")
	f.write("other.xml", "<p><b>other</b></p>")
	log := f.want(0, []string{"<b>other</b>"}, "--dump_config_only", "--config_file=nowhere", "--config_file="+filepath.Join(f.dir, "other.xml"))
	if strings.Contains(log, "<a>local</a>") {
		t.Error("params.local.xml was read beside --config_file")
	}
	f.want(1, []string{"[Error]\tException: The specified configuration file '%APPROOT%/gone.xml' does not exist."}, "--config_file="+filepath.Join(f.dir, "gone.xml"))
}

func TestOptions(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.params("")
	f.write("conf/params.local.xml", "<p><a>1</a></p>")
	for _, args := range [][]string{{"--foo"}, {"--collect_only=1"}, {"--max_chunk_size"}, {"-x"}, {"word"}, {"--a-b=1"}} {
		f.want(1, []string{"[Error]\tUnknown parameter(s): " + args[0], "Usage:"}, args...)
	}
	f.want(1, []string{"Unknown parameter(s): --foo word --x=1"}, "--foo", "--collect_only", "word", "--x=1")
	f.want(1, []string{"Usage:"}, "--help")
	for _, args := range [][]string{{"--configure_only", "--collect_only"}, {"--collect_only", "--synchro_only"}} {
		log := f.want(0, nil, args...)
		if strings.Contains(log, "beginning of data collection") || strings.Contains(log, "Uploading") {
			t.Errorf("%q did something:\n%s", args, log)
		}
	}
}

func TestOldParameterNames(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.params("<person_id>uid</person_id><synchronize_profils>yes</synchronize_profils><collect_person_only>yes</collect_person_only>")
	log := f.want(0, []string{
		"[Notice]\tthe parameter <person_id> is an old name: write <primary_key> within <person_fields> instead.",
		"[Notice]\tthe parameter <synchronize_profils> is an old name: write <synchronize_profiles> instead.",
		"[Info]\t> iTopUserLDAPCollector is disabled and will not be launched.",
		"<primary_key>uid</primary_key>", "<synchronize_profiles>yes</synchronize_profiles>",
	}, "--dump_config_only")
	if strings.Contains(log, "iTopUserLDAPCollector will be launched") {
		t.Error("users are collected")
	}
}

func TestLaunchSequence(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write("collectors/main.php", "<?php // a collection plan")
	for _, class := range []string{"A", "B", "C", "D"} {
		f.definition(class, "email*")
	}
	item := func(name, rest string) string { return "<item><name>" + name + "</name>" + rest + "</item>" }
	f.params(`<collectors_launch_sequence type="array">` + item("B", "<enable>yes</enable><rank>10</rank>") + item("NoRank", "<enable>yes</enable>") +
		item("D", "<enable>Yes</enable><rank>30</rank>") + item("C", "<enable>yes</enable><rank>40</rank>") + item("Nobody", "<enable>yes</enable><rank>50</rank>") +
		`</collectors_launch_sequence><extensions_collectors_launch_sequence type="array">` + item("A", "<enable>yes</enable><rank>9</rank>") + `</extensions_collectors_launch_sequence>` +
		"<A><csv_file>x</csv_file></A><B><csv_file>x</csv_file></B><C><csv_file>x</csv_file></C>")
	log := f.want(0, nil, "--collect_only", "--configure_only")
	want := strings.Join([]string{
		"[Info]\tPlease create a 'module.*.php' file in 'collectors' folder in order to define the version of collectors",
		"[Info]\t---------- Build collection plan ----------",
		"[Info]\t> Rank is missing from the launch_sequence of NoRank It will not be launched.",
		"[Info]\tA will be launched !",
		"[Info]\tB will be launched !",
		"[Info]\t> D is disabled and will not be launched.",
		"[Info]\tC will be launched !",
		"[Info]\t> No file definition file has been found for Nobody It will not be launched.",
		"[Info]\t---------- Collectors have been orchestrated ----------",
	}, "\n") + "\n"
	if diff := cmp.Diff(want, log); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLogAsJSON(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.params(sequence())
	var out bytes.Buffer
	code := collector.Exec(t.Context(), collector.Environment{Folder: f.dir, Out: &out}, collector.ParseOptions([]string{"--collect_only", "--configure_only", "--log_format=json"}))
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, `{"time":"`) || !strings.Contains(line, `"level":"Info","message":"`) {
			t.Errorf("got %q", line)
		}
	}
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func FuzzParameters(f *testing.F) {
	f.Add(`<p><a type="array"><b>$c$</b></a><c>1</c></p>`)
	f.Add(`<!DOCTYPE p [<!ENTITY x "y">]><p>&x;</p>`)
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "conf"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "conf", "params.local.xml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := collector.LoadParameters(dir, "")
		if err == nil {
			p.Text("a", "")
		}
	})
}
