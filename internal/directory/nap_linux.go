package directory

import (
	"syscall"
	"time"
)

// nap waits a moment. The runtime's own timers round up to a millisecond when
// nothing else is going on; a thread that sleeps, on the other hand, has the
// runtime look every 20 µs whether it should take over.
func nap(d time.Duration) {
	if d >= time.Millisecond {
		time.Sleep(d)
		return
	}
	moment := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&moment, nil) // woken early by a signal, it was long enough
}
