// Package builtin is the written-out list of the kinds of source. A reader finds
// every kind here; adding one is adding a line to kinds.
package builtin

import (
	"strings"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
	"rollcall/internal/source/inline"
	"rollcall/internal/source/ldap"
)

// Settings are a source's settings as the configuration holds them.
type Settings struct {
	Kind   string               // how the configuration calls the kind
	Key    string               // the field that identifies an entry
	Fields []string             // what the source's rules read
	LDAP   ldap.Config          // of kind ldap, but for Key, Fields and Now
	Decode func(into any) error // of the other kinds: reads their own section
	Folder string               // at which relative paths of the section start
	Now    func() time.Time     // the clock
}

// New returns the collector of a source. It sends nothing.
func New(s Settings) (source.Collector, error) {
	for _, k := range kinds {
		if k.name == s.Kind {
			return k.open(s)
		}
	}
	return nil, rollcall.Errorf(rollcall.Invalid,
		"this build reads sources of the kinds %s, not %s", strings.Join(Kinds(), ", "), s.Kind)
}

// kinds are the kinds of source and how each is made.
var kinds = []struct {
	name string
	open func(Settings) (source.Collector, error)
}{
	{"ldap", newLDAP}, {"inline", newInline}, {"csv", newCSV}, {"json", newJSON}, {"sql", newSQL}, {"ldif", newLDIF},
}

// Kinds returns the names of the kinds that this build reads.
func Kinds() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

func newLDAP(s Settings) (source.Collector, error) {
	cfg := s.LDAP
	cfg.Key, cfg.Fields, cfg.Now = s.Key, s.Fields, s.Now
	return ldap.New(cfg)
}

func newInline(s Settings) (source.Collector, error) {
	cfg := inline.Config{Key: s.Key, Fields: s.Fields}
	if err := s.Decode(&cfg.Entries); err != nil {
		return nil, err
	}
	return inline.New(cfg)
}
