package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"rollcall/internal/config"
	"rollcall/internal/migrate"
	"rollcall/internal/schema"
)

// TestConversionsAreWritten converts the samples of the end-to-end tests and
// settings that mean something to YAML: what is written is YAML, and no value of
// a setting becomes a section or a secret of the configuration.
func TestConversionsAreWritten(t *testing.T) {
	t.Parallel()
	model, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{
		"nasty.properties": "exo.ldap.type=ad\nexo.ldap.users.attributes.custom.names=a b,1,\\u0000,name,x: [,true\n" +
			"exo.ldap.admin.dn=x: [\\n- ${env:HOME} ${file:/etc/passwd}\nexo.ldap.groups.base.dn=ou=${env:HOME}\n" +
			"exo.ldap.users.id.attributeName='}, b: {\nexo.ldap.users.filter=(a={0})\\n# \"\\\\'\nexo.\u2028: \\n=1\n",
		"nasty.json": strings.NewReplacer("SERVER", "h", `"cn"`, `"'x\n}"`, "Vertrieb", "a: 'b\\n", "CRM; Sales", "${env:HOME};\\u0007").Replace(sampleText(t, "creatio.json")),
	}
	for _, sample := range []string{"exo.properties", "exo-ad.properties", "creatio.json", "creatio-ad.json"} {
		texts[sample] = strings.NewReplacer("LDAP_URL", "ldap://h", "SERVER", "h", "BASE_DN", "dc=x").Replace(sampleText(t, sample))
	}
	texts["local.properties"] = "exo.ldap.type=ldap\nexo.idm.externalStore.authorizelogin=false\n"
	for name, text := range texts {
		d, err := converters[filepath.Ext(name)].convert(name, []byte(text), model)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, template := range []string{initTemplate, initModelTemplate} {
			var out bytes.Buffer
			if err := writeDraft(&out, template, d); err != nil {
				t.Fatal(err)
			}
			var document map[string]any
			if err := yaml.Unmarshal(out.Bytes(), &document); err != nil {
				t.Fatalf("%s: %v\n%s", name, err, out.String())
			}
			if template == initTemplate {
				checkConverted(t, out.Bytes(), strings.HasPrefix(name, "nasty"))
			}
		}
	}
}

func sampleText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../test/e2e/testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// checkConverted reads the configuration with an environment that has the
// directory's password alone. What nasty settings come to may be refused, in so
// many words; they add no key.
func checkConverted(t *testing.T, text []byte, isNasty bool) {
	t.Helper()
	_, err := config.Parse("rollcall.yaml", text, func(name string) (string, bool) {
		if name != migrate.PasswordVariable {
			t.Errorf("the configuration asks for the variable %s\n%s", name, text)
		}
		return "secret", true
	})
	if err != nil && !isNasty {
		t.Errorf("%v\n%s", err, text)
	}
	for _, p := range config.Problems(err) {
		if strings.Contains(p.Text, "no key") || strings.Contains(p.Text, "must be a section") {
			t.Errorf("%s\n%s", p.Text, text)
		}
	}
}
