package baddays

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// TestKeys spoils the attribute that tells entries apart. employeeNumber is such
// a key in many directories, and nothing keeps it whole.
func TestKeys(t *testing.T) {
	t.Parallel()
	const n = 20
	modify := func(i int, change string) string {
		return fmt.Sprintf("dn: uid=u%d,ou=people,%s\nchangetype: modify\n%s\n\n", i, baseDN, change)
	}
	for _, c := range []struct {
		name    string
		change  string
		repair  string
		code    int
		touched bool // the registry changes
		want    []string
	}{
		{
			name:   "missing on some",
			change: modify(3, "delete: employeeNumber") + modify(4, "delete: employeeNumber"),
			repair: modify(3, "add: employeeNumber\nemployeeNumber: 1003") + modify(4, "add: employeeNumber\nemployeeNumber: 1004"),
			code:   problems,
			want:   []string{"uid=u3,ou=people", "uid=u4,ou=people", "the entry has no key attribute, so it cannot be told from others; it is left alone"},
		},
		{
			name:   "missing on all",
			change: everybody(n, func(i int) string { return modify(i, "delete: employeeNumber") }),
			repair: everybody(n, func(i int) string { return modify(i, fmt.Sprintf("add: employeeNumber\nemployeeNumber: %d", 1000+i)) }),
			code:   problems,
			want:   []string{"uid=u0,ou=people", "the entry has no key attribute"},
		},
		{
			name:   "the same on two",
			change: modify(4, "replace: employeeNumber\nemployeeNumber: 1003"),
			repair: modify(4, "replace: employeeNumber\nemployeeNumber: 1004"),
			code:   problems,
			want:   []string{"2 entries share the key 1003 (the others: uid=u4,ou=people,dc=example,dc=org)", "none of them is taken over until the key is unique"},
		},
		{
			name:    "changed on one",
			change:  modify(3, "replace: employeeNumber\nemployeeNumber: 9003"),
			repair:  modify(3, "replace: employeeNumber\nemployeeNumber: 1003"),
			code:    done,
			touched: true,
			want:    []string{"persons: 20 read, 0 errors"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := lab.Slapd(t, lab.SlapdConfig{Data: company(n)})
			o := officeAt(t, s, s.URL())
			o.reconfigure(func(s *setting) { s.Key = "employeeNumber" })
			o.sync()
			before := o.dump()

			s.Modify(c.change)
			o.run("sync").ended(c.code).shows(c.want...)
			if c.touched {
				o.sameObjects(before)
			} else {
				o.unchangedBut(before, "standing")
			}
			s.Modify(c.repair)
			o.sync()
			o.sameObjects(before)
		})
	}
}

func everybody(n int, f func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(f(i))
	}
	return b.String()
}
