package reconcile

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// DefaultConcurrency is the number of requests in flight when nothing else is said.
const DefaultConcurrency = 8

// defaultGrace is how long requests in flight may take to finish after a stop.
const defaultGrace = 30 * time.Second

// ApplyOptions is what an apply depends on besides the plan.
type ApplyOptions struct {
	// RunID names the run in records and reports.
	RunID string
	// Clock tells when the run starts and ends.
	Clock func() time.Time
	// BatchSize is the number of seats in one request; 0 means DefaultBatchSize.
	BatchSize int
	// Concurrency is the number of requests in flight; 0 means DefaultConcurrency.
	Concurrency int
	// Stale are changes, by index, whose user has moved since the plan was made,
	// with what moved. They are not written. See [StaleChanges].
	Stale map[int]string
	// Grace is how long requests in flight may take to finish after ctx is done;
	// 0 means 30 seconds.
	Grace time.Duration
	// Progress, when not nil, is told after each request how many changes are
	// settled out of all. Calls to it do not overlap.
	Progress func(done, total int)
}

// Apply carries a plan out and returns what became of each change that was to
// be done. It always returns a run: what went wrong is in its outcomes.
//
// When ctx is done no new request starts, those in flight finish within the
// grace, and the rest is not reached.
func Apply(ctx context.Context, sink Sink, plan *Plan, journal Journal, options ApplyOptions) *Run {
	run := &Run{ID: options.RunID, StartedAt: options.Clock().UTC().Truncate(time.Second)}
	inFlight, cancel := graceful(ctx, options.Grace)
	defer cancel()
	w := &writer{
		sink: sink, plan: plan, journal: journal, options: options,
		start: ctx, inFlight: withStop(inFlight, ctx),
		outcomes: make(map[int]Outcome),
	}
	w.settleStale()
	w.writeAll(callsExcept(plan, options.BatchSize, options.Stale))
	run.Outcomes = w.inOrder()
	run.Stopped = w.stopReason()
	run.FinishedAt = options.Clock().UTC().Truncate(time.Second)
	return run
}

// stopKey is the key under which a context carries the one that stops a run.
type stopKey struct{}

// withStop returns a context that carries the one whose end lets no new request
// start.
func withStop(ctx, stop context.Context) context.Context {
	return context.WithValue(ctx, stopKey{}, stop)
}

// StopContext returns the context whose end lets no new request start, for a
// write that was called with ctx. A sink that makes a write wait, for a quota
// say, ends the wait then.
func StopContext(ctx context.Context) context.Context {
	if stop, ok := ctx.Value(stopKey{}).(context.Context); ok {
		return stop
	}
	return context.Background()
}

// graceful returns a context that ends some time after ctx does, for requests
// that should be allowed to finish.
func graceful(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	if grace == 0 {
		grace = defaultGrace
	}
	parent, release := context.WithoutCancel(ctx), context.CancelFunc(func() {})
	if deadline, ok := ctx.Deadline(); ok {
		// A sink should know that waiting beyond this is of no use.
		parent, release = context.WithDeadline(parent, deadline.Add(grace))
	}
	inFlight, cancel := context.WithCancelCause(parent)
	stopTimer := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, func() { cancel(context.Cause(ctx)) })
		context.AfterFunc(inFlight, func() { timer.Stop() })
	})
	return inFlight, func() {
		stopTimer()
		cancel(nil)
		release()
	}
}

// writer carries out the calls of one plan.
type writer struct {
	sink     Sink
	plan     *Plan
	journal  Journal
	options  ApplyOptions
	start    context.Context // done: no new request starts
	inFlight context.Context // done: requests in flight are given up

	mu       sync.Mutex
	outcomes map[int]Outcome
	accepted int
	refused  int
	stopped  string // why no further request starts; "" while they do
}

// settleStale records the changes that are not written because their user moved.
func (w *writer) settleStale() {
	for i, moved := range w.options.Stale {
		if w.plan.Changes[i].WillBeDone() {
			w.outcomes[i] = Outcome{Change: i, Status: Stale, Error: moved}
		}
	}
}

// writeAll sends calls side by side until they are done or the run stops.
func (w *writer) writeAll(calls []Call) {
	concurrency := w.options.Concurrency
	if concurrency < 1 {
		concurrency = DefaultConcurrency
	}
	var group errgroup.Group
	group.SetLimit(concurrency)
	for _, call := range calls {
		if w.isStopped() {
			break
		}
		group.Go(func() error {
			w.write(call)
			return nil
		})
	}
	_ = group.Wait() // what went wrong is in the outcomes
}

// write sends one call, judges its items, and halves it when it is refused.
func (w *writer) write(call Call) {
	if w.isStopped() {
		return
	}
	if err := w.journal.Intent(call); err != nil {
		w.stop(fmt.Sprintf("the journal cannot be written: %v", err))
		return
	}
	outcomes, halves := w.send(call)
	if err := w.journal.Result(call, outcomes); err != nil {
		w.stop(fmt.Sprintf("the journal cannot be written: %v", err))
	}
	w.record(outcomes)
	for _, half := range halves {
		w.write(half)
	}
}

// send makes the request of a call. It returns the outcomes that are known, and
// the halves to try when a batch was refused as a whole.
func (w *writer) send(call Call) (outcomes []Outcome, halves []Call) {
	var err error
	if call.Kind == CallPatchSeats {
		outcomes, err = w.updateSeats(call)
	} else {
		outcomes, err = w.renameUser(call)
	}
	if err == nil {
		w.noteAnswer(true, nil)
		return outcomes, nil
	}
	var throttled *ThrottledError
	if errors.As(err, &throttled) {
		if !w.isStopped() {
			w.stop(throttled.Error())
		}
		return nil, nil
	}
	var refused *APIError
	if errors.As(err, &refused) && refused.IsRefusal() {
		if refused.IsMixed() || refused.IsNotFound() {
			return w.halveTheRest(call, w.settle(call.Changes, err), err)
		}
		if len(call.Changes) > 1 && !refused.IsDenied() {
			return nil, halve(call) // one guilty item says nothing of the others
		}
		w.noteAnswer(false, err)
		return w.each(call, Failed, err), nil
	}
	return w.settle(call.Changes, err), nil
}

// halve splits a call in two.
func halve(call Call) []Call {
	middle := len(call.Changes) / 2
	return []Call{
		{Kind: call.Kind, Changes: call.Changes[:middle]},
		{Kind: call.Kind, Changes: call.Changes[middle:]},
	}
}

// halveTheRest keeps what a doubtful refusal has carried out, as reading shows, and
// splits the rest to find the item behind it.
func (w *writer) halveTheRest(call Call, outcomes []Outcome, err error) ([]Outcome, []Call) {
	rest := Call{Kind: call.Kind}
	var done []Outcome
	for _, outcome := range outcomes {
		if outcome.Status == Applied {
			done = append(done, outcome)
		} else {
			rest.Changes = append(rest.Changes, outcome.Change)
		}
	}
	if len(done) > 0 || len(call.Changes) == 1 {
		w.noteAnswer(len(done) > 0, err)
	}
	if len(call.Changes) == 1 || len(rest.Changes) == 0 {
		return outcomes, nil
	}
	if len(rest.Changes) == 1 {
		return done, []Call{rest}
	}
	return done, halve(rest)
}

// refusalsToStop is how many requests the API may refuse, before it has accepted
// one, until the run stops. Halving a batch of a thousand down to one guilty item
// takes ten.
const refusalsToStop = 20

// noteAnswer counts accepted and refused requests, and stops a run in which
// nothing but refusals come back: it would only burn the quota.
func (w *writer) noteAnswer(accepted bool, err error) {
	w.mu.Lock()
	if accepted {
		w.accepted++
	} else {
		w.refused++
	}
	hopeless := w.accepted == 0 && w.refused >= refusalsToStop
	w.mu.Unlock()
	if hopeless {
		w.stop(fmt.Sprintf("the API refused the first %d requests, the last one with: %v", refusalsToStop, err))
	}
}

// each gives every change of a call the same outcome.
func (w *writer) each(call Call, status Status, err error) []Outcome {
	outcomes := make([]Outcome, len(call.Changes))
	for i, change := range call.Changes {
		outcomes[i] = Outcome{Change: change, Status: status, Error: w.describe(change, err)}
	}
	return outcomes
}

// describe says what was being done to whom when an error came up.
func (w *writer) describe(change int, err error) string {
	c := &w.plan.Changes[change]
	return fmt.Sprintf("%s %s: %v", c.Kind, c.Email, withoutURL(err))
}

// record keeps outcomes and reports progress.
func (w *writer) record(outcomes []Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, outcome := range outcomes {
		w.outcomes[outcome.Change] = outcome
	}
	if w.options.Progress != nil && len(outcomes) > 0 {
		w.options.Progress(len(w.outcomes), w.plan.Summary.Pending())
	}
}

// stop lets no further request start. The first reason is kept.
func (w *writer) stop(reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped == "" {
		w.stopped = reason
	}
}

// isStopped reports whether no further request may start.
func (w *writer) isStopped() bool {
	if w.start.Err() != nil {
		w.stop("stopped: " + context.Cause(w.start).Error())
	}
	return w.stopReason() != ""
}

func (w *writer) stopReason() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stopped
}

// inOrder returns an outcome for every change that was to be done, in the order
// of the plan; those without one were not reached.
func (w *writer) inOrder() []Outcome {
	outcomes := []Outcome{}
	for i := range w.plan.Changes {
		if !w.plan.Changes[i].WillBeDone() {
			continue
		}
		outcome, known := w.outcomes[i]
		if !known {
			outcome = Outcome{Change: i, Status: NotReached, Error: w.stopped}
		}
		outcomes = append(outcomes, outcome)
	}
	return outcomes
}
