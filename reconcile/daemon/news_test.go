package daemon

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

// nights makes runs one after the other and returns the event of each.
func nights(results ...RunSummary) []string {
	var events []string
	var before, planned *RunSummary
	for i := range results {
		run := &results[i]
		ended := Ended{Account: "a", Before: before, Planned: planned, Outcome: RunResult{Run: *run}}
		event := "-"
		if news := ended.News(); news != nil {
			event = string(news.Event)
		}
		events = append(events, event)
		before = run
		if run.Summary != nil {
			planned = run
		}
	}
	return events
}

// planned is a run with a plan that releases so many people.
func planned(mode reconcile.Mode, result reconcile.Result, releases int) RunSummary {
	plan := emptyPlan()
	for i := range releases {
		change := reconcile.Change{Kind: reconcile.Release, UserID: fmt.Sprint(i), Because: fmt.Sprint("no sign of activity since ", time.Now())}
		if result == reconcile.ResultHeld {
			change.Held = reconcile.HeldLimit
		}
		plan.Changes = append(plan.Changes, change)
		if mode == reconcile.ModeApply {
			plan.Run = &reconcile.Run{Outcomes: []reconcile.Outcome{{Change: 0, Status: reconcile.Applied}}}
		}
	}
	run := RunSummary{ID: "r", Mode: mode, Result: result}
	run.Describe(plan)
	return run
}

func TestNewsIsToldOnce(t *testing.T) {
	failed := RunSummary{ID: "r", Mode: reconcile.ModeDryRun, Result: reconcile.ResultFailed, Error: "503"}
	dry, applied := reconcile.ModeDryRun, reconcile.ModeApply
	for _, test := range []struct {
		name string
		runs []RunSummary
		want []string
	}{
		{"nothing to do is no news", []RunSummary{planned(dry, reconcile.ResultDone, 0), planned(dry, reconcile.ResultDone, 0)}, []string{"-", "-"}},
		{"the same pending changes are told once", []RunSummary{planned(dry, reconcile.ResultDone, 2), planned(dry, reconcile.ResultDone, 2), planned(dry, reconcile.ResultDone, 3)}, []string{"change", "-", "change"}},
		{"a failure is told once, and the recovery", []RunSummary{planned(dry, reconcile.ResultDone, 2), failed, failed, planned(dry, reconcile.ResultDone, 2)}, []string{"change", "failure", "-", "recovery"}},
		{"a first failure is told", []RunSummary{failed}, []string{"failure"}},
		{"in part is more than failed", []RunSummary{failed, planned(applied, reconcile.ResultPartial, 2)}, []string{"failure", "failure"}},
		{"a tripped rail is told once, and again when others are held", []RunSummary{planned(dry, reconcile.ResultHeld, 9), planned(dry, reconcile.ResultHeld, 9), planned(dry, reconcile.ResultHeld, 10)}, []string{"limit", "-", "limit"}},
		{"what was applied is told each time", []RunSummary{planned(applied, reconcile.ResultDone, 1), planned(applied, reconcile.ResultDone, 1)}, []string{"change", "change"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, nights(test.runs...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheBudgetIsNewsOnce(t *testing.T) {
	message := "the bill of 140.00 EUR a month is above the budget of 100.00 EUR a month"
	plan := emptyPlan()
	plan.Findings = []reconcile.Finding{{Severity: reconcile.SeverityWarning, Code: reconcile.CodeBudgetExceededSoon, Message: message}}
	run := RunSummary{ID: "run-2", Mode: reconcile.ModeDryRun, Result: reconcile.ResultDone}
	run.Describe(plan)
	fine := RunSummary{ID: "run-1", Mode: reconcile.ModeDryRun, Result: reconcile.ResultDone}
	fine.Describe(emptyPlan())
	first := Ended{Account: "a", Before: &fine, Planned: &fine, Outcome: RunResult{Run: run}}
	if news := first.News(); news == nil || news.Event != EventBudget || !strings.Contains(news.Title, message) {
		t.Errorf("the first run that sees it says %+v", news)
	}
	again := Ended{Account: "a", Before: &run, Planned: &run, Outcome: RunResult{Run: run}}
	if news := again.News(); news != nil {
		t.Errorf("the next one says %+v", news)
	}
	plan.Findings[0].Severity = reconcile.SeverityInfo
	run.Describe(plan)
	far := Ended{Account: "a", Before: &fine, Planned: &fine, Outcome: RunResult{Run: run}}
	if news := far.News(); news != nil {
		t.Errorf("a day far ahead is news: %+v", news)
	}
}
