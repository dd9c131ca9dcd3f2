package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Holder says who holds the lock.
type Holder struct {
	RunID string    `json:"run_id"`
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Who   string    `json:"who"`
	Since time.Time `json:"since"`
}

// LockedError says that another process is writing.
type LockedError struct {
	// Holder is empty when it cannot be told.
	Holder Holder
	Path   string
}

// Error says who holds the lock and what to do.
func (e *LockedError) Error() string {
	if e.Holder.PID == 0 {
		return fmt.Sprintf("another seatsync is writing (it holds %s): wait until it ends", e.Path)
	}
	return fmt.Sprintf("another seatsync is writing: run %s of %s, process %d on %s, since %s; wait until it ends",
		e.Holder.RunID, e.Holder.Who, e.Holder.PID, e.Holder.Host, e.Holder.Since.Format(time.RFC3339))
}

// Lock is the right to write. The system takes it back when the process dies.
type Lock struct {
	file   *flock.Flock
	holder string
}

func (s *Store) lockPath() string { return filepath.Join(s.directory, "lock") }

// holderPath is where the holder of the lock says who it is. It is a file of its
// own because Windows lets nobody read or write one that is locked.
func (s *Store) holderPath() string { return filepath.Join(s.directory, "lock.json") }

// Lock takes the lock of the state directory, or returns a *[LockedError] at once.
func (s *Store) Lock(holder Holder) (*Lock, error) {
	if err := s.prepare(); err != nil {
		return nil, err
	}
	file := flock.New(s.lockPath(), flock.SetPermissions(fileMode))
	locked, err := tryBriefly(file)
	if err != nil {
		return nil, s.unusable(err)
	}
	if !locked {
		return nil, errors.Join(&LockedError{Holder: s.holder(), Path: s.lockPath()}, file.Close())
	}
	data, err := json.Marshal(holder)
	if err == nil {
		err = os.WriteFile(s.holderPath(), data, fileMode)
	}
	if err != nil {
		return nil, s.unusable(errors.Join(err, file.Unlock()))
	}
	return &Lock{file: file, holder: s.holderPath()}, nil
}

// lockPatience is how long taking the lock is tried: someone who lists the runs
// holds it for a moment to see whether it is free.
const lockPatience = 500 * time.Millisecond

// tryBriefly tries to take the lock and reports whether it could.
func tryBriefly(file *flock.Flock) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lockPatience)
	defer cancel()
	locked, err := file.TryLockContext(ctx, lockPatience/10)
	if errors.Is(err, context.DeadlineExceeded) {
		return false, nil
	}
	return locked, err
}

// Unlock gives the lock back. It may be called more than once.
func (l *Lock) Unlock() error {
	if !l.file.Locked() {
		return nil
	}
	// Whoever holds the lock next is not taken for us, even before it has said
	// who it is. What a process that was killed leaves there means nothing.
	_ = os.Remove(l.holder)
	return l.file.Unlock()
}

// holder reads who took the lock last. Where that cannot be read it is empty.
func (s *Store) holder() (holder Holder) {
	data, err := os.ReadFile(s.holderPath())
	if err == nil {
		_ = json.Unmarshal(data, &holder) // cut or foreign content names nobody
	}
	return holder
}

// isHeldBy reports whether the process of a run still holds the lock.
func (s *Store) isHeldBy(runID string) bool {
	file := flock.New(s.lockPath(), flock.SetPermissions(fileMode))
	if _, err := os.Stat(s.lockPath()); err != nil {
		return false
	}
	free, err := file.TryRLock()
	if err != nil || free {
		_ = file.Unlock()
		return false
	}
	_ = file.Close()
	return s.holder().RunID == runID
}
