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
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
)

// FuzzConversion converts settings of any kind: what is written is YAML, and no
// value of a setting becomes a section or a secret of the configuration.
func FuzzConversion(f *testing.F) {
	samples, err := filepath.Glob("../../test/e2e/testdata/*")
	if err != nil || len(samples) == 0 {
		f.Fatalf("no samples: %v", err)
	}
	for _, sample := range samples {
		text, err := os.ReadFile(sample)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(strings.HasSuffix(sample, ".json"), text)
	}
	f.Add(false, []byte("exo.ldap.type=ad\nexo.ldap.users.attributes.custom.names=a b,1,\\u0000,name\nexo.ldap.admin.dn=x: [\\n- ${env:HOME}\n"))
	model, err := schema.Load()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, isJSON bool, text []byte) {
		convert := migrate.Exo
		if isJSON {
			convert = migrate.Creatio
		}
		d, err := convert("settings", text, model)
		if err != nil {
			if rollcall.KindOf(err) != rollcall.Invalid {
				t.Errorf("a mistake in the settings is of kind %s: %v", rollcall.KindOf(err), err)
			}
			return
		}
		for _, template := range []string{initTemplate, initModelTemplate} {
			var out bytes.Buffer
			if err := writeDraft(&out, template, d); err != nil {
				t.Fatal(err)
			}
			var document map[string]any
			if err := yaml.Unmarshal(out.Bytes(), &document); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			if template == initTemplate {
				checkConverted(t, out.Bytes())
			}
		}
	})
}

// checkConverted reads the configuration with an environment that has the
// directory's password alone.
func checkConverted(t *testing.T, text []byte) {
	t.Helper()
	_, err := config.Parse("rollcall.yaml", text, func(name string) (string, bool) {
		if name != migrate.PasswordVariable {
			t.Errorf("the configuration asks for the variable %s\n%s", name, text)
		}
		return "secret", true
	})
	for _, p := range config.Problems(err) {
		if strings.Contains(p.Text, "no key") || strings.Contains(p.Text, "must be a section") {
			t.Errorf("%s\n%s", p.Text, text)
		}
	}
}
