package record

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// line is one line of a journal. Which fields it has depends on Type.
type line struct {
	Type string    `json:"type"`
	At   time.Time `json:"at"`

	Start    *Start              `json:"start,omitempty"`    // start, and again plan and end, in case that it is damaged
	Plan     *reconcile.Plan     `json:"plan,omitempty"`     // plan
	Kind     reconcile.CallKind  `json:"kind,omitempty"`     // intent, result
	Changes  []int               `json:"changes,omitempty"`  // intent, result
	Outcomes []reconcile.Outcome `json:"outcomes,omitempty"` // result, recovered
	Run      *reconcile.Run      `json:"run,omitempty"`      // end
	Result   reconcile.Result    `json:"result,omitempty"`   // end
	Error    string              `json:"error,omitempty"`    // end
	Past     *reconcile.PastRun  `json:"past,omitempty"`     // carried

	Prev string `json:"prev,omitempty"` // the checksum of the line before
	Sum  string `json:"sum,omitempty"`  // the checksum of this one; see seal
}

// The types of lines.
const (
	lineStart     = "start"
	linePlan      = "plan"
	lineIntent    = "intent"
	lineResult    = "result"
	lineRecovered = "settled"
	lineEnd       = "end"
)

// Start says which run a journal is of.
type Start struct {
	ID        string         `json:"id"`
	StartedAt time.Time      `json:"started_at"`
	Mode      reconcile.Mode `json:"mode"`
	Tool      string         `json:"tool"`
	// Who is the user of the system who started the run, and Host the machine.
	Who       string `json:"who"`
	Host      string `json:"host"`
	PID       int    `json:"pid"`
	AccountID string `json:"account_id"`
	Commit    string `json:"commit"`
	// File is the path of the desired state, "-" for standard input. It tells which account
	// a run was about that ended before it knew.
	File string `json:"file,omitempty"`
	// AsIf is true for a dry run by a clock that was not the API's: it shows what
	// would be at another time, and announces nothing to anybody.
	AsIf bool `json:"as_if,omitempty"`
}

// NewID returns an id for a run that starts at a time. Ids sort by time, also
// those of one second: the first half of what follows the time is a fraction of
// a second, the rest is random.
func NewID(at time.Time) string {
	var suffix [4]byte
	_, _ = rand.Read(suffix[2:]) // never fails, see crypto/rand
	binary.BigEndian.PutUint16(suffix[:], uint16(at.Nanosecond()*(1<<16)/int(time.Second)))
	return at.UTC().Format(idTime) + "-" + hex.EncodeToString(suffix[:])
}

// NewIDAs returns an id for a run that is dated by another clock than the one that
// it is made by. Ids of one second sort by when they were made, within twelve hours:
// a script may run with one --now again and again.
func NewIDAs(at, made time.Time) string {
	const tick = 10 * time.Microsecond
	return fmt.Sprintf("%s-%08x", at.UTC().Format(idTime), uint32(made.UnixNano()/int64(tick)))
}

// idTime is how an id begins.
const idTime = "20060102T150405Z"

// File is what a journal needs of its file. Tests stand in for a disk that fails; see
// [Store.Disk].
type File interface {
	Name() string
	Write(data []byte) (int, error)
	Sync() error
	Close() error
}

// Journal writes the record of one run. It is a [reconcile.Journal] and is safe
// for concurrent use.
type Journal struct {
	clock func() time.Time
	start *Start
	lock  *Lock // under which the run writes; nil for a dry run

	mu      sync.Mutex
	file    File
	written int64
	sum     string // the checksum of the last line
	err     error  // the first error; nothing is written after it

	syncing sync.Mutex
	synced  int64
	lost    error // why a sync failed; nothing after synced is certain
}

// Begin makes the record of a run that holds the lock; see [Store.Begin]. No intent
// is recorded, so that no request is sent, once somebody has taken the lock away.
func (l *Lock) Begin(start Start, plan *reconcile.Plan, clock func() time.Time) (*Journal, error) {
	journal, err := l.store.Begin(start, plan, clock)
	if err == nil {
		journal.lock = l
	}
	return journal, err
}

// Begin makes the record of a run with its plan, which is on the disk when it
// returns. Where that fails it leaves no record: the run has done nothing, and
// half a record would look like a run that was killed.
func (s *Store) Begin(start Start, plan *reconcile.Plan, clock func() time.Time) (*Journal, error) {
	directory, err := s.prepare()
	if err != nil {
		return nil, err
	}
	defer directory.Close()
	runs, err := openDirectory(directory, runsDirectory)
	if err != nil {
		return nil, s.unusable(err)
	}
	defer runs.Close()
	name := start.ID + extension
	opened, err := runs.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, fileMode)
	if err != nil {
		return nil, s.unusable(err)
	}
	file := File(opened)
	if s.Disk != nil {
		file = s.Disk(file)
	}
	journal := &Journal{file: file, clock: clock, start: &start}
	err = journal.append(line{Type: lineStart, Start: &start})
	if err == nil && plan != nil {
		err = journal.append(line{Type: linePlan, Start: &start, Plan: plan})
	}
	if err == nil {
		err = errors.Join(syncDirectory(runs), syncDirectory(directory))
	}
	if err != nil {
		return nil, s.unusable(errors.Join(err, file.Close(), runs.Remove(name)))
	}
	return journal, nil
}

// Intent records that a request is about to be sent.
func (j *Journal) Intent(call reconcile.Call) error {
	if j.lock != nil {
		if err := j.lock.Check(); err != nil {
			return err
		}
	}
	return j.append(line{Type: lineIntent, Kind: call.Kind, Changes: call.Changes})
}

// Result records what became of the changes in a request.
func (j *Journal) Result(call reconcile.Call, outcomes []reconcile.Outcome) error {
	return j.append(line{Type: lineResult, Kind: call.Kind, Changes: call.Changes, Outcomes: outcomes})
}

// End records how the run ended and closes the record. The error, when not nil,
// is why the run failed.
func (j *Journal) End(result reconcile.Result, run *reconcile.Run, failure error) error {
	end := line{Type: lineEnd, Start: j.start, Run: run, Result: result}
	if failure != nil {
		end.Error = reconcile.InertLines(failure.Error())
	}
	err := j.append(end)
	return errors.Join(err, j.file.Close())
}

// append writes one line and returns when it is on the disk.
func (j *Journal) append(l line) error {
	position, err := j.write(l)
	if err != nil {
		return err
	}
	return j.syncTo(position)
}

// write adds one line to the file and returns where it ends. A line that could
// only be written in part ends the journal: more after it would be unreadable.
func (j *Journal) write(l line) (int64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return 0, j.err
	}
	l.At, l.Prev = j.clock().UTC(), j.sum
	data, sum, err := seal(l)
	if err == nil {
		_, err = j.file.Write(data)
	}
	if err != nil {
		j.err = fmt.Errorf("write %s: %w", j.file.Name(), err)
		return 0, j.err
	}
	j.written += int64(len(data))
	j.sum = sum
	return j.written, nil
}

// syncTo returns when everything up to a position is on the disk. Lines that
// were written while another goroutine was syncing share the next sync.
//
// A sync that fails ends the journal: the system may drop what it could not
// write, and report the next sync as a success.
func (j *Journal) syncTo(position int64) error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if j.synced >= position {
		return nil
	}
	if j.lost != nil {
		return j.lost
	}
	j.mu.Lock()
	written := j.written
	j.mu.Unlock()
	if err := j.file.Sync(); err != nil {
		j.lost = fmt.Errorf("sync %s: %w", j.file.Name(), err)
		j.fail(j.lost)
		return j.lost
	}
	j.synced = written
	return nil
}

// fail lets nothing more be written.
func (j *Journal) fail(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil {
		j.err = err
	}
}
