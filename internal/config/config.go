package config

import (
	"time"

	"rollcall/internal/rollcall"
)

// Config is a whole rollcall.yaml. Paths in it are absolute or relative to the
// working directory: those written relative to the file are already joined to
// its folder.
type Config struct {
	Path        string                // of the file
	Store       string                // a path (SQLite) or a postgres:// URL, which may hold a password: print StoreName
	Model       string                // the folder of class declarations; it need not exist
	Mail        Mail                  // how notices go out; without a host none do
	Webhooks    []Webhook             // in written order
	Notices     []NoticeRule          // in written order; nil: the usual ones
	Traces      Traces                // whom to tell what was done when; without a URL nobody
	Serve       Serve                 // how the server listens and who may come in
	Directories map[string]*Directory // by name
	Sources     []Source              // in written order
	Bindings    []Binding             // in written order
	Timetable   []Line                // in written order
	Warnings    []Warning             // what a linter says; none stops a run

	text    []byte   // of the file, for excerpts
	secrets []string // written in it, to be masked there
}

// String names the configuration without its contents: they may hold passwords.
func (c Config) String() string { return "configuration " + c.Path }

// GoString returns what String returns.
func (c Config) GoString() string { return c.String() }

// Position is a place in the configuration file, counted from 1.
type Position struct{ Line, Column int }

// Warning is something that works and is still unwise.
type Warning struct {
	Position
	Text string
}

// Bind methods.
const (
	BindAnonymous = "anonymous"
	BindSimple    = "simple"
	BindNTLM      = "ntlm"
	BindKerberos  = "kerberos"
	BindExternal  = "external"
)

// Directory is one LDAP or Active Directory service.
type Directory struct {
	Position
	Name     string
	URLs     []string // tried in order
	Type     string   // the kind of server; "" to ask its root DSE
	Bind     Bind
	Base     []string // used by sources that name none
	TLS      TLS
	StartTLS bool
	Timeouts Timeouts
	PageSize int  // 0 for the client's own choice
	Follow   bool // referrals are followed, not only reported
}

// Bind is how to sign in.
type Bind struct {
	Method   string // one of the bind methods, never empty
	User     string // a DN, a UPN, DOMAIN\user or a Kerberos principal's name
	Password rollcall.Secret
	Keytab   string // path
	CCache   string // path
	Realm    string
	Krb5Conf string // path
}

// TLS says whom to trust. Zero values mean the system's roots, no client
// certificate and the name in the URL.
type TLS struct {
	CA         string // path
	Cert       string // path
	Key        string // path
	ServerName string
	SkipVerify bool
}

// Timeouts bound a connection's life.
type Timeouts struct {
	Connect time.Duration // to have a connection that is bound
	Idle    time.Duration // without an answer, in the middle of a search
	Search  time.Duration // that the server may take for a page of a search; 0 for its own limit
}

// The kinds of source.
const (
	KindLDAP = "ldap"
	KindCSV  = "csv"
	KindJSON = "json"
	KindSQL  = "sql"
	KindLDIF = "ldif"
)

// Source is one section of sources, as written and completed with defaults.
type Source struct {
	Position
	Name        string
	Class       string
	Kind        string   // one of the kinds of source
	Directory   string   // of kind ldap: the name of its directory
	Bases       []string // of kind ldap: never empty
	Depth       string   // of kind ldap: base, one or sub
	Filter      string   // of kind ldap
	Key         string   // the field that identifies an entry
	Groups      Groups
	Sentinels   []string      // DNs that a complete read must have seen
	FullEvery   time.Duration // of deltas: the longest time between two full loads; 0: there are no deltas
	DeltaBy     string        // of deltas: dirsync, or empty for what suits the server
	Section     *Section      // of the other kinds: their own settings
	Description string
	Status      string // implementation, production, obsolete
	User        string // who may run it besides administrators
	Notify      string // whom to tell of errors
	UserDelete  string // everybody, administrators, nobody
	IconURL     string
	AppURL      string
	Table       string // its data table; "" for the name that follows from class and source

	section    *value
	rules      rules
	onlyGroups bool // a binding leaves out whoever is in no bound group
}

// At returns where the value of a key stands, or the source when the section
// does not have the key.
func (s *Source) At(key string) Position {
	if v := s.section.get(key); v != nil {
		return v.Position
	}
	return s.Position
}

// Groups says which groups the field "groups" holds.
type Groups struct {
	Base   []string // where groups are searched; the source's bases when empty
	Depth  string   // how deep: base, one or sub
	Filter string   // which of them count
	Nested bool     // groups of groups too
	Name   string   // the attribute that names a group; "" for cn
}
