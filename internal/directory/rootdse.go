package directory

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// Kind is what a directory server is.
type Kind string

// The kinds that differ in ways that matter here.
const (
	ActiveDirectory Kind = "Active Directory"
	SambaAD         Kind = "Samba AD"
	LightweightAD   Kind = "AD LDS"
	OpenLDAP        Kind = "OpenLDAP"
	Directory389    Kind = "389 Directory Server"
	FreeIPA         Kind = "FreeIPA"
	EDirectory      Kind = "eDirectory"
	ApacheDS        Kind = "Apache Directory Server"
	OpenDJ          Kind = "OpenDJ"
	UnknownKind     Kind = "unknown"
)

// IsAD reports whether the server speaks Active Directory's dialect.
func (k Kind) IsAD() bool { return k == ActiveDirectory || k == SambaAD || k == LightweightAD }

// Root is what a server says of itself.
type Root struct {
	Kind           Kind
	Vendor         string
	Version        string
	NamingContexts []string
	Base           string // the naming context that holds people, as far as can be told
	Key            string // the attribute that identifies an entry for ever
	Paging         bool   // RFC 2696
	Sync           bool   // RFC 4533
	DirSync        bool   // Active Directory
	StartTLS       bool
	Controls       []string // OIDs
	Extensions     []string // OIDs
	SASL           []string // mechanisms
	Level          int      // AD: functional level of the domain; 7 is 2016
	Host           string   // AD: the server's own name
	Schema         string   // DN of the schema
}

var rootAttributes = []string{
	"objectClass", "vendorName", "vendorVersion", "namingContexts", "defaultNamingContext",
	"supportedControl", "supportedExtension", "supportedSASLMechanisms", "supportedCapabilities", "supportedLDAPVersion",
	"domainFunctionality", "dnsHostName", "subschemaSubentry", "configContext", "dsaName", "directoryTreeName",
}

// Root asks the server what it is; a connection asks once.
func (c *Conn) Root(ctx context.Context) (*Root, error) {
	if c.root != nil {
		return c.root, nil
	}
	e, err := c.Read(ctx, "", rootAttributes...)
	if err != nil {
		return nil, err
	}
	c.root = describeRoot(e)
	return c.root, nil
}

func describeRoot(e *Entry) *Root {
	list := func(name string) []string {
		var out []string
		for _, v := range e.Get(name) {
			out = append(out, string(v))
		}
		return out
	}
	r := &Root{
		Vendor:         e.First("vendorName"),
		Version:        e.First("vendorVersion"),
		NamingContexts: list("namingContexts"),
		Controls:       list("supportedControl"),
		Extensions:     list("supportedExtension"),
		SASL:           list("supportedSASLMechanisms"),
		Host:           e.First("dnsHostName"),
		Schema:         e.First("subschemaSubentry"),
	}
	r.Level, _ = strconv.Atoi(e.First("domainFunctionality"))
	r.Kind = detect(r, e, list("supportedCapabilities"), list("objectClass"))
	r.Key = keyAttribute(r.Kind)
	r.Paging = slices.Contains(r.Controls, oidPaged)
	r.Sync = slices.Contains(r.Controls, oidSync)
	r.DirSync = slices.Contains(r.Controls, oidDirSync)
	r.StartTLS = slices.Contains(r.Extensions, oidStartTLS)
	r.Base = chooseBase(e.First("defaultNamingContext"), r.NamingContexts)
	if r.Kind == OpenLDAP && r.Vendor == "" {
		r.Vendor = "The OpenLDAP Foundation"
	}
	if r.Kind == ActiveDirectory && r.Vendor == "" {
		r.Vendor = "Microsoft"
	}
	return r
}

// detect tells servers apart by the marks that they leave in their root entry.
func detect(r *Root, e *Entry, capabilities, classes []string) Kind {
	const (
		capAD    = "1.2.840.113556.1.4.800"
		capADLDS = "1.2.840.113556.1.4.1851"
		ipaOIDs  = "2.16.840.1.113730.3.8.10."
	)
	vendor := strings.ToLower(r.Vendor + " " + r.Version)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(vendor, w) })
	}
	isIPA := func(oid string) bool { return strings.HasPrefix(oid, ipaOIDs) }
	switch {
	case slices.Contains(capabilities, capADLDS):
		return LightweightAD
	case slices.Contains(capabilities, capAD) && has("samba"):
		return SambaAD
	case slices.Contains(capabilities, capAD):
		return ActiveDirectory
	case has("389 project", "389-directory", "red hat"):
		if slices.ContainsFunc(r.Extensions, isIPA) {
			return FreeIPA
		}
		return Directory389
	case has("novell", "netiq", "edirectory") || e.First("directoryTreeName") != "":
		return EDirectory
	case has("apache"):
		return ApacheDS
	case has("opendj", "forgerock", "open identity platform", "wren"):
		return OpenDJ
	case slices.ContainsFunc(classes, func(c string) bool { return strings.EqualFold(c, "OpenLDAProotDSE") }), has("openldap"):
		return OpenLDAP
	}
	return UnknownKind
}

func keyAttribute(k Kind) string {
	switch k {
	case ActiveDirectory, SambaAD, LightweightAD:
		return "objectGUID"
	case Directory389:
		return "nsUniqueId"
	case FreeIPA:
		return "ipaUniqueID"
	case EDirectory:
		return "GUID"
	}
	return "entryUUID"
}

// chooseBase returns the naming context that people live in: the server's
// default, else the first that does not plainly hold the server's own affairs.
func chooseBase(preferred string, contexts []string) string {
	if preferred != "" {
		return preferred
	}
	for _, c := range contexts {
		low := strings.ToLower(c)
		if low == "" || strings.HasPrefix(low, "cn=") || low == "o=netscaperoot" || low == "o=ipaca" || strings.HasPrefix(low, "ou=schema") || strings.HasPrefix(low, "ou=system") {
			continue
		}
		return c
	}
	if len(contexts) > 0 {
		return contexts[0]
	}
	return ""
}
