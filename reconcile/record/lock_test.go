package record

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

// wantLocked fails the test unless the lock is held, and returns by whom.
func wantLocked(t *testing.T, store *Store) *LockedError {
	t.Helper()
	lock, err := store.Lock(Holder{RunID: "second"})
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("lock %v, error %v, want a *LockedError", lock, err)
	}
	return locked
}

// wantFree fails the test unless the lock can be had.
func wantFree(t *testing.T, store *Store) {
	t.Helper()
	lock, err := store.Lock(Holder{RunID: "next"})
	if err != nil {
		t.Fatalf("the lock is left behind: %v", err)
	}
	must(t, lock.Unlock())
}

func TestOneHoldsTheLockAtATime(t *testing.T) {
	store := newStore(t, t.TempDir()+"/made/on/demand")
	holder := Holder{RunID: "first", PID: 7, Host: "here", Who: "ada", Since: noon}
	lock, err := store.Lock(holder)
	must(t, err)
	locked := wantLocked(t, store)
	if diff := cmp.Diff(holder, locked.Holder); diff != "" {
		t.Errorf("holder (-want +got):\n%s", diff)
	}
	want := "another seatsync is writing: run first of ada, process 7 on here, since 2026-11-22T12:00:00Z; wait until it ends"
	if locked.Error() != want {
		t.Errorf("message %q, want %q", locked, want)
	}
	must(t, lock.Unlock())
	wantFree(t, store)
	if err := lock.Unlock(); err != nil {
		t.Errorf("unlocked again: %v", err)
	}
}

func TestUnlockingTwiceTakesNothingFromTheNextHolder(t *testing.T) {
	store := newStore(t, t.TempDir())
	first, err := store.Lock(Holder{RunID: "first", PID: 1})
	must(t, err)
	must(t, first.Unlock())
	second, err := store.Lock(Holder{RunID: "second", PID: 2})
	must(t, err)
	defer second.Unlock()
	must(t, first.Unlock())
	if locked := wantLocked(t, store); locked.Holder.RunID != "second" {
		t.Errorf("holder %+v", locked.Holder)
	}
}

func TestALockWhoseHolderCannotBeToldStillHolds(t *testing.T) {
	for name, content := range map[string]string{"empty": "", "cut": `{"run_id":"fi`, "foreign": "7"} {
		t.Run(name, func(t *testing.T) {
			store := newStore(t, t.TempDir())
			lock, err := store.Lock(Holder{RunID: "first", PID: 7})
			must(t, err)
			defer lock.Unlock()
			must(t, os.WriteFile(filepath.Join(store.Directory(), holderName), []byte(content), fileMode))
			if locked := wantLocked(t, store); !strings.Contains(locked.Error(), "it holds "+store.lockPath()) {
				t.Errorf("message %q", locked)
			}
		})
	}
}

func TestWhoeverOnlyLooksDoesNotKeepTheLockFromARun(t *testing.T) {
	store := newStore(t, t.TempDir())
	abandon(t, begin(t, store, startAt(0), newPlan(1)))
	wantFree(t, store) // so that there is a lock to look at
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 200 {
			if _, err := store.List(); err != nil {
				t.Error(err)
			}
		}
	}()
	for range 20 {
		wantFree(t, store)
	}
	<-done
}

func TestTheLockOfAnotherProcess(t *testing.T) {
	t.Run("is told of, and released when it ends", func(t *testing.T) {
		store := newStore(t, t.TempDir())
		holding := startOther(t, "hold", store.state)
		locked := wantLocked(t, store)
		want := Holder{RunID: "run-of-another", PID: holding.cmd.Process.Pid, Host: "there", Who: "grace", Since: noon}
		if diff := cmp.Diff(want, locked.Holder); diff != "" {
			t.Errorf("holder (-want +got):\n%s", diff)
		}
		holding.end()
		wantFree(t, store)
	})
	t.Run("is released when it is killed", func(t *testing.T) {
		store := newStore(t, t.TempDir())
		holding := startOther(t, "hold", store.state)
		wantLocked(t, store)
		holding.kill()
		wantFree(t, store)
	})
	t.Run("tells a run that is going on from one that was killed", func(t *testing.T) {
		store := newStore(t, t.TempDir())
		writing := startOther(t, "write", store.state)
		record, err := store.Read(writing.said)
		must(t, err)
		if record.Result != reconcile.ResultRunning || record.IsKilled() {
			t.Errorf("while it runs: %s", record.Result)
		}
		writing.kill()
		record, err = store.Read(writing.said)
		must(t, err)
		if !record.IsKilled() || len(record.Unknown()) != 1 {
			t.Errorf("after it was killed: %s, unknown %v", record.Result, record.Unknown())
		}
		// Nor does it look as if it were going on when the next run holds the lock.
		lock, err := store.Lock(Holder{RunID: "next"})
		must(t, err)
		defer lock.Unlock()
		killed, err := store.Killed()
		must(t, err)
		if len(killed) != 1 || killed[0].ID != writing.said {
			t.Fatalf("to look after: %v", killed)
		}
		_, _, err = store.Recover(aDayLater(liveOf(newPlan(2), 0)), frozen)
		must(t, err)
		recovered, err := store.Read(writing.said)
		must(t, err)
		if recovered.Plan.Run.Count(reconcile.Applied) != 1 {
			t.Errorf("outcomes %v", statuses(recovered))
		}
	})
}

func TestTheLockIsOneForAnAccountInEitherLetterCase(t *testing.T) {
	state := t.TempDir()
	lower, upper := Open(state, "abcdef"), Open(state, "ABCdef")
	lock, err := lower.Lock(Holder{RunID: "first", PID: 7})
	must(t, err)
	defer lock.Unlock()
	if locked := wantLocked(t, upper); locked.Holder.RunID != "first" {
		t.Errorf("holder %+v", locked.Holder)
	}
	wantFree(t, newStore(t, state)) // that of another account
}

func TestTheLockSurvivesTheRemovalOfItsFile(t *testing.T) {
	t.Run("nobody else can take it while its process is there", func(t *testing.T) {
		store := newStore(t, t.TempDir())
		holding := startOther(t, "hold-here", store.state)
		must(t, os.Remove(store.lockPath()))
		if locked := wantLocked(t, store); locked.Holder.PID != holding.cmd.Process.Pid {
			t.Errorf("holder %+v", locked.Holder)
		}
		holding.end()
		wantFree(t, store)
	})
	t.Run("a process that is gone keeps nobody from it", func(t *testing.T) {
		store := newStore(t, t.TempDir())
		holding := startOther(t, "hold-here", store.state)
		holding.kill()
		must(t, os.Remove(store.lockPath()))
		wantFree(t, store)
	})
	for name, spoil := range map[string]func(string) error{
		"removed":  os.Remove,
		"replaced": func(path string) error { return errors.Join(os.Remove(path), os.WriteFile(path, nil, fileMode)) },
		"removed with all of the account": func(path string) error {
			return os.RemoveAll(filepath.Dir(path))
		},
	} {
		t.Run("whoever holds it sends nothing more when it is "+name, func(t *testing.T) {
			store := newStore(t, t.TempDir())
			lock, err := store.Lock(Holder{RunID: "first", PID: 7})
			must(t, err)
			defer lock.Unlock()
			journal, err := lock.Begin(startAt(0), newPlan(1), frozen)
			must(t, err)
			must(t, journal.Intent(patch(0)))
			must(t, spoil(store.lockPath()))
			if err := journal.Intent(patch(1)); !errors.Is(err, errLockRemoved) {
				t.Errorf("intent: %v", err)
			}
			if err := journal.Result(patch(0), []reconcile.Outcome{applied(0)}); err != nil {
				t.Errorf("what was done is still recorded: %v", err)
			}
			must(t, journal.End(reconcile.ResultPartial, &reconcile.Run{}, nil))
		})
	}
}
