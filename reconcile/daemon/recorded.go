package daemon

import (
	"cmp"
	"slices"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// recorded returns the latest runs of some accounts, the latest first.
func (d *Daemon) recorded(accounts []*account, most int) []RunSummary {
	runs := []RunSummary{}
	for _, a := range accounts {
		found, err := a.history.Runs(most)
		if err != nil {
			d.log.Warn("not every run record could be read", "account", a.label(), "error", err.Error())
		}
		runs = append(runs, found...)
	}
	slices.SortStableFunc(runs, func(a, b RunSummary) int {
		return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(b.ID, a.ID))
	})
	return runs[:min(len(runs), most)]
}

// clockTime writes a moment for people, in its own timezone.
func clockTime(at time.Time) string { return at.Format("Mon 2006-01-02 15:04 MST") }

// ago writes the time between two moments in the one unit that matters.
func ago(from, to time.Time) string {
	elapsed := max(0, to.Sub(from))
	switch {
	case elapsed < time.Minute:
		return reconcile.Count(int(elapsed/time.Second), "second")
	case elapsed < 2*time.Hour:
		return reconcile.Count(int(elapsed/time.Minute), "minute")
	case elapsed < 48*time.Hour:
		return reconcile.Count(int(elapsed/time.Hour), "hour")
	}
	return reconcile.Count(int(elapsed/reconcile.Day), "day")
}

// Took says how long the run took.
func (r *RunSummary) Took() string { return r.FinishedAt.Sub(r.StartedAt).Round(time.Second).String() }
