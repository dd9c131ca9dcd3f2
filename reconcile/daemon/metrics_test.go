package daemon

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/report"
)

// everythingHappens gives every series of the test account a number.
func everythingHappens(m *Metrics) {
	plan := emptyPlan()
	plan.Run = &reconcile.Run{}
	plan.Money.BudgetExceededOn, plan.Money.SeatsExhaustedOn = new(reconcile.Date), new(reconcile.Date)
	for _, kind := range reconcile.Kinds() {
		for _, status := range reconcile.Statuses() {
			plan.Run.Outcomes = append(plan.Run.Outcomes, reconcile.Outcome{Change: len(plan.Changes), Status: status})
			plan.Changes = append(plan.Changes, reconcile.Change{Kind: kind})
		}
	}
	run := RunSummary{}
	run.Describe(plan)
	history := reconcile.History{Returned: map[string][]time.Time{"a": {time.Unix(2, 0)}}}
	for i, reason := range reconcile.Reasons() {
		history.Taken = append(history.Taken, reconcile.PastRelease{UserID: []string{"", "a"}[i%2], Reason: reason, Price: "7.00", Currency: "USD", At: time.Unix(1, 0)})
	}
	m.saved(testAccount, report.NewSavingsReport(testAccount, &history, time.Unix(1e9, 0)))
	for _, kind := range reconcile.Kinds() {
		run.Pending[kind] = 1
	}
	for _, hold := range reconcile.Holds() {
		run.Held[hold] = 1
	}
	for _, mode := range []reconcile.Mode{reconcile.ModeDryRun, reconcile.ModeApply} {
		for _, result := range ends() {
			run.Mode, run.Result = mode, result
			outcome := RunResult{Run: run}
			outcome.Plan = plan
			m.ended(testAccount, outcome, time.Second)
		}
		m.skipped(testAccount, mode)
	}
}

func TestWhatIsPromisedIsThereWithZeroFromTheFirstReadingOn(t *testing.T) {
	golden, err := os.ReadFile("testdata/metrics.golden")
	if err != nil {
		t.Fatal(err)
	}
	idle := newStand(dryRun("@daily"))
	idle.run = func(context.Context, Request) (*reconcile.Plan, error) {
		return &reconcile.Plan{AccountID: testAccount, Money: reconcile.Money{Price: "7.00"}, Summary: reconcile.Summary{Currency: "USD"}}, nil
	}
	d, _ := newDaemon(t, Options{}, idle)
	d.Once(t.Context(), reconcile.ModeDryRun)
	_, body := ask(t, d, "GET", "/metrics")
	// What is not known, what the daemon alone has, what the API has to say first, and what is seldom there at all.
	unknown := regexp.MustCompile(`state="purchased"|_exceeded_|_exhausted_|_billed|_idle|next_run|api_requests|api_quota|` +
		`changes_total.*status="(failed|not-reached|not-taken|stale)"|changes_held`)
	limits := regexp.MustCompile(`changes_held.*reason="(limit|too-many-returned)"`)
	for series := range strings.Lines(strings.ReplaceAll(string(golden), `account="A"`, `account="`+testAccount+`"`)) {
		series = strings.TrimSpace(series)
		if isThere := strings.Contains(body, "\n"+series+" "); isThere == (unknown.MatchString(series) && !limits.MatchString(series)) {
			t.Errorf("%s is there: %t", series, isThere)
		}
	}
}

func TestWhatNobodyKnowsTheCostOfHasSavedNothingKnown(t *testing.T) {
	idle := newStand(dryRun("@daily"))
	idle.run = func(context.Context, Request) (*reconcile.Plan, error) {
		return &reconcile.Plan{AccountID: testAccount}, nil
	}
	d, _ := newDaemon(t, Options{}, idle)
	d.Once(t.Context(), reconcile.ModeDryRun)
	if _, body := ask(t, d, "GET", "/metrics"); strings.Contains(body, "seatsync_saved_total") || strings.Contains(body, "seatsync_monthly") {
		t.Errorf("unknown is not 0:\n%s", body)
	}
}

var zeroSample = regexp.MustCompile(`(?m)^(\w+)\{(.*)\} 0$`)

// counted finds the counters whose rise an expression looks for, with the labels that it asks for.
var counted = regexp.MustCompile(`(?:increase|rate)\((\w+)(?:\{([^}]*)\})?\[`)

func TestCountersWhoseRiseTheAlertRulesLookForAreThereBeforeTheFirstRun(t *testing.T) {
	rules, err := os.ReadFile(deployed + "prometheus/seatsync.rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	asked := counted.FindAllStringSubmatch(string(rules), -1)
	if len(asked) < strings.Count(string(rules), "[") {
		t.Errorf("only %q of the rules' ranges are of counters", asked)
	}
	d, _ := newDaemon(t, Options{}, newStand(dryRun("@daily")))
	_, body := ask(t, d, "GET", "/metrics")
	for _, counter := range asked {
		found := false
		for _, sample := range zeroSample.FindAllStringSubmatch(body, -1) {
			found = found || sample[1] == counter[1] && strings.Contains(sample[2], counter[2])
		}
		if !found {
			t.Errorf("%s{%s} is not there at 0, so Prometheus misses its first rise:\n%s", counter[1], counter[2], body)
		}
	}
}

func TestAFirstRunThatFailsHasNoSuccessToBeOlderThan(t *testing.T) {
	failing := newStand(dryRun("@daily"))
	failing.run = func(context.Context, Request) (*reconcile.Plan, error) { return nil, errors.New("no token") }
	d, _ := newDaemon(t, Options{}, failing)
	const success = `seatsync_last_success_timestamp_seconds{account="` + testAccount + `"}`
	if _, body := ask(t, d, "GET", "/metrics"); strings.Contains(body, success) {
		t.Errorf("before any run there is a last success:\n%s", body)
	}
	d.Once(t.Context(), reconcile.ModeDryRun)
	if _, body := ask(t, d, "GET", "/metrics"); !strings.Contains(body, success+" 0\n") {
		t.Errorf("an alert compares the last attempt with %s, which is not there:\n%s", success, body)
	}
}

func TestAGaugeThatWasSomethingStaysWhenItIsNothingAgain(t *testing.T) {
	s := newStand(dryRun("@daily"))
	plan := heldPlan(10, time.Now())
	s.run = func(context.Context, Request) (*reconcile.Plan, error) { return plan, nil }
	d, _ := newDaemon(t, Options{}, s)
	d.Once(t.Context(), reconcile.ModeDryRun)
	plan = emptyPlan()
	d.Once(t.Context(), reconcile.ModeDryRun)
	_, body := ask(t, d, "GET", "/metrics")
	for _, want := range []string{`reason="exempt"} 0`, `kind="release"} 0`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s:\n%s", want, body)
		}
	}
}
