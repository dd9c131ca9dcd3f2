package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/daemon"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// accountRunner makes the unattended runs of one file: each is what plan or
// apply would do, with nobody to ask.
type accountRunner struct {
	app      *app
	flags    runFlags
	file     string
	stateDir string
	log      *slog.Logger
	metrics  *daemon.Metrics
	budgets  *budgets
	mask     mask
	// isFleet is true when there are more accounts in this process.
	isFleet bool

	mu       sync.Mutex
	seen     fileState
	settings daemon.Settings
	unread   error
	account  string // the last known account id
}

// fileState tells whether a file has changed.
type fileState struct {
	modified time.Time
	size     int64
}

// accountID returns the last known account id, "" before the first.
func (r *accountRunner) accountID() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.account
}

// Settings reads the file again when it has changed, or could not be read.
func (r *accountRunner) Settings(now time.Time) (daemon.Settings, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var state fileState
	if info, err := os.Stat(r.file); err == nil {
		state = fileState{info.ModTime(), info.Size()}
	}
	if r.unread == nil && state == r.seen && r.account != "" {
		return r.settings, nil
	}
	r.mu.Unlock()
	settings, err := r.readSettings(now)
	r.mu.Lock()
	r.seen, r.unread = state, err
	if err != nil {
		return daemon.Settings{}, err
	}
	r.settings, r.account = settings, settings.AccountID
	return settings, nil
}

// readSettings reads the file for the schedule alone.
func (r *accountRunner) readSettings(now time.Time) (daemon.Settings, error) {
	app := r.appWith(r.log)
	desired, err := app.load(now)
	if err != nil {
		return daemon.Settings{}, err
	}
	account, err := app.accountID(desired.Account)
	if err != nil {
		return daemon.Settings{}, err
	}
	settings := daemon.Settings{AccountID: account, Schedule: desired.Schedule, Zone: desired.Timezone}
	for _, expression := range r.flags.crons {
		settings.Schedule = append(settings.Schedule, reconcile.ScheduleEntry{Cron: expression, Mode: reconcile.Mode(r.flags.mode)})
	}
	// Only the windows are kept: the users of a large file are not needed here.
	policy, zone := reconcile.Policy{Freeze: desired.Policy.Freeze}, desired.Timezone
	settings.Frozen = func(at time.Time) string {
		if window := policy.FrozenAt(at, zone); window != nil && !r.flags.ignoreFreeze {
			return window.String()
		}
		return ""
	}
	if r.flags.zone != nil {
		settings.Zone = r.flags.zone
	}
	return settings, nil
}

// stateOf returns the state directory of the account. Each account of a fleet has
// its own, because the lock lets one apply write at a time.
func (r *accountRunner) stateOf() string {
	if !r.isFleet {
		return r.stateDir
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return filepath.Join(r.stateDir, "accounts", cmp.Or(r.account, "unread"))
}

// appWith returns the app as this account and one log see it.
func (r *accountRunner) appWith(log *slog.Logger) *app {
	app := *r.app
	app.file, app.stateDir, app.log, app.budget = r.file, r.stateOf(), log, r.budgets.of
	if r.isFleet {
		app.account = "" // each file names its own
	}
	app.adjust = func(config *zerotrust.Config) {
		account := config.AccountID
		config.Observe = func(seen zerotrust.Observation) {
			r.metrics.Request(account, seen.Method, seen.Status, seen.Throttled, seen.Remaining)
		}
		if r.app.adjust != nil {
			r.app.adjust(config)
		}
	}
	return &app
}

// Run makes one run and records it, whatever happens.
func (r *accountRunner) Run(ctx context.Context, request daemon.Request) (outcome daemon.Outcome) {
	app := r.appWith(r.log.With("run", request.ID, "account", r.accountID()))
	ctx, cancel := app.withTimeout(ctx)
	defer cancel()
	begun := app.clock()
	open, err := app.openSession(r.flags.planFlags)
	if err != nil {
		// There is no account to connect to, but there is a run to record.
		run := (&session{app: app, account: r.accountID(), begun: begun}).newRun(request.ID)
		return r.ended(run, request.Mode, nil, record.ResultFailed, run.failedIn(request.Mode, err))
	}
	defer open.close()
	open.begun = begun
	if request.Mode == reconcile.ModeDryRun {
		return r.dryRun(ctx, open, request)
	}
	if window := open.frozen(r.flags.applyFlags); window != nil {
		outcome := r.dryRun(ctx, open, request)
		outcome.Frozen = window.String()
		return outcome
	}
	return r.apply(ctx, open, request)
}

// dryRun plans and records the plan. It takes no lock and never has a sink.
func (r *accountRunner) dryRun(ctx context.Context, session *session, request daemon.Request) daemon.Outcome {
	run := session.newRun(request.ID)
	defer failedByPanic(run, reconcile.ModeDryRun)
	plan, err := session.plan(ctx)
	if err != nil {
		return r.ended(run, reconcile.ModeDryRun, nil, record.ResultFailed, run.failedIn(reconcile.ModeDryRun, err))
	}
	result := runResult(plan)
	journal, err := run.store.Begin(run.start(reconcile.ModeDryRun, plan.Desired.Commit), plan, session.app.clock)
	if err == nil {
		err = journal.End(result, nil, nil)
	}
	if err != nil {
		result, err = record.ResultFailed, fmt.Errorf("the dry run could not be recorded: %w", err)
	}
	run.pruneIfFree(r.flags.retention.Retention)
	return r.ended(run, reconcile.ModeDryRun, plan, result, err)
}

// apply plans and applies, as 'seatsync apply --yes' does.
func (r *accountRunner) apply(ctx context.Context, session *session, request daemon.Request) daemon.Outcome {
	run, err := session.beginRun(request.ID)
	if err != nil {
		run = session.newRun(request.ID)
		return r.ended(run, reconcile.ModeApply, nil, record.ResultFailed, run.failed(err))
	}
	defer run.end()
	defer failedByPanic(run, reconcile.ModeApply)
	plan, err := run.plan(ctx)
	if err != nil {
		return r.ended(run, reconcile.ModeApply, nil, record.ResultFailed, run.failed(err))
	}
	result, err := run.write(ctx, plan, nil, r.flags.applyFlags)
	run.prune(r.flags.retention.Retention)
	return r.ended(run, reconcile.ModeApply, plan, result, err)
}

// failedByPanic records a run that panicked, and lets the panic go on to the
// daemon, which goes on with the next run.
func failedByPanic(run *recordedRun, mode reconcile.Mode) {
	if cause := recover(); cause != nil {
		_ = run.failedIn(mode, fmt.Errorf("the run panicked, which is a bug of seatsync: %v", cause))
		panic(cause)
	}
}

// pruneIfFree removes old records unless someone is writing: they will do it.
func (r *recordedRun) pruneIfFree(retention record.Retention) {
	lock, err := r.store.Lock(r.holder())
	if err != nil {
		return
	}
	defer func() { _ = lock.Unlock() }()
	r.prune(retention)
}

// ended tells the daemon what came of a run.
func (r *accountRunner) ended(run *recordedRun, mode reconcile.Mode, plan *reconcile.Plan, result record.Result, err error) daemon.Outcome {
	found := &record.Record{
		Start: run.start(mode, ""), FinishedAt: run.session.app.clock().UTC(), Result: result, Plan: plan,
	}
	if plan != nil {
		found.Commit = plan.Desired.Commit
	}
	if err != nil {
		found.Error = err.Error()
	}
	return daemon.Outcome{Run: describeRun(found, r.mask), Plan: plan, Err: err}
}
