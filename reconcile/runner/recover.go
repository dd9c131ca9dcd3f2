package runner

import (
	"cmp"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
)

// defaultRequestTimeout is that of [Runner.RequestTimeout].
const defaultRequestTimeout = 30 * time.Second

// recoverEarlier judges by what is in the account now, as read since some time,
// what earlier runs were writing when they were killed, or could not find out. It
// reports a killed run once, and changes that turn out to be applied. Only the
// holder of the lock may: without it, a run that is still going looks the same.
func (r *run) recoverEarlier(live *reconcile.Live, begun time.Time) error {
	recovered, unreadable, err := r.Store.Recover(record.Reading{
		Live: live, Begun: begun,
		LateEffectWindow: reconcile.LateEffectWindow(cmp.Or(r.RequestTimeout, defaultRequestTimeout)),
	}, r.clock)
	if unreadable != nil {
		r.note("not every run record could be read: %v", unreadable)
	}
	for i := range recovered {
		r.noteRecovered(&recovered[i])
	}
	return err
}

func (r *run) noteRecovered(one *record.Recovery) {
	id, open := one.Record.ID, len(one.Record.Unknown())
	switch {
	case one.IsFirst && open > 0:
		r.note("run %s was killed: %s applied, %d of them found by reading the %s that it was writing; of %d it is not known yet, and later runs look again; see 'seatsync history %s'",
			id, reconcile.Count(applied(one.Record), "change"), one.Found, reconcile.Count(one.Looked, "user"), open, id)
	case one.IsFirst:
		r.note("run %s was killed: %s applied, %d of them found by reading the %s that it was writing; see 'seatsync history %s'",
			id, reconcile.Count(applied(one.Record), "change"), one.Found, reconcile.Count(one.Looked, "user"), id)
	case one.Found > 0:
		r.note("run %s: %s of which it was not known turned out to be applied; see 'seatsync history %s'", id, reconcile.Count(one.Found, "change"), id)
	}
}

// applied counts what a run is known to have applied.
func applied(found *record.Record) int {
	if found.Run == nil {
		return 0
	}
	return found.Run.Count(reconcile.Applied)
}
