package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// What a run took, gave back and saw come back is carried forward when its record is
// removed, so that limits over time, returns and savings know it for good. It is one
// line a run, in the form of a journal, without emails and names; a run that changed
// nothing leaves none. The line is on the disk before the record is gone: where both
// are there, the record counts.

// carriedName is the file with the lines, in the directory of the account.
const carriedName = "carried.jsonl"

// lineCarried is the type of the lines.
const lineCarried = "carried"

// Carried returns what is carried forward of runs whose record was removed, the
// earliest first. The error says that there is more that cannot be read.
func (s *Store) Carried() ([]reconcile.PastRun, error) {
	directory, err := s.openDirectory()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer directory.Close()
	file, err := openFile(directory, carriedName, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	s.indexing.Lock()
	defer s.indexing.Unlock()
	if s.carried.isOf(info) {
		return s.carried.runs, nil
	}
	j, err := readLines(file)
	if err != nil {
		return nil, err
	}
	var runs []reconcile.PastRun
	for i := range j.lines {
		if past := j.lines[i].line.Past; past != nil {
			runs = append(runs, *past)
		}
	}
	if j.damage != nil {
		return runs, &carriedError{path: s.Directory() + "/" + carriedName, damage: j.damage}
	}
	s.carried = carried{info, runs}
	return runs, nil
}

// carried is what a file has that is sound, as long as it has not changed; see [entry].
type carried struct {
	info fs.FileInfo // nil before the file was read
	runs []reconcile.PastRun
}

func (c *carried) isOf(now fs.FileInfo) bool {
	return c.info != nil && os.SameFile(c.info, now) && c.info.Size() == now.Size() && c.info.ModTime().Equal(now.ModTime())
}

// carriedError says that lines of the file are damaged.
type carriedError struct {
	path   string
	damage []string
}

func (e *carriedError) Error() string {
	return fmt.Sprintf("what was carried forward of removed records is damaged (%s): %s; its other lines count", e.path, strings.Join(e.damage, ", "))
}

// carry adds what is to be known of runs whose records are about to be removed, the
// earliest first. It is on the disk when carry returns.
func (s *Store) carry(runs []reconcile.PastRun, now time.Time) error {
	if len(runs) == 0 {
		return nil
	}
	directory, err := s.openDirectory()
	if err != nil {
		return err
	}
	defer directory.Close()
	lines := make([]line, len(runs))
	for i := range runs {
		lines[i] = line{Type: lineCarried, At: now.UTC(), Past: &runs[i]}
	}
	if err := addLines(directory, carriedName, os.O_CREATE, lines...); err != nil {
		return err
	}
	return syncDirectory(directory)
}

// carrier decides what is carried forward of runs, which are given the earliest first.
type carrier struct {
	taken map[string]time.Time // by user id, when a seat was last taken
	back  map[string]time.Time // and when the person was first seen in a seat after that
}

// newCarrier begins with what is carried forward already.
func newCarrier(runs []reconcile.PastRun) *carrier {
	c := &carrier{taken: make(map[string]time.Time), back: make(map[string]time.Time)}
	for i := range runs {
		c.note(&runs[i])
	}
	return c
}

func (c *carrier) note(past *reconcile.PastRun) {
	for _, taken := range past.Taken {
		if taken.At.After(c.taken[taken.UserID]) {
			c.taken[taken.UserID] = taken.At
		}
	}
	for _, userID := range past.Returned {
		if !c.isKnown(userID) {
			c.back[userID] = past.StartedAt
		}
	}
}

// isKnown reports whether it is carried that the person came back since the last
// release.
func (c *carrier) isKnown(userID string) bool {
	back, ok := c.back[userID]
	return ok && !back.Before(c.taken[userID])
}

// carriedOf returns what of a run is to be known for good, nil for nothing. Each run
// names again who came back ever: once is enough.
func (c *carrier) carriedOf(one *entry) *reconcile.PastRun {
	if one.Past == nil {
		return nil
	}
	past := *one.Past
	past.Announced, past.Taken, past.Returned = nil, nil, nil
	for _, taken := range one.Past.Taken {
		taken.Email = ""
		past.Taken = append(past.Taken, taken)
	}
	for _, userID := range one.Past.Returned {
		if !c.isKnown(userID) {
			past.Returned = append(past.Returned, userID)
		}
	}
	if !one.Pending {
		past.Digest, past.PlannedAt = "", time.Time{} // nothing can be applied twice
	}
	c.note(one.Past)
	if len(past.Taken)+len(past.Restored)+len(past.Returned) == 0 && past.Digest == "" {
		return nil
	}
	return &past
}
