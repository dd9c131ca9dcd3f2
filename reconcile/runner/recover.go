package runner

import (
	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
)

// recoverKilled finds runs that were killed, settles what they were writing by
// what is in the account now, and tells of each once. Only the holder of the lock
// may: without it, a run that is still going looks the same.
func (r *run) recoverKilled(live *reconcile.Live) error {
	killed, err := r.Store.Killed()
	if err != nil {
		r.note("not every run record could be read: %v", err)
	}
	for _, earlier := range killed {
		unknown, before := len(earlier.Unknown()), applied(earlier)
		settled, err := r.Store.Settle(earlier, live, r.Clock)
		if err != nil {
			return err
		}
		r.note("run %s was killed: %s applied, %d of them found by reading the %s that it was writing; see 'seatsync history %s'",
			earlier.ID, reconcile.Count(applied(settled), "change"), applied(settled)-before, reconcile.Count(unknown, "user"), earlier.ID)
	}
	return nil
}

// applied counts what a run is known to have applied.
func applied(found *record.Record) int {
	if found.Plan == nil {
		return 0
	}
	return found.Plan.Run.Count(reconcile.Applied)
}
