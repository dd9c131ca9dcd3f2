package record

import (
	"errors"
	"slices"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// Retention says which records are kept.
type Retention struct {
	// Runs is the most records to keep of each mode, so that frequent dry runs do
	// not crowd out what applies did; 0 keeps any number.
	Runs int
	// Age is how long a record is kept; 0 keeps it for ever.
	Age time.Duration
	// Notice is how long before a release somebody must have been named, at the most:
	// records that name people and that such a rule may still need are kept whatever
	// Runs and Age say. Negative: not known, which keeps all of them.
	Notice time.Duration
}

// nothingYet is how long a run may take from making its record to writing the
// first line of it, which takes no time at all.
const nothingYet = time.Minute

// noticeSlack is how much longer than the notice a record that names somebody is kept:
// the next run may be that late.
const noticeSlack = 31 * reconcile.Day

// Prune removes the records that retention does not keep, and the files of runs
// that were killed before they had recorded anything. What they say to limits over
// time, returns and savings is carried forward; see [Store.Carried]. Kept whatever
// retention says are records of runs that were killed and not recovered, or that left
// a write open; those that an announcement needs; damaged ones, as long as a rule may
// look back to them; and files that cannot be read as a record, which are named in the
// error. Only the holder of the lock may prune.
func (s *Store) Prune(retention Retention, now time.Time) error {
	entries, err := s.entries(time.Time{})
	if err != nil {
		return err
	}
	var problems []error
	var over, empty []*entry
	kept := make(map[reconcile.Mode]int)
	named := make(map[string]bool)
	for _, one := range entries {
		switch {
		case errors.Is(one.err, errNothing):
			if started, known := StartOf(one.ID); known && now.Sub(started) > nothingYet {
				empty = append(empty, one)
			}
			continue
		case one.err != nil:
			problems = append(problems, one.err)
			continue
		}
		isNeeded := retention.isNeeded(one, named, now)
		if one.isClosed && !isNeeded && retention.isOver(one, kept[one.Mode], now) {
			over = append(over, one)
		}
		kept[one.Mode]++
	}
	problems = append(problems, s.removeAll(over, now))
	for _, one := range empty {
		problems = append(problems, s.remove(one.ID))
	}
	return errors.Join(problems...)
}

// removeAll carries forward what records say, and removes them.
func (s *Store) removeAll(over []*entry, now time.Time) error {
	if len(over) == 0 {
		return nil
	}
	known, err := s.Carried()
	var damaged *carriedError
	if err != nil && !errors.As(err, &damaged) {
		return err
	}
	carrier := newCarrier(known)
	var runs []reconcile.PastRun
	for _, one := range slices.Backward(over) {
		past := carrier.carriedOf(one)
		isCarried := slices.ContainsFunc(known, func(there reconcile.PastRun) bool { return there.ID == one.ID })
		if past != nil && !isCarried { // a process that was killed here has not removed it
			runs = append(runs, *past)
		}
	}
	if err := s.carry(runs, now); err != nil {
		return s.unusable(err)
	}
	var problems []error
	for _, one := range over {
		problems = append(problems, s.remove(one.ID))
	}
	return errors.Join(problems...)
}

// isOver reports whether a record is not to be kept any longer, given how many
// later ones there are.
func (r Retention) isOver(one *entry, later int, now time.Time) bool {
	return r.Runs > 0 && later >= r.Runs || r.Age > 0 && now.Sub(one.FinishedAt) > r.Age
}

// isNeeded reports whether a rule may need a record itself. It is asked the latest
// first, and notes whom those named that are as old as a notice: of each person the
// latest of them is needed.
func (r Retention) isNeeded(one *entry, named map[string]bool, now time.Time) bool {
	if one.Damage != nil && now.Sub(one.FinishedAt) <= reconcile.HistoryReach {
		return true
	}
	if one.Past == nil || r.Notice == 0 || len(one.Past.Announced) == 0 {
		return false
	}
	age := now.Sub(one.StartedAt)
	if r.Notice < 0 {
		return age <= reconcile.HistoryReach
	}
	if age < r.Notice {
		return true
	}
	isFirst := false
	for _, key := range one.Past.Announced {
		isFirst = isFirst || !named[key]
		named[key] = true
	}
	return isFirst && age <= max(r.Age, r.Notice+noticeSlack)
}

// isUnfinished reports whether a later run still has to recover the record, or the
// run is going on. A dry run leaves nothing to recover.
func (r *Record) isUnfinished() bool {
	return r.Mode != reconcile.ModeDryRun && (r.Result == reconcile.ResultRunning || r.isForgotten() || len(r.unknown) > 0)
}

// remove removes the journal of a run.
func (s *Store) remove(id string) error {
	runs, err := s.openRuns()
	if err != nil {
		return err
	}
	defer runs.Close()
	return runs.Remove(id + extension)
}
