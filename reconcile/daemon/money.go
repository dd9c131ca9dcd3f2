package daemon

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/report"
)

// countPast reads what the records have to say of seats and money, and shows it as
// metrics. The latest runs are those that were recorded before.
func (a *account) countPast(latest []RunSummary, now time.Time) {
	past := a.history.Past()
	a.mu.Lock()
	a.past, a.pastOf = &past, versionOf(latest)
	label, zone := a.id, zoneOf(a.settings)
	a.mu.Unlock()
	a.daemon.metrics.saved(label, report.NewSavingsReport(label, &past, now.In(zone)))
}

// pastVersion tells whether there is more in the records than when they were read.
type pastVersion struct {
	latest  string // the id of a run
	running int    // how many had not ended
}

// versionOf returns the version of records whose latest runs are these.
func versionOf(latest []RunSummary) (version pastVersion) {
	for i := range latest {
		if i == 0 {
			version.latest = latest[i].ID
		}
		if latest[i].Result == reconcile.ResultRunning {
			version.running++
		}
	}
	return version
}

// savings is what the recorded runs have saved until now. The latest runs of the page
// say whether another process has added one, or ended one, since the records were read.
func (a *account) savings(latest []RunSummary, now time.Time) *report.SavingsReport {
	a.mu.Lock()
	past, isStale := a.past, a.pastOf != versionOf(latest)
	a.mu.Unlock()
	if past == nil || isStale {
		a.countPast(latest, now)
		a.mu.Lock()
		past = a.past
		a.mu.Unlock()
	}
	return report.NewSavingsReport(a.label(), past, now)
}

// saved shows what the records come to: counters that a restart does not set back.
func (m *Metrics) saved(account string, savings *report.SavingsReport) {
	released := make(map[reconcile.Reason]int)
	for i := range savings.Rows {
		released[savings.Rows[i].Reason] += savings.Rows[i].Freed
	}
	for reason, n := range released {
		m.releases.Set(float64(n), account, string(reason))
	}
	m.returns.Set(float64(savings.Total.Returned), account)
	for _, sum := range savings.Total.Currencies {
		if value, err := strconv.ParseFloat(string(sum.Saved), 64); err == nil {
			m.savedTotal.Set(value, account, sum.Currency)
		}
	}
}

// foresee shows when the budget is passed and the last seat taken, at the present pace.
func (m *Metrics) foresee(account string, run *RunSummary) {
	m.budgetOn.Delete(account)
	m.exhaustedOn.Delete(account)
	if run.BudgetExceededOn != nil {
		m.budgetOn.Set(seconds(run.BudgetExceededOn.Begin(time.UTC)), account)
	}
	if run.SeatsExhaustedOn != nil {
		m.exhaustedOn.Set(seconds(run.SeatsExhaustedOn.Begin(time.UTC)), account)
	}
}

// moneyCodes are the findings about the budget and the last seat, of which people are notified.
func moneyCodes() []reconcile.Code {
	return []reconcile.Code{reconcile.CodeBudgetExceededSoon, reconcile.CodeSeatsExhaustedSoon}
}

// foreseen are those of a plan that call for someone.
func foreseen(plan *reconcile.Plan) map[reconcile.Code]string {
	found := make(map[reconcile.Code]string)
	for i := range plan.Findings {
		finding := &plan.Findings[i]
		if slices.Contains(moneyCodes(), finding.Code) && finding.Severity != reconcile.SeverityInfo {
			found[finding.Code] = finding.Message
		}
	}
	return found
}

// newlyForeseen are the findings of a run that the one before it had not, or "".
func (e *Ended) newlyForeseen() string {
	var messages []string
	for _, code := range moneyCodes() {
		message, isForeseen := e.Outcome.Run.foreseen[code]
		wasForeseen := false
		if e.Planned != nil {
			_, wasForeseen = e.Planned.foreseen[code]
		}
		if isForeseen && !wasForeseen {
			messages = append(messages, message)
		}
	}
	return strings.Join(messages, "; ")
}
