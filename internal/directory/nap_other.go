//go:build !linux

package directory

import "time"

// nap waits a moment.
func nap() { time.Sleep(napTime) }
