package demo

import (
	"cmp"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// syntax says how values of an attribute compare.
type syntax uint8

const (
	ignoreCase   syntax = iota // caseIgnoreMatch
	exactCase                  // caseExactMatch, octetStringMatch
	dnSyntax                   // distinguishedNameMatch
	intSyntax                  // integerMatch
	phoneSyntax                // telephoneNumberMatch
	timeSyntax                 // generalizedTimeMatch
	groupOfBytes               // never matched nor shown: passwords
)

// attributeType is what the server knows of an attribute.
type attributeType struct {
	name        string // as answers spell it
	syntax      syntax
	operational bool // sent only when asked for by name or with +
	unknown     bool // not in the table: a filter on it is neither true nor false
}

// attributeTypes lists the attributes that a sample directory may have, by name
// in lower case.
var attributeTypes = func() map[string]attributeType {
	types := map[string]attributeType{}
	add := func(s syntax, operational bool, names ...string) {
		for _, name := range names {
			types[strings.ToLower(name)] = attributeType{name: name, syntax: s, operational: operational}
		}
	}
	add(ignoreCase, false, "objectClass", "cn", "sn", "givenName", "displayName", "initials", "uid", "mail", "title", "ou", "o",
		"dc", "l", "st", "c", "street", "postalCode", "description", "departmentNumber", "employeeNumber", "employeeType",
		"preferredLanguage", "businessCategory", "physicalDeliveryOfficeName", "roomNumber", "carLicense")
	add(dnSyntax, false, "member", "manager", "secretary", "owner", "uniqueMember", "seeAlso")
	add(phoneSyntax, false, "telephoneNumber", "mobile", "homePhone", "pager", "facsimileTelephoneNumber")
	add(exactCase, false, "jpegPhoto", "labeledURI")
	add(intSyntax, false, "uidNumber", "gidNumber", "shadowExpire")
	add(groupOfBytes, false, "userPassword")
	add(dnSyntax, true, "memberOf", "entryDN", "subschemaSubentry")
	add(ignoreCase, true, "entryUUID", "structuralObjectClass", "hasSubordinates")
	add(timeSyntax, true, "createTimestamp", "modifyTimestamp", "pwdAccountLockedTime")
	return types
}()

// typeOf returns the type of an attribute, whatever its case.
func typeOf(name string) attributeType {
	if t, ok := attributeTypes[strings.ToLower(name)]; ok {
		return t
	}
	return attributeType{name: name, unknown: true}
}

var phoneMarks = strings.NewReplacer(" ", "", "-", "")

// normal returns the form in which equal values are the same text.
func (s syntax) normal(value string) string {
	switch s {
	case dnSyntax:
		return rollcall.FoldDN(value)
	case phoneSyntax:
		return phoneMarks.Replace(strings.ToLower(value))
	case ignoreCase:
		// Spaces at the ends do not count, runs of them count as one (RFC 4518, 2.6.1).
		return strings.Join(strings.Fields(rollcall.Fold(value)), " ")
	}
	return value
}

// compare orders two values in normal form.
func (s syntax) compare(a, b string) int {
	if s == intSyntax {
		x, errX := strconv.ParseInt(a, 10, 64)
		y, errY := strconv.ParseInt(b, 10, 64)
		if errX == nil && errY == nil {
			return cmp.Compare(x, y)
		}
	}
	return strings.Compare(a, b)
}
