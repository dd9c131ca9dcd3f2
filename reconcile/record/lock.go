package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
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
	// Holder is empty when it cannot be determined.
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

// Lock is the right to write to an account. The system takes it back when the
// process dies.
type Lock struct {
	file   *flock.Flock
	store  *Store
	holder Holder
}

// The files of the lock. The holder is in a file of its own because Windows lets
// nobody read or write one that is locked.
const (
	lockName   = "lock"
	holderName = "lock.json"
)

func (s *Store) lockPath() string { return filepath.Join(s.Directory(), lockName) }

// Lock takes the lock of the account, or returns a *[LockedError] at once.
func (s *Store) Lock(holder Holder) (*Lock, error) {
	directory, err := s.prepare()
	if err != nil {
		return nil, err
	}
	defer directory.Close()
	_, err = directory.Lstat(lockName)
	wasThere := err == nil
	file, err := s.lockFile(directory)
	if err != nil {
		return nil, err
	}
	earlier := readHolder(directory)
	if !wasThere && earlier.isAlive() {
		return nil, errors.Join(&LockedError{Holder: earlier, Path: s.lockPath()}, file.Unlock())
	}
	data, err := json.Marshal(holder)
	if err == nil {
		err = writeHolder(directory, data)
	}
	if err != nil {
		return nil, s.unusable(errors.Join(err, file.Unlock()))
	}
	return &Lock{file: file, store: s, holder: holder}, nil
}

// lockFile locks the file of the lock.
func (s *Store) lockFile(directory *os.Root) (*flock.Flock, error) {
	if info, err := directory.Lstat(lockName); err == nil && !info.Mode().IsRegular() {
		return nil, s.unusable(&fs.PathError{Op: "lock", Path: s.lockPath(), Err: errLink})
	}
	file := flock.New(s.lockPath(), flock.SetPermissions(fileMode))
	locked, err := tryBriefly(file)
	if err != nil {
		return nil, s.unusable(err)
	}
	if !locked {
		return nil, errors.Join(&LockedError{Holder: readHolder(directory), Path: s.lockPath()}, file.Close())
	}
	if err := isStillThere(file, directory); err != nil {
		return nil, s.unusable(errors.Join(err, file.Unlock()))
	}
	return file, nil
}

// errLockRemoved is behind a lock whose file was removed or replaced: another
// process may hold a lock on the file that is there now.
var errLockRemoved = errors.New("the file of the lock was removed or replaced, so another run may be writing")

// isStillThere returns an error unless the file that is locked is the one that the
// next process would lock.
func isStillThere(file *flock.Flock, directory *os.Root) error {
	held, err := file.Stat()
	if err != nil {
		return err
	}
	there, err := directory.Lstat(lockName)
	if err != nil || !os.SameFile(held, there) {
		return errLockRemoved
	}
	return nil
}

// Check returns an error when the lock holds nobody back any more, because somebody
// has removed or replaced its file. Whoever writes asks before each request.
func (l *Lock) Check() error {
	directory, err := l.store.openDirectory()
	if err != nil {
		return errors.Join(errLockRemoved, err)
	}
	defer directory.Close()
	return isStillThere(l.file, directory)
}

// isAlive reports whether the process of a holder is another one of this machine
// that is still there. It is asked only where the file of the lock is gone, which
// nobody removes but by hand.
func (h Holder) isAlive() bool {
	host, err := os.Hostname()
	if err != nil || h.PID == 0 || h.Host != host || h.PID == os.Getpid() {
		return false
	}
	process, err := os.FindProcess(h.PID)
	if err != nil {
		return false
	}
	defer func() { _ = process.Release() }()
	err = process.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, fs.ErrPermission)
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
	if directory, err := l.store.openDirectory(); err == nil {
		if there := readHolder(directory); there.RunID == l.holder.RunID && there.PID == l.holder.PID {
			_ = directory.Remove(holderName)
		}
		_ = directory.Close()
	}
	return l.file.Unlock()
}

// writeHolder says who holds the lock.
func writeHolder(directory *os.Root, data []byte) error {
	_ = directory.Remove(holderName)
	file, err := directory.OpenFile(holderName, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}

// longestHolder is more than what says who holds a lock.
const longestHolder = 64 << 10

// readHolder reads who took the lock last. Where that cannot be read it is empty.
func readHolder(directory *os.Root) (holder Holder) {
	file, err := openFile(directory, holderName, os.O_RDONLY)
	if err != nil {
		return Holder{}
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, longestHolder))
	if err == nil && json.Unmarshal(data, &holder) != nil {
		return Holder{} // cut or foreign content names nobody
	}
	return holder
}

// isHeldBy reports whether the process of a run still holds the lock.
func (s *Store) isHeldBy(runID string) bool {
	directory, err := s.openDirectory()
	if err != nil {
		return false
	}
	defer directory.Close()
	if info, err := directory.Lstat(lockName); err != nil || !info.Mode().IsRegular() {
		return false
	}
	file := flock.New(s.lockPath(), flock.SetPermissions(fileMode))
	free, err := file.TryRLock()
	if err != nil || free {
		_ = file.Unlock()
		return false
	}
	_ = file.Close()
	return readHolder(directory).RunID == runID
}
