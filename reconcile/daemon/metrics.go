package daemon

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/seatsync/seatsync/reconcile"
)

// Metrics are the numbers that Prometheus reads. Their names and labels are
// promises; testdata/metrics.golden has them all.
type Metrics struct {
	registry *prometheus.Registry

	seats, pending, held, cost         *prometheus.GaugeVec
	attempt, success, nextRun, quota   *prometheus.GaugeVec
	changes, runs, requests, throttled *prometheus.CounterVec
	duration                           *prometheus.HistogramVec

	mu    sync.Mutex
	known map[string]bool // the accounts whose counters stand at zero or more
}

// NewMetrics returns metrics without any account.
func NewMetrics() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), known: make(map[string]bool)}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		vector := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "seatsync_" + name, Help: help}, append([]string{"account"}, labels...))
		m.registry.MustRegister(vector)
		return vector
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		vector := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "seatsync_" + name, Help: help}, append([]string{"account"}, labels...))
		m.registry.MustRegister(vector)
		return vector
	}
	m.seats = gauge("seats", "Seats after the last run that had a plan: used, of them with Access and with Gateway, and purchased.", "state")
	m.pending = gauge("changes_pending", "Changes that the last plan would carry out and that have not been applied.", "kind")
	m.held = gauge("changes_held", "Changes that the last plan held back.", "reason")
	m.changes = counter("changes_total", "Changes that applies carried out or tried to.", "kind", "status")
	m.runs = counter("runs_total", "Runs that ended, and runs skipped because the one before was still going.", "mode", "result")
	m.attempt = gauge("last_attempt_timestamp_seconds", "When the last run began.")
	m.success = gauge("last_success_timestamp_seconds", "When the last run that succeeded ended.")
	m.nextRun = gauge("next_run_timestamp_seconds", "When the next run is due; 0 when none is.")
	m.cost = gauge("monthly_cost", "What the seats in use cost in a month.", "currency")
	m.requests = counter("api_requests_total", "Attempts at requests to the API; the code is 0 where there was no answer.", "method", "code")
	m.throttled = counter("api_throttled_total", "Attempts that the API refused for the quota.")
	m.quota = gauge("api_quota_remaining", "Requests that the API's quota had left at its last answer.")
	m.duration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "seatsync_run_duration_seconds", Help: "How long runs took.",
		Buckets: []float64{0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800},
	}, []string{"account"})
	m.registry.MustRegister(m.duration)
	return m
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// WriteFile writes the metrics for the textfile collector of node_exporter. The
// file appears under its name only when it is complete.
func (m *Metrics) WriteFile(path string) error {
	if err := prometheus.WriteToTextfile(path, m.registry); err != nil {
		return fmt.Errorf("write the metrics file: %w", err)
	}
	return nil
}

// vectors lists everything with the label account.
func (m *Metrics) vectors() []interface {
	DeletePartialMatch(prometheus.Labels) int
} {
	return []interface {
		DeletePartialMatch(prometheus.Labels) int
	}{
		m.seats, m.pending, m.held, m.cost, m.attempt, m.success, m.nextRun, m.quota,
		m.changes, m.runs, m.requests, m.throttled, m.duration,
	}
}

// begin sets every counter of an account to zero: one that appears with its
// first failure would look to Prometheus as if it had never risen.
func (m *Metrics) begin(account string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known[account] {
		return
	}
	m.known[account] = true
	for _, mode := range []reconcile.Mode{reconcile.ModeDryRun, reconcile.ModeApply} {
		for _, result := range []reconcile.Result{reconcile.ResultDone, reconcile.ResultNotTaken, reconcile.ResultHeld, reconcile.ResultPartial, reconcile.ResultFailed, reconcile.ResultSkipped} {
			m.runs.WithLabelValues(account, string(mode), string(result))
		}
	}
	for _, kind := range reconcile.Kinds() {
		for _, status := range reconcile.Statuses() {
			m.changes.WithLabelValues(account, string(kind), string(status))
		}
	}
	m.throttled.WithLabelValues(account)
	m.duration.WithLabelValues(account)
}

// rename forgets an account that turned out to have another id.
func (m *Metrics) rename(from, to string) {
	m.mu.Lock()
	delete(m.known, from)
	m.mu.Unlock()
	for _, vector := range m.vectors() {
		vector.DeletePartialMatch(prometheus.Labels{"account": from})
	}
	m.begin(to)
}

// restore sets the gauges from the last recorded run.
func (m *Metrics) restore(account string, last *Run, attempted, succeeded time.Time) {
	m.begin(account)
	if last == nil {
		return
	}
	m.show(account, last)
	m.attempt.WithLabelValues(account).Set(seconds(attempted))
	m.success.WithLabelValues(account).Set(seconds(succeeded))
}

// seconds is a time as Prometheus writes it, 0 for none.
func seconds(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return float64(at.UnixMilli()) / 1000
}

// next sets when the next run is due.
func (m *Metrics) next(account string, at time.Time) {
	m.nextRun.WithLabelValues(account).Set(seconds(at))
}

// began notes that a run begins.
func (m *Metrics) began(account string, at time.Time) {
	m.begin(account)
	m.attempt.WithLabelValues(account).Set(seconds(at))
}

// skipped counts a run that did not begin.
func (m *Metrics) skipped(account string, mode reconcile.Mode) {
	m.runs.WithLabelValues(account, string(mode), string(reconcile.ResultSkipped)).Inc()
}

// ended counts a run and shows what it found.
func (m *Metrics) ended(account string, outcome Outcome, took time.Duration) {
	run := &outcome.Run
	m.begin(account)
	m.runs.WithLabelValues(account, string(run.Mode), string(run.Result)).Inc()
	m.duration.WithLabelValues(account).Observe(took.Seconds())
	if run.Result.IsSuccess() {
		m.success.WithLabelValues(account).Set(seconds(run.FinishedAt))
	}
	m.show(account, run)
	if outcome.Plan == nil || outcome.Plan.Run == nil {
		return
	}
	for _, one := range outcome.Plan.Run.Outcomes {
		kind := outcome.Plan.Changes[one.Change].Kind
		m.changes.WithLabelValues(account, string(kind), string(one.Status)).Inc()
	}
}

// show sets the gauges of the account from a run. A run without a plan knows
// nothing new, so what the one before found stays.
func (m *Metrics) show(account string, run *Run) {
	if run.Summary == nil {
		return
	}
	for _, kind := range reconcile.Kinds() {
		m.pending.WithLabelValues(account, string(kind)).Set(float64(run.Pending[kind]))
	}
	for _, hold := range reconcile.Holds() {
		m.held.WithLabelValues(account, string(hold)).Set(float64(run.Held[hold]))
	}
	m.seats.WithLabelValues(account, "used").Set(float64(run.Seats.Used))
	m.seats.WithLabelValues(account, "access").Set(float64(run.Seats.Access))
	m.seats.WithLabelValues(account, "gateway").Set(float64(run.Seats.Gateway))
	m.seats.DeleteLabelValues(account, "purchased")
	if run.Seats.Purchased != nil {
		m.seats.WithLabelValues(account, "purchased").Set(float64(*run.Seats.Purchased))
	}
	m.cost.DeletePartialMatch(prometheus.Labels{"account": account})
	if cost, err := strconv.ParseFloat(string(run.Cost), 64); err == nil {
		m.cost.WithLabelValues(account, run.Summary.Currency).Set(cost)
	}
}

// Request counts one attempt at a request to the API. The status is 0 where
// there was no answer, and remaining negative where the answer does not tell
// what is left of the quota.
func (m *Metrics) Request(account, method string, status int, throttled bool, remaining int) {
	m.requests.WithLabelValues(account, method, strconv.Itoa(status)).Inc()
	if throttled {
		m.throttled.WithLabelValues(account).Inc()
	}
	if remaining >= 0 {
		m.quota.WithLabelValues(account).Set(float64(remaining))
	}
}
