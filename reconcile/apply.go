package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Defaults of [ApplyOptions].
const (
	// DefaultConcurrency is the number of writes in flight.
	DefaultConcurrency = 8
	// DefaultMaxReadAge is how old the reading may be on which a request writes.
	DefaultMaxReadAge = time.Minute
	// DefaultRetries is how often a request is sent again at most.
	DefaultRetries = 4
	// DefaultRequestTimeout bounds one attempt at a request.
	DefaultRequestTimeout = 30 * time.Second
	// defaultGrace is how long requests in flight may take to finish after a stop.
	defaultGrace = 30 * time.Second
)

// ApplyOptions is what an apply depends on besides the plan.
type ApplyOptions struct {
	// RunID names the run in records and reports.
	RunID string
	// Clock tells when the run starts and ends, and how old readings are, which a
	// clock that keeps the monotonic reading, as time.Now does, tells whatever
	// happens to the wall clock.
	Clock func() time.Time
	// ReadAt is when the reading behind the plan began, or the one behind Stale,
	// by Clock. The zero time means long ago.
	ReadAt time.Time
	// MaxReadAge is how old the reading may be on which a request writes, counted
	// from its start; 0 means DefaultMaxReadAge. Where it is older the account is
	// read again, and what has moved is stale.
	MaxReadAge time.Duration
	// BatchSize is the number of seats in one request; 0 means DefaultBatchSize.
	BatchSize int
	// Concurrency is the number of writes in flight; 0 means DefaultConcurrency.
	Concurrency int
	// Retries is how often a request is sent again at most; 0 means
	// DefaultRetries, and a negative number never.
	Retries int
	// RequestTimeout bounds one attempt of the sink; 0 means DefaultRequestTimeout.
	RequestTimeout time.Duration
	// Stale are changes, by index, whose user has moved since the plan was made,
	// with what moved. They are not written. See [StaleChanges].
	Stale map[int]string
	// MayWrite, when not nil, is asked before each request. An error says why nothing more
	// is written.
	MayWrite func() error
	// Grace is how long requests in flight may take to finish after ctx is done;
	// 0 means 30 seconds.
	Grace time.Duration
	// Progress, when not nil, is called after each request how many changes are
	// decided out of all. Calls to it do not overlap.
	Progress func(done, total int)
}

func (o ApplyOptions) withDefaults() ApplyOptions {
	o.MaxReadAge = cmp.Or(o.MaxReadAge, DefaultMaxReadAge)
	o.Concurrency = cmp.Or(max(0, o.Concurrency), DefaultConcurrency)
	o.Retries = max(0, cmp.Or(o.Retries, DefaultRetries))
	o.RequestTimeout = cmp.Or(o.RequestTimeout, DefaultRequestTimeout)
	o.Grace = cmp.Or(o.Grace, defaultGrace)
	return o
}

// Apply carries a plan out and returns what became of each change that was to
// be done. It always returns a run: what went wrong is in its outcomes.
//
// No request writes, or is sent again, on a reading older than
// options.MaxReadAge. When ctx is done no new request starts, those in flight
// finish within the grace, and the rest is not reached.
func Apply(ctx context.Context, sink Sink, plan *Plan, journal Journal, options ApplyOptions) *Run {
	run := &Run{ID: options.RunID, StartedAt: options.Clock().UTC().Truncate(time.Second)}
	options = options.withDefaults()
	inFlight, cancel := graceful(ctx, options.Grace)
	defer cancel()
	start, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	w := &writer{
		sink: sink, plan: plan, journal: journal, options: options,
		start: start, stopStart: stop, inFlight: inFlight,
		outcomes: make(map[int]Outcome), tallies: newTallies(),
		readings: newReadings(plan, options),
	}
	w.recordStale()
	w.writeAll(callsExcept(plan, options.BatchSize, options.Stale))
	run.Outcomes = w.inOrder()
	run.Stopped = w.stopReason()
	run.FinishedAt = options.Clock().UTC().Truncate(time.Second)
	return run
}

// graceful returns a context that ends some time after ctx does, for requests
// that should be allowed to finish.
func graceful(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
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
	sink      Sink
	plan      *Plan
	journal   Journal
	options   ApplyOptions
	start     context.Context // done: no new request starts
	stopStart context.CancelCauseFunc
	inFlight  context.Context // done: requests in flight are given up
	tallies   *tallies
	readings  *readings

	mu       sync.Mutex
	outcomes map[int]Outcome
	stopped  string // why no further request starts; "" while they do
	tooLarge int    // batches that were refused for their size
	// mostSeats is the size of batch that the API accepts; 0 while nothing says
	// that it is less than that of the plan's calls.
	mostSeats int
}

// recordStale records the changes that are not written because their user moved.
func (w *writer) recordStale() {
	for i, moved := range w.options.Stale {
		if w.plan.Changes[i].WillBeDone() {
			w.outcomes[i] = Outcome{Change: i, Status: Stale, Error: moved}
		}
	}
}

// writeAll writes calls side by side until they are done or the run stops, after the
// trials, which go one by one.
func (w *writer) writeAll(calls []Call) {
	for len(calls) > 0 && calls[0].IsTrial {
		w.write(calls[0])
		calls = w.afterTrial(calls[0].Changes[0], calls[1:])
	}
	var group errgroup.Group
	group.SetLimit(w.options.Concurrency)
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

// afterTrial returns the calls that may follow a trial. The others of its kind go only
// where the API has shown what it makes of half a seat: that it keeps the rest, or changes
// nothing. Where the user had moved, the API refused, or it took a repeated request to have the
// half taken, the next of them is the trial.
func (w *writer) afterTrial(trial int, calls []Call) []Call {
	var alike []int // in their order
	for _, call := range calls {
		for _, change := range call.Changes {
			if c := &w.plan.Changes[change]; c.Kind == w.plan.Changes[trial].Kind && w.plan.Limit.isUnproven(c) {
				alike = append(alike, change)
			}
		}
	}
	outcome, isKnown := w.outcome(trial)
	isShown := outcome.Status == Applied && !outcome.Unproven || outcome.Status == NotTaken
	switch {
	case !isKnown || isShown || len(alike) == 0:
		return calls
	case outcome.Status == Stale || outcome.Unproven || outcome.Status == Failed && !outcome.Open && !outcome.Uncertain:
		next := Call{Kind: CallPatchSeats, Changes: alike[:1], IsTrial: true}
		return append([]Call{next}, callsWithout(alike[:1], calls)...)
	}
	unsent := make([]Outcome, len(alike))
	for i, change := range alike {
		unsent[i] = Outcome{Change: change, Status: NotReached, Error: fmt.Sprintf(
			"not sent, since taking half of the seat of %s has not shown that the API keeps the rest", w.plan.Changes[trial].Email)}
	}
	w.record(unsent)
	return callsWithout(alike, calls)
}

// callsWithout returns calls without changes, which are in their order.
func callsWithout(changes []int, calls []Call) (left []Call) {
	for _, call := range calls {
		call.Changes = slices.DeleteFunc(slices.Clone(call.Changes), func(change int) bool {
			_, isOut := slices.BinarySearch(changes, change)
			return isOut
		})
		if len(call.Changes) > 0 {
			left = append(left, call)
		}
	}
	return left
}

// outcome returns what became of a change, where that is known.
func (w *writer) outcome(change int) (outcome Outcome, isKnown bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	outcome, isKnown = w.outcomes[change]
	return outcome, isKnown
}

// write writes a call, and halves it when it is refused as a whole. It reports
// whether the API accepted it.
func (w *writer) write(call Call) bool {
	if most := w.largestBatch(); most > 0 && len(call.Changes) > most {
		for changes := range slices.Chunk(call.Changes, most) {
			w.write(Call{Kind: call.Kind, Changes: changes})
		}
		return false
	}
	s := &sending{writer: w, call: call}
	halves := s.run()
	accepted := len(halves) == 2
	for _, half := range halves {
		accepted = w.write(half) && accepted
	}
	if accepted && len(halves[0].Changes)+len(halves[1].Changes) == len(call.Changes) {
		w.noteTooLarge(len(halves[1].Changes))
	}
	return s.accepted
}

// largestBatch returns the most seats that a request may hold; 0 for any number.
func (w *writer) largestBatch() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mostSeats
}

// smallestBatch is the size below which a refused batch is not put down to its size.
const smallestBatch = 10

// noteTooLarge notes that a batch was refused whose halves were both accepted: no
// item was at fault, but their number. The second time no further request holds
// more than half as many.
func (w *writer) noteTooLarge(half int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if half < smallestBatch {
		return
	}
	if w.tooLarge++; w.tooLarge > 1 && (w.mostSeats == 0 || half < w.mostSeats) {
		w.mostSeats = half
	}
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

// undecided returns the changes that have no outcome yet.
func (w *writer) undecided() (changes []int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.plan.Changes {
		if _, known := w.outcomes[i]; !known && w.plan.Changes[i].WillBeDone() {
			changes = append(changes, i)
		}
	}
	return changes
}

// stop lets no further request start. The first reason is kept.
func (w *writer) stop(reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped == "" {
		w.stopped = reason
		w.stopStart(nil)
	}
}

// isStopped reports whether no further request may start.
func (w *writer) isStopped() bool {
	if w.start.Err() != nil {
		w.stop(context.Cause(w.start).Error())
	}
	if w.options.MayWrite != nil {
		if err := w.options.MayWrite(); err != nil {
			w.stop(err.Error())
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stopped != ""
}

// stopReason says why the run ended before everything was tried; "" when it did not.
func (w *writer) stopReason() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return cmp.Or(w.stopped, w.tallies.reason(CallPatchSeats), w.tallies.reason(CallPutUser))
}

// inOrder returns an outcome for every change that was to be done, in the order
// of the plan; those without one were not reached.
func (w *writer) inOrder() []Outcome {
	outcomes := []Outcome{}
	for i := range w.plan.Changes {
		change := &w.plan.Changes[i]
		if !change.WillBeDone() {
			continue
		}
		outcome, known := w.outcomes[i]
		if !known {
			outcome = Outcome{Change: i, Status: NotReached, Error: cmp.Or(w.stopped, w.tallies.reason(change.call()))}
		}
		outcomes = append(outcomes, outcome)
	}
	return outcomes
}

// call returns the request that writes the change.
func (c *Change) call() CallKind {
	if c.IsSeatChange() {
		return CallPatchSeats
	}
	return CallPutUser
}
