package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
)

// startProfiles writes the profiles that bench/README.md speaks of: of the
// processor to the file named by ROLLCALL_CPUPROFILE, of allocations to that of
// ROLLCALL_MEMPROFILE. It returns what ends and writes them.
func startProfiles(complain io.Writer) (stop func()) {
	told := func(err error) {
		if err != nil {
			fmt.Fprintf(complain, "rollcall: write the profile: %v\n", err)
		}
	}
	end := func() {}
	if path := os.Getenv("ROLLCALL_CPUPROFILE"); path != "" {
		f, err := os.Create(path)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		told(err)
		end = func() {
			pprof.StopCPUProfile()
			told(f.Close())
		}
	}
	return func() {
		end()
		path := os.Getenv("ROLLCALL_MEMPROFILE")
		if path == "" {
			return
		}
		f, err := os.Create(path)
		if err != nil {
			told(err)
			return
		}
		runtime.GC() // so that what lives is up to date
		told(pprof.Lookup("allocs").WriteTo(f, 0))
		told(f.Close())
	}
}
