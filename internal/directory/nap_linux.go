package directory

import (
	"syscall"
	"time"
)

// nap waits a moment. The runtime's own timers round up to a millisecond when
// nothing else is going on, which is a good part of a page.
func nap(d time.Duration) {
	moment := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&moment, nil) // woken early by a signal, it was long enough
}
