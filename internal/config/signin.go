package config

import (
	"maps"
	"slices"
	"time"
)

// SignIn says how people sign in, those of directories above all.
type SignIn struct {
	Directory   string        // for accounts that name none; "" for the only one
	Login       []string      // the attributes that hold the login; none: what the source of the accounts says
	Filter      string        // further conditions, such as (memberOf=…)
	Remember    time.Duration // how long a password is not proved again; 0 for the usual, NoTime for not at all
	Providers   []string      // who may sign in, and in which order a login is looked for: ProviderLocal and directories; none: everybody
	Import      bool          // whoever has no account gets one at the first sign-in
	Refresh     bool          // an account follows its entry at every sign-in
	MembersOnly bool          // only whom a binding gives something, where bindings give
	Tries       int           // wrong passwords that a directory is asked about for one account; 0 for the usual
	Within      time.Duration
}

// NoTime is what a duration of 0 becomes where an absent one is something else.
const NoTime = time.Nanosecond

// ProviderLocal stands for accounts that have a password of their own, in a list
// of providers.
const ProviderLocal = "local"

func (s *SignIn) read(r *reader, v *value) {
	r.section(v, "sign_in of serve", keys{
		"directory":    r.name(&s.Directory),
		"login":        r.texts(&s.Login),
		"filter":       r.verbatim(&s.Filter),
		"remember":     r.duration(&s.Remember),
		"providers":    r.texts(&s.Providers),
		"import":       r.truth(&s.Import),
		"refresh":      r.truth(&s.Refresh),
		"members_only": r.truth(&s.MembersOnly),
		"tries":        r.number(&s.Tries, 1, 1000),
		"within":       r.duration(&s.Within),
	})
	if v.get("remember") != nil && s.Remember == 0 {
		s.Remember = NoTime
	}
	if within := v.get("within"); within != nil && s.Within <= 0 {
		r.problem(within.Position, "within is the time for which wrong passwords count, such as 30m")
	}
}

// checkSignIn looks at the directories that accounts sign in through.
func (c *Config) checkSignIn(r *reader, root *value) {
	s := &c.Serve.SignIn
	if s.Directory == "" && len(s.Providers) == 0 {
		return
	}
	v := root.get("serve").get("sign_in")
	names := slices.Sorted(maps.Keys(c.Directories))
	unknown := func(v *value, name string) bool {
		if c.Directories[name] != nil {
			return false
		}
		r.problem(v.Position, "there is no directory %s%s", name, didYouMean(name, names))
		return true
	}
	if s.Directory != "" && unknown(v.get("directory"), s.Directory) {
		return
	}
	if len(s.Providers) == 0 {
		return
	}
	at := v.get("providers")
	for i, name := range s.Providers {
		switch {
		case slices.Contains(s.Providers[:i], name):
			r.problem(at.Position, "%s is listed twice", name)
		case name != ProviderLocal:
			unknown(at, name)
		}
	}
	switch {
	case s.Directory != "" && !slices.Contains(s.Providers, s.Directory):
		r.problem(at.Position, "the directory %s, through which accounts usually sign in, is not among the providers", s.Directory)
	case c.Directories[ProviderLocal] != nil:
		r.problem(at.Position, "a directory is called %s, which stands for accounts with a password of their own: give it another name", ProviderLocal)
	case !slices.Contains(s.Providers, ProviderLocal):
		r.warn(at.Position, "%s is not among the providers: accounts with a password of their own, administrators included, cannot sign in", ProviderLocal)
	}
}
