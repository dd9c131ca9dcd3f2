package record

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/seatsync/seatsync/reconcile"
)

// The index of an account has what rules that look back need of each record, so that
// a plan does not read ten thousand of them. It is derived, and nothing depends on
// it: an entry counts only as long as the file of its record has the size and the
// time of the last change that it had, and where the index is missing, old, torn or
// cannot be written, the records are read. A Store reads it once, and keeps in memory
// what it has derived since, by the same rule.
//
// Only records that are closed are in it: of a run that was killed, or that left a
// change open, the next reading may tell something else.

// indexName is the file of the index, in the directory of the account.
const indexName = "index.json"

// indexFormat is the version of the form of the index, and of what is derived from
// a record: one of another version is built anew.
const indexFormat = 3

// index is the content of the file.
type index struct {
	Format  int      `json:"format"`
	Entries []*entry `json:"entries"`
}

// journalFile is the file of a record, as a listing of its directory has it.
type journalFile struct {
	ID string `json:"id"`
	// Modified is in nanoseconds.
	Size     int64 `json:"size"`
	Modified int64 `json:"modified"`
}

// entry is what is kept of one record.
type entry struct {
	journalFile

	Mode       reconcile.Mode `json:"mode"`
	StartedAt  time.Time      `json:"started_at"`
	FinishedAt time.Time      `json:"finished_at"`
	// Applied is how many changes the run has made.
	Applied int      `json:"applied,omitempty"`
	Damage  []string `json:"damage,omitempty"`
	// Past is nil for a run without a plan.
	Past *reconcile.PastRun `json:"past,omitempty"`
	// Pending is true for an apply that was to change something.
	Pending bool `json:"pending,omitempty"`
	// Timezone is that of the file of the plan, and IsRevert true for one that took a run back.
	Timezone string `json:"timezone,omitempty"`
	IsRevert bool   `json:"is_revert,omitempty"`
	// People are those of whom an apply tried to change something.
	People []reconcile.Person `json:"people,omitempty"`

	isClosed bool  // nothing more will be added to it
	err      error // why the record cannot be read
}

// longestIndex bounds what is read: 100,000 entries fit.
const longestIndex = 256 << 20

// A record that was changed so shortly before the index was written could change once
// more without its time telling: clocks of file systems are that coarse.
const coarsest = 2 * time.Second

// So much is read without the index before it is written again.
const (
	mostUnindexed      = 16
	mostUnindexedBytes = 1 << 20
)

// entries returns what is kept of the records of runs that started no earlier than a
// time, the latest first; see [entry]. Records that cannot be read are among them.
func (s *Store) entries(since time.Time) ([]*entry, error) {
	runs, err := s.openRuns()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer runs.Close()
	files, err := journalsIn(runs)
	if err != nil {
		return nil, err
	}
	s.indexing.Lock()
	defer s.indexing.Unlock()
	if s.known == nil {
		s.known = s.readIndex()
	}
	entries := make([]*entry, 0, len(files))
	unindexed, bytes, reach := 0, int64(0), since.Add(-longestRun)
	for _, file := range files {
		if started, ok := StartOf(file.ID); ok && started.Before(reach) {
			continue
		}
		if known, ok := s.known[file.ID]; ok && known.journalFile == file {
			entries = append(entries, known)
			continue
		}
		read := s.readEntry(runs, file)
		if errors.Is(read.err, fs.ErrNotExist) { // removed meanwhile by retention
			continue
		}
		if read.isClosed {
			unindexed, bytes = unindexed+1, bytes+read.Size
			s.known[file.ID] = read
		}
		entries = append(entries, read)
	}
	s.forget(files)
	if unindexed > mostUnindexed || bytes > mostUnindexedBytes {
		s.writeIndex(files)
	}
	return entries, nil
}

// forget drops what is known of records that are gone.
func (s *Store) forget(files []journalFile) {
	if len(s.known) <= len(files) {
		return
	}
	isThere := make(map[string]bool, len(files))
	for _, file := range files {
		isThere[file.ID] = true
	}
	maps.DeleteFunc(s.known, func(id string, _ *entry) bool { return !isThere[id] })
}

// journalsIn lists the journals in a directory, the latest first.
func journalsIn(runs *os.Root) ([]journalFile, error) {
	found, err := entriesOf(runs)
	if err != nil {
		return nil, err
	}
	files := make([]journalFile, 0, len(found))
	for _, file := range found {
		id, ok := idOf(file)
		if !ok {
			continue
		}
		info, err := file.Info()
		if err != nil {
			continue // removed meanwhile
		}
		files = append(files, journalFile{ID: id, Size: info.Size(), Modified: info.ModTime().UnixNano()})
	}
	slices.SortFunc(files, func(a, b journalFile) int { return cmp.Compare(b.ID, a.ID) })
	return files, nil
}

// readEntry derives an entry from its record.
func (s *Store) readEntry(runs *os.Root, file journalFile) *entry {
	read := &entry{journalFile: file}
	record, err := s.readIn(runs, file.ID)
	if err != nil {
		read.StartedAt, _ = StartOf(file.ID)
		read.err = err
		return read
	}
	read.Mode, read.StartedAt, read.FinishedAt, read.Damage = record.Mode, record.StartedAt, record.FinishedAt, record.Damage
	read.isClosed = !record.isUnfinished()
	if record.Run != nil {
		read.Applied = record.Run.Count(reconcile.Applied)
	}
	if record.Plan != nil {
		past := record.past()
		read.Past, read.Pending = &past, record.Plan.Run != nil && record.Plan.Summary.Pending() > 0
		read.Timezone, read.IsRevert, read.People = record.Plan.Timezone, isRevert(record.Plan), record.people()
	}
	return read
}

// readIndex reads the index. One that is of no use is an empty one.
func (s *Store) readIndex() map[string]*entry {
	entries := make(map[string]*entry)
	directory, err := s.openDirectory()
	if err != nil {
		return entries
	}
	defer directory.Close()
	info, err := directory.Lstat(indexName)
	if err != nil {
		return entries
	}
	text, err := readSealedText(directory, indexName, longestIndex)
	var found index
	// It is megabytes, and this package decodes them in half of the time.
	if err != nil || jsonv2.Unmarshal(text, &found) != nil || found.Format != indexFormat {
		return entries
	}
	latest := info.ModTime().Add(-coarsest).UnixNano()
	for _, one := range found.Entries {
		if one != nil && one.Modified < latest {
			one.isClosed = true
			entries[one.ID] = one
		}
	}
	return entries
}

// writeIndex writes what is known of the records that have a file. That it cannot be
// written costs time and nothing else.
func (s *Store) writeIndex(files []journalFile) {
	content := index{Format: indexFormat, Entries: make([]*entry, 0, len(files))}
	for _, file := range files {
		if known := s.known[file.ID]; known != nil {
			content.Entries = append(content.Entries, known)
		}
	}
	directory, err := s.openDirectory()
	if err != nil {
		return
	}
	defer directory.Close()
	if data, _, err := seal(content); err == nil {
		_ = replaceFile(directory, indexName, data)
	}
}

// isRevert reports whether a plan takes a run back: then all of it does.
func isRevert(plan *reconcile.Plan) bool {
	return len(plan.Changes) > 0 && plan.Changes[0].Reason == reconcile.Reverted
}
