package simulation

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/daemon"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/runner"
	"github.com/seatsync/seatsync/reconcile/sandbox"
	"github.com/seatsync/seatsync/reconcile/simulation/judge"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// tool is the name of the program in records.
const tool = "seatsync simulation"

// retention is how long records are kept: longer than any rule of a story looks back,
// and short, since each run reads them all.
const retention = 9 * day

// order is what somebody, or the schedule, asks a process for.
type order struct {
	id      string
	mode    reconcile.Mode
	thinks  time.Duration // before the yes
	allowed *int
	reverts bool
	saved   *reconcile.Plan
}

// run makes one run as the commands do: it reads the file, connects, and hands both to
// the runner.
func (p *process) run(ctx context.Context, order order) runner.Result {
	w := p.machine.world
	begun := p.now()
	w.begins(p, order)
	result := p.perform(ctx, order, begun)
	w.ends(p, &result)
	p.came(&result)
	return result
}

// perform is the run itself.
func (p *process) perform(ctx context.Context, order order, begun time.Time) runner.Result {
	request := runner.Request{
		ID: order.id, Begun: begun, AllowReleases: order.allowed, Saved: order.saved, SavedAs: "plan.json", MaxPlanAge: day,
		BatchSize: p.machine.world.story.Setup.BatchSize, Concurrency: 1, Retention: record.Retention{Age: retention},
	}
	if order.reverts {
		request.Revert = "last"
	}
	p.machine.world.mutation.changeRequest(&request)
	job := p.runner()
	reading, err := p.load(ctx)
	if err != nil {
		return job.Fail(order.mode, request, err)
	}
	request.Desired, request.Still = reading.Desired, reading.Still
	p.machine.world.mutation.changeReading(&request)
	connection, err := p.connect(order.id)
	if err != nil {
		return job.Fail(order.mode, request, err)
	}
	defer connection.Close()
	job.Source, job.Counts = p.machine.world.mutation.source(connection), connection.Counts
	if order.mode == reconcile.ModeDryRun {
		return job.DryRun(ctx, request)
	}
	job.Sink = func() reconcile.Sink { return p.machine.world.mutation.sink(connection) }
	if order.thinks > 0 {
		job.Confirm = func(ctx context.Context, _ *reconcile.Plan) error { return sleep(ctx, order.thinks) }
	}
	return job.Apply(ctx, request)
}

// runner is what performs and records the runs of the account.
func (p *process) runner() *runner.Runner {
	return &runner.Runner{
		AccountID: sandbox.MainAccount, BaseURL: baseURL, Store: p.machine.store(p.machine.world.mutation.apart(p.disk, p.isByHand)),
		Clock: p.now, Tool: tool, Note: p.note,
	}
}

const baseURL = "http://localhost" + sandbox.BasePath

// connect opens a connection whose requests are those of a run.
func (p *process) connect(runID string) (*zerotrust.Connection, error) {
	w := p.machine.world
	return zerotrust.Connect(zerotrust.Config{
		BaseURL: baseURL, AccountID: sandbox.MainAccount, Credentials: zerotrust.TokenCredentials("sandbox"),
		Transport: w.mutation.transport(&wire{network: w.network, process: p, runID: runID}), Now: p.now, PageSize: w.story.Setup.PageSize,
		Random: func(most time.Duration) time.Duration {
			return between(0, most+1, w.story.Seed, "backoff", runID, p.now())
		},
	})
}

// load reads the desired state, unless nobody has touched the files since it was read.
func (p *process) load(ctx context.Context) (*desired.Reading, error) {
	w := p.machine.world
	w.mu.Lock()
	edits, earlier := w.edits, w.reading
	w.mu.Unlock()
	if earlier.edits == edits {
		return earlier.again()
	}
	reading, err := w.mutation.load(ctx, w.files.root())
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.edits == edits && ctx.Err() == nil {
		w.reading = loaded{reading, err, edits}
		return w.reading.again()
	}
	return reading, err
}

// loaded is what came of reading the desired state after so many edits.
type loaded struct {
	reading *desired.Reading
	err     error
	edits   int
}

// again returns it once more. A reading counts how long it has waited.
func (l loaded) again() (*desired.Reading, error) {
	if l.err != nil {
		return nil, l.err
	}
	again := *l.reading
	return &again, nil
}

// mostClockOff is how far a clock is off at the most.
const mostClockOff = 4000 * time.Second

// now is the machine's clock, which may be set while a run is going on. In a bubble no
// time has a reading of a monotonic clock, which would stand still while Linux is
// suspended: a run has nothing but this one to tell how long it was.
func (p *process) now() time.Time { return time.Now().Add(time.Duration(p.machine.skew.Load())) }

// note keeps what a run tells people beside its report.
func (p *process) note(text string) { p.machine.world.note(text) }

// sleep waits, unless ctx ends.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// unattended is the account as the daemon sees it.
type unattended struct {
	process  *process
	settings daemon.Settings
	version  int
}

// Settings reads the schedule, when somebody has changed the files.
func (u *unattended) Settings(bool) (daemon.Settings, error) {
	w := u.process.machine.world
	w.mu.Lock()
	version := w.edits
	w.mu.Unlock()
	if version == u.version {
		return u.settings, nil
	}
	reading, err := u.process.load(u.process.ctx)
	if err != nil {
		return daemon.Settings{}, err
	}
	u.version = version
	u.settings = daemon.Settings{AccountID: reading.Account, Schedule: reading.Schedule, Zone: reading.Timezone}
	return u.settings, nil
}

// Run makes one run.
func (u *unattended) Run(ctx context.Context, asked daemon.Request) daemon.RunResult {
	result := u.process.run(ctx, order{id: asked.ID, mode: asked.Mode})
	return daemon.RunResult{Run: describe(&result.Record), Result: result}
}

// Runs returns the latest recorded runs.
func (u *unattended) Runs(most int) (runs []daemon.RunSummary, err error) {
	store := u.process.runner().Store
	ids, err := store.IDs()
	for _, id := range ids[:min(most, len(ids))] {
		run, readErr := u.summary(store, id)
		if readErr != nil {
			err = errors.Join(err, readErr)
			continue
		}
		runs = append(runs, run)
	}
	return runs, err
}

// summary reads the record of a run, unless it has not changed since.
func (u *unattended) summary(store *record.Store, id string) (daemon.RunSummary, error) {
	w := u.process.machine.world
	info, err := os.Stat(w.recordPath(id))
	if err != nil {
		return daemon.RunSummary{}, err
	}
	w.mu.Lock()
	known, isKnown := w.summaries[id]
	w.mu.Unlock()
	if isKnown && known.size == info.Size() {
		return known.RunSummary, nil
	}
	found, err := store.Read(id)
	if err != nil {
		return daemon.RunSummary{}, err
	}
	run := describe(found)
	w.mu.Lock()
	defer w.mu.Unlock()
	if run.Result != reconcile.ResultRunning && run.Result != reconcile.ResultKilled {
		w.summaries[id] = summaryOf{run, info.Size()}
	}
	return run, nil
}

// summaryOf is what a record of a size says, to which lines are only ever added.
type summaryOf struct {
	daemon.RunSummary
	size int64
}

// Past is what the records say of seats and money.
func (u *unattended) Past() reconcile.History { return reconcile.History{} }

// Version is for pages, which nobody opens here.
func (u *unattended) Version(string) (string, error) { return "", daemon.ErrNoRun }

// Read is for pages, too.
func (u *unattended) Read(string) (daemon.RunSummary, *reconcile.Plan, error) {
	return daemon.RunSummary{}, nil, daemon.ErrNoRun
}

// describe is a record as the daemon shows it.
func describe(found *record.Record) daemon.RunSummary {
	run := daemon.RunSummary{
		ID: found.ID, AccountID: found.AccountID, Mode: found.Mode, Result: found.Result, Error: found.Error,
		StartedAt: found.StartedAt, FinishedAt: found.FinishedAt,
	}
	if found.Plan != nil {
		run.Describe(found.Plan)
	}
	return run
}

// came tells the judge what came of a run: receivers are to be told of it as long as there
// is a record, even if the machine dies now.
func (p *process) came(result *runner.Result) {
	w := p.machine.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.isDead() {
		return
	}
	_, err := os.Stat(w.recordPath(result.ID))
	w.judge.Came(result.ID, string(result.Result), !result.Result.IsSuccess(), err == nil && !p.isByHand)
}

// afterRun is where notifications are sent from: to a pager that is always on.
func (p *process) afterRun(_ context.Context, ended daemon.Ended) {
	if p.isDead() {
		return
	}
	run := &ended.Outcome.Run
	isTold := ended.Notifications() != nil || ended.Before != nil && ended.Before.Result == run.Result
	w := p.machine.world
	w.mu.Lock()
	defer w.mu.Unlock()
	w.judge.Came(run.ID, string(run.Result), !run.Result.IsSuccess(), true)
	if !run.Result.IsSuccess() {
		w.judge.Failed(run.ID, isTold, string(run.Result)+" "+run.Error, time.Now())
	}
}

// begins tells the judge of a run.
func (w *world) begins(p *process, order order) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.isDead() {
		return
	}
	begun := time.Now()
	decided, saved := begun, ""
	if order.saved != nil {
		decided, saved = order.saved.CreatedAt, order.saved.Digest
	}
	p.runs[order.id] = true
	w.counts.Runs++
	w.judge.Begins(judge.Run{
		ID: order.id, Begun: begun, Decided: decided, Saved: saved, IsDry: order.mode == reconcile.ModeDryRun,
		Allowed: order.allowed, Restores: order.reverts,
	})
}

// ends tells the judge that a run is over.
func (w *world) ends(p *process, result *runner.Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.isDead() {
		return
	}
	delete(p.runs, result.ID)
	info, err := os.Stat(w.recordPath(result.ID))
	if err == nil && !w.noDisk && p.machine.room.Load() > unbounded/2 {
		w.summaries[result.ID] = summaryOf{describe(&result.Record), info.Size()}
	}
	w.judge.Ends(result.ID, time.Now())
	w.judge.LookAt(result.ID, w.recordPath(result.ID), time.Now())
	w.open = append(w.open, openRun{result.ID, time.Now()})
}
