package daemon

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"math"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
)

// Account is one account to reconcile.
type Account struct {
	// Name is what the account is called until its id is known: its file.
	Name string
	// ID is the id of the account where it is known before the file is read.
	ID      string
	Runner  Runner
	History History
	// Outbox returns where notifications wait that nobody took yet: that of the
	// account first, then others that it shares. Nil keeps none.
	Outbox func() []*record.Outbox
}

// Options say what a daemon does. Accounts and NewID are required.
type Options struct {
	Accounts []Account
	// NewID returns the id of a run that begins at a time.
	NewID func(at time.Time) string
	// Jitter is the longest that a run is put off, so that not all accounts are
	// read at once: each by a span of its own, which stays the same.
	Jitter time.Duration
	// Parallel is the most runs at a time, of different accounts; 0 sets no bound.
	Parallel int
	// RunAtStart starts a dry run of each account right away.
	RunAtStart bool
	// Logger gets one line an event; nothing is logged when nil.
	Logger *slog.Logger
	// Metrics is made by [NewMetrics]; nil makes one.
	Metrics *Metrics
	// Notifier tells people what is new; nil tells nobody.
	Notifier *Notifier
	// AfterRun, when not nil, is called after each run, from the goroutine of the
	// run. What goes wrong in it is its own affair.
	AfterRun func(ctx context.Context, ended Ended)
	// Tell, when not nil, is told the state of the process, for a service manager.
	Tell func(State)
	// Watchdog is how often Tell wants to hear [StateAlive]; 0 means never.
	Watchdog time.Duration
	// Report writes the report of a run as a page, and ReportPolicy is the content
	// security policy to send with it.
	Report       func(w io.Writer, plan *reconcile.Plan) error
	ReportPolicy string
	// Hosts are the names, besides those of this machine itself, by which the
	// pages may be asked for: no other Host header is answered. See [Daemon.Handler].
	Hosts []string
	// Prefix is the path below which people reach the pages, such as "/seats"; empty
	// where that is the root.
	Prefix string
	// Tool names the program and its version.
	Tool string
}

// Ended is a run that is over, and the one before it.
type Ended struct {
	Account string
	// Before is nil for the first run.
	Before *RunSummary
	// Planned is the last run before it that had a plan; nil when there is none.
	Planned *RunSummary
	Outcome RunResult
	// IsApplyScheduled is true where an apply will do what this run left to do.
	IsApplyScheduled bool
}

// State is what a service manager is told.
type State string

// The states, in the order in which they occur.
const (
	StateReady     State = "ready"
	StateAlive     State = "alive"
	StateReloading State = "reloading"
	StateStopping  State = "stopping"
)

// Daemon runs on a schedule. Make one with [New].
type Daemon struct {
	options  Options
	log      *slog.Logger
	metrics  *Metrics
	accounts []*account
	runs     sync.WaitGroup
	slots    chan struct{} // one for each run that is going on; nil for any number
	reports  *reportCache

	mu       sync.Mutex
	started  time.Time
	stopping bool
}

// New returns a daemon that has read the settings and the records of its
// accounts. An account whose file cannot be read yet does not keep the others
// from being reconciled.
func New(options Options) *Daemon {
	d := &Daemon{options: options, log: options.Logger, metrics: options.Metrics, started: time.Now()}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	d.reports = newReportCache()
	if options.Parallel > 0 {
		d.slots = make(chan struct{}, options.Parallel)
	}
	if d.metrics == nil {
		d.metrics = NewMetrics()
	}
	var reading errgroup.Group
	reading.SetLimit(runtime.GOMAXPROCS(0))
	for _, given := range options.Accounts {
		a := &account{daemon: d, name: given.Name, id: cmp.Or(given.ID, given.Name), runner: given.Runner, history: given.History, outbox: given.Outbox, polledAt: d.started}
		d.accounts = append(d.accounts, a)
		reading.Go(func() error {
			a.read(d.started, false)
			a.restore()
			return nil
		})
	}
	_ = reading.Wait() // what cannot be read, an account keeps to itself
	return d
}

// Unreadable returns why no account has a file that can be read, or nil when
// one has.
func (d *Daemon) Unreadable() error {
	var problems []error
	for _, a := range d.accounts {
		a.mu.Lock()
		unread := a.unread
		a.mu.Unlock()
		if unread == nil {
			return nil
		}
		problems = append(problems, unread)
	}
	return errors.Join(problems...)
}

// Entries returns how many entries the schedules of all accounts have.
func (d *Daemon) Entries() int {
	entries := 0
	for _, a := range d.accounts {
		a.mu.Lock()
		entries += len(a.timetable.rows)
		a.mu.Unlock()
	}
	return entries
}

// Run runs what is due until ctx ends, and returns when the runs that were going on
// have drained. A value from reload makes every account read its file at once.
func (d *Daemon) Run(ctx context.Context, reload <-chan struct{}) {
	var loops sync.WaitGroup
	reloads := make([]chan struct{}, len(d.accounts))
	for i, a := range d.accounts {
		reloads[i] = make(chan struct{}, 1)
		loops.Go(func() { a.loop(ctx, reloads[i]) })
		loops.Go(func() { a.deliver(ctx) })
		if d.options.RunAtStart {
			loops.Go(func() { a.startFirst(ctx) })
		}
	}
	d.tell(StateReady)
	d.handleReloads(ctx, reload, reloads)
	d.stop()
	loops.Wait()
	d.runs.Wait()
}

// handleReloads passes on reloads and keeps the watchdog quiet until ctx ends.
func (d *Daemon) handleReloads(ctx context.Context, reload <-chan struct{}, reloads []chan struct{}) {
	var watchdog <-chan time.Time
	if d.options.Watchdog > 0 {
		ticker := time.NewTicker(d.options.Watchdog)
		defer ticker.Stop()
		watchdog = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-watchdog:
			if d.health(time.Now()) == nil {
				d.tell(StateAlive)
			}
		case <-reload:
			d.log.Info("reading every file now")
			d.tell(StateReloading)
			for _, one := range reloads {
				select {
				case one <- struct{}{}:
				default: // it has not got to the last one yet
				}
			}
			d.tell(StateReady)
		}
	}
}

// stop notes that nothing will be started any more.
func (d *Daemon) stop() {
	d.mu.Lock()
	d.stopping = true
	d.mu.Unlock()
	d.log.Info("stopping: no new run starts, those that are going on drain")
	d.tell(StateStopping)
}

func (d *Daemon) tell(state State) {
	if d.options.Tell != nil {
		d.options.Tell(state)
	}
}

// acquire waits until a run may begin and reports whether ctx lasted so long. Release
// lets the next one begin.
func (d *Daemon) acquire(ctx context.Context) (release func(), ok bool) {
	switch {
	case ctx.Err() != nil:
		return nil, false
	case d.slots == nil:
		return func() {}, true
	}
	select {
	case <-ctx.Done():
		return nil, false
	case d.slots <- struct{}{}:
		return func() { <-d.slots }, true
	}
}

// jitter returns how long to put off the runs of an account. It is not drawn anew for each
// run: an account that runs every hour goes on doing so, and never runs into its next run.
func (d *Daemon) jitter(account string) time.Duration {
	sum := sha256.Sum256([]byte(account))
	share := float64(binary.BigEndian.Uint64(sum[:])) / math.MaxUint64
	return time.Duration(share * float64(d.options.Jitter))
}

// Once runs each account once now, side by side, and returns what came of
// them in the order of the accounts.
func (d *Daemon) Once(ctx context.Context, mode reconcile.Mode) []RunResult {
	outcomes := make([]RunResult, len(d.accounts))
	for i, a := range d.accounts {
		d.runs.Go(func() {
			sleep(ctx, d.jitter(a.label()))
			moment := time.Now()
			if release, ok := d.acquire(ctx); ok {
				defer release()
				outcomes[i] = a.run(ctx, Request{ID: d.options.NewID(time.Now()), Mode: mode}, moment)
				return
			}
			err := context.Cause(ctx)
			outcomes[i] = failure(RunSummary{AccountID: a.label(), Mode: mode}, err)
		})
	}
	d.runs.Wait()
	return outcomes
}
