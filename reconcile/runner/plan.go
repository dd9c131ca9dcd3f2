package runner

import (
	"context"
	"errors"
	"fmt"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
)

// Plan reads the account and plans. It records nothing and has no writer. The
// account as it was read is returned beside the plan.
func (r *Runner) Plan(ctx context.Context, request Request) (*reconcile.Plan, *reconcile.Live, error) {
	return r.newRun(reconcile.ModeDryRun, request).plan(ctx)
}

func (r *run) plan(ctx context.Context) (*reconcile.Plan, *reconcile.Live, error) {
	live, err := r.read(ctx)
	if err != nil {
		return nil, nil, err
	}
	options := r.options()
	options.HasBase = r.Base != nil
	plan, _, err := r.decide(live, options)
	if err == nil && r.Base != nil {
		plan, err = r.compare(plan, live, options)
	}
	return plan, live, err
}

// compare returns the plan with what is new in it beside the plan of the base, or as it is
// where the base is refused for its roster: for its age, or for whom it names.
func (r *run) compare(plan *reconcile.Plan, live *reconcile.Live, options reconcile.PlanOptions) (*reconcile.Plan, error) {
	options.Commit, options.IsBase, options.HasBase = r.Base.Commit, true, false
	base, err := reconcile.MakePlan(r.Base.Desired, live, options)
	if refused, isRoster := errors.AsType[reconcile.Problems](err); isRoster {
		// The base could be planned from once, and what is compared with it may be what mends it.
		r.note("the base %s can no longer be planned from, so this is a plan without a base: %s", r.Base.Files[0], refused[0].Message)
		options.Commit, options.IsBase = r.Commit, false
		plan, _, err := r.decide(live, options)
		return plan, err
	}
	if err != nil {
		return nil, fmt.Errorf("no plan can be made from the base %s: %w: correct it there, or plan without --base", r.Base.Files[0], err)
	}
	return plan.Against(base), nil
}

// DryRun is [Runner.Plan] for a schedule: its plan is recorded. It takes the lock
// for pruning alone, and leaves that to the holder of the lock where there is one.
func (r *Runner) DryRun(ctx context.Context, request Request) Result {
	run := r.newRun(reconcile.ModeDryRun, request)
	defer run.recordPanic()
	plan, _, err := run.plan(ctx)
	if err != nil {
		return run.failed(err)
	}
	run.start.Commit = plan.Desired.Commit
	result := resultOf(plan)
	journal, err := r.Store.Begin(run.start, plan, run.clock)
	if err == nil {
		err = journal.End(result, nil, nil)
	}
	if err != nil {
		return run.ended(plan, reconcile.ResultFailed, fmt.Errorf("the dry run could not be recorded: %w", err))
	}
	if lock, err := run.lock(); err == nil {
		run.prune()
		_ = lock.Unlock()
	}
	return run.ended(plan, result, nil)
}

// read reads the account, as far as the plan needs it. A reading under a clock of
// its own is dated by it, so that the same review gives the same bytes.
func (r *run) read(ctx context.Context) (live *reconcile.Live, err error) {
	r.readAt = r.clock()
	before := r.gets()
	switch {
	case r.Saved != nil:
		live, err = reconcile.ObserveAgain(ctx, r.Source, r.Saved)
	case r.Base != nil:
		live, err = reconcile.Observe(ctx, r.Source, r.now, r.Desired, r.Base.Desired)
	case r.Revert != "":
		earlier, unknown := r.revertible()
		if unknown != nil {
			earlier = &reconcile.Plan{} // which is told once the account has been read
		}
		live, err = reconcile.ObserveToRevert(ctx, r.Source, r.now, earlier, r.Desired)
	default:
		live, err = reconcile.Observe(ctx, r.Source, r.now, r.Desired)
	}
	if err == nil {
		err = r.checkClock(live)
	}
	if err != nil {
		return nil, err
	}
	live.Reads = r.gets() - before
	if !r.Now.IsZero() {
		live.ReadAt = r.Now
	}
	return live, nil
}

// gets returns how many requests have read so far.
func (r *run) gets() int {
	if r.Counts == nil {
		return 0
	}
	return r.Counts().Get
}

// checkClock returns an error when the clock that rules go by is not the API's:
// nobody is released by it then, and no freeze is over. A plan that is not applied
// may be made for any other time.
func (r *run) checkClock(live *reconcile.Live) error {
	switch {
	case r.Now.IsZero():
		return live.Clock.Check(live.Clock.Here)
	case r.start.Mode == reconcile.ModeApply:
		return live.Clock.Check(r.now)
	}
	r.start.AsIf = live.Clock.Check(r.now) != nil
	return nil
}

// options returns what a plan of this run depends on besides the file and the account.
func (r *run) options() reconcile.PlanOptions {
	return reconcile.PlanOptions{
		Now: r.now, AllowReleases: r.AllowReleases, AllowEmpty: r.AllowEmpty, BatchSize: r.BatchSize,
		History: r.Store.History(r.now.Add(-reconcile.HistoryReach)),
		Tool:    r.Tool, Commit: r.Commit, BaseURL: r.BaseURL,
	}
}

// decide makes the plan from what was read. For a saved one it returns the changes
// whose user has moved since, by index.
func (r *run) decide(live *reconcile.Live, options reconcile.PlanOptions) (plan *reconcile.Plan, stale map[int]string, err error) {
	if r.Saved != nil {
		return reconcile.Revisit(r.Saved, r.Desired, live, options)
	}
	options.Frozen = r.windowOf(r.Desired, r.now)
	if r.Revert == "" {
		plan, err = reconcile.MakePlan(r.Desired, live, options)
		return plan, nil, err
	}
	earlier, err := r.revertible()
	if err != nil {
		return nil, nil, err
	}
	r.note("the file is not changed: unless it is, the next plan may ask for the same as run %s again", earlier.Run.ID)
	options.Proposed, options.Findings = reconcile.Revert(earlier, live)
	plan, err = reconcile.MakePlan(r.Desired, live, options)
	return plan, nil, err
}

// errNothingToRestore is behind a run that cannot be reverted since it changed nothing.
var errNothingToRestore = errors.New("there is nothing to restore")

// revertible returns the plan of the run that is to be reverted; "last" is the last
// that changed something.
func (r *run) revertible() (*reconcile.Plan, error) {
	read := r.Store.Read
	if r.Revert == "last" {
		read = func(string) (*record.Record, error) { return r.Store.LastChange() }
	}
	earlier, err := read(r.Revert)
	switch {
	case err != nil:
		return nil, err
	case earlier.Mode == reconcile.ModeDryRun:
		return nil, fmt.Errorf("run %s was a dry run, so %w", earlier.ID, errNothingToRestore)
	case earlier.Run == nil || earlier.Run.Count(reconcile.Applied) == 0:
		return nil, fmt.Errorf("run %s applied nothing, so %w", earlier.ID, errNothingToRestore)
	case earlier.Plan == nil:
		return nil, fmt.Errorf("the plan of run %s is damaged, so nobody knows what to restore", earlier.ID)
	}
	return earlier.Plan, nil
}

// isNothingToRestore reports whether a revert ended because there is nothing to
// restore. That is a result, and not a failed apply; the name of a run that is not
// there is a mistake.
func (r *run) isNothingToRestore(err error) bool {
	var none *record.NoRunError
	return r.Revert != "" && (errors.Is(err, errNothingToRestore) || errors.As(err, &none) && none.Changed)
}
