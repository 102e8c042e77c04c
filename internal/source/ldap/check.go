package ldap

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// sampleSize is how many entries checks and descriptions look at.
const sampleSize = 200

// Check implements source.Checker: it connects, binds, looks for every base and
// sentinel and reads a sample.
func (c *Collector) Check(ctx context.Context) ([]source.Finding, error) {
	var list []source.Finding
	say := func(level source.Level, format string, args ...any) {
		list = append(list, source.Finding{Level: level, Text: fmt.Sprintf(format, args...)})
	}
	conn, err := directory.Dial(ctx, c.cfg.Directory)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	as := "signed in"
	if bind := c.cfg.Directory.Bind; bind.User == "" && (bind.Method == "" || bind.Method == directory.BindAnonymous) {
		as = "let in without a user"
	}
	say(source.OK, "connected to %s and %s", conn.URL(), as)
	if isClearText(conn, c.cfg.Directory) {
		say(source.Warning, "the password crosses the network unencrypted: use ldaps:// or starttls")
	}
	if c.cfg.Directory.TLS.SkipVerify {
		say(source.Warning, "the server's certificate is not checked: anybody in between could read the password")
	}
	c.checkCertificate(conn, say)
	r, err := c.open(ctx, conn)
	if err != nil {
		return list, err
	}
	say(source.OK, "the server is %s", describe(r.root))
	if !r.root.Paging {
		say(source.Notice, "the server cannot page: a size limit of its own will end the read with an error")
	}
	for _, base := range r.bases {
		if found, err := conn.Exists(ctx, base, nil); err != nil {
			return list, err
		} else if !found {
			return list, rollcall.Errorf(rollcall.NotFound, "the base %q does not exist at %s, or this user may not see it", base, conn.URL())
		}
		say(source.OK, "the base %q exists", base)
	}
	for _, dn := range c.sentinels {
		if found, err := conn.Exists(ctx, dn.String(), r.filter); err != nil {
			return list, err
		} else if !found {
			say(source.Warning, "the sentinel %q does not exist or does not match the filter: every run would stop", dn)
		}
	}
	if err := r.sample(ctx, sampleSize, func(*rollcall.Entry) error { return nil }); err != nil {
		return list, err
	}
	if r.total.Entries > 0 {
		say(source.OK, "the filter finds entries; looked at %d", min(r.total.Entries, sampleSize))
	}
	if c.cfg.Delta {
		if err := r.checkDelta(ctx, say); err != nil {
			return list, err
		}
	}
	return append(list, r.notices()...), nil
}

// soonExpired is how long before its end a certificate is worth a word.
const soonExpired = 30 * 24 * time.Hour

// checkCertificate says until when the server's certificate holds.
func (c *Collector) checkCertificate(conn *directory.Conn, say func(source.Level, string, ...any)) {
	state, ok := conn.TLS()
	if !ok || len(state.PeerCertificates) == 0 {
		return
	}
	end := state.PeerCertificates[0].NotAfter.UTC()
	level, soon := source.OK, ""
	if end.Sub(c.cfg.Now()) < soonExpired {
		level, soon = source.Notice, ": renew it soon"
	}
	say(level, "the connection is encrypted (%s); the server's certificate is valid until %s%s", tls.VersionName(state.Version), end.Format(time.DateOnly), soon)
}

func describe(root *directory.Root) string {
	text := string(root.Kind)
	if root.Vendor != "" || root.Version != "" {
		text += " (" + strings.TrimSpace(root.Vendor+" "+root.Version) + ")"
	}
	return text
}

// isClearText reports whether a password is sent where others could read it.
func isClearText(conn *directory.Conn, cfg directory.Config) bool {
	host, ok := strings.CutPrefix(conn.URL(), "ldap://")
	if !ok || cfg.StartTLS || cfg.Bind.Password == "" || cfg.Bind.Method != "" && cfg.Bind.Method != directory.BindSimple {
		return false
	}
	if h, _, err := net.SplitHostPort(strings.TrimSuffix(host, "/")); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]/"))
	return host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// Describe implements source.Describer: the attributes of a sample of entries,
// then the computed fields.
func (c *Collector) Describe(ctx context.Context) ([]source.Field, error) {
	conn, err := directory.Dial(ctx, c.cfg.Directory)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	plain := *c
	plain.cfg.Fields = nil // groups are not needed for this
	r, err := plain.open(ctx, conn)
	if err != nil {
		return nil, err
	}
	r.mapper.attributes = []string{"*", r.root.Key, "memberOf"}
	found := map[string]*source.Field{}
	left := sampleSize
	for _, base := range r.bases {
		_, err := conn.Search(ctx, directory.Search{Base: base, Scope: r.scope, Filter: r.filter, Attributes: r.mapper.attributes}, func(e *directory.Entry) error {
			if left == 0 {
				return directory.ErrStop
			}
			left--
			for i, name := range e.Names {
				learn(found, name, e.Values[i])
			}
			return nil
		})
		if err != nil && left > 0 {
			return nil, err
		}
		if left == 0 {
			break
		}
	}
	var fields []source.Field
	for _, f := range found {
		fields = append(fields, *f)
	}
	slices.SortFunc(fields, func(a, b source.Field) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	for _, name := range []string{rollcall.FieldDN, rollcall.FieldParent, rollcall.FieldRDN, rollcall.FieldGroups,
		rollcall.FieldDisabled, rollcall.FieldLocked, rollcall.FieldExpired, rollcall.FieldPasswordExpired} {
		fields = append(fields, source.Field{Name: name, Computed: true, Multiple: name == rollcall.FieldGroups, Entries: sampleSize - left})
	}
	return fields, nil
}

const maxExamples = 3

// learn adds an entry's values of one attribute to what is known of it. Secrets
// are not shown.
func learn(found map[string]*source.Field, name string, values [][]byte) {
	if len(values) == 0 {
		return
	}
	low := strings.ToLower(name)
	f := found[low]
	if f == nil {
		f = &source.Field{Name: name}
		found[low] = f
	}
	f.Entries++
	f.Multiple = f.Multiple || len(values) > 1
	syntax := directory.SyntaxOf(name)
	if syntax == directory.Binary || syntax == directory.Plain && !utf8.Valid(values[0]) {
		f.Binary = true
		return
	}
	if strings.Contains(low, "password") || strings.Contains(low, "pwdhistory") {
		return
	}
	text := syntax.Text(values[0])
	if len(f.Examples) < maxExamples && len(text) <= 100 && text != "" && !slices.Contains(f.Examples, text) {
		f.Examples = append(f.Examples, text)
	}
}
