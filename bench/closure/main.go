// Command closure reads all groups of a directory and works out every group,
// nested ones included, of each of a number of persons. It is what a source with
// profiles does before and beside the reading of its entries, by itself, so that
// it can be measured.
//
//	LDAP_PASSWORD=… go run ./bench/closure -url ldap://… -user cn=… -base ou=groups,… -person 'uid=u%07d,…' -persons 100000
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"strings"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
)

func main() {
	var cfg directory.Config
	url := flag.String("url", "", "the server")
	flag.StringVar(&cfg.Bind.User, "user", "", "who reads; the password comes from LDAP_PASSWORD")
	base := flag.String("base", "", "where the groups are")
	person := flag.String("person", "", "the DN of a person, with %07d for its number")
	persons := flag.Int("persons", 0, "how many persons")
	profile := flag.String("cpuprofile", "", "write a CPU profile to this file")
	flag.Parse()
	cfg.URLs, cfg.Bind.Password = []string{*url}, rollcall.Secret(os.Getenv("LDAP_PASSWORD"))

	stop := func() {}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "closure:", err)
			os.Exit(1)
		}
		stop = pprof.StopCPUProfile
	}
	groups, memberships, err := closure(context.Background(), cfg, *base, *person, *persons)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "closure:", err)
		os.Exit(1)
	}
	fmt.Printf("%d groups, %d memberships\n", groups, memberships)
}

// closure returns how many groups there are, and how many memberships the
// persons have in all.
func closure(ctx context.Context, cfg directory.Config, base, person string, persons int) (groups, memberships int, err error) {
	conn, err := directory.Dial(ctx, cfg)
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close()
	m, _, err := conn.Membership(ctx, directory.Groups{Bases: []string{base}})
	if err != nil {
		return 0, 0, err
	}
	w := m.NewWalker()
	dn := fmt.Appendf(nil, person, 0)
	number := dn[strings.IndexByte(person, '%'):][:len(dn)-len(person)+len("%07d")]
	for range persons {
		w.Begin()
		w.DN(dn)
		memberships += len(w.Groups(true))
		count(number)
	}
	return m.Len(), memberships, nil
}

// count adds one to a decimal number.
func count(digits []byte) {
	for i := len(digits) - 1; i >= 0; i-- {
		if digits[i]++; digits[i] <= '9' {
			return
		}
		digits[i] = '0'
	}
}
