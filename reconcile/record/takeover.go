package record

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"

	"github.com/seatsync/seatsync/reconcile"
)

// Earlier versions kept the runs of a plain apply and of a daemon with one file
// in STATE/runs, whatever their account, under the lock STATE/lock. The accounts
// of a fleet had their directories where they still are, but in the letter case
// in which a file named them.

// takeOver moves the records of earlier versions to the directories of their
// accounts. Moving is renaming: at each moment a record is in one place or the
// other, and whoever is interrupted can begin anew.
func takeOver(stateDir string) error {
	info, err := os.Stat(stateDir)
	if err != nil && !errors.Is(err, fs.ErrPermission) || err == nil && !info.IsDir() {
		return nil // there is nothing to take over; whoever writes says what is wrong
	}
	state, err := openState(stateDir)
	if err != nil {
		return err
	}
	defer state.Close()
	return errors.Join(takeOverPlain(state), takeOverFleet(state))
}

// takeOverPlain moves the journals in STATE/runs.
func takeOverPlain(state *os.Root) error {
	return moveRuns(state, state, "", func(runs *os.Root, id string) (string, error) {
		account, err := accountOf(runs, id+extension)
		return nameOf(account), err
	})
}

// moveRuns moves the journals of a directory, which is at a path, each to that of the
// account that a function names.
func moveRuns(state, directory *os.Root, path string, account func(runs *os.Root, id string) (name string, err error)) error {
	runs, err := openDirectory(directory, runsDirectory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer runs.Close()
	ids, err := idsIn(runs)
	if err != nil {
		return err
	}
	if len(ids) > 0 {
		unlock, err := lockEarlier(directory)
		if err != nil {
			return err
		}
		defer unlock()
	}
	for _, id := range ids {
		name, err := account(runs, id)
		if err == nil {
			err = moveRun(state, filepath.Join(path, runsDirectory, id+extension), name)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // another process was quicker
			return err
		}
	}
	return removeEmpty(directory, runs, runsDirectory)
}

// removeEmpty removes a directory of an earlier version, and the lock beside it,
// unless something is left in it that is not ours.
func removeEmpty(parent, directory *os.Root, name string) error {
	entries, err := entriesOf(directory)
	if err != nil || len(entries) > 0 {
		return err
	}
	for _, leftover := range []string{name, holderName, lockName} {
		_ = parent.Remove(leftover) // an empty directory and a free lock are in nobody's way
	}
	return nil
}

// lockEarlier takes the lock of an earlier version where it has left one, so that
// no run of it is going on.
func lockEarlier(directory *os.Root) (unlock func(), err error) {
	if _, err := directory.Lstat(lockName); errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	path := filepath.Join(directory.Name(), lockName)
	file := flock.New(path, flock.SetPermissions(fileMode))
	locked, err := tryBriefly(file)
	switch {
	case err != nil:
		return nil, err
	case !locked:
		return nil, errors.Join(&LockedError{Holder: readHolder(directory), Path: path}, file.Close())
	}
	return func() { _ = file.Unlock() }, nil
}

// accountOf returns the account that a journal names in its first line, "" for one
// that names none.
func accountOf(runs *os.Root, name string) (string, error) {
	file, err := openFile(runs, name, os.O_RDONLY)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, _ := bufio.NewReader(file).ReadBytes('\n') // whatever cannot be read names none
	var first struct {
		Start struct {
			AccountID string `json:"account_id"`
		} `json:"start"`
	}
	if json.Unmarshal(text, &first) != nil || reconcile.CheckAccountID(first.Start.AccountID) != nil {
		return "", nil
	}
	return first.Start.AccountID, nil
}

// nameOf returns the name of the directory of an account.
func nameOf(account string) string { return (&Store{account: strings.ToLower(account)}).name() }

// moveRun moves a journal to the directory of an account. One of the same name
// that is there already stays as it is, and so does the one that was to be moved.
func moveRun(state *os.Root, from, name string) error {
	account, err := makeDirectory(state, accountsDirectory, name, runsDirectory)
	if err != nil {
		return err
	}
	defer account.Close()
	if _, err := account.Lstat(filepath.Base(from)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := state.Rename(from, filepath.Join(accountsDirectory, name, runsDirectory, filepath.Base(from))); err != nil {
		return err
	}
	return syncDirectory(account)
}

// takeOverFleet moves what is in the directory of an account that has capital
// letters in its name.
func takeOverFleet(state *os.Root) error {
	names, err := accountNames(state)
	if err != nil {
		return err
	}
	for _, name := range names {
		lower := strings.ToLower(name)
		if name == lower || reconcile.CheckAccountID(name) != nil || isSame(state, name, lower) {
			continue
		}
		if err := moveAccount(state, name, lower); err != nil {
			return err
		}
	}
	return nil
}

// accountNames returns the names of the directories of accounts, in their order.
func accountNames(state *os.Root) ([]string, error) {
	accounts, err := openDirectory(state, accountsDirectory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer accounts.Close()
	entries, err := entriesOf(accounts)
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	return names, err
}

// isSame reports whether two names are of one directory, as on a system that does
// not tell capital letters from small ones.
func isSame(state *os.Root, a, b string) bool {
	one, err := state.Lstat(filepath.Join(accountsDirectory, a))
	if err != nil {
		return false
	}
	other, err := state.Lstat(filepath.Join(accountsDirectory, b))
	return err == nil && os.SameFile(one, other)
}

func moveAccount(state *os.Root, from, to string) error {
	directory, err := openDirectory(state, accountsDirectory, from)
	if err != nil {
		return err
	}
	defer directory.Close()
	path := filepath.Join(accountsDirectory, from)
	if err := moveRuns(state, directory, path, func(*os.Root, string) (string, error) { return to, nil }); err != nil {
		return err
	}
	if left, err := entriesOf(directory); err != nil || len(left) > 0 {
		return err
	}
	return state.Remove(path)
}
