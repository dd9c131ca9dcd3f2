package reconcile

import (
	"fmt"
	"sync"
)

// An API that refuses whatever it is sent would use up the quota of everybody who
// shares the token. Each of the two operations is given up by itself, so that
// renames go on where seats are refused.
const (
	// refusalsToGiveUp is how many requests about single changes an operation may
	// have refused, or left without an effect, before one had an effect.
	refusalsToGiveUp = 20
	// wastedToGiveUp is how many PATCH may do nothing in a run, whatever else is
	// accepted. Halving a batch of a hundred down to one guilty item takes eight.
	wastedToGiveUp = 40
)

// tallies count what the requests of a run came to, operation by operation.
type tallies struct {
	mu      sync.Mutex
	changed *sync.Cond
	by      map[CallKind]*tally
}

// tally is the count of one operation.
type tally struct {
	inFlight int
	// done is the number of requests that had an effect, wasted that of those that
	// had none, and alone that of the latter that were about a single change.
	done, wasted, alone int
	last                error // behind the latest wasted one
}

func newTallies() *tallies {
	t := &tallies{by: map[CallKind]*tally{CallPatchSeats: {}, CallPutUser: {}}}
	t.changed = sync.NewCond(&t.mu)
	return t
}

// begin waits until a request may be sent such that no more than the bound can
// turn out to do nothing, and counts it as in flight. It reports false when the
// operation has been given up.
func (t *tallies) begin(kind CallKind) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	tally := t.by[kind]
	for tally.reason(kind) == "" && kind == CallPatchSeats && tally.wasted+tally.inFlight >= wastedToGiveUp {
		t.changed.Wait()
	}
	if tally.reason(kind) != "" {
		return false
	}
	tally.inFlight++
	return true
}

// effect is what a request came to.
type effect int

const (
	// unsent requests, and those that were throttled, say nothing.
	unsent effect = iota
	effective
	// wasted requests were refused, or had no effect that is known.
	wasted
	// wastedAlone are wasted ones about a single change, or about all that were
	// tried: they will not be halved.
	wastedAlone
)

// end notes what a request came to that begin has counted.
func (t *tallies) end(kind CallKind, came effect, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tally := t.by[kind]
	tally.inFlight--
	switch came {
	case effective:
		tally.done++
	case wastedAlone:
		tally.alone++
		tally.wasted++
		tally.last = err
	case wasted:
		tally.wasted++
		tally.last = err
	}
	t.changed.Broadcast()
}

// retract takes back that a request was wasted: reading shows that it was not.
func (t *tallies) retract(kind CallKind) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.by[kind].wasted--
	t.by[kind].alone--
	t.by[kind].done++
	t.changed.Broadcast()
}

// reason says why an operation was given up; "" while it is not.
func (t *tallies) reason(kind CallKind) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.by[kind].reason(kind)
}

func (t *tally) reason(kind CallKind) string {
	switch {
	case t.done == 0 && t.alone >= refusalsToGiveUp:
		return fmt.Sprintf("the first %d %s requests came to nothing, the last one with: %v", t.alone, kind, t.last)
	case kind == CallPatchSeats && t.wasted >= wastedToGiveUp:
		return fmt.Sprintf("%d %s requests came to nothing, the last one with: %v", t.wasted, kind, t.last)
	}
	return ""
}
