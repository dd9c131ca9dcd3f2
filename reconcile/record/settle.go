package record

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// Killed returns the records of runs that were killed and that no later run has
// looked after yet, the latest first. Dry runs are not among
// them: they leave nothing to look after. Only the holder of the lock may ask:
// without it, a run that is still going looks the same.
func (s *Store) Killed() ([]*Record, error) {
	records, err := s.List()
	var killed []*Record
	for _, record := range records {
		if record.isUnfinished() && record.IsKilled() {
			killed = append(killed, record)
		}
	}
	return killed, err
}

// Settle looks after a killed run: what is in the account now says what became
// of the changes that were being written. It adds that to the record, so that
// the run is told of once, and returns the record as it then is.
func (s *Store) Settle(record *Record, live *reconcile.Live, clock func() time.Time) (*Record, error) {
	settled := line{Type: lineSettled, At: clock().UTC(), Changes: record.unknown, Outcomes: settledOutcomes(record, live)}
	if err := s.appendTo(record.ID, settled); err != nil {
		return nil, s.unusable(fmt.Errorf("settle run %s: %w", record.ID, err))
	}
	return s.read(record.ID)
}

// appendTo adds a line to a journal, and syncs. What a killed process wrote of its
// last line stays, and the new one begins after it.
func (s *Store) appendTo(id string, l line) error {
	runs, err := s.openRuns()
	if err != nil {
		return err
	}
	defer runs.Close()
	file, err := openFile(runs, id+extension, os.O_RDWR|os.O_APPEND)
	if err != nil {
		return err
	}
	var data []byte
	j, err := readJournal(file)
	if err == nil {
		data, err = j.next(l)
	}
	if err == nil {
		_, err = file.Write(data)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// next returns what to add to a journal for one more line.
func (j *journal) next(l line) (data []byte, err error) {
	if !j.isEnded {
		data = []byte("\n")
	}
	var text []byte
	if l.Prev = j.lastSum(); j.isSummed {
		text, _, err = encode(l)
	} else {
		text, err = encodeUnsummed(l)
	}
	return append(data, text...), err
}

// settledOutcomes judges the changes that were being written by what is there.
func settledOutcomes(record *Record, live *reconcile.Live) []reconcile.Outcome {
	users := make(map[string]*reconcile.User, len(live.Users))
	for i := range live.Users {
		users[live.Users[i].ID] = &live.Users[i]
	}
	outcomes := make([]reconcile.Outcome, len(record.unknown))
	for i, index := range record.unknown {
		change := &record.Plan.Changes[index]
		user := users[change.UserID]
		switch {
		case user == nil:
			outcomes[i] = reconcile.Outcome{Change: index, Status: reconcile.Failed, Error: killedWriting + "the user is no longer in the account"}
		case change.IsReached(user):
			outcomes[i] = reconcile.Outcome{Change: index, Status: reconcile.Applied}
		default:
			outcomes[i] = reconcile.Outcome{Change: index, Status: reconcile.Failed, Error: killedWriting + "reading the user shows that it took no effect"}
		}
	}
	return outcomes
}

const killedWriting = "the run was killed while this was being written, and "
