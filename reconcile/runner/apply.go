package runner

import (
	"context"
	"errors"

	"github.com/seatsync/seatsync/reconcile"
)

// ErrDeclined is a no to the question whether to apply. It is not recorded.
var ErrDeclined = errors.New("not applied: nothing was changed")

// Apply is the story of a run. It applies a fresh plan or a saved one, and records
// what came of it, whatever happens. When ctx ends no new request starts. An apply
// of a fresh plan that falls into a window of policy.freeze is a dry run.
func (r *Runner) Apply(ctx context.Context, request Request) Result {
	run := r.newRun(reconcile.ModeApply, request)
	defer run.recordPanic()
	if window, _ := run.frozen(run.now); window != nil && request.Saved == nil {
		result := r.DryRun(ctx, run.Request)
		result.Frozen = window
		return result
	}

	// Lock: one run at a time writes to an account.
	lock, err := run.lock()
	if err != nil {
		return run.failed(err)
	}
	defer func() { _ = lock.Unlock() }()
	if err := run.checkSaved(); err != nil {
		return run.failed(err)
	}

	// Read, and recover: what is there now says what killed runs have done.
	begun := run.earliest()
	live, err := run.read(ctx)
	if err == nil {
		err = run.recoverEarlier(live, begun)
	}
	if err != nil {
		return run.failed(err)
	}

	// Plan: make one, or find what has moved since a saved one was made.
	plan, stale, err := run.decide(live, run.options())
	if run.isNothingToRestore(err) {
		return run.ended(nil, reconcile.ResultFailed, err)
	}
	if err != nil {
		return run.failed(err)
	}

	// Confirm. Where the answer takes its time, applying begins by reading again.
	if r.Confirm != nil && plan.Summary.Pending() > 0 {
		if err := r.Confirm(ctx, plan); err != nil {
			return run.ended(nil, reconcile.ResultFailed, err)
		}
		run.start.StartedAt = run.clock().UTC()
		if err := run.mayWrite(); err != nil {
			return run.failed(err)
		}
	}

	// Look at the files once more: what was decided on a part of them is not done.
	if run.Still != nil && plan.Summary.Pending() > 0 {
		if err := run.Still(ctx); err != nil {
			return run.failed(err)
		}
	}

	// Record: where even the beginning cannot be recorded nothing is written.
	run.start.Commit = plan.Desired.Commit
	journal, err := lock.Begin(run.start, plan, run.clock)
	if err != nil {
		return run.ended(nil, reconcile.ResultFailed, err)
	}

	// Apply, and record what became of each change.
	run.write(ctx, plan, stale, journal)
	result := resultOf(plan)
	err = journal.End(result, plan.Run, nil)

	// Prune.
	run.prune()
	return run.ended(plan, result, err)
}

// write carries a plan out. It is the one place that asks for a sink.
func (r *run) write(ctx context.Context, plan *reconcile.Plan, stale map[int]string, journal reconcile.Journal) {
	options := reconcile.ApplyOptions{
		RunID: r.ID, Clock: r.clock, ReadAt: r.readAt, MaxReadAge: r.MaxReadAge, MayWrite: r.mayWrite,
		BatchSize: r.BatchSize, Concurrency: r.Concurrency, Stale: stale,
	}
	if r.Applying != nil {
		advance, finish := r.Applying(ctx, plan)
		defer finish()
		options.Progress = advance
	}
	plan.Run = reconcile.Apply(ctx, r.Sink(), plan, journal, options)
	if r.Counts != nil {
		plan.Run.Calls = r.Counts()
	}
}
