package main

import (
	"context"
	"slices"
	"strings"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
)

// usualKind stands for a server that was not asked yet.
const usualKind = directory.UnknownKind

// byLogin finds the only entry with a login, nil when there is none. A login may
// be written as the attribute has it, as a DN, and on Active Directory as
// DOMAIN\login and as name@domain, too.
func (d *door) byLogin(ctx context.Context, login string) (*found, error) {
	var list []*found
	_, err := d.ask(ctx, d.search, func(c *directory.Conn) error {
		list = nil
		root, err := c.Root(ctx)
		if err != nil {
			return err
		}
		s := directory.Search{Scope: directory.ScopeSubtree, Unpaged: true, Attributes: d.attributes(root)}
		bases := d.basesOr(nil, root)
		name := login
		switch domain, plain, isDomain := strings.Cut(login, `\`); {
		case strings.Contains(login, "="):
			if isIn := d.below(login, bases); !isIn {
				return nil
			}
			bases, s.Scope, s.Filter = []string{login}, directory.ScopeBase, d.filter
			list, err = d.entries(ctx, c, root, s, bases)
			return err
		case isDomain:
			isOurs, err := d.isDomain(ctx, c, root, domain)
			if err != nil || !isOurs {
				return err
			}
			name = plain
			s.Filter, err = d.accountNamed(plain)
			if err != nil {
				return err
			}
		default:
			if s.Filter, err = d.wanted(root.Kind, name, dnsDomain(root.Base)); err != nil {
				return err
			}
		}
		list, err = d.entries(ctx, c, root, s, bases)
		return err
	})
	return only(list, err)
}

// wanted is the filter that finds whoever has a login. The domains are those by
// which name@domain means the account called name.
func (d *door) wanted(kind directory.Kind, login string, domains ...string) (*directory.Filter, error) {
	value := directory.EscapeFilter(login)
	var b strings.Builder
	b.WriteString("(|")
	for _, attr := range d.login {
		b.WriteString("(" + attr + "=" + value + ")")
	}
	if name, domain, isUPN := strings.Cut(login, "@"); isUPN && kind.IsAD() {
		b.WriteString("(userPrincipalName=" + value + ")")
		if slices.ContainsFunc(domains, func(one string) bool { return one != "" && strings.EqualFold(one, domain) }) {
			b.WriteString("(sAMAccountName=" + directory.EscapeFilter(name) + ")")
		}
	}
	b.WriteString(")")
	f, err := directory.ParseFilter(b.String())
	if err != nil {
		return nil, err
	}
	return directory.All(f, d.filter), nil
}

// accountNamed finds the account of a name in the domain.
func (d *door) accountNamed(name string) (*directory.Filter, error) {
	f, err := directory.ParseFilter("(sAMAccountName=" + directory.EscapeFilter(name) + ")")
	if err != nil {
		return nil, err
	}
	return directory.All(f, d.filter), nil
}

// below reports whether a DN lies below one of the bases.
func (d *door) below(text string, bases []string) bool {
	dn, err := rollcall.ParseDN(text)
	return err == nil && slices.ContainsFunc(bases, func(b string) bool {
		base, err := rollcall.ParseDN(b)
		return err == nil && dn.Under(base)
	})
}

// isDomain reports whether a NetBIOS name is that of the directory's domain, as
// the directory's list of its domains says.
func (d *door) isDomain(ctx context.Context, c *directory.Conn, root *directory.Root, name string) (bool, error) {
	if !root.Kind.IsAD() || name == "" {
		return false, nil
	}
	key := strings.ToLower(name)
	if known, ok := d.domains.Load(key); ok {
		return known.(bool), nil
	}
	filter, err := directory.ParseFilter("(&(objectClass=crossRef)(nETBIOSName=" + directory.EscapeFilter(name) + "))")
	if err != nil {
		return false, err
	}
	isOurs := false
	for _, context := range root.NamingContexts {
		if !strings.HasPrefix(strings.ToLower(context), "cn=configuration,") {
			continue
		}
		s := directory.Search{Base: "CN=Partitions," + context, Scope: directory.ScopeOne, Filter: filter, Unpaged: true, Attributes: []string{"nCName"}}
		_, err := c.Search(ctx, s, func(e *directory.Entry) error {
			isOurs = isOurs || rollcall.FoldDN(e.First("nCName")) == rollcall.FoldDN(root.Base)
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	if isOurs { // a stranger cannot fill the memory with names
		d.domains.Store(key, true)
	}
	return isOurs, nil
}

// dnsDomain returns the name of a domain by the DN of its root.
func dnsDomain(base string) string {
	dn, err := rollcall.ParseDN(base)
	if err != nil {
		return ""
	}
	var parts []string
	for i := range dn {
		parts = append(parts, dn[i:].RDN())
	}
	return strings.Join(parts, ".")
}
