package daemon

import (
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/daemon/exposition"
)

// Metrics are the numbers that Prometheus reads. Their names and labels are
// promises; testdata/metrics.golden has them all.
type Metrics struct {
	registry exposition.Registry

	seats, pending, held               *exposition.Family
	cost, billed, idle                 *exposition.Family
	attempt, success, nextRun, quota   *exposition.Family
	changes, runs, requests, throttled *exposition.Family
	duration, undelivered              *exposition.Family
	releases, returns, savedTotal      *exposition.Family
	budgetOn, exhaustedOn              *exposition.Family

	mu    sync.Mutex
	known map[string]bool // the accounts whose counters stand at zero or more
}

// NewMetrics returns metrics without any account.
func NewMetrics() *Metrics {
	m := &Metrics{known: make(map[string]bool)}
	gauge := func(name, help string, labels ...string) *exposition.Family {
		return m.registry.Gauge("seatsync_"+name, help, append([]string{"account"}, labels...)...)
	}
	counter := func(name, help string, labels ...string) *exposition.Family {
		return m.registry.Counter("seatsync_"+name, help, append([]string{"account"}, labels...)...)
	}
	m.seats = gauge("seats", "Seats after the last run that had a plan: used, of them with Access and with Gateway, and purchased.", "state")
	m.pending = gauge("changes_pending", "Changes that the last plan would carry out and that have not been applied.", "kind")
	m.held = gauge("changes_held", "Changes that the last plan held back.", "reason")
	m.changes = counter("changes_total", "Changes that applies carried out or tried to.", "kind", "status")
	m.runs = counter("runs_total", "Runs that ended, and runs skipped because the one before was still going.", "mode", "result")
	m.attempt = gauge("last_attempt_timestamp_seconds", "When the last run began.")
	m.success = gauge("last_success_timestamp_seconds", "When the last run that succeeded ended; 0 when none has.")
	m.nextRun = gauge("next_run_timestamp_seconds", "When the next run is due; 0 when none is.")
	m.cost = gauge("monthly_cost", "What the seats in use cost in a month.", "currency")
	m.billed = gauge("monthly_billed", "What all purchased seats cost in a month; absent when it is not known.", "currency")
	m.idle = gauge("monthly_idle", "What the purchased seats that nobody uses cost in a month; absent when it is not known.", "currency")
	m.releases = counter("releases_total", "Seats that recorded runs released.", "reason")
	m.returns = counter("returns_total", "People who hold a seat again since a recorded run released it.")
	m.savedTotal = counter("saved_total", "Money saved by recorded runs, as of the last run.", "currency")
	m.budgetOn = gauge("budget_exceeded_timestamp_seconds", "The day on which the budget is passed at the present pace; absent when it is not in sight.")
	m.exhaustedOn = gauge("seats_exhausted_timestamp_seconds", "The day on which the last purchased seat is taken at the present pace; absent when it is not in sight.")
	m.requests = counter("api_requests_total", "Attempts at requests to the API; the code is 0 where there was no response.", "code", "method")
	m.throttled = counter("api_throttled_total", "Attempts that the API refused for the quota.")
	m.quota = gauge("api_quota_remaining", "Requests that the API's quota had left at its last response.")
	m.undelivered = gauge("notifications_pending", "Notifications that no receiver has taken yet.")
	m.duration = m.registry.Histogram("seatsync_run_duration_seconds", "How long runs took.",
		[]float64{0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800}, "account")
	return m
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			_, _ = m.registry.WriteTo(w)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		zipped := gzip.NewWriter(w)
		_, _ = m.registry.WriteTo(zipped)
		_ = zipped.Close()
	})
}

// WriteFile writes the metrics for the textfile collector of node_exporter. The
// file appears under its name only when it is complete, and others may read it.
func (m *Metrics) WriteFile(path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write the metrics file: %w", err)
	}
	_, err = m.registry.WriteTo(file)
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Chmod(file.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write the metrics file: %w", errors.Join(err, os.Remove(file.Name())))
	}
	return nil
}

// begin sets to zero the counters whose labels are words of ours: one that appears with
// its first event would look to Prometheus as if it had never risen. What has labels of the
// world outside, such as the codes of the API, appears with its first event, and so do
// changes that were not applied: runs count those, and a fleet would have dozens an account.
func (m *Metrics) begin(account string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known[account] {
		return
	}
	m.known[account] = true
	for _, mode := range reconcile.Modes() {
		for _, result := range ends() {
			m.runs.Begin(account, string(mode), string(result))
		}
	}
	for _, kind := range reconcile.Kinds() {
		m.changes.Begin(account, string(kind), string(reconcile.Applied))
	}
	for _, reason := range reconcile.Reasons() {
		m.releases.Begin(account, string(reason))
	}
	m.returns.Begin(account)
	m.throttled.Begin(account)
	m.undelivered.Set(0, account)
}

// ends are the results that a run of this process can have; that it was killed, or goes
// on, only records say.
func ends() []reconcile.Result {
	return slices.DeleteFunc(reconcile.Results(), func(result reconcile.Result) bool {
		return result == reconcile.ResultRunning || result == reconcile.ResultKilled
	})
}

// rename forgets an account that turned out to have another id.
func (m *Metrics) rename(from, to string) {
	m.mu.Lock()
	delete(m.known, from)
	m.mu.Unlock()
	m.registry.DeleteAll(from)
	m.begin(to)
}

// restore sets the gauges from the last recorded run.
func (m *Metrics) restore(account string, last *RunSummary, attempted, succeeded time.Time) {
	m.begin(account)
	if last == nil {
		return
	}
	m.show(account, last)
	m.attempt.Set(seconds(attempted), account)
	m.success.Set(seconds(succeeded), account)
}

// seconds is a time as Prometheus writes it, 0 for none.
func seconds(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return float64(at.UnixMilli()) / 1000
}

// notifications sets how many messages nobody has taken yet.
func (m *Metrics) notifications(account string, pending int) {
	m.undelivered.Set(float64(pending), account)
}

// next sets when the next run is due.
func (m *Metrics) next(account string, at time.Time) {
	m.nextRun.Set(seconds(at), account)
}

// began notes that a run begins.
func (m *Metrics) began(account string, at time.Time) {
	m.begin(account)
	m.attempt.Set(seconds(at), account)
	m.success.Begin(account) // or nothing would show runs that have failed from the first one on
}

// skipped counts a run that did not begin.
func (m *Metrics) skipped(account string, mode reconcile.Mode) {
	m.runs.Inc(account, string(mode), string(reconcile.ResultSkipped))
}

// ended counts a run and shows what it found.
func (m *Metrics) ended(account string, outcome RunResult, took time.Duration) {
	run := &outcome.Run
	m.begin(account)
	m.runs.Inc(account, string(run.Mode), string(run.Result))
	m.duration.Observe(took.Seconds(), account)
	if run.Result.IsSuccess() {
		m.success.Set(seconds(run.FinishedAt), account)
	}
	m.show(account, run)
	if outcome.Plan == nil || outcome.Plan.Run == nil {
		return
	}
	for _, one := range outcome.Plan.Run.Outcomes {
		kind := outcome.Plan.Changes[one.Change].Kind
		m.changes.Inc(account, string(kind), string(one.Status))
	}
}

// show sets the gauges of the account from a run. A run without a plan knows
// nothing new, so what the one before found stays.
func (m *Metrics) show(account string, run *RunSummary) {
	if run.Summary == nil {
		return
	}
	for _, kind := range reconcile.Kinds() {
		m.pending.Set(float64(run.Pending[kind]), account, string(kind))
	}
	for _, hold := range reconcile.Holds() {
		set := m.held.SetSeen
		if hold.IsLimit() {
			set = m.held.Set // an alert reads it
		}
		set(float64(run.Held[hold]), account, string(hold))
	}
	m.seats.Set(float64(run.Seats.Used), account, "used")
	m.seats.Set(float64(run.Seats.Access), account, "access")
	m.seats.Set(float64(run.Seats.Gateway), account, "gateway")
	m.seats.Delete(account, "purchased")
	if run.Seats.Purchased != nil {
		m.seats.Set(float64(*run.Seats.Purchased), account, "purchased")
	}
	m.foresee(account, run)
	for _, sum := range [...]struct {
		family *exposition.Family
		amount reconcile.Amount
	}{{m.cost, run.Cost}, {m.billed, run.Billed}, {m.idle, run.Idle}} {
		sum.family.Delete(account)
		if value, err := strconv.ParseFloat(string(sum.amount), 64); err == nil {
			sum.family.Set(value, account, run.Summary.Currency)
		}
	}
	if run.Cost != "" {
		m.savedTotal.Begin(account, run.Summary.Currency) // what a release saves is known
	}
}

// Request counts one attempt at a request to the API. The status is 0 where
// there was no response, and remaining negative where the response does not say
// what is left of the quota.
func (m *Metrics) Request(account, method string, status int, throttled bool, remaining int) {
	m.requests.Inc(account, strconv.Itoa(status), method)
	if throttled {
		m.throttled.Inc(account)
	}
	if remaining >= 0 {
		m.quota.Set(float64(remaining), account)
	}
}
