package directory

import "syscall"

// nap waits a moment. The runtime's own timers round up to a millisecond when
// nothing else is going on, which is half of a page.
func nap() {
	moment := syscall.NsecToTimespec(int64(napTime))
	_ = syscall.Nanosleep(&moment, nil) // woken early by a signal, it was long enough
}
