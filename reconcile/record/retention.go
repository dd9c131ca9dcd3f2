package record

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// Retention says which records are kept.
type Retention struct {
	// Runs is the most records to keep; 0 keeps any number.
	Runs int
	// Age is how long a record is kept; 0 keeps it for ever.
	Age time.Duration
}

// Prune removes the records that retention does not keep. Those of runs that
// were killed and not looked after are kept whatever it says.
func (s *Store) Prune(retention Retention, now time.Time) error {
	records, err := s.List()
	if err != nil {
		return fmt.Errorf("not pruned: %w", err)
	}
	var problems []error
	for i, record := range records {
		tooMany := retention.Runs > 0 && i >= retention.Runs
		tooOld := retention.Age > 0 && now.Sub(record.FinishedAt) > retention.Age
		unfinished := record.Result == ResultRunning || record.IsKilled() && !record.settled
		if (tooMany || tooOld) && !unfinished {
			problems = append(problems, os.Remove(s.path(record.ID)))
		}
	}
	return errors.Join(problems...)
}
