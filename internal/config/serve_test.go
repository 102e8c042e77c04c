package config_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/config"
)

// cmpNetworks compares networks by what they are.
var cmpNetworks = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })

func TestServeAsWritten(t *testing.T) {
	t.Parallel()
	c := parse(t, `
directories: {corp: {url: 'ldaps://dc1', base: DC=x}}
serve:
  listen: 0.0.0.0:443
  root: /itop/
  url: https://itop.example.com/itop
  tls: {cert: server.pem, key: server.key}
  proxies: [10.1.2.3, 192.168.1.7/24]
  metrics_from: 10.0.0.0/8
  allowed_login_types: token|form|external
  external_header: X-Remote-User
  secure_rest_services: false
  allow_rest_services_via_tokens: true
  log_rest_service: true
  show_obsolete_data: true
  secure_connection_required: true
  param_files: params
  csv_file_default_charset: UTF-8
  maintenance: down
  cron_max_execution_time: 5s
  cron_sleep: 1s
  sign_in: {directory: corp, login: [uid, mail], filter: (objectClass=person), remember: 2m}
  limits: {body: 2GiB, field: 512KiB, spool: 8GiB, connections: 50, slow: 10s, rate: 100, stop: 1m}
  operations:
    acme/leavers:
      description: Who left
      query: SELECT Person WHERE status = :status
      parameters: [status]
      profiles: [Configuration Manager]
`)
	want := config.Serve{
		Position: config.Position{Line: 4, Column: 3},
		Listen:   "0.0.0.0:443", Root: "/itop", URL: "https://itop.example.com/itop/",
		Cert: "testdata/server.pem", Key: "testdata/server.key",
		Proxies:     []netip.Prefix{netip.MustParsePrefix("10.1.2.3/32"), netip.MustParsePrefix("192.168.1.0/24")},
		MetricsFrom: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		LoginTypes:  []string{"token", "form", "external"}, ExternalHeader: "X-Remote-User",
		TokensREST: true, LogREST: true, ShowObsolete: true, SecureOnly: true, ParamFiles: "testdata/params", CSVCharset: "UTF-8",
		Maintenance: "testdata/down", CronTime: 5 * time.Second, CronSleep: time.Second,
		SignIn: config.SignIn{Directory: "corp", Login: []string{"uid", "mail"}, Filter: "(objectClass=person)", Remember: 2 * time.Minute},
		Limits: config.ServeLimits{Body: 2 << 30, Field: 512 << 10, Spool: 8 << 30, Connections: 50, Grace: 10 * time.Second, Rate: 100, Stop: time.Minute},
		Operations: []config.Operation{{
			Position: config.Position{Line: 25, Column: 5}, Verb: "acme/leavers", Description: "Who left",
			Query: "SELECT Person WHERE status = :status", Parameters: []string{"status"}, Profiles: []string{"Configuration Manager"},
		}},
	}
	if diff := cmp.Diff(want, c.Serve, cmpNetworks); diff != "" {
		t.Errorf("serve (-want +got):\n%s", diff)
	}
	if len(c.Warnings) != 0 {
		t.Errorf("got warnings %v, want none", c.Warnings)
	}
}

func TestServeWithoutASection(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(config.Serve{Listen: "127.0.0.1:8080", SecureREST: true}, parse(t, "store: x.db").Serve, cmpNetworks); diff != "" {
		t.Errorf("serve (-want +got):\n%s", diff)
	}
}

func TestServeWarnsOfWhatIsUnwise(t *testing.T) {
	t.Parallel()
	c := parse(t, "serve: {listen: '0.0.0.0:80', plain_http: true, allowed_login_types: url|external}")
	if len(c.Warnings) != 3 {
		t.Errorf("got warnings %v, want one each on plain_http, external and url", c.Warnings)
	}
}
