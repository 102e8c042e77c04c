package bench

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// usage is what one run of a program took.
type usage struct {
	wall, cpu time.Duration
	peak      int64 // resident memory, in bytes
}

// pair is a run and the reading with ldapsearch right before it.
type pair struct{ reading, ours usage }

// measure runs a program to its end. What it prints goes nowhere, as with
// ldapsearch; what it complains of is shown when it fails.
func measure(b *testing.B, command, env []string) usage {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), env...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	began := time.Now()
	err := cmd.Run()
	wall := time.Since(began)
	if err != nil {
		text := complaints.String()
		b.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, text[max(0, len(text)-2000):])
	}
	used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		b.Fatal("this system does not tell what a process used")
	}
	return usage{wall: wall, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peak: used.Maxrss << 10}
}

// median returns the middle of what f makes of pairs.
func median(pairs []pair, f func(pair) float64) float64 {
	values := make([]float64, len(pairs))
	for i, p := range pairs {
		values[i] = f(p)
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
