package ldap_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
	"rollcall/internal/source/ldap"
	"rollcall/test/lab"
)

// known is what a caller of deltas has: the entries as last read, name by key.
type known map[string]string

func (k known) Keys(_ context.Context, yield func([]byte) error) error {
	return k.Named(context.Background(), func(key, _ []byte) error { return yield(key) })
}

func (k known) Named(_ context.Context, yield func(key, name []byte) error) error {
	for key, name := range k {
		if err := yield([]byte(key), []byte(name)); err != nil {
			return err
		}
	}
	return nil
}

func (k known) Names(_ context.Context, keys []string) (map[string]string, error) {
	names := map[string]string{}
	for _, key := range keys {
		if name, ok := k[key]; ok {
			names[key] = name
		}
	}
	return names, nil
}

func deltaCollector(t *testing.T, url string, s *lab.SlapdServer) *ldap.Collector {
	t.Helper()
	return open(t, ldap.Config{
		Directory: directory.Config{URLs: []string{url}, Bind: directory.Bind{User: s.AdminDN, Password: rollcall.Secret(s.Password)}},
		Bases:     []string{s.BaseDN}, Filter: "(objectClass=inetOrgPerson)", Key: "entryUUID", Fields: []string{"cn", "sn"}, Delta: true,
	})
}

// readAll makes a full load.
func readAll(t *testing.T, c *ldap.Collector) (known, rollcall.Checkpoint) {
	t.Helper()
	k := known{}
	at, err := c.Collect(t.Context(), func(e *rollcall.Entry) error {
		k[string(e.Key)] = string(e.Name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return k, at
}

// follow makes a delta load and applies it to what is known.
func (k known) follow(t *testing.T, c *ldap.Collector, since rollcall.Checkpoint) (rollcall.Checkpoint, error) {
	t.Helper()
	return k.followAnd(t, c, since, func() {})
}

// followAnd lets something happen between asking for the changes and reading them.
func (k known) followAnd(t *testing.T, c *ldap.Collector, since rollcall.Checkpoint, between func()) (rollcall.Checkpoint, error) {
	t.Helper()
	d, err := c.OpenDelta(t.Context(), since, k)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	keys, err := d.Changed(t.Context())
	if err != nil {
		return nil, err
	}
	between()
	found := known{}
	if err := d.Read(t.Context(), keys, func(e *rollcall.Entry) error {
		found[string(e.Key)] = string(e.Name)
		return nil
	}); err != nil {
		return nil, err
	}
	for _, key := range keys {
		delete(k, key)
		if name, ok := found[key]; ok {
			k[key] = name
		}
	}
	return d.Checkpoint(), nil
}

func people(n ...int) string {
	text := ""
	for _, i := range n {
		text += fmt.Sprintf("dn: cn=p%[1]d,dc=example,dc=org\nchangetype: add\nobjectClass: inetOrgPerson\ncn: p%[1]d\nsn: p%[1]d\n\n", i)
	}
	return text
}

func (k known) list() string {
	var names []string
	for _, name := range k {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// TestDeltaFollowsAServer with and without a memory of deletions.
func TestDeltaFollowsAServer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		cfg  lab.SlapdConfig
	}{
		{"session log", lab.SlapdConfig{}},
		{"no session log", lab.SlapdConfig{NoLog: true}},
		{"no syncprov", lab.SlapdConfig{Plain: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := lab.Slapd(t, c.cfg)
			s.Modify(people(1, 2, 3, 4, 5))
			collector := deltaCollector(t, s.LDAP, s)
			k, at := readAll(t, collector)
			for _, event := range []string{
				people(6),
				"dn: cn=p1,dc=example,dc=org\nchangetype: modrdn\nnewrdn: cn=q1\ndeleteoldrdn: 1\n\n",
				"dn: cn=p2,dc=example,dc=org\nchangetype: delete\n\n",
				"dn: cn=p3,dc=example,dc=org\nchangetype: delete\n\n" + people(3),
			} {
				if c.cfg.Plain && strings.Contains(event, "delete\n") {
					continue // by time removals are not seen
				}
				s.Modify(event)
				next, err := k.follow(t, collector, at)
				if err != nil {
					t.Fatalf("%s: %v", event, err)
				}
				at = next
				if all, _ := readAll(t, collector); k.list() != all.list() {
					t.Errorf("after %s\ngot  %s\nwant %s", event, k.list(), all.list())
				}
			}
		})
	}
}

// TestDeltaIsRefused where only a full load, or not even that, can be trusted.
func TestDeltaIsRefused(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Modify(people(1, 2))
	collector := deltaCollector(t, s.LDAP, s)
	k, at := readAll(t, collector)
	text := string(at)
	change := func(old, replacement string) rollcall.Checkpoint {
		if !strings.Contains(text, old) {
			t.Fatalf("%s has no %s", text, old)
		}
		return rollcall.Checkpoint(strings.Replace(text, old, replacement, 1))
	}
	year := text[strings.Index(text, `["`)+2:][:4]
	for _, c := range []struct {
		name  string
		since rollcall.Checkpoint
		full  bool
		says  string
	}{
		{"no checkpoint", rollcall.Checkpoint("?"), true, "another version"},
		{"another server", change(`"server":"ldap://`, `"server":"ldap://x`), true, "another server answers"},
		{"other settings", change(`"what":"`, `"what":"0`), true, "what is read changed"},
		{"a server put back", change(`["`+year, `["2`+year[2:3]+`99`), false, "knows less than what was read before"},
	} {
		_, err := k.follow(t, collector, c.since)
		refusal, isFull := errors.AsType[*source.NoDelta](err)
		if err == nil || isFull != c.full || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v (%v), want an error that says %q", c.name, err, refusal, c.says)
		}
	}
	other := deltaCollector(t, s.LDAPI, s)
	if _, err := k.follow(t, other, at); err == nil || !strings.Contains(err.Error(), "another server") {
		t.Errorf("over another URL: got %v", err)
	}
}
