package record

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seatsync/seatsync/reconcile"
)

func TestADirectoryThatEverybodyMayWriteToIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no such bits here")
	}
	for _, folder := range []string{".", "accounts", "accounts/" + account, "accounts/" + account + "/runs"} {
		t.Run(folder, func(t *testing.T) {
			state := t.TempDir()
			store := newStore(t, state)
			must(t, begin(t, store, startAt(0), nil).End(reconcile.ResultFailed, nil, os.ErrClosed))
			must(t, os.Chmod(filepath.Join(state, folder), 0o770))
			if records, err := store.List(); len(records) != 1 || err != nil {
				t.Errorf("a group may write there: %d records (%v)", len(records), err)
			}
			must(t, os.Chmod(filepath.Join(state, folder), 0o777))
			_, err := store.Begin(startAt(0), nil, frozen)
			_, lockErr := store.Lock(Holder{})
			_, listErr := store.List()
			for name, err := range map[string]error{"begin": err, "lock": lockErr, "list": listErr, "check": store.CheckWritable()} {
				if err == nil || !strings.Contains(err.Error(), "everybody may write to ") {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	state := t.TempDir()
	must(t, os.Chmod(state, 0o1777))
	if _, err := newStore(t, state).List(); err == nil || !strings.Contains(err.Error(), "run 'chmod o-w "+state+"'") {
		t.Errorf("opened: %v", err)
	}
}

func TestLinksInTheStateDirectoryAreNotFollowed(t *testing.T) {
	elsewhere := t.TempDir()
	must(t, os.WriteFile(elsewhere+"/precious", []byte("precious"), fileMode))
	for _, name := range []string{"accounts", "accounts/" + account, "accounts/" + account + "/runs"} {
		t.Run(name, func(t *testing.T) {
			state := t.TempDir()
			must(t, os.MkdirAll(filepath.Dir(filepath.Join(state, name)), directoryMode))
			must(t, os.Mkdir(filepath.Join(state, "beside"), directoryMode))
			for _, target := range []string{elsewhere, filepath.Join(state, "beside")} {
				if err := os.Symlink(target, filepath.Join(state, name)); err != nil {
					t.Skipf("no links here: %v", err)
				}
				store := &Store{state: state, account: account, takenOver: new(takenOver)}
				_, err := store.Begin(startAt(0), nil, frozen)
				_, lockErr := store.Lock(Holder{})
				_, listErr := store.List()
				for action, err := range map[string]error{"begin": err, "lock": lockErr, "list": listErr} {
					if err == nil || !strings.Contains(err.Error(), "symbolic link") {
						t.Errorf("%s: %v", action, err)
					}
				}
				must(t, os.Remove(filepath.Join(state, name)))
			}
			if files := filesIn(t, filepath.Join(state, "beside")); len(files) > 0 {
				t.Errorf("written through a link: %q", files)
			}
		})
	}
	for _, name := range []string{"lock", "lock.json"} {
		t.Run(name, func(t *testing.T) {
			store := newStore(t, t.TempDir())
			prepare(t, store)
			must(t, os.Symlink(elsewhere+"/precious", filepath.Join(store.Directory(), name)))
			lock, err := store.Lock(Holder{RunID: "first"})
			if name == "lock" && (err == nil || !strings.Contains(err.Error(), "symbolic link")) {
				t.Errorf("lock: %v", err)
			}
			if lock != nil {
				must(t, lock.Unlock())
			}
		})
	}
	t.Run("a journal", func(t *testing.T) {
		store, start := newStore(t, t.TempDir()), startAt(0)
		prepare(t, store)
		must(t, os.Symlink(elsewhere+"/precious", store.path(start.ID)))
		_, err := store.Begin(start, nil, frozen)
		_, readErr := store.Read(start.ID)
		if err == nil || readErr == nil {
			t.Errorf("begin: %v, read: %v", err, readErr)
		}
	})
	if got, err := os.ReadFile(elsewhere + "/precious"); string(got) != "precious" || err != nil || len(filesIn(t, elsewhere)) != 1 {
		t.Errorf("what is elsewhere has changed: %q (%v), files %q", got, err, filesIn(t, elsewhere))
	}
}

func TestAStateDirectoryIsIgnoredByGit(t *testing.T) {
	state := t.TempDir()
	prepare(t, newStore(t, state))
	if text, err := os.ReadFile(filepath.Join(state, ".gitignore")); string(text) != "*\n" || err != nil {
		t.Errorf("%q (%v)", text, err)
	}
	must(t, os.WriteFile(filepath.Join(state, ".gitignore"), []byte("mine\n"), fileMode))
	prepare(t, newStore(t, state))
	if text, err := os.ReadFile(filepath.Join(state, ".gitignore")); string(text) != "mine\n" || err != nil {
		t.Errorf("%q (%v)", text, err)
	}
}
