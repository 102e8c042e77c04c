// Command gen writes the directory that benchmarks read, as LDIF on standard
// output: persons of ten attributes and about 144 bytes, and groups that nest in
// chains and hold a cycle; groups that give profiles hold the chains. The same
// flags give the same bytes. It writes as it goes and keeps nothing, so a million
// persons need no more memory than one.
//
//	go run ./bench/gen -persons 100000 -groups 2000 | slapadd -q …
//	go run ./bench/gen -persons 100000 -changes 1000 | ldapmodify …
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	var c company
	flag.IntVar(&c.persons, "persons", 1000, "how many persons")
	flag.IntVar(&c.groups, "groups", 0, "how many groups; every person is in one")
	flag.IntVar(&c.depth, "depth", 10, "how many groups in a chain, each a member of the one before")
	profiles := flag.String("profiles", "", "names of profiles, separated by commas: each gets a group cn=itop-NAME, and each chain is in one of them")
	flag.Uint64Var(&c.seed, "seed", 1, "another seed makes other persons")
	flag.StringVar(&c.base, "base", "dc=example,dc=org", "the DN below which everything lies")
	flag.BoolVar(&c.operational, "operational", true, "with entryUUID and memberOf, which slapadd takes and ldapadd refuses")
	changes := flag.Int("changes", 0, "instead of entries, write modifications: so many persons, evenly spread, get another title")
	flag.IntVar(&c.round, "round", 0, "another round of changes gives other titles to the same persons")
	flag.Parse()
	if *profiles != "" {
		c.profiles = strings.Split(*profiles, ",")
	}

	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	err := func() error {
		if *changes > 0 {
			return c.writeChanges(out, *changes)
		}
		return c.write(out)
	}()
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
