package daemon

import (
	"context"
	"errors"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/runner"
)

// Runner performs the runs of one account. Runs of one account never overlap, but
// Settings may be asked for while a run is going on.
type Runner interface {
	// Settings reads what the file says about when to run. It is called every
	// minute, so it must be cheap while no file has changed, unless each is to be
	// read anew.
	Settings(anew bool) (Settings, error)
	// Run performs one run from fresh input and returns when it is recorded. When
	// ctx ends it drains: no new request starts.
	Run(ctx context.Context, request Request) RunResult
}

// Settings are what the file says about when to run.
type Settings struct {
	AccountID string
	Schedule  []reconcile.ScheduleEntry
	// Zone is that of the schedule; UTC when nil.
	Zone *time.Location
	// Frozen returns why an apply at a time would be a dry run, or "". Nil means
	// that none would.
	Frozen func(at time.Time) string
}

// frozen is Frozen, or "" where there is none.
func (s *Settings) frozen(at time.Time) string {
	if s.Frozen == nil {
		return ""
	}
	return s.Frozen(at)
}

// Request asks for one run.
type Request struct {
	ID   string
	Mode reconcile.Mode
}

// RunResult is what came of a run: as the daemon shows it, and as the runner
// returned it.
type RunResult struct {
	Run RunSummary
	runner.Result
}

// failure is the outcome of a run that left no record.
func failure(run RunSummary, err error) RunResult {
	run.Result, run.Error = reconcile.ResultFailed, reconcile.InertLines(err.Error())
	return RunResult{Run: run, Result: runner.Result{Record: record.Record{Result: run.Result, Error: run.Error}, Err: err}}
}

// History is the recorded runs of one account.
type History interface {
	// Runs returns at most so many runs, the latest first. What could be read is
	// returned beside an error.
	Runs(most int) ([]RunSummary, error)
	// Past returns what all recorded runs say of seats and money.
	Past() reconcile.History
	// Read returns one run, with its plan if it had one. The error is [ErrNoRun]
	// when the account has no such run.
	Read(id string) (RunSummary, *reconcile.Plan, error)
	// Version returns, without reading the run, a text that is another one once
	// more is known of it. The error is that of Read.
	Version(id string) (string, error)
}

// ErrNoRun says that no run with an id is recorded.
var ErrNoRun = errors.New("no such run is recorded")

// RunSummary is one recorded run, in the form that /api/v1/runs shows.
type RunSummary struct {
	ID         string           `json:"id"`
	AccountID  string           `json:"account_id"`
	Mode       reconcile.Mode   `json:"mode"`
	Result     reconcile.Result `json:"result"`
	Error      string           `json:"error,omitempty"`
	StartedAt  time.Time        `json:"started_at"`
	FinishedAt time.Time        `json:"finished_at"`
	Who        string           `json:"who"`
	Host       string           `json:"host"`
	Tool       string           `json:"tool"`
	Commit     string           `json:"commit"`

	// What follows is nil, or empty, when the run ended before it had a plan.
	// AccountName is what the file calls the account.
	AccountName string             `json:"account_name"`
	Summary     *reconcile.Summary `json:"summary"`
	Seats       *Seats             `json:"seats"`
	// Cost is that of the seats in use for a month, Billed that of all purchased ones and
	// Idle that of those purchased and in nobody's use; none where it is not known.
	Cost     reconcile.Amount         `json:"monthly_cost"`
	Billed   reconcile.Amount         `json:"monthly_billed"`
	Idle     reconcile.Amount         `json:"monthly_idle"`
	Pending  map[reconcile.Kind]int   `json:"pending"`
	Held     map[reconcile.Hold]int   `json:"held"`
	Outcomes map[reconcile.Status]int `json:"outcomes"`
	// Report is the path of the run's report; empty when there is none.
	Report string `json:"report,omitempty"`

	// BudgetExceededOn and SeatsExhaustedOn are those of the plan's money.
	BudgetExceededOn *reconcile.Date `json:"budget_exceeded_on"`
	SeatsExhaustedOn *reconcile.Date `json:"seats_exhausted_on"`

	// impersonalError is Error for whoever may know nobody; empty when only the record of
	// the run is left.
	impersonalError string
	// advice says what can be saved and when; "" where nothing can.
	advice string
	// wants names what the plan asks for, to tell whether it is new.
	wants string
	// foreseen are the findings about budget and seats that call for someone.
	foreseen map[reconcile.Code]string
}

// Seats are the seats in use after a run, as far as it knows.
type Seats struct {
	Used      int  `json:"used"`
	Access    int  `json:"access"`
	Gateway   int  `json:"gateway"`
	Purchased *int `json:"purchased"`
}

// Describe fills in what a plan, with its run if it was applied, says of a run.
func (r *RunSummary) Describe(plan *reconcile.Plan) {
	summary := plan.Summary
	seats := plan.SeatsInUse()
	r.Summary = &summary
	r.Seats = &Seats{Used: seats.Used, Access: seats.Access, Gateway: seats.Gateway, Purchased: plan.Money.Purchased}
	bill := plan.Bill()
	r.Cost, r.Billed, r.Idle, r.advice = bill.Now.UsedCost, bill.Billed, bill.Now.IdleCost, bill.AdviceNow()
	r.Pending, r.Held = make(map[reconcile.Kind]int), make(map[reconcile.Hold]int)
	r.Outcomes = make(map[reconcile.Status]int)
	r.AccountName = plan.AccountName
	r.wants, r.foreseen = wantsOf(plan), foreseen(plan)
	r.BudgetExceededOn, r.SeatsExhaustedOn = plan.Money.BudgetExceededOn, plan.Money.SeatsExhaustedOn
	applied := plan.Applied()
	for i := range plan.Changes {
		change := &plan.Changes[i]
		switch {
		case !change.WillBeDone():
			r.Held[change.Held]++
		case !applied[i]:
			r.Pending[change.Kind]++
		}
	}
	if plan.Run != nil {
		r.CountOutcomes(plan.Run)
	}
}

// CountOutcomes fills in what became of the changes of a run.
func (r *RunSummary) CountOutcomes(run *reconcile.Run) {
	r.Outcomes = make(map[reconcile.Status]int)
	for _, outcome := range run.Outcomes {
		r.Outcomes[outcome.Status]++
	}
}
