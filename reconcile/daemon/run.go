package daemon

import (
	"context"
	"errors"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// Runner makes the runs of one account. Runs of one account never overlap, but
// Settings may be asked for while a run is going on.
type Runner interface {
	// Settings reads what the file says about when to run. It is called every
	// minute, so it must be cheap while the file has not changed.
	Settings(now time.Time) (Settings, error)
	// Run makes one run from fresh input and returns when it is recorded. When
	// ctx ends it drains: no new request starts.
	Run(ctx context.Context, request Request) Outcome
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

// Outcome is what came of a run.
type Outcome struct {
	// Run is the run as it was recorded.
	Run Run
	// Plan is nil when the run ended before it had one. After an apply it carries
	// its run.
	Plan *reconcile.Plan
	// Frozen says why an apply was made a dry run; empty when it was not.
	Frozen string
	// Err is why the run failed.
	Err error
}

// Result is how a run ended, in the words of the records.
type Result string

// The results. Skipped is a run that did not begin because another was going on;
// it is counted and has no record.
const (
	ResultDone Result = "done"
	ResultHeld Result = "held"
	// ResultNotTaken: everything was tried, and the API's answers still show the
	// old state for some of it.
	ResultNotTaken Result = "not-taken"
	ResultPartial  Result = "partial"
	ResultFailed   Result = "failed"
	ResultKilled   Result = "killed"
	ResultRunning  Result = "running"
	ResultSkipped  Result = "skipped"
)

// isSuccess reports whether a run did what it was to do. A limit that held
// releases back did its work, and so did an API that gives seats by login alone:
// it is told of, but nothing is broken.
func (r Result) isSuccess() bool {
	return r == ResultDone || r == ResultHeld || r == ResultNotTaken
}

// History is the recorded runs of one account.
type History interface {
	// Runs returns at most so many runs, the latest first. What could be read is
	// returned beside an error.
	Runs(most int) ([]Run, error)
	// Read returns one run, with its plan if it had one. The error is [ErrNoRun]
	// when the account has no such run.
	Read(id string) (Run, *reconcile.Plan, error)
}

// ErrNoRun says that no run with an id is recorded.
var ErrNoRun = errors.New("no such run is recorded")

// Run is one recorded run, in the form that /api/v1/runs shows.
type Run struct {
	ID         string         `json:"id"`
	AccountID  string         `json:"account_id"`
	Mode       reconcile.Mode `json:"mode"`
	Result     Result         `json:"result"`
	Error      string         `json:"error,omitempty"`
	StartedAt  time.Time      `json:"started_at"`
	FinishedAt time.Time      `json:"finished_at"`
	Who        string         `json:"who"`
	Host       string         `json:"host"`
	Tool       string         `json:"tool"`
	Commit     string         `json:"commit"`

	// What follows is nil, or empty, when the run ended before it had a plan.
	Summary  *reconcile.Summary       `json:"summary"`
	Seats    *Seats                   `json:"seats"`
	Cost     reconcile.Amount         `json:"monthly_cost"`
	Pending  map[reconcile.Kind]int   `json:"pending"`
	Held     map[reconcile.Hold]int   `json:"held"`
	Outcomes map[reconcile.Status]int `json:"outcomes"`
	// Report is the path of the run's report; empty when there is none.
	Report string `json:"report,omitempty"`

	// wants names what the plan asks for, to tell whether it is news.
	wants string
}

// Seats are the seats in use after a run, as far as it knows.
type Seats struct {
	Used      int  `json:"used"`
	Access    int  `json:"access"`
	Gateway   int  `json:"gateway"`
	Purchased *int `json:"purchased"`
}

// Describe fills in what a plan, with its run if it was applied, says of a run.
func (r *Run) Describe(plan *reconcile.Plan) {
	summary := plan.Summary
	r.Summary, r.Seats = &summary, seatsAfter(plan)
	r.Cost = plan.Money.Price.Times(r.Seats.Used)
	r.Pending, r.Held = make(map[reconcile.Kind]int), make(map[reconcile.Hold]int)
	r.Outcomes = make(map[reconcile.Status]int)
	r.wants = wantsOf(plan)
	applied := appliedChanges(plan)
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
		for _, outcome := range plan.Run.Outcomes {
			r.Outcomes[outcome.Status]++
		}
	}
}

// appliedChanges returns the changes, by index, that the run of a plan applied.
func appliedChanges(plan *reconcile.Plan) map[int]bool {
	applied := make(map[int]bool)
	if plan.Run == nil {
		return applied
	}
	for _, outcome := range plan.Run.Outcomes {
		if outcome.Status == reconcile.Applied && outcome.Change >= 0 && outcome.Change < len(plan.Changes) {
			applied[outcome.Change] = true
		}
	}
	return applied
}

// seatsAfter counts the seats in use: those that were read, and what the run has
// changed since.
func seatsAfter(plan *reconcile.Plan) *Seats {
	seats := &Seats{
		Used: plan.Live.SeatsUsed, Access: plan.Live.AccessSeats, Gateway: plan.Live.GatewaySeats,
		Purchased: plan.Money.Purchased,
	}
	for i := range appliedChanges(plan) {
		change := &plan.Changes[i]
		before, after := change.Before, change.After
		seats.Access += held(after.AccessSeat) - held(before.AccessSeat)
		seats.Gateway += held(after.GatewaySeat) - held(before.GatewaySeat)
		seats.Used += max(held(after.AccessSeat), held(after.GatewaySeat)) - max(held(before.AccessSeat), held(before.GatewaySeat))
	}
	return seats
}

// held is 1 for a flag that is known to be true.
func held(flag reconcile.Flag) int {
	if flag == reconcile.True {
		return 1
	}
	return 0
}
