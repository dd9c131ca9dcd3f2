package record

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// Reading is a look at the account that says what became of requests of earlier
// runs.
type Reading struct {
	Live *reconcile.Live
	// Begun is when the reading began.
	Begun time.Time
	// LateEffectWindow is how long a request may still take effect after it was last
	// sent; see [reconcile.LateEffectWindow].
	LateEffectWindow time.Duration
}

// longestCall is longer than sending a request takes, with all repetitions and
// waiting for the quota.
const longestCall = 10 * time.Minute

// Recovery is what a reading says of an earlier run.
type Recovery struct {
	// Record is the run as it now is.
	Record *Record
	// IsFirst is true when nobody has recovered this run, which was killed, before.
	IsFirst bool
	// Looked is the number of changes of which it was not known whether they took
	// effect, and Found that of those that turned out to be applied.
	Looked, Found int
}

// Killed returns the records of runs that were killed and that no later run has
// recovered yet, the latest first. Dry runs are not among them: they leave nothing
// to recover. Only the holder of the lock may ask: without it, a run that is still
// going looks the same.
func (s *Store) Killed() ([]*Record, error) {
	records, err := s.List()
	return slices.DeleteFunc(records, func(r *Record) bool { return !r.isForgotten() }), err
}

// isForgotten reports whether the run was killed and nobody has recovered it.
func (r *Record) isForgotten() bool {
	return r.Mode != reconcile.ModeDryRun && r.IsKilled() && !r.recovered
}

// Recover judges runs that were killed, and after changes of which it is not
// known whether they took effect: what is in the account says what became of
// them, and is added to their records. A reading that shows what a change asks for
// decides it at once. One that does not, only when no request can be on its way any
// more; until then the change stays open, and the next reading counts.
//
// A change that a later run has made as well is that run's: a seat that is freed
// counts once. Records that cannot be read are passed over and told of in the
// first error. Only the holder of the lock may recover.
func (s *Store) Recover(reading Reading, clock func() time.Time) (recovered []Recovery, unreadable, err error) {
	entries, err := s.entries(time.Time{})
	if err != nil {
		return nil, nil, err
	}
	open, unreadable := openOf(entries)
	seen := lookup{reading: reading, users: make(map[string]*reconcile.User), done: make(map[doneKey]string)}
	for i := range reading.Live.Users {
		seen.users[reading.Live.Users[i].ID] = &reading.Live.Users[i]
	}
	for _, id := range open { // the latest first, so what later runs have done is known
		record, err := s.read(id)
		if err != nil {
			continue // removed meanwhile
		}
		if record.isForgotten() || len(record.unknown) > 0 && record.Result != reconcile.ResultRunning {
			one, err := s.recoverRun(record, &seen, clock)
			if err != nil {
				return recovered, unreadable, s.unusable(fmt.Errorf("recover run %s: %w", record.ID, err))
			}
			recovered, record = append(recovered, one), one.Record
		}
		seen.note(record)
	}
	return recovered, unreadable, nil
}

// openOf returns the runs that may leave something to recover, and before them those
// that have made a change since: that of one may be that of the other. The error names
// records that cannot be read.
func openOf(entries []*entry) (ids []string, unreadable error) {
	var since []string
	for _, one := range entries {
		switch {
		case one.err != nil:
			unreadable = errors.Join(unreadable, one.err)
		case !one.isClosed:
			ids, since = append(append(ids, since...), one.ID), nil
		case one.Applied > 0:
			since = append(since, one.ID)
		}
		if one.Damage != nil {
			unreadable = errors.Join(unreadable, &DamageError{RunID: one.ID, Damage: one.Damage})
		}
	}
	return ids, unreadable
}

// recoverRun judges one run.
func (s *Store) recoverRun(record *Record, seen *lookup, clock func() time.Time) (Recovery, error) {
	one := Recovery{Record: record, IsFirst: record.isForgotten(), Looked: len(record.unknown)}
	outcomes := make([]reconcile.Outcome, len(record.unknown))
	isNews := one.IsFirst
	for i, index := range record.unknown {
		outcomes[i] = seen.outcomeOf(record, index)
		isNews = isNews || outcomes[i] != record.outcome(index)
		if outcomes[i].Status == reconcile.Applied {
			one.Found++
		}
	}
	if !isNews {
		return one, nil
	}
	err := s.appendTo(record.ID, line{Type: lineRecovered, At: clock().UTC(), Changes: record.unknown, Outcomes: outcomes})
	if err == nil {
		one.Record, err = s.read(record.ID)
	}
	return one, err
}

// outcome returns what the run says of a change.
func (r *Record) outcome(index int) reconcile.Outcome {
	for _, outcome := range r.Run.Outcomes {
		if outcome.Change == index {
			return outcome
		}
	}
	return reconcile.Outcome{}
}

// lookup judges changes by a reading and by what later runs have done.
type lookup struct {
	reading Reading
	users   map[string]*reconcile.User
	done    map[doneKey]string // the run that has made a change
}

// doneKey is what makes two changes one, if the second found the user as the first did.
type doneKey struct {
	userID string
	kind   reconcile.Kind
	after  reconcile.State
}

func keyOf(change *reconcile.Change) doneKey {
	key := doneKey{userID: change.UserID, kind: change.Kind}
	if change.IsSeatChange() {
		key.after.AccessSeat, key.after.GatewaySeat = change.After.AccessSeat, change.After.GatewaySeat
	} else {
		key.after.Name = change.After.Name
	}
	return key
}

// note remembers what a run has done.
func (l *lookup) note(record *Record) {
	if record.Plan == nil || record.Run == nil {
		return
	}
	for _, outcome := range record.Run.Outcomes {
		if outcome.Status == reconcile.Applied {
			l.done[keyOf(&record.Plan.Changes[outcome.Change])] = record.ID
		}
	}
}

// errRunEnded is why it is not known what became of a change of a run that was not
// killed.
var errRunEnded = errors.New("the run ended before this was known")

// outcomeOf says what became of a change of an earlier run.
func (l *lookup) outcomeOf(record *Record, index int) reconcile.Outcome {
	change := &record.Plan.Changes[index]
	cause := errRunEnded
	if record.IsKilled() {
		cause = reconcile.ErrKilled
	}
	if l.reading.Begun.Before(record.lastSent.Add(l.reading.LateEffectWindow)) {
		cause = reconcile.InFlight(cause)
	}
	outcome := reconcile.JudgeOutcome(index, change, cause, l.users[change.UserID], nil)
	if later := l.done[keyOf(change)]; outcome.Status == reconcile.Applied && later != "" {
		return reconcile.Outcome{Change: index, Status: reconcile.Failed, Error: fmt.Sprintf(
			"%s %s: %v, and run %s has done the same since: the change counts there", change.Kind, change.Email, cause, later)}
	}
	return outcome
}

// appendTo adds a line to a journal, and syncs. What a killed process wrote of its
// last line stays, and the new one begins after it.
func (s *Store) appendTo(id string, l line) error {
	runs, err := s.openRuns()
	if err != nil {
		return err
	}
	defer runs.Close()
	return addLines(runs, id+extension, 0, l)
}

// addLines adds lines to a file in the form of a journal, and syncs. With os.O_CREATE
// it need not be there yet.
func addLines(directory *os.Root, name string, flag int, lines ...line) error {
	file, err := openFile(directory, name, os.O_RDWR|os.O_APPEND|flag)
	if err != nil {
		return err
	}
	j, err := readLines(file)
	var data []byte
	if err == nil {
		j.isSummed = j.isSummed || flag&os.O_CREATE != 0
		data, err = j.next(lines)
	}
	if err == nil {
		_, err = file.Write(data)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// next returns what to add to a journal for more lines.
func (j *journal) next(lines []line) (data []byte, err error) {
	if !j.isEnded {
		data = []byte("\n")
	}
	prev := j.lastSum()
	for _, l := range lines {
		var text []byte
		if l.Prev = prev; j.isSummed {
			text, prev, err = seal(l)
		} else {
			text, err = lineOf(l)
		}
		if err != nil {
			return nil, err
		}
		data = append(data, text...)
	}
	return data, nil
}
