package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/daemon"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/runner"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// accountRunner performs the unattended runs of one file: for each it reads the file
// anew and hands it to a [runner.Runner], which has nobody to ask.
type accountRunner struct {
	app      *app
	flags    runFlags
	file     string
	log      *slog.Logger
	metrics  *daemon.Metrics
	limiters *zerotrust.RateLimiters
	// isFleet is true when there are more accounts in this process.
	isFleet bool

	// account is the last known account id; nil before the first.
	account atomic.Pointer[string]

	// What follows belongs to Settings, which is not called twice at a time.
	seen     fileStates
	settings daemon.Settings
	unread   error
}

// accountID returns the last known account id. Before the first it is the one that was
// asked for, which a broken file does not change, or "".
func (r *accountRunner) accountID() string {
	if account := r.account.Load(); account != nil {
		return *account
	}
	if asked := r.askedAccount(); reconcile.CheckAccountID(asked) == nil {
		return asked
	}
	return ""
}

// askedAccount returns the account of the flag or the environment, "" in a fleet, where
// each file names its own.
func (r *accountRunner) askedAccount() string {
	if r.isFleet {
		return ""
	}
	return r.app.account
}

// Settings reads the file and those that came with it anew when asked to, when one of
// them has changed, or could not be read.
func (r *accountRunner) Settings(anew bool) (daemon.Settings, error) {
	if !anew && r.unread == nil && !r.seen.haveChanged() && r.account.Load() != nil && r.app.origin.Revision == "" {
		return r.settings, nil
	}
	settings, err := r.readSettings()
	r.unread = err
	if err != nil {
		return daemon.Settings{}, errors.New(r.app.mask.Text(err.Error())) // pages and probes show it
	}
	r.settings = settings
	r.account.Store(&settings.AccountID)
	return settings, nil
}

// readSettings reads the file for the schedule alone.
func (r *accountRunner) readSettings() (daemon.Settings, error) {
	target := r.target(r.log)
	from := r.app.origin
	from.Path, from.WithoutCommit = r.file, true
	state, err := desired.Load(context.Background(), from)
	if err != nil {
		return daemon.Settings{}, err
	}
	r.seen = statesOf(r.file, state.Files)
	account, err := target.accountID(state.Account)
	if err != nil {
		return daemon.Settings{}, err
	}
	settings := daemon.Settings{AccountID: account, Schedule: state.Schedule, Zone: cmp.Or(r.flags.zone, state.Timezone)}
	for _, expression := range r.flags.crons {
		settings.Schedule = append(settings.Schedule, reconcile.ScheduleEntry{Cron: expression, Mode: reconcile.Mode(r.flags.mode)})
	}
	// Only the windows are kept: the users of a large file are not needed here.
	windows, zone := state.Policy.Freeze, settings.Zone
	settings.Frozen = func(at time.Time) string {
		if window := desired.FrozenAt(windows, at, zone); window != nil && !r.flags.ignoreFreeze {
			return window.String()
		}
		return ""
	}
	return settings, nil
}

// target returns the account of this file as one log sees it.
func (r *accountRunner) target(log *slog.Logger) *target {
	return &target{
		app: r.app, file: r.file, account: r.askedAccount(), requests: r.flags.requests, limiter: r.limiters.Of,
		log: log, note: logNote(r.app, log),
		observe: func(account string, seen zerotrust.Observation) {
			r.metrics.Request(account, seen.Method, seen.Status, seen.Throttled, seen.Remaining)
		},
	}
}

// Run performs one run and records it, whatever happens.
func (r *accountRunner) Run(ctx context.Context, asked daemon.Request) daemon.RunResult {
	target := r.target(r.log.With("run", asked.ID, "account", r.accountID()))
	ctx, cancel := r.app.withTimeout(ctx)
	defer cancel()
	request, err := r.flags.request(r.app)
	request.ID, request.Begun, request.Zone = asked.ID, r.app.clock(), r.flags.zone
	var work *workplace
	if err == nil {
		work, err = target.open(ctx, &request)
	}
	if err != nil {
		// There is no account to connect to, but there is a run to record.
		return r.outcome(target.runner(r.accountID()).Fail(asked.Mode, request, err))
	}
	defer work.Close()
	if asked.Mode == reconcile.ModeApply {
		return r.outcome(work.Apply(ctx, request))
	}
	work.Sink = nil
	return r.outcome(work.DryRun(ctx, request))
}

// outcome tells the daemon what came of a run.
func (r *accountRunner) outcome(result runner.Result) daemon.RunResult {
	return daemon.RunResult{Run: describeRun(&result.Record, r.app.mask), Result: result}
}
