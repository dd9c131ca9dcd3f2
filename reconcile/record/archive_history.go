package record

import (
	"maps"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// History returns what the runs of all accounts of the archive know, see
// [Store.History], and the timezone of the file from which the latest run with a plan
// was made, "" where there is none.
func (a *Archive) History() (all reconcile.History, timezone string) {
	all = reconcile.History{Returned: make(map[string][]time.Time), Restored: make(map[string]time.Time)}
	latest := ""
	for _, store := range a.stores {
		entries, err := store.entries(time.Time{})
		history := store.historyOf(entries, err, time.Time{})
		all.Runs += history.Runs
		all.Taken = append(all.Taken, history.Taken...)
		for _, reading := range history.Readings {
			reading.Account = store.account
			all.Readings = append(all.Readings, reading)
		}
		all.Unreadable = append(all.Unreadable, history.Unreadable...)
		maps.Copy(all.Returned, history.Returned)
		maps.Copy(all.Restored, history.Restored)
		for _, one := range entries {
			if one.Timezone != "" && one.ID > latest {
				latest, timezone = one.ID, one.Timezone
			}
		}
	}
	return all, timezone
}
