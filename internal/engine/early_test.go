package engine

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"rollcall/internal/rollcall"
)

// TestEntriesBeforeTheirReplicasAreTakenInOrder: whenever the replicas are there,
// each entry is taken once and in its turn; no more is kept than is allowed.
func TestEntriesBeforeTheirReplicasAreTakenInOrder(t *testing.T) {
	t.Parallel()
	const entries = 40
	for _, ready := range []int{0, 1, 17, entries} {
		t.Run(fmt.Sprint("after ", ready), func(t *testing.T) {
			t.Parallel()
			var got []string
			e := &early{loaded: make(chan error, 1), stop: func() {}, take: func(e *rollcall.Entry) error {
				got = append(got, string(e.Key))
				return nil
			}}
			lent := rollcall.Entry{Key: make([]byte, 0, 10)}
			for i := range entries {
				if i == ready {
					e.loaded <- nil
				}
				lent.Key = fmt.Appendf(lent.Key[:0], "%02d", i)
				if err := e.entry(&lent); err != nil {
					t.Fatal(err)
				}
				if want := i + 1; i >= ready && len(got) != want || i < ready && len(got) != 0 {
					t.Fatalf("after entry %d %d were taken", i, len(got))
				}
			}
			if ready == entries {
				e.loaded <- nil
			}
			if err := e.finish(nil); err != nil || len(got) != entries {
				t.Fatalf("%d of %d entries were taken: %v", len(got), entries, err)
			}
			for i := range got {
				if got[i] != fmt.Sprintf("%02d", i) {
					t.Fatalf("entry %s came as number %d", got[i], i)
				}
			}
		})
	}
}

// TestMuchThatIsEarlyWaits: past the bound, the source waits for the replicas.
func TestMuchThatIsEarlyWaits(t *testing.T) {
	t.Parallel()
	taken := 0
	e := &early{loaded: make(chan error, 1), stop: func() {}, take: func(*rollcall.Entry) error { taken++; return nil }}
	large := &rollcall.Entry{Key: []byte("a"), Values: [][][]byte{{make([]byte, mostEarly)}}}
	if err := e.entry(large); err != nil || taken != 0 {
		t.Fatalf("the first one was not kept: %v", err)
	}
	go func() { e.loaded <- nil }()
	if err := e.entry(large); err != nil || taken != 2 || e.kept != nil {
		t.Errorf("%d taken, %d kept: %v", taken, len(e.kept), err)
	}
}

// TestTheReasonForNoReplicasIsTold: and nothing is taken without them; a source
// that breaks off tells its own reason, and the reading of replicas ends.
func TestTheReasonForNoReplicasIsTold(t *testing.T) {
	t.Parallel()
	take := func(*rollcall.Entry) error { t.Error("an entry was taken"); return nil }
	reason := errors.New("the disk is gone")
	e := &early{loaded: make(chan error, 1), stop: func() {}, take: take}
	if err := e.entry(&rollcall.Entry{}); err != nil {
		t.Fatal(err)
	}
	e.loaded <- reason
	if err := e.entry(&rollcall.Entry{}); !errors.Is(err, reason) {
		t.Errorf("got %v", err)
	}
	if err := e.finish(nil); !errors.Is(err, reason) {
		t.Errorf("at the end: %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	e = &early{loaded: make(chan error, 1), stop: cancel, take: take}
	go func() { <-ctx.Done(); e.loaded <- ctx.Err() }()
	broken := errors.New("connection reset")
	if err := e.finish(broken); !errors.Is(err, broken) {
		t.Errorf("a source that breaks off: %v", err)
	}
}
