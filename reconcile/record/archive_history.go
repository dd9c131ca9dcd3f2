package record

import (
	"maps"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// Timezone returns that of the file from which the latest run with a plan was made, ""
// where there is none.
func (a *Archive) Timezone() string {
	var latest entry
	for _, store := range a.stores {
		entries, _ := store.entries(time.Time{})
		for _, one := range entries {
			if one.Timezone != "" && one.ID > latest.ID {
				latest = one
			}
		}
	}
	return latest.Timezone
}

// History returns what the runs of all accounts of the archive know since a time; see
// [Store.History].
func (a *Archive) History(since time.Time) reconcile.History {
	all := reconcile.History{Returned: make(map[string][]time.Time), Restored: make(map[string]time.Time)}
	for _, store := range a.stores {
		history := store.History(since)
		all.Runs += history.Runs
		all.Taken = append(all.Taken, history.Taken...)
		all.Readings = append(all.Readings, history.Readings...)
		all.Unreadable = append(all.Unreadable, history.Unreadable...)
		maps.Copy(all.Returned, history.Returned)
		maps.Copy(all.Restored, history.Restored)
	}
	return all
}
