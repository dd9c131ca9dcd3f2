package record

import (
	"errors"
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
}

// nothingYet is how long a run may take from making its record to writing the
// first line of it, which takes no time at all.
const nothingYet = time.Minute

// Prune removes the records that retention does not keep, and the files of runs
// that were killed before they had recorded anything. Records of runs that were
// killed and not recovered are kept whatever retention says, and so are files
// that cannot be read as a record, which are named in the error. Only the holder
// of the lock may prune.
func (s *Store) Prune(retention Retention, now time.Time) error {
	ids, err := s.ids()
	if err != nil {
		return err
	}
	var problems []error
	kept := 0
	for _, id := range ids {
		record, err := s.read(id)
		isUnwanted := false
		switch {
		case errors.Is(err, errNothing):
			started, known := StartOf(id)
			isUnwanted = known && now.Sub(started) > nothingYet
		case err != nil:
			problems = append(problems, err)
		default:
			isUnwanted = !record.isUnfinished() && retention.isOver(record, kept, now)
			kept++
		}
		if isUnwanted {
			problems = append(problems, s.remove(id))
		}
	}
	return errors.Join(problems...)
}

// isOver reports whether a record is not to be kept any longer, given how many
// later ones there are.
func (r Retention) isOver(record *Record, later int, now time.Time) bool {
	return r.Runs > 0 && later >= r.Runs || r.Age > 0 && now.Sub(record.FinishedAt) > r.Age
}

// isUnfinished reports whether a later run still has to recover the record,
// or the run is going on. A dry run leaves nothing to recover.
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
