package main

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

// TestMuchInUseLeavesLessGarbage: the more is in use, the smaller is the share of
// garbage that is let be; and back again.
func TestMuchInUseLeavesLessGarbage(t *testing.T) {
	saveMemory()
	percent := func(want uint64) {
		t.Helper()
		set := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			runtime.GC()
			metrics.Read(set)
			if set[0].Value.Uint64() == want {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("got %d percent, want %d", set[0].Value.Uint64(), want)
			}
		}
	}
	much := make([]byte, 256<<20)
	percent(25)
	runtime.KeepAlive(much)
	percent(75)
}
