package collector

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"rollcall/internal/directory"
)

// exitRefused is the exit code when the directory could not be read: -1 in the
// original.
const exitRefused = 255

// LDAPTest shows what the person query of a folder finds, as the original's
// ldap-test.php does, and then what that one did not: what the server is, its
// certificates, how long a page takes, which attributes are mapped in vain and
// which are not mapped at all.
func LDAPTest(ctx context.Context, env Environment, args []string) int {
	t := &ldapTest{env: env, max: 10}
	t.log = &logger{out: env.Out, now: env.Now, level: levelDebug, format: "[Y-m-d H:i:s]", eventLevel: -1}
	configFile := t.options(args)
	params, err := LoadParameters(env.Folder, configFile)
	if err == nil {
		t.log.format = params.Text("console_log_dateformat", t.log.format)
		err = t.run(ctx, params)
	}
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errPrepare):
	default:
		t.log.errorf("Exception: %s", err)
	}
	return exitRefused
}

type ldapTest struct {
	env    Environment
	log    *logger
	max    int
	wanted []string // of the command line
	all    bool

	key    string
	filter string
	fields *Value
	shown  strings.Builder
	count  int // of the entries shown
	filled map[string]int
	dns    []string
}

// options reads the command line. What is not known is ignored, as in the
// original.
func (t *ldapTest) options(args []string) (configFile string) {
	for _, a := range args {
		name, value, _ := strings.Cut(a, "=")
		switch name {
		case "--max-records":
			t.max = phpInt(value)
		case "--attributes":
			t.wanted = commaList(value)
			t.all = value == "*"
		case "--config_file":
			configFile = value
		default:
			t.log.noticef("The option %s is not known and is ignored.", a)
		}
	}
	return configFile
}

func (t *ldapTest) say(format string, args ...any) { fmt.Fprintf(t.env.Out, format+"\n", args...) }

func (t *ldapTest) run(ctx context.Context, p *Parameters) error {
	var err error
	if t.fields, err = p.Hash("person_fields"); err != nil {
		return err
	}
	t.key = t.fields.Get("primary_key").str()
	t.filter = p.Text("ldappersonfilter", "(&(objectClass=user)(objectCategory=person))")
	attributes := t.announce()
	session, err := newSession(p, t.log, false)
	if err != nil {
		return err
	}
	conn, err := session.open(ctx, directory.Dial)
	if err != nil {
		return errPrepare
	}
	defer conn.Close()
	base := p.Text("ldapdn", "DC=company,DC=com")
	filter, err := directory.ParseFilter(t.filter)
	if err != nil {
		return err
	}
	t.log.debugf("ldap_search('%s', '%s', ['%s'])...", base, t.filter, strings.Join(attributes, "', '"))
	began := time.Now()
	t.filled = map[string]int{}
	search := directory.Search{Base: base, Scope: directory.ScopeSubtree, Filter: filter, Attributes: attributes}
	result, err := conn.Search(ctx, search, t.keep)
	if err != nil {
		t.log.errorf("ldap_search('%s', '%s') FAILED (%s).", base, t.filter, ldapReason(err, false))
		return errPrepare
	}
	t.log.infof("(Persons) Number of entries found on LDAP: %d", result.Entries)
	t.show(result.Entries)
	t.server(ctx, conn)
	pages := max(result.Pages, 1)
	elapsed := time.Since(began)
	t.say("Reading took %s: %d pages, %s per page, %d bytes.", elapsed.Round(time.Millisecond), pages, (elapsed / time.Duration(pages)).Round(time.Microsecond), result.Bytes)
	return t.mapping(ctx, conn, search, result.Entries)
}

// announce lists the attributes that are asked for.
func (t *ldapTest) announce() []string {
	if t.wanted != nil {
		t.say("List of the attributes to retrieve (taken from the command line):\n%s", strings.Join(t.wanted, ","))
		return t.wanted
	}
	var list []string
	for _, from := range t.fields.texts() {
		attr, _ := parsePick(from, false)
		if attr != "" && !slices.ContainsFunc(list, func(a string) bool { return strings.EqualFold(a, attr) }) {
			list = append(list, attr)
		}
	}
	list = append(list, "memberof")
	t.say("List of the attributes to retrieve (taken from the mapping):\n%s", strings.Join(list, ","))
	t.say("Use --attributes=x,y,z to retrieve x, y and z instead. Use --attributes=* to retrieve all fields.")
	return list
}

const dashes = "------------------------------------------------"

// keep counts an entry and writes down the first ones.
func (t *ldapTest) keep(e *directory.Entry) error {
	for i, name := range e.Names {
		if len(e.Values[i]) > 0 {
			t.filled[strings.ToLower(name)]++
		}
	}
	if len(t.dns) < t.max {
		t.dns = append(t.dns, string(e.DN))
	}
	asked := t.all || slices.ContainsFunc(e.Names, func(n string) bool { return strings.EqualFold(n, t.key) })
	if t.count >= t.max || asked && len(e.Get(t.key)) == 0 {
		return nil
	}
	t.count++
	width := 0
	for i, name := range e.Names {
		if len(e.Values[i]) > 0 {
			width = max(width, len(name))
		}
	}
	for i, name := range e.Names {
		for j, v := range e.Values[i] {
			label, colon := strings.ToLower(name), " : "
			if j > 0 {
				label, colon = "", "   "
			}
			fmt.Fprintf(&t.shown, "%-*s%s%s\n", width, label, colon, displayed(v))
		}
	}
	t.shown.WriteString(dashes + "\n")
	return nil
}

// displayed shows a value; what is no text is told by its size.
func displayed(v []byte) string {
	if !utf8.Valid(v) || slices.ContainsFunc(v, func(c byte) bool { return c < ' ' && c != '\n' && c != '\t' }) {
		return fmt.Sprintf("(%d bytes that are no text)", len(v))
	}
	return string(v)
}

func (t *ldapTest) show(entries int) {
	t.say("The LDAP query '%s' returned %d elements.", t.filter, entries)
	if entries > t.max {
		t.say("Displaying only %d elements (use --max-records=xx to change this limit).", t.max)
	}
	if t.count == 0 {
		t.say("Found no record containing a non-empty value in %s\nCheck the LDAP query and the primary_key mapping.\nThe returned data is:", t.key)
		for _, dn := range t.dns {
			t.say("  %s", dn)
		}
		return
	}
	t.say(dashes + "\nLDAP Structure:\nInfo: when a field is empty on a given record, it is not returned by LDAP.\n" + dashes)
	_, _ = io.WriteString(t.env.Out, t.shown.String())
}

// server says what the server is and what it proved.
func (t *ldapTest) server(ctx context.Context, conn *directory.Conn) {
	if root, err := conn.Root(ctx); err == nil {
		t.say("The server is %s, holding %s.", strings.TrimSpace(string(root.Kind)+" "+root.Version), strings.Join(root.NamingContexts, ", "))
	} else {
		t.say("The server does not say what it is: %s", err)
	}
	state, ok := conn.TLS()
	if !ok {
		if !strings.HasPrefix(conn.URL(), "ldapi:") {
			t.say("The connection is not encrypted: the password crosses the network in clear text.")
		}
		return
	}
	for i, c := range state.PeerCertificates {
		t.say("Certificate %d: %s, issued by %s, valid until %s%s.", i+1, c.Subject, c.Issuer, c.NotAfter.UTC().Format(time.DateOnly), names(c))
	}
}

func names(c *x509.Certificate) string {
	if len(c.DNSNames) == 0 {
		return ""
	}
	return ", for " + strings.Join(c.DNSNames, ", ")
}

// sampled is how many entries are looked at for attributes that are not mapped.
const sampled = 200

// mapping says which mapped attributes never have a value, and which others
// exist.
func (t *ldapTest) mapping(ctx context.Context, conn *directory.Conn, search directory.Search, entries int) error {
	if t.wanted == nil && entries > 0 {
		for _, k := range t.fields.Keys {
			attr, _ := parsePick(t.fields.Get(k).str(), false)
			if t.filled[strings.ToLower(attr)] == 0 && !strings.EqualFold(attr, "dn") {
				t.say("Mapped, but no entry has a value: iTop '%s' from LDAP '%s'.", k, attr)
			}
		}
	}
	search.Attributes = []string{"*"}
	found := map[string]int{}
	n := 0
	_, err := conn.Search(ctx, search, func(e *directory.Entry) error {
		if n == sampled {
			return directory.ErrStop
		}
		n++
		for i, name := range e.Names {
			if len(e.Values[i]) > 0 {
				found[strings.ToLower(name)]++
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, directory.ErrStop) {
		return err
	}
	for _, k := range t.fields.Keys {
		attr, _ := parsePick(t.fields.Get(k).str(), false)
		delete(found, strings.ToLower(attr))
	}
	for _, own := range []string{"objectclass", "memberof"} {
		delete(found, own)
	}
	list := slices.SortedFunc(maps.Keys(found), func(x, y string) int { return cmp.Or(cmp.Compare(found[y], found[x]), cmp.Compare(x, y)) })
	for i, name := range list {
		list[i] = fmt.Sprintf("%s (%d)", name, found[name])
	}
	if len(list) > 0 {
		t.say("Not mapped, with the number of entries of %d that have them: %s.", n, strings.Join(list, ", "))
	}
	return nil
}
