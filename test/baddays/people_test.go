package baddays

import (
	"fmt"
	"io"
	"strings"
)

const baseDN = "dc=example,dc=org"

// unit returns an organizational unit as LDIF.
func unit(name string) string {
	return fmt.Sprintf("dn: ou=%[1]s,%[2]s\nobjectClass: organizationalUnit\nou: %[1]s\n\n", name, baseDN)
}

// people returns n persons below a unit as LDIF, each but the first led by one
// of those before.
func people(unit string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(person(unit, i))
	}
	return b.String()
}

func person(unit string, i int) string {
	text := fmt.Sprintf(`dn: uid=u%[1]d,ou=%[2]s,%[3]s
objectClass: inetOrgPerson
uid: u%[1]d
cn: First%[1]d Last%[1]d
sn: Last%[1]d
givenName: First%[1]d
mail: u%[1]d@example.org
employeeNumber: %[4]d
title: Clerk %[1]d
`, i, unit, baseDN, 1000+i)
	if i > 0 {
		text += fmt.Sprintf("manager: uid=u%d,ou=%s,%s\n", (i-1)/5, unit, baseDN)
	}
	return text + "\n"
}

// company is the content of a directory: so many people below ou=people.
func company(n int) io.Reader { return strings.NewReader(unit("people") + people("people", n)) }
