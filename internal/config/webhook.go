package config

import (
	"net/mail"
	"net/url"
	"slices"
	"time"

	"rollcall/internal/rollcall"
)

// Webhook is a receiver of notices.
type Webhook struct {
	Position
	Name     string
	URL      string
	Secret   rollcall.Secret
	CA       string // path
	Internal bool   // it may be on this machine or link
	Timeout  time.Duration
}

const (
	defaultHookTimeout = 10 * time.Second
	longestHookTimeout = 30 * time.Second
	shortestSecret     = 16
)

func (c *Config) readWebhooks(r *reader, v *value) {
	r.named(v, "webhooks", func(name text, v *value) {
		w := Webhook{Position: name.Position, Name: name.Text, Timeout: defaultHookTimeout}
		isSecret := false
		r.section(v, "webhook "+name.Text, keys{
			"url":      r.text(&w.URL),
			"secret":   func(v *value) { isSecret = r.sound(func() { r.secret(&w.Secret)(v) }) },
			"ca":       r.file(&w.CA),
			"internal": r.truth(&w.Internal),
			"timeout":  r.duration(&w.Timeout),
		})
		u, err := url.Parse(w.URL)
		switch {
		case r.lacks(v, "url"):
			r.problem(name.Position, "webhook %s has no url, such as https://hooks.example.com/rollcall", w.Name)
		case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "":
			r.problem(v.get("url").Position, "the url of webhook %s is none to call, such as https://hooks.example.com/rollcall", w.Name)
		case u.Scheme == "http" && !isLoopback(u.Hostname()):
			r.warn(v.get("url").Position, "notices for webhook %s cross the network unencrypted; use https", w.Name)
		}
		switch {
		case r.lacks(v, "secret"):
			r.problem(name.Position, "webhook %s has no secret to sign with, such as ${env:WEBHOOK_SECRET}", w.Name)
		case isSecret && len(w.Secret) < shortestSecret:
			r.problem(v.get("secret").Position, "the secret of webhook %s is shorter than %d characters", w.Name, shortestSecret)
		}
		if w.Timeout <= 0 || w.Timeout > longestHookTimeout {
			r.problem(v.get("timeout").Position, "the timeout of a webhook is more than nothing and %s at most", longestHookTimeout)
		}
		c.Webhooks = append(c.Webhooks, w)
	})
}

// NoticeRule says who is told of what.
type NoticeRule struct {
	Position
	Name      string
	On        []string // kinds of notices; none: all
	Sources   []string // none: all
	Profiles  []string
	Accounts  []string
	Starter   bool // whoever started the run
	Mail      bool // these people get it by mail, too
	Addresses []string
	Webhooks  []string
}

func (c *Config) readNotices(r *reader, v *value) {
	c.Notices = []NoticeRule{}
	r.named(v, "notices", func(name text, v *value) {
		n := NoticeRule{Position: name.Position, Name: name.Text}
		r.section(v, "notices "+name.Text, keys{
			"on":        r.texts(&n.On),
			"sources":   r.texts(&n.Sources),
			"profiles":  r.texts(&n.Profiles),
			"accounts":  r.texts(&n.Accounts),
			"starter":   r.truth(&n.Starter),
			"mail":      r.truth(&n.Mail),
			"addresses": r.texts(&n.Addresses),
			"webhooks":  r.texts(&n.Webhooks),
		})
		c.checkNotices(r, v, &n)
		c.Notices = append(c.Notices, n)
	})
}

func (c *Config) checkNotices(r *reader, v *value, n *NoticeRule) {
	var kinds, hooks []string
	for _, kind := range rollcall.NoticeKinds() {
		kinds = append(kinds, string(kind))
	}
	for i := range c.Webhooks {
		hooks = append(hooks, c.Webhooks[i].Name)
	}
	check := func(key, what string, written, known []string) {
		for _, name := range written {
			if !slices.Contains(known, name) {
				r.problem(v.get(key).Position, "there is no %s %q%s", what, name, didYouMean(name, known))
			}
		}
	}
	check("on", "kind of notice", n.On, kinds)
	check("webhooks", "webhook", n.Webhooks, hooks)
	check("sources", "source", n.Sources, c.sourceNames())
	for _, address := range n.Addresses {
		if _, err := mail.ParseAddress(address); err != nil {
			r.problem(v.get("addresses").Position, "%q is no mail address", address)
		}
	}
	switch {
	case len(n.Profiles)+len(n.Accounts)+len(n.Addresses)+len(n.Webhooks) == 0 && !n.Starter:
		r.problem(n.Position, "notices %s are for nobody: name profiles, accounts, addresses or webhooks, or say starter: true", n.Name)
	case (n.Mail || len(n.Addresses) > 0) && c.Mail.Host == "":
		r.problem(n.Position, "notices %s go out by mail, and there is no section mail", n.Name)
	}
}
