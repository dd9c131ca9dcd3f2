// Package record keeps what runs did: one journal file a run in the state
// directory, written before and after each request so that a run that was
// killed can still be accounted for, and the lock that lets one apply write at
// a time.
//
// A journal is JSON lines: a start, the plan, an intent before and a result
// after each request, and an end. It must never be rewritten, only added to, but
// for a last line that a killed process left half written: nothing may be
// concluded from a line that is not whole.
//
// Read on in journal.go for writing, history.go for reading, settle.go for runs
// that were killed, and lock.go for the lock.
package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Store is a state directory.
type Store struct{ directory string }

// NewStore returns the store in a directory, which need not exist yet: it is
// made when something is written.
func NewStore(directory string) *Store { return &Store{directory: directory} }

// Directory returns the state directory.
func (s *Store) Directory() string { return s.directory }

// Records hold names and emails, so they are for the owner alone.
const (
	directoryMode = 0o700
	fileMode      = 0o600
)

// extension ends the name of a journal file; what stands before is the run's id.
const extension = ".jsonl"

func (s *Store) runs() string { return filepath.Join(s.directory, "runs") }

func (s *Store) path(id string) string { return filepath.Join(s.runs(), id+extension) }

// prepare makes the directories. The error says what to do.
func (s *Store) prepare() error {
	if err := os.MkdirAll(s.runs(), directoryMode); err != nil {
		return s.unusable(err)
	}
	return nil
}

// unusable explains an error of the state directory.
func (s *Store) unusable(err error) error {
	return fmt.Errorf("the state directory %s cannot be used: %w; make it writable, or name another with --state-dir", s.directory, err)
}

// CheckWritable tries whether records can be written. It leaves the directories
// behind, and nothing in them.
func (s *Store) CheckWritable() error {
	if err := s.prepare(); err != nil {
		return err
	}
	file, err := os.CreateTemp(s.runs(), ".check-*")
	if err != nil {
		return s.unusable(err)
	}
	_, err = file.WriteString("seatsync\n")
	err = errors.Join(err, file.Sync(), file.Close(), os.Remove(file.Name()))
	if err != nil {
		return s.unusable(err)
	}
	return nil
}

// IDs returns the ids of all recorded runs, the latest first. Reading them is
// cheap, so that someone who keeps what [Store.Read] returned can tell what is new.
func (s *Store) IDs() ([]string, error) { return s.ids() }

// ids returns the ids of all recorded runs, the latest first. An id begins with
// the time of the run, so names sort by time.
func (s *Store) ids() ([]string, error) {
	entries, err := os.ReadDir(s.runs())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the run records: %w", err)
	}
	var ids []string
	for _, entry := range entries {
		if id, ok := strings.CutSuffix(entry.Name(), extension); ok && entry.Type().IsRegular() {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids, nil
}
