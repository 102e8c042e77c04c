package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/config"
)

func TestMailIsRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]config.Mail{
		"mail: {server: mail.example.com, from: Rollcall <rollcall@example.com>}": {
			Host: "mail.example.com", TLS: config.MailStartTLS, From: "Rollcall <rollcall@example.com>"},
		"mail: {server: 'mail.example.com:2465', tls: tls, ca: ca.pem, user: rc, password: '${env:CORP_LDAP_PASSWORD}', from: a@example.com}": {
			Host: "mail.example.com", Port: 2465, TLS: config.MailTLS, CA: "testdata/ca.pem", User: "rc", Password: "hunter2", From: "a@example.com"},
		"mail: {server: '[::1]:25', tls: none, from: a@example.com}": {Host: "::1", Port: 25, TLS: config.MailPlain, From: "a@example.com"},
	} {
		c := parse(t, text+"\n")
		want.Position = config.Position{Line: 1, Column: 7}
		if diff := cmp.Diff(want, c.Mail); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", text, diff)
		}
		if len(c.Warnings) != 0 {
			t.Errorf("%s: got warnings %v, want none", text, c.Warnings)
		}
	}
	c := parse(t, "mail: {server: mail.example.com, tls: none, user: rc, password: '${env:CORP_LDAP_PASSWORD}', from: a@example.com}\n")
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].Text, "unencrypted") {
		t.Errorf("got warnings %v, want one of the password in clear", c.Warnings)
	}
}
