package directory

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"rollcall/internal/rollcall"
)

// maxHops is how many referrals may follow one another.
const maxHops = 8

// follow reads the parts of a search that live on other servers, as the same
// user. A part that cannot be read is an error: the whole is not whole without it.
func (c *Conn) follow(ctx context.Context, s Search, total *Result, jumps [][]string, emit func(*Entry) error) error {
	seen := map[string]bool{}
	type hop struct {
		urls  []string
		depth int
	}
	var queue []hop
	for _, urls := range jumps {
		queue = append(queue, hop{urls, 1})
	}
	for len(queue) > 0 {
		h := queue[0]
		queue = queue[1:]
		if h.depth > maxHops {
			return rollcall.Errorf(rollcall.Invalid, "follow %s: more than %d referrals in a row", h.urls[0], maxHops)
		}
		if seen[strings.ToLower(h.urls[0])] {
			continue
		}
		for _, u := range h.urls {
			seen[strings.ToLower(u)] = true
		}
		r, err := c.followAny(ctx, s, h.urls, emit)
		if r != nil {
			total.Entries += r.Entries
			total.Pages += r.Pages
			total.Bytes += r.Bytes
			for _, urls := range r.jumps {
				queue = append(queue, hop{urls, h.depth + 1})
			}
		}
		if answer, ok := errors.AsType[*ResultError](err); err != nil && (!ok || answer.Code != codeReferral) {
			return fmt.Errorf("follow the referral to %s: %w", h.urls[0], err)
		}
	}
	return nil
}

// followAny reads one part from the first of the servers that can be reached.
func (c *Conn) followAny(ctx context.Context, s Search, urls []string, emit func(*Entry) error) (*running, error) {
	var failed error
	for _, text := range urls {
		target, err := parseReferral(text, s)
		if err == nil {
			cfg := c.cfg
			cfg.URLs = []string{target.server}
			var other *Conn
			if other, err = Dial(ctx, cfg); err == nil {
				r, err := other.search(ctx, target.search, emit)
				return r, errors.Join(err, other.Close())
			}
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

type referral struct {
	server string
	search Search
}

// parseReferral reads an LDAP URL (RFC 4516) that continues a search. The scope
// of the URL wins, a filter in it does not: RFC 4511 section 4.5.3.
func parseReferral(text string, s Search) (referral, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "ldap" && u.Scheme != "ldaps" {
		return referral{}, rollcall.Errorf(rollcall.Invalid, "the referral %q is no LDAP URL with a host", text)
	}
	if dn := strings.TrimPrefix(u.Path, "/"); dn != "" {
		s.Base = dn
	}
	if parts := strings.Split(u.RawQuery, "?"); len(parts) > 1 && parts[1] != "" {
		if s.Scope, err = ParseScope(strings.ToLower(parts[1])); err != nil {
			return referral{}, err
		}
	}
	return referral{server: u.Scheme + "://" + u.Host, search: s}, nil
}
