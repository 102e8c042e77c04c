package migrate

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// exo is a conversion of exo.properties on its way.
type exo struct {
	*settings
	model *rollcall.Model
	draft *Draft
	isAD  bool
	users []string // bases
	group []string // bases
	login string   // attribute
	key   string   // the attribute that identifies an entry
}

// Exo converts the properties of eXo Platform's LDAP integration. The model says
// which attributes the classes have already. The error names all that is wrong,
// each with its line.
func Exo(file string, text []byte, model *rollcall.Model) (*Draft, error) {
	list, err := parseProperties(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	x := &exo{
		settings: newSettings(list, func(name string) string { return name }), model: model,
		draft: &Draft{Title: "what " + file + " says of eXo Platform's LDAP integration"},
	}
	if err := x.kind(file); err != nil {
		return nil, err
	}
	x.directory()
	x.users, x.group = x.bases(exoUsers+".base.dn", "ou=users,dc=company,dc=org"), x.bases(exoGroups+".base.dn", "")
	x.persons()
	x.accounts()
	x.groups()
	x.jobs()
	x.signIn()
	x.rest()
	if err := x.err(file); err != nil {
		return nil, err
	}
	x.draft.Account = x.account(x.near)
	return x.draft, nil
}

const exoType = "exo.ldap.type"

// kind settles what kind of directory it is: the defaults follow from it.
func (x *exo) kind(file string) error {
	switch kind := x.or(exoType, ""); strings.ToLower(kind) {
	case "":
		return rollcall.Errorf(rollcall.Invalid, "%s: exo.ldap.type is empty, so the integration is off and no directory is asked: there is nothing to convert", file)
	case "ldap":
		x.login, x.key = "uid", "entryUUID"
	case "ad":
		x.isAD, x.login, x.key = true, "sAMAccountName", "objectGUID"
	default:
		return rollcall.Errorf(rollcall.Invalid, "%s: exo.ldap.type is ldap, ad or empty, not %q", file, kind)
	}
	x.tell(exoType, TakenOver, "the defaults of this kind, and %s as the key; the server itself is asked what it is", x.key)
	return nil
}

func (x *exo) directory() {
	d := &x.draft.Directory
	*d = append(*d, Setting{Key: "url", Value: Texts(x.urls())})
	if user := x.or("exo.ldap.admin.dn", "cn=admin"); user != "" {
		x.draft.User = user
		*d = append(*d, Setting{"bind", Flow("dn", Text(user), "password", Quote(Password)),
			"An account that may read; the password is not taken over."})
		x.tell("exo.ldap.admin.password", Different, "give it as the environment variable %s", PasswordVariable)
	} else {
		x.tell("exo.ldap.admin.password", NotNeeded, "without exo.ldap.admin.dn nobody signs in")
	}
	x.tell("exo.ldap.admin.dn", TakenOver, "bind")
	*d = append(*d, Setting{"timeouts", x.timeouts(), "search: the time that the server may take for one page."})
	*d = append(*d, Setting{Key: "page_size", Value: x.pageSize()})
}

// urls reads one URL, or several with white space between them.
func (x *exo) urls() []string {
	const name = "exo.ldap.url"
	var list []string
	for text := range strings.FieldsSeq(x.filled(name, "ldap://localhost:389")) {
		// The documentation's own example says http.
		if rest, ok := strings.CutPrefix(text, "http://"); ok {
			text = "ldap://" + rest
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "ldap" && u.Scheme != "ldaps" || u.Hostname() == "" {
			x.wrong(name, "%s is a URL such as ldap://ldap.example.com:389, not %q", name, text)
			continue
		}
		list = append(list, u.Scheme+"://"+u.Host)
	}
	x.tell(name, TakenOver, "url")
	return list
}

func (x *exo) timeouts() string {
	const name = "exo.ldap.search.timelimit"
	limit := time.Duration(x.number(name, 10_000)) * time.Millisecond
	seconds := max(1, (limit+time.Second-1)/time.Second) // as the protocol counts
	x.tell(name, TakenOver, "timeouts: search, in whole seconds; a search that takes longer ends the run, and nothing is changed")
	return Flow("search", fmt.Sprintf("%ds", seconds), "idle", fmt.Sprintf("%ds", max(60, seconds)))
}

// number reads a positive number.
func (x *exo) number(name string, usual int) int {
	text := x.filled(name, strconv.Itoa(usual))
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		x.wrong(name, "%s is a positive number, not %q", name, text)
		return usual
	}
	return n
}

const mostPage = 100_000

func (x *exo) pageSize() string {
	const size, paged = "exo.ldap.search.resultlimit", "exo.ldap.search.pagedResult.enabled"
	n := min(x.number(size, 1000), mostPage)
	if !x.truth(paged, true) {
		x.tell(paged, TakenOver, "page_size: -1, a search is one answer")
		x.tell(size, Different, "without pages everything is asked for at once; a limit of the server ends the run")
		return "-1"
	}
	x.tell(paged, NotNeeded, "page_size: reads go page by page")
	x.tell(size, Different, "page_size: it is the size of a page, and everything is read")
	return strconv.Itoa(n)
}

// scopes are the words for how deep a search goes: the documentation's, and
// those of PicketLink.
var scopes = map[string]string{"base": "base", "object": "base", "one": "one", "subtree": "sub", "": "sub"}

func (x *exo) scope(name string) string {
	scope, known := scopes[strings.ToLower(x.or(name, ""))]
	if !known {
		x.wrong(name, "%s is base, one or subtree, not %q", name, x.or(name, ""))
	}
	x.tell(name, TakenOver, "scope: %s", scope)
	return scope
}

// bases reads a list of DNs between semicolons.
func (x *exo) bases(name, usual string) []string {
	var list []string
	for text := range strings.SplitSeq(x.or(name, usual), ";") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if _, err := rollcall.ParseDN(text); err != nil {
			x.wrong(name, "%s: %v", name, err)
			continue
		}
		list = append(list, text)
	}
	return list
}

// anyName puts any name in the place of {0}.
func anyName(filter string) string { return strings.ReplaceAll(filter, "{0}", "*") }

// near says what an unknown property may have meant.
func (x *exo) near(name string) string {
	if !strings.HasPrefix(name, "exo.ldap.") && !strings.HasPrefix(name, "exo.idm.") {
		return "it does not belong to the LDAP integration"
	}
	best := rollcall.Nearest(name, exoProperties)
	if best != "" {
		return "there is no such property; did you mean " + best + "?"
	}
	return "there is no such property"
}

// exoProperties are all properties of the integration but for those that name a
// custom attribute.
var exoProperties = []string{
	exoType, "exo.ldap.url", "exo.ldap.admin.dn", "exo.ldap.admin.password",
	"exo.ldap.search.timelimit", "exo.ldap.search.resultlimit", "exo.ldap.search.pagedResult.enabled", "exo.idm.search.notCaseSensitive",
	"exo.ldap.users.base.dn", "exo.ldap.users.id.attributeName", "exo.ldap.users.password.attributeName", "exo.ldap.users.filter",
	"exo.ldap.users.attributes.firstName.mapping", "exo.ldap.users.attributes.lastName.mapping", "exo.ldap.users.attributes.email.mapping",
	"exo.ldap.users.attributes.enabled.mapping", "exo.ldap.users.attributes.custom.names", "exo.ldap.users.search.scope",
	"exo.ldap.groups.base.dn", "exo.ldap.groups.id", "exo.ldap.groups.filter", "exo.ldap.groups.attributes.custom.names", "exo.ldap.groups.search.scope",
	"exo.ldap.groups.parentMembershipAttributeName", "exo.ldap.groups.isParentMembershipAttributeDN",
	"exo.ldap.groups.childMembershipAttributeName", "exo.ldap.groups.childMembershipAttributeDN",
	"exo.ldap.groups.rootGroup", "exo.ldap.groups.identity.type", "exo.group.platform.identity.type",
	"exo.idm.externalStore.import.cronExpression", "exo.idm.externalStore.delete.cronExpression", "exo.idm.externalStore.queue.processing.cronExpression",
	"exo.idm.externalStore.entries.missing.delete", "exo.idm.externalStore.update.onlogin", "exo.idm.update.onlogin",
	"exo.idm.externalStore.queue.processing.error.retries.max", "exo.idm.externalStore.authorizelogin",
	"exo.ldap.admin.writer.dn", "exo.ldap.admin.writer.password", "exo.portal.allow.change.external.password",
}

// rest speaks of what has no line of its own.
func (x *exo) rest() {
	x.tell("exo.ldap.users.password.attributeName", NotNeeded, "passwords are not read: who signs in is proved by the directory")
	const folded = "exo.idm.search.notCaseSensitive"
	if x.truth(folded, true) {
		x.tell(folded, NotNeeded, "accounts are always found without regard to case")
	} else {
		x.tell(folded, Different, "accounts are always found without regard to case")
	}
	for _, name := range []string{"exo.ldap.admin.writer.dn", "exo.ldap.admin.writer.password", "exo.portal.allow.change.external.password"} {
		x.tell(name, LeftOut, "the directory is never written: passwords are changed there")
	}
	for i, one := range x.list {
		if strings.HasPrefix(one.name, "com.sun.jndi.ldap.connect.pool.") && x.index[one.name] == i {
			x.tell(one.name, NotNeeded, "connections are kept and shared by themselves")
		}
	}
}

// custom is a custom attribute of users or groups.
type custom struct {
	name, field        string
	isBinary, isNeeded bool
	isMany             bool
}

// customs reads the custom attributes of users or groups: prefix is
// exo.ldap.users or exo.ldap.groups.
func (x *exo) customs(prefix string) []custom {
	names := prefix + ".attributes.custom.names"
	var list []custom
	for name := range strings.SplitSeq(x.or(names, ""), ",") {
		name = strings.TrimSpace(name)
		if name == "" || slices.ContainsFunc(list, func(c custom) bool { return c.name == name }) {
			continue
		}
		of := prefix + ".attributes." + name
		c := custom{name: name, field: x.filled(of+".mapping", name)}
		switch kind := x.filled(of+".type", "text"); strings.ToLower(kind) {
		case "text":
		case "binary":
			c.isBinary = true
		default:
			x.wrong(of+".type", "%s.type is text or binary, not %q", of, kind)
		}
		c.isNeeded, c.isMany = x.truth(of+".isRequired", false), x.truth(of+".isMultivalued", false)
		list = append(list, c)
	}
	return list
}

// tellCustom says what became of the properties of a custom attribute.
func (x *exo) tellCustom(prefix, name string, fate Fate, text string) {
	for _, part := range []string{".mapping", ".type", ".isRequired", ".isMultivalued"} {
		x.tell(prefix+".attributes."+name+part, fate, "%s", text)
	}
}
