package runner

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/record"
)

// Runner performs runs on one account.
type Runner struct {
	AccountID string
	// File is the path of the desired state, for the record.
	File string
	// BaseURL is where the API of the account is: a plan is for it alone.
	BaseURL string
	// Source reads the account. [Runner.Fail] alone does without it.
	Source reconcile.Source
	// Sink returns what writes to the account. It is called when a plan has been
	// confirmed and recorded, and never for a dry run, which may leave it nil.
	Sink func() reconcile.Sink
	// Counts returns the requests that were sent so far; nil counts none.
	Counts func() reconcile.RunCalls
	// Store has the records of earlier runs and gets those of new ones.
	Store *record.Store
	// Clock dates runs and records, unless [Request.Now] does.
	Clock func() time.Time
	// RequestTimeout bounds one attempt of a request; 0 means 30 seconds. What a
	// killed run was writing is open for that long, twice.
	RequestTimeout time.Duration
	// Tool names the program and its version in plans and records.
	Tool string

	// Confirm is asked before something is applied; nil applies without asking.
	// It returns [ErrDeclined] for a no.
	Confirm func(ctx context.Context, plan *reconcile.Plan) error
	// Note is told what people should know and no report says; nil drops it.
	Note func(text string)
	// Applying is called when the first request is about to be sent. It returns
	// what is called with how many changes are done out of all, and what is called when
	// none is left; nil tells nobody.
	Applying func(ctx context.Context, plan *reconcile.Plan) (advance func(done, total int), finish func())
}

// Request says what a run is to do. Which fields count is for each.
type Request struct {
	// ID names the run; empty makes an id.
	ID string
	// Begun is when the run began; zero is now. One that asks begins when it has
	// the response.
	Begun time.Time
	// Desired is what to plan from. For a saved plan it is the file beside it, nil
	// where there is none.
	Desired *reconcile.Desired
	// Commit is the git commit of Desired, empty where it is not known.
	Commit string
	// Base, when not nil, is what [Runner.Plan] compares Desired with, on the same
	// reading of the account.
	Base *desired.Reading
	// Still, when not nil, returns an error when the files of Desired are no longer
	// what they were when it was read. It is asked before the first write.
	Still func(ctx context.Context) error
	// Saved is a plan to apply as it is, SavedAs what messages call it, and
	// MaxPlanAge how old it may be.
	Saved      *reconcile.Plan
	SavedAs    string
	MaxPlanAge time.Duration
	// Revert names the recorded run to restore instead of what Desired asks for.
	Revert string

	// Now is the time at which the run begins, for rules, readings and records; zero
	// is that of Runner.Clock.
	Now time.Time
	// AllowReleases and AllowEmpty are those of [reconcile.PlanOptions].
	AllowReleases *int
	AllowEmpty    bool
	// IgnoreFreeze lets policy.freeze hold nothing back.
	IgnoreFreeze bool
	// Zone is that of policy.freeze in place of the file's; nil is the file's.
	Zone *time.Location

	// BatchSize, Concurrency and MaxReadAge are those of [reconcile.ApplyOptions].
	BatchSize, Concurrency int
	MaxReadAge             time.Duration
	// Retention says which records to keep after the run.
	Retention record.Retention
}

// Result is what came of a run.
type Result struct {
	// Record is the run as it was recorded, or would have been where that failed.
	// Its plan is nil when the run ended before it had one, and carries its run
	// when it was applied.
	record.Record
	// Frozen is the window that made a dry run of an apply; nil when none did.
	Frozen *reconcile.Freeze
	// Err is why the run failed, or why it could not be recorded.
	Err error
}

// HasWritten reports whether the run sent a request that can change something.
func (r *Result) HasWritten() bool {
	return r.Plan != nil && r.Plan.Run != nil && r.Plan.Run.Calls.Patch+r.Plan.Run.Calls.Put > 0
}

// run is one run on its way.
type run struct {
	*Runner
	Request
	now    time.Time        // the clock for rules
	clock  func() time.Time // Runner.Clock, as far from it as Request.Now is
	readAt time.Time        // when the account was begun to be read, by clock
	start  record.Start
}

// newRun gives a run its name, and its clock where the request names none.
func (r *Runner) newRun(mode reconcile.Mode, request Request) *run {
	now, clock := r.Clock(), r.Clock
	if !request.Now.IsZero() {
		begun := now
		now = request.Now
		// Both readings of the clock are moved, of which each tells what the other does not.
		ahead := request.Now.Sub(begun)
		clock = func() time.Time { return r.Clock().Add(ahead) }
		request.Begun = now
		request.ID = cmp.Or(request.ID, record.NewIDAs(now, begun))
	}
	request.ID = cmp.Or(request.ID, record.NewID(now))
	if request.Begun.IsZero() {
		request.Begun = now
	}
	return &run{Runner: r, Request: request, now: now, clock: clock, start: record.Start{
		ID: request.ID, StartedAt: request.Begun.UTC(), Mode: mode, Tool: r.Tool,
		Who: userName(), Host: hostName(), PID: os.Getpid(), AccountID: r.AccountID, Commit: request.Commit, File: r.File,
	}}
}

// earliest is now by the clock of earlier runs, which may have had another one: one
// that is within the tolerance of the API's as well.
func (r *run) earliest() time.Time {
	if r.Now.IsZero() {
		return r.clock()
	}
	return r.clock().Add(-reconcile.MaxClockDifference)
}

// lock takes the right to write.
func (r *run) lock() (*record.Lock, error) {
	return r.Store.Lock(record.Holder{RunID: r.ID, PID: r.start.PID, Host: r.start.Host, Who: r.start.Who, Since: r.clock().UTC()})
}

// ended returns the result of the run.
func (r *run) ended(plan *reconcile.Plan, result reconcile.Result, err error) Result {
	found := record.Record{Start: r.start, FinishedAt: r.clock().UTC(), Result: result, Plan: plan}
	if err != nil {
		found.Error = reconcile.InertLines(err.Error())
	}
	return Result{Record: found, Err: err}
}

// failed records that the run ended before anything was written, and why. That it
// cannot be recorded is said beside it.
func (r *run) failed(cause error) Result {
	journal, err := r.Store.Begin(r.start, nil, r.clock)
	if err == nil {
		err = journal.End(reconcile.ResultFailed, nil, cause)
	}
	if err != nil {
		r.note("this failure could not be recorded: %v", err)
	}
	return r.ended(nil, reconcile.ResultFailed, cause)
}

// Fail records a run that ended before there was an account to run on: its file
// cannot be read, say.
func (r *Runner) Fail(mode reconcile.Mode, request Request, cause error) Result {
	return r.newRun(mode, request).failed(cause)
}

// recordPanic records a run that panicked, and lets the panic go on. It must be
// deferred.
func (r *run) recordPanic() {
	if cause := recover(); cause != nil {
		r.failed(fmt.Errorf("the run panicked, which is a bug of seatsync: %v", cause))
		panic(cause)
	}
}

// prune removes old records. Only the holder of the lock may.
func (r *run) prune() {
	retention := r.Retention
	retention.Notice = noticeOf(r.Desired)
	if err := r.Store.Prune(retention, r.clock()); err != nil {
		r.note("old run records were not removed: %v", err)
	}
}

// noticeOf returns the longest notice that must have been given by a recorded run, 0
// for none, and a negative one where there is no file that says so.
func noticeOf(file *reconcile.Desired) (longest time.Duration) {
	if file == nil {
		return -1
	}
	for _, rule := range file.Rules() {
		if rule.Announced {
			longest = max(longest, rule.Notice)
		}
	}
	return longest
}

func (r *Runner) note(format string, arguments ...any) {
	if r.Note != nil {
		r.Note(fmt.Sprintf(format, arguments...))
	}
}

// resultOf returns the result of a plan, applied or not.
func resultOf(plan *reconcile.Plan) reconcile.Result {
	switch {
	case plan.Run != nil && plan.Run.Count(reconcile.Failed)+plan.Run.Count(reconcile.Stale)+plan.Run.Count(reconcile.NotReached) > 0:
		return reconcile.ResultPartial
	case plan.IsLimited():
		return reconcile.ResultHeld
	case plan.Run != nil && plan.Run.Count(reconcile.NotTaken) > 0:
		return reconcile.ResultNotTaken
	}
	return reconcile.ResultDone
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
