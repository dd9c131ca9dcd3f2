package daemon

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
)

// pollInterval is how often an account looks at the clock and at its file, whatever the
// schedule says.
const pollInterval = time.Minute

// account is one account in the daemon.
type account struct {
	daemon  *Daemon
	name    string
	runner  Runner
	history History
	outbox  func() []*record.Outbox

	mu        sync.Mutex
	id        string // the account id, or name while it is not known
	settings  Settings
	unread    error // why the file could not be read the last time
	timetable timetable
	polledAt  time.Time
	current   *RunSummary // the run that is going on
	last      *RunSummary // the last run that is over
	planned   *RunSummary // the last one of them that had a plan
	attempted time.Time
	succeeded time.Time
	past      *reconcile.History // what the records say of seats and money
	pastOf    pastVersion        // the records that it was read from
}

// restore takes over what the records say, so that a restart forgets nothing. It
// reads as few as it takes: the first one is the last success most of the time.
func (a *account) restore() {
	var runs []RunSummary
	var err error
	for _, most := range []int{1, 50, 1000} {
		runs, err = a.history.Runs(most)
		if len(runs) < most || slices.ContainsFunc(runs, func(run RunSummary) bool { return run.Result.IsSuccess() }) {
			break
		}
	}
	if err != nil {
		a.daemon.log.Warn("not every run record could be read", "account", a.label(), "error", err.Error())
	}
	a.countPast(runs, time.Now())
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range runs {
		run := &runs[i]
		if run.Result == reconcile.ResultRunning {
			continue
		}
		if a.last == nil {
			a.last, a.attempted = run, run.StartedAt
		}
		if a.planned == nil && run.Summary != nil {
			a.planned = run
		}
		if run.Result.IsSuccess() {
			a.succeeded = run.FinishedAt
			break
		}
	}
	a.daemon.metrics.restore(a.id, a.last, a.attempted, a.succeeded)
}

// label returns the value of the metric label account.
func (a *account) label() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.id
}

// zone is the timezone in which people are told when something was.
func (a *account) zone() *time.Location {
	a.mu.Lock()
	defer a.mu.Unlock()
	return zoneOf(a.settings)
}

// loop starts runs when they are due until ctx ends.
func (a *account) loop(ctx context.Context, reload <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-reload:
			a.read(time.Now(), true)
		case <-timer.C:
		}
		now := time.Now()
		a.read(now, false)
		if mode, moment, isDue := a.look(now); isDue {
			a.start(ctx, mode, moment)
		}
		timer.Reset(a.untilNext(time.Now()))
	}
}

// look notes that the account is alive and returns what is due, with its moment in the
// schedule.
func (a *account) look(now time.Time) (mode reconcile.Mode, moment time.Time, isDue bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.polledAt = now
	mode, moment, isDue = a.timetable.due(now)
	next, _ := a.timetable.next()
	a.daemon.metrics.next(a.id, next)
	return mode, moment, isDue
}

// untilNext returns how long to sleep.
func (a *account) untilNext(now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	next, _ := a.timetable.next()
	if next.IsZero() {
		return pollInterval
	}
	return max(0, min(pollInterval, next.Sub(now)))
}

// read asks for the settings and follows a schedule that has changed. While the
// file cannot be read the schedule stays as it was: the run that is due next
// reports the error.
func (a *account) read(now time.Time, asked bool) {
	settings, err := a.runner.Settings(asked)
	a.mu.Lock()
	defer a.mu.Unlock()
	before := a.unread
	if err == nil {
		err = a.timetable.follow(settings, a.daemon.jitter(cmp.Or(settings.AccountID, a.id)), now)
	}
	if a.unread = err; err != nil {
		if asked || before == nil || before.Error() != err.Error() {
			a.daemon.log.Error("the file cannot be read, the schedule stays", "account", a.id, "error", err.Error())
		}
		return
	}
	isNew := !sameSchedule(a.settings, settings) || before != nil
	a.settings = settings
	if settings.AccountID != "" && settings.AccountID != a.id {
		a.daemon.metrics.rename(a.id, settings.AccountID)
		a.id = settings.AccountID
	}
	if asked || isNew {
		next, mode := a.timetable.next()
		a.daemon.log.Info("schedule read", "account", a.id, "entries", len(settings.Schedule), "next", stamp(next), "mode", string(mode))
	}
}

// sameSchedule reports whether two settings are due at the same times.
func sameSchedule(a, b Settings) bool {
	if len(a.Schedule) != len(b.Schedule) || fmt.Sprint(a.Zone) != fmt.Sprint(b.Zone) || a.AccountID != b.AccountID {
		return false
	}
	for i := range a.Schedule {
		if a.Schedule[i].Cron != b.Schedule[i].Cron || a.Schedule[i].Mode != b.Schedule[i].Mode {
			return false
		}
	}
	return true
}

// stamp writes a time for the log, "never" for none.
func stamp(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return at.Format(time.RFC3339)
}

// startFirst begins a dry run that no schedule asks for.
func (a *account) startFirst(ctx context.Context) {
	if sleep(ctx, a.daemon.jitter(a.label())) {
		a.start(ctx, reconcile.ModeDryRun, time.Now())
	}
}

// start begins a run beside the loop, or skips it while another is going on. The moment
// is when it should have begun.
func (a *account) start(ctx context.Context, mode reconcile.Mode, moment time.Time) {
	now := time.Now()
	run := RunSummary{ID: a.daemon.options.NewID(now), Mode: mode, Result: reconcile.ResultRunning, StartedAt: now}
	a.mu.Lock()
	run.AccountID = a.id
	going := a.current
	if going == nil {
		a.current = &run
	}
	a.mu.Unlock()
	if going != nil {
		a.daemon.metrics.skipped(run.AccountID, mode)
		a.daemon.log.Warn("run skipped: the one before is still going", "account", run.AccountID, "mode", string(mode),
			"run", going.ID, "since", stamp(going.StartedAt))
		return
	}
	a.daemon.runs.Go(func() {
		defer a.setIdle()
		release, ok := a.daemon.acquire(ctx)
		if !ok {
			return
		}
		defer release()
		a.run(ctx, Request{ID: run.ID, Mode: mode}, moment)
	})
}

// sleep waits and reports whether ctx lasted so long.
func sleep(ctx context.Context, wait time.Duration) bool {
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// setIdle notes that no run is going on any more.
func (a *account) setIdle() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.current = nil
}

// run performs one run, which should have begun at a moment, and reports what came of it to
// everyone.
func (a *account) run(ctx context.Context, request Request, moment time.Time) RunResult {
	began := time.Now()
	label := a.label()
	log := a.daemon.log.With("run", request.ID, "account", label)
	log.Info("run started", "mode", string(request.Mode), "late", began.Sub(moment).Round(time.Millisecond))
	a.daemon.metrics.began(label, began)
	outcome := a.guarded(ctx, request, log)
	if outcome.Run.StartedAt.IsZero() {
		outcome.Run.StartedAt = began
	}
	if outcome.Run.FinishedAt.IsZero() {
		outcome.Run.FinishedAt = time.Now()
	}
	run := outcome.Run
	run.impersonalError = impersonal((&Ended{Outcome: outcome}).errorText())
	a.mu.Lock()
	before, planned := a.last, a.planned
	if run.Summary != nil {
		a.planned = &run
	}
	a.last, a.attempted = &run, began
	if run.Result.IsSuccess() {
		a.succeeded = run.FinishedAt
	}
	if run.AccountID != "" && run.AccountID != a.id {
		a.daemon.metrics.rename(a.id, run.AccountID)
		a.id = run.AccountID
	}
	label = a.id
	apply := a.timetable.nextApply()
	a.mu.Unlock()
	a.daemon.metrics.ended(label, outcome, time.Since(began))
	a.countPast([]RunSummary{run}, time.Now())
	logEnd(log, outcome)
	ended := Ended{Account: label, Before: before, Planned: planned, Outcome: outcome, IsApplyScheduled: !apply.IsZero()}
	a.notify(ctx, &ended)
	if after := a.daemon.options.AfterRun; after != nil {
		after(ctx, ended)
	}
	return outcome
}

// guarded performs a run, and turns a panic in it into its failure: whatever is
// wrong with one run, those after it are performed.
func (a *account) guarded(ctx context.Context, request Request, log *slog.Logger) (outcome RunResult) {
	defer func() {
		if cause := recover(); cause != nil {
			err := fmt.Errorf("the run panicked, which is a bug of seatsync: %v", cause)
			log.Error("panic", "error", err.Error(), "stack", string(debug.Stack()))
			outcome = failure(RunSummary{ID: request.ID, AccountID: a.label(), Mode: request.Mode}, err)
		}
	}()
	return a.runner.Run(ctx, request)
}

// logEnd writes the one line about the end of a run.
func logEnd(log *slog.Logger, outcome RunResult) {
	run := &outcome.Run
	attributes := []slog.Attr{
		slog.String("mode", string(run.Mode)), slog.String("result", string(run.Result)),
		slog.Duration("took", run.FinishedAt.Sub(run.StartedAt).Round(time.Millisecond)),
	}
	if run.Summary != nil {
		attributes = append(attributes, slog.Int("applied", run.Outcomes[reconcile.Applied]), slog.Int("pending", run.PendingCount()),
			slog.Int("held", run.Summary.Held), slog.Int("seats", run.Seats.Used))
	}
	if outcome.Frozen != nil {
		attributes = append(attributes, slog.String("frozen", outcome.Frozen.String()))
	}
	level := slog.LevelInfo
	if !run.Result.IsSuccess() {
		level = slog.LevelError
	}
	if run.Error != "" {
		attributes = append(attributes, slog.String("error", run.Error))
	}
	log.LogAttrs(context.Background(), level, "run ended", attributes...)
}
