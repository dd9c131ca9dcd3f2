// Package record keeps what runs did: one journal file a run in the state
// directory, written before and after each request so that a run that was
// killed can still be accounted for, and the lock that lets one apply write to an
// account at a time.
//
// A journal is JSON lines: a start, the plan, an intent before and a result
// after each request, and an end. It must never be rewritten, only added to:
// nothing may be concluded from a line that is not whole.
//
// Read on in store.go for where things are, journal.go for writing, history.go for
// reading, recover.go for runs that were killed, and lock.go for the lock.
package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/seatsync/seatsync/reconcile"
)

// Store has the records of one account: STATE/accounts/ACCOUNT, however its runs
// are started.
type Store struct {
	// Disk, when not nil, stands between each journal and its file. It is for disks that
	// fill up in a simulation.
	Disk func(File) File

	state   string // the state directory
	account string // in lower case, "" for runs that ended before they knew theirs
	misused error  // why there can be no such store

	takenOver *takenOver

	indexing sync.Mutex
	known    map[string]*entry // by id: what was derived so far, or read in the index; see entries
	carried  carried
}

// takenOver is whether what an earlier version has left in a state directory was moved.
type takenOver struct {
	mu   sync.Mutex
	done bool
}

// Open returns the store of an account in a state directory, which need not exist
// yet: it is made when something is written. Ids that differ only in the case of
// their letters are one account. The account "" stands for runs that ended before
// their account was known, because the file could not be read, say.
//
// What an earlier version has left in the directory is moved to where it belongs
// when the store is first used. Every use is an error where that cannot be done, and
// where anybody may write to the directory: what it says could be anybody's.
func Open(stateDir, account string) *Store {
	return (&Store{state: stateDir, takenOver: new(takenOver)}).Of(account)
}

// Of returns the store of another account in the same state directory. The directory is
// looked through once for all of them, which matters where there are thousands.
func (s *Store) Of(account string) *Store {
	store := &Store{state: s.state, account: strings.ToLower(account), takenOver: s.takenOver}
	if account != "" {
		store.misused = reconcile.CheckAccountID(account)
	}
	if store.account == unread {
		store.misused = fmt.Errorf("%q is not an account id", account)
	}
	return store
}

// takeOver moves what an earlier version has left, once.
func (s *Store) takeOver() error {
	if s.misused != nil {
		return s.misused
	}
	s.takenOver.mu.Lock()
	defer s.takenOver.mu.Unlock()
	if s.takenOver.done {
		return nil
	}
	if err := takeOver(s.state); err != nil {
		return err
	}
	s.takenOver.done = true
	return nil
}

// unread is the directory of runs that ended before their account was known.
const unread = "unread"

// accountsDirectory is the directory in STATE with a directory for each account.
const accountsDirectory = "accounts"

// runsDirectory is the directory of an account with a journal for each run.
const runsDirectory = "runs"

// name is that of the directory of the account.
func (s *Store) name() string {
	if s.account == "" {
		return unread
	}
	return s.account
}

// Directory returns the directory of the account.
func (s *Store) Directory() string { return filepath.Join(s.state, accountsDirectory, s.name()) }

// Records hold names and emails, so they are for the owner alone.
const (
	directoryMode = 0o700
	fileMode      = 0o600
)

// extension ends the name of a journal file; what stands before is the run's id.
const extension = ".jsonl"

func (s *Store) runs() string { return filepath.Join(s.Directory(), runsDirectory) }

func (s *Store) path(id string) string { return filepath.Join(s.runs(), id+extension) }

// prepare makes the directories and opens that of the account. The error says
// what to do.
func (s *Store) prepare() (*os.Root, error) {
	root, err := s.makeDirectories()
	if err != nil {
		return nil, s.unusable(err)
	}
	return root, nil
}

func (s *Store) makeDirectories() (*os.Root, error) {
	if err := os.MkdirAll(s.state, directoryMode); err != nil {
		return nil, err
	}
	if err := s.takeOver(); err != nil {
		return nil, err
	}
	state, err := openState(s.state)
	if err != nil {
		return nil, err
	}
	defer state.Close()
	if err := ignoreInGit(state); err != nil {
		return nil, err
	}
	directory, err := makeDirectory(state, accountsDirectory, s.name())
	if err != nil {
		return nil, err
	}
	runs, err := makeDirectory(directory, runsDirectory)
	if err != nil {
		return nil, errors.Join(err, directory.Close())
	}
	return directory, runs.Close()
}

// ignoreInGit keeps a state directory within a checkout out of git: records have
// names and emails.
func ignoreInGit(state *os.Root) error {
	const name = ".gitignore"
	if _, err := state.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := state.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was quicker
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString("*\n")
	return errors.Join(err, file.Close())
}

// openRuns opens the directory of the journals.
func (s *Store) openRuns() (*os.Root, error) {
	return s.openIn(accountsDirectory, s.name(), runsDirectory)
}

// openDirectory opens the directory of the account.
func (s *Store) openDirectory() (*os.Root, error) {
	return s.openIn(accountsDirectory, s.name())
}

func (s *Store) openIn(names ...string) (*os.Root, error) {
	if err := s.takeOver(); err != nil {
		return nil, err
	}
	state, err := openState(s.state)
	if err != nil {
		return nil, err
	}
	defer state.Close()
	return openDirectory(state, names...)
}

// unusable explains an error of the state directory.
func (s *Store) unusable(err error) error {
	if _, ok := errors.AsType[*LockedError](err); ok {
		return err
	}
	return fmt.Errorf("the state directory %s cannot be used: %w; make it writable, or name another with --state-dir", s.state, err)
}

// CheckWritable tries whether records can be written. It leaves the directories
// behind, and no record in them.
func (s *Store) CheckWritable() error {
	directory, err := s.prepare()
	if err != nil {
		return err
	}
	defer directory.Close()
	name := filepath.Join(runsDirectory, fmt.Sprintf(".check-%d", os.Getpid()))
	_ = directory.Remove(name) // of a process that was killed and had our number
	file, err := directory.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return s.unusable(err)
	}
	_, err = file.WriteString("seatsync\n")
	err = errors.Join(err, file.Sync(), file.Close(), directory.Remove(name))
	if err != nil {
		return s.unusable(err)
	}
	return nil
}

// IDs returns the ids of all recorded runs, the latest first. Reading them is
// cheap, so that someone who keeps what [Store.Read] returned can tell what is new: of
// what is named as runs are, the names alone are read.
//
// An id begins with the time of the run, so names sort by time.
func (s *Store) IDs() ([]string, error) {
	runs, err := s.openRuns()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the run records: %w", err)
	}
	defer runs.Close()
	names, err := namesIn(runs)
	if err != nil {
		return nil, fmt.Errorf("read the run records: %w", err)
	}
	var ids []string
	for _, name := range names {
		if id, ok := strings.CutSuffix(name, extension); ok && (isRunID(id) || isFile(runs, name)) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids, nil
}

// isRunID reports whether an id begins with the time of its run.
func isRunID(id string) bool {
	_, ok := StartOf(id)
	return ok
}

// isFile reports whether a name in a directory is that of a file: of no link, say.
func isFile(directory *os.Root, name string) bool {
	info, err := directory.Lstat(name)
	return err == nil && info.Mode().IsRegular()
}

// idsIn returns the ids of the journals in a directory, the latest first.
func idsIn(runs *os.Root) ([]string, error) {
	entries, err := entriesOf(runs)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, entry := range entries {
		if id, ok := idOf(entry); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids, nil
}

// idOf returns the id of the run whose journal a file is, or false for another file.
func idOf(entry fs.DirEntry) (string, bool) {
	id, ok := strings.CutSuffix(entry.Name(), extension)
	return id, ok && entry.Type().IsRegular()
}
