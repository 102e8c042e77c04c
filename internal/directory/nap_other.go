//go:build !linux

package directory

import "time"

// nap waits a moment.
func nap(d time.Duration) { time.Sleep(d) }
