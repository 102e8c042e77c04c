package directory

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReaderNapsLongerWhileEntriesKeepComing(t *testing.T) {
	t.Parallel()
	now := time.Now()
	naps := func(p *pace, n int) (all []time.Duration) {
		for range n {
			all = append(all, p.next(now))
		}
		return all
	}
	coming := func(size, came int, since time.Duration) *pace {
		return &pace{size: size, came: came, since: now.Add(-since), trickle: true}
	}
	const us = time.Microsecond
	for name, c := range map[string]struct {
		pace *pace
		want []time.Duration
	}{
		"no page":                              {coming(0, 10, time.Millisecond), []time.Duration{100 * us, 200 * us, 400 * us, 800 * us, 1000 * us, 1000 * us}},
		"a long page":                          {coming(1000, 10, time.Millisecond), []time.Duration{100 * us, 200 * us, 400 * us, 800 * us, 1000 * us, 1000 * us}},
		"before the first entry":               {coming(1000, 0, time.Millisecond), []time.Duration{0, 0}},
		"a read that brought much":             {&pace{came: 10, since: now}, []time.Duration{0, 0}},
		"no longer than the rest of the page":  {coming(100, 90, 9*time.Millisecond), []time.Duration{100 * us, 200 * us, 400 * us, 800 * us, 1000 * us, 1000 * us}},
		"the end of a page that comes quickly": {coming(100, 97, 97*10*us), []time.Duration{30 * us, 30 * us, 30 * us}},
		"all of the page is here":              {coming(100, 100, time.Millisecond), []time.Duration{0, 0}},
		"more than a page":                     {coming(100, 120, time.Millisecond), []time.Duration{0, 0}},
	} {
		if diff := cmp.Diff(c.want, naps(c.pace, len(c.want))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestEveryPageBeginsWithoutANap(t *testing.T) {
	t.Parallel()
	p := &pace{size: 10}
	p.entry()
	p.trickle = true
	if p.next(p.since.Add(time.Second)) == 0 {
		t.Error("no nap in mid-page")
	}
	p.turn()
	p.trickle = true // what came with the end of the last page
	if got := p.next(time.Now()); got != 0 {
		t.Errorf("a nap of %s before the first entry", got)
	}
}
