package config_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/config"
)

func TestWebhooksAndNoticesAreRead(t *testing.T) {
	t.Parallel()
	c := parse(t, `mail: {server: mail.example.com, from: rollcall@example.com}
sources:
  persons: {class: Organization, inline: {a: {name: A}}, attributes: {name: {from: name, reconcile: true}}, gone: {then: ignore}}
webhooks:
  ops: {url: "https://hooks.example.com/x", secret: "${env:HOOK_SECRET}", internal: true, timeout: 5s}
  other: {url: "http://localhost:9", secret: "${env:HOOK_SECRET}"}
notices:
  trouble: {on: [held, failed], sources: persons, profiles: Administrator, accounts: [ada, bob], mail: true, webhooks: [ops, other]}
  all: {starter: true, addresses: ops@example.com}
`)
	hooks := []config.Webhook{
		{Position: config.Position{Line: 5, Column: 3}, Name: "ops", URL: "https://hooks.example.com/x", Secret: "0123456789abcdef", Internal: true, Timeout: 5 * time.Second},
		{Position: config.Position{Line: 6, Column: 3}, Name: "other", URL: "http://localhost:9", Secret: "0123456789abcdef", Timeout: 10 * time.Second},
	}
	if diff := cmp.Diff(hooks, c.Webhooks); diff != "" {
		t.Errorf("webhooks (-want +got)\n%s", diff)
	}
	rules := []config.NoticeRule{
		{Position: config.Position{Line: 8, Column: 3}, Name: "trouble", On: []string{"held", "failed"}, Sources: []string{"persons"}, Profiles: []string{"Administrator"},
			Accounts: []string{"ada", "bob"}, Mail: true, Webhooks: []string{"ops", "other"}},
		{Position: config.Position{Line: 9, Column: 3}, Name: "all", Starter: true, Addresses: []string{"ops@example.com"}},
	}
	if diff := cmp.Diff(rules, c.Notices); diff != "" {
		t.Errorf("notices (-want +got)\n%s", diff)
	}
	if len(c.Warnings) != 0 {
		t.Errorf("got %v, want no warning: the secrets are elsewhere, and http stays on this machine", c.Warnings)
	}
}
