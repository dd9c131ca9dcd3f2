package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
)

// recordedRun is one apply with its lock and its record.
type recordedRun struct {
	session *session
	store   *record.Store
	lock    *record.Lock
	id      string
	who     string
	host    string
	begun   time.Time
}

// newRun prepares the record of a run. It takes no lock, so the run may be
// recorded but must not write.
func (s *session) newRun(id string) *recordedRun {
	return &recordedRun{
		session: s, store: record.NewStore(s.app.stateDir), id: id,
		who: userName(), host: hostName(), begun: s.begun,
	}
}

// beginRun takes the lock, so that one apply writes at a time.
func (s *session) beginRun(id string) (*recordedRun, error) {
	r := s.newRun(id)
	lock, err := r.store.Lock(r.holder())
	if err != nil {
		return nil, err
	}
	r.lock = lock
	return r, nil
}

// holder says whom the lock belongs to.
func (r *recordedRun) holder() record.Holder {
	return record.Holder{RunID: r.id, PID: os.Getpid(), Host: r.host, Who: r.who, Since: r.session.app.clock().UTC()}
}

// plan reads the account, looks after runs that were killed, and decides. Only
// the holder of the lock may.
func (r *recordedRun) plan(ctx context.Context) (*reconcile.Plan, error) {
	live, err := r.session.observe(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.lookAfterKilled(live); err != nil {
		return nil, err
	}
	return r.session.judge(ctx, live)
}

// end gives the lock back.
func (r *recordedRun) end() { _ = r.lock.Unlock() }

// start is how the record begins. A run that asks someone starts when it has
// the answer.
func (r *recordedRun) start(mode reconcile.Mode, commit string) record.Start {
	started := r.begun
	if started.IsZero() {
		started = r.session.app.clock()
	}
	return record.Start{
		ID: r.id, StartedAt: started.UTC(), Mode: mode, Tool: tool(),
		Who: r.who, Host: r.host, PID: os.Getpid(), AccountID: r.session.account, Commit: commit,
	}
}

// failed records that the run ended before anything was written, and returns
// why. That it cannot be recorded is said beside it.
func (r *recordedRun) failed(cause error) error {
	return r.failedIn(reconcile.ModeApply, cause)
}

// failedIn is failed for a run in a mode.
func (r *recordedRun) failedIn(mode reconcile.Mode, cause error) error {
	journal, err := r.store.Begin(r.start(mode, ""), nil, r.session.app.clock)
	if err == nil {
		err = journal.End(record.ResultFailed, nil, cause)
	}
	if err != nil {
		r.session.app.note("note: this failure could not be recorded: %v", err)
	}
	return cause
}

// lookAfterKilled tells of runs that were killed, and settles what they were
// writing by what is in the account now.
func (r *recordedRun) lookAfterKilled(live *reconcile.Live) error {
	killed, err := r.store.Killed(r.session.account)
	if err != nil {
		r.session.app.note("note: not every run record could be read: %v", err)
	}
	for _, earlier := range killed {
		unknown := len(earlier.Unknown())
		settled, err := r.store.Settle(earlier, live, r.session.app.clock)
		if err != nil {
			return err
		}
		applied := 0
		if settled.Plan != nil {
			applied = settled.Plan.Run.Count(reconcile.Applied)
		}
		r.session.app.note("note: run %s was killed: %s applied, %d of them found by reading the %s that it was writing; see 'seatsync history %s'",
			earlier.ID, count(applied, "change"), applied-appliedBefore(earlier), count(unknown, "user"), earlier.ID)
	}
	return nil
}

// appliedBefore counts what a killed run itself recorded as applied.
func appliedBefore(earlier *record.Record) int {
	if earlier.Plan == nil {
		return 0
	}
	return earlier.Plan.Run.Count(reconcile.Applied)
}

// carryOut applies a plan, records and reports it.
func (r *recordedRun) carryOut(ctx context.Context, plan *reconcile.Plan, stale map[int]string, output *output, flags applyFlags) error {
	result, err := r.write(ctx, plan, stale, flags)
	if plan.Run == nil {
		return err
	}
	problems := errors.Join(err, output.write(plan))
	r.prune(flags.retention.Retention)
	code := resultCode(result)
	if code != codeOK && output.format != report.Text {
		r.session.app.note("note: %s: %s; see 'seatsync history %s'", result, runCounts(plan.Run), r.id)
	}
	if problems == nil {
		return exitWith(code)
	}
	if hasWritten(plan) {
		code = codePartial // code 1 promises that nothing was changed
	}
	return exitError{
		code: max(code, codeError),
		err:  hint(problems, fmt.Sprintf("the run itself ended (%s): see 'seatsync history %s'", result, r.id)),
	}
}

// hasWritten reports whether a run sent a request that can change something.
func hasWritten(plan *reconcile.Plan) bool {
	return plan.Run != nil && plan.Run.Calls.Patch+plan.Run.Calls.Put > 0
}

// write applies a plan and records it. Where even the beginning cannot be
// recorded nothing is written, and the plan has no run.
func (r *recordedRun) write(ctx context.Context, plan *reconcile.Plan, stale map[int]string, flags applyFlags) (record.Result, error) {
	app := r.session.app
	journal, err := r.store.Begin(r.start(reconcile.ModeApply, plan.Desired.Commit), plan, app.clock)
	if err != nil {
		return record.ResultFailed, err
	}
	calls := len(reconcile.Calls(plan, flags.requests.batchSize))
	advance, finish := app.progress("applying", func(done, total int) time.Duration {
		return r.session.connection.Estimate(calls * (total - done) / max(1, total))
	})
	stopNotice := context.AfterFunc(ctx, func() {
		app.note("stopping: no new request starts, and those in flight finish; a second signal ends at once")
	})
	defer stopNotice()
	plan.Run = reconcile.Apply(ctx, r.session.connection.Sink(), plan, journal, reconcile.ApplyOptions{
		RunID: r.id, Clock: app.clock,
		BatchSize: flags.requests.batchSize, Concurrency: flags.requests.concurrency,
		Stale: stale, Progress: advance,
	})
	finish()
	plan.Run.Calls = r.session.connection.Counts()
	result := runResult(plan)
	return result, journal.End(result, plan.Run, nil)
}

// prune removes old records. Only the holder of the lock may.
func (r *recordedRun) prune(retention record.Retention) {
	if err := r.store.Prune(retention, r.session.app.clock()); err != nil {
		r.session.app.note("note: old run records were not removed: %v", err)
	}
}

// runResult returns the result to record for a plan, applied or not.
func runResult(plan *reconcile.Plan) record.Result {
	switch {
	case plan.Run != nil && plan.Run.Count(reconcile.Failed)+plan.Run.Count(reconcile.Stale)+plan.Run.Count(reconcile.NotReached) > 0:
		return record.ResultPartial
	case plan.Limit.Tripped:
		return record.ResultHeld
	case plan.Run != nil && plan.Run.Count(reconcile.NotTaken) > 0:
		return record.ResultNotTaken
	}
	return record.ResultDone
}

// resultCode returns the exit code that goes with a result.
func resultCode(result record.Result) int {
	switch result {
	case record.ResultDone, record.ResultNotTaken:
		return codeOK
	case record.ResultHeld:
		return codeHeld
	case record.ResultPartial:
		return codePartial
	}
	return codeError
}

// userName names who runs the process, for the record.
func userName() string {
	if current, err := user.Current(); err == nil {
		return current.Username
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}

// hostName names the machine, for the record.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}
