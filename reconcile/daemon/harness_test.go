package daemon

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/runner"
)

var update = flag.Bool("update", false, "write the golden files again")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testAccount = "023e105f4ecef8ad9ca31a8372d0c353"

// stand is a runner and its history in memory.
type stand struct {
	mu       sync.Mutex
	settings Settings
	unread   error
	hang     chan struct{} // when not nil, reading the file takes until it is closed
	frozen   *reconcile.Freeze
	run      func(ctx context.Context, request Request) (*reconcile.Plan, error) // nil finds nothing to do
	runs     []RunSummary
	plans    map[string]*reconcile.Plan
	looked   int // how often Past was called
	reread   int // how often Settings was to read the file anew
}

func newStand(entries ...reconcile.ScheduleEntry) *stand {
	return &stand{settings: Settings{AccountID: testAccount, Schedule: entries}, plans: make(map[string]*reconcile.Plan)}
}

func (s *stand) Settings(anew bool) (Settings, error) {
	s.mu.Lock()
	if anew {
		s.reread++
	}
	hang := s.hang
	s.mu.Unlock()
	if hang != nil {
		<-hang
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings, s.unread
}

func (s *stand) Run(ctx context.Context, request Request) RunResult {
	s.mu.Lock()
	id := s.settings.AccountID
	s.mu.Unlock()
	run := RunSummary{ID: request.ID, AccountID: id, Mode: request.Mode, Result: reconcile.ResultDone, StartedAt: time.Now(), Report: "/runs/" + request.ID}
	plan := emptyPlan()
	var err error
	if s.run != nil {
		plan, err = s.run(ctx, request)
	}
	run.FinishedAt = time.Now()
	if err != nil {
		run.Result, run.Error, plan = reconcile.ResultFailed, err.Error(), nil
	}
	if plan != nil {
		run.Describe(plan)
		if plan.Limit.Tripped {
			run.Result = reconcile.ResultHeld
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs = append(s.runs, run)
	s.plans[run.ID] = plan
	return RunResult{Run: run, Result: runner.Result{Record: record.Record{Plan: plan}, Err: err, Frozen: s.frozen}}
}

func (s *stand) Runs(most int) ([]RunSummary, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	runs := slices.Clone(s.runs)
	slices.Reverse(runs)
	return runs[:min(most, len(runs))], nil
}

func (s *stand) Past() (history reconcile.History) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked++
	for _, run := range s.runs {
		if plan := s.plans[run.ID]; plan != nil {
			history.Add(reconcile.PastRunOf(plan, run.StartedAt, run.FinishedAt))
		}
	}
	return history
}

func (s *stand) Read(id string) (RunSummary, *reconcile.Plan, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, run := range s.runs {
		if run.ID == id {
			return run, s.plans[id], nil
		}
	}
	return RunSummary{}, nil, ErrNoRun
}

func (s *stand) Version(id string) (string, error) {
	run, plan, err := s.Read(id)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %p", run.Result, plan), nil
}

// made returns the runs so far, the first one first.
func (s *stand) made() []RunSummary {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.runs)
}

// change changes what the file says.
func (s *stand) change(settings Settings, unread error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings, s.unread = settings, unread
}

func emptyPlan() *reconcile.Plan {
	purchased := 500
	return &reconcile.Plan{
		AccountID: testAccount,
		Live:      reconcile.LiveInfo{Users: 20, AccessSeats: 12, GatewaySeats: 6, SeatsUsed: 15},
		Summary:   reconcile.Summary{Unchanged: 20, SeatsAfter: 15, MonthlyCostBefore: "105.00", MonthlyCostAfter: "105.00", Currency: "USD"},
		Money:     reconcile.Money{Price: "7.00", Purchased: &purchased},
	}
}

// log is the log of a daemon under test.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(data)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// newDaemon returns a daemon over stands, and its log. Ids are counted.
func newDaemon(t *testing.T, options Options, stands ...*stand) (*Daemon, *log) {
	t.Helper()
	written := &log{}
	for i, s := range stands {
		options.Accounts = append(options.Accounts, Account{Name: fmt.Sprintf("file-%d.yaml", i), Runner: s, History: s})
	}
	var mu sync.Mutex
	ids := 0
	options.NewID = func(time.Time) string {
		mu.Lock()
		defer mu.Unlock()
		ids++
		return fmt.Sprintf("run-%d", ids)
	}
	options.Logger = slog.New(slog.NewTextHandler(written, nil))
	options.Tool = "seatsync test"
	if options.Report == nil {
		options.Report = func(w io.Writer, _ *reconcile.Plan) error {
			_, err := io.WriteString(w, "<p>the report</p>")
			return err
		}
	}
	options.ReportPolicy = "default-src 'none'"
	return New(options), written
}

// begin runs a daemon and returns what stops it and waits.
func begin(d *Daemon) (stop func(), reload chan<- struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	reloads := make(chan struct{})
	var over sync.WaitGroup
	over.Go(func() { d.Run(ctx, reloads) })
	return func() {
		cancel()
		over.Wait()
	}, reloads
}

func dryRun(cron string) reconcile.ScheduleEntry {
	return reconcile.ScheduleEntry{Cron: cron, Mode: reconcile.ModeDryRun}
}

func apply(cron string) reconcile.ScheduleEntry {
	return reconcile.ScheduleEntry{Cron: cron, Mode: reconcile.ModeApply}
}
