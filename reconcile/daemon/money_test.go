package daemon

import (
	"net/http"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// What ten thousand records come to is not worked out for each page, and is once more
// when another process has added a run, or ended one that a page has shown as running.
func TestAPageReadsThePastOnceForEachRun(t *testing.T) {
	s := newStand()
	add := func(id string, result reconcile.Result) {
		s.mu.Lock()
		defer s.mu.Unlock()
		plan := emptyPlan()
		plan.Changes = []reconcile.Change{{Kind: reconcile.Release, UserID: id}}
		plan.Run = &reconcile.Run{ID: id, Outcomes: []reconcile.Outcome{{Change: 0, Status: reconcile.Applied}}}
		s.plans[id] = plan
		s.runs = append(s.runs, RunSummary{ID: id, AccountID: testAccount, Mode: reconcile.ModeApply, Result: result, StartedAt: time.Now().Add(time.Duration(len(s.runs)) * time.Second)})
	}
	end := func(at int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.runs[at].Result = reconcile.ResultDone
	}
	add("run-a", reconcile.ResultDone)
	d, _ := newDaemon(t, Options{}, s)
	for _, step := range []struct {
		name   string
		happen func()
		looked int // until then
	}{
		{"the daemon has just started", func() {}, 1},
		{"another process has ended a run", func() { add("run-b", reconcile.ResultDone) }, 2},
		{"one is going on", func() { add("run-c", reconcile.ResultRunning) }, 3},
		{"it has ended", func() { end(2) }, 4},
		{"one began", func() { add("run-d", reconcile.ResultRunning) }, 5},
		{"and a later one ended", func() { add("run-e", reconcile.ResultDone) }, 6},
		{"the earlier one has ended", func() { end(3) }, 7},
	} {
		step.happen()
		for range 2 {
			if response, _ := ask(t, d, "GET", "/"); response.StatusCode != http.StatusOK {
				t.Fatalf("%s: %s", step.name, response.Status)
			}
		}
		if s.looked != step.looked {
			t.Errorf("%s: the past was read %d times, want %d", step.name, s.looked, step.looked)
		}
	}
}
