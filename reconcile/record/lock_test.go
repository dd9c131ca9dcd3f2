package record

import (
	"errors"
	"os"
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
	store := NewStore(t.TempDir() + "/made/on/demand")
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
	store := NewStore(t.TempDir())
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
			store := NewStore(t.TempDir())
			lock, err := store.Lock(Holder{RunID: "first", PID: 7})
			must(t, err)
			defer lock.Unlock()
			must(t, os.WriteFile(store.holderPath(), []byte(content), fileMode))
			if locked := wantLocked(t, store); !strings.Contains(locked.Error(), "it holds "+store.lockPath()) {
				t.Errorf("message %q", locked)
			}
		})
	}
}

func TestWhoeverOnlyLooksDoesNotKeepTheLockFromARun(t *testing.T) {
	store := NewStore(t.TempDir())
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
		store := NewStore(t.TempDir())
		holding := startOther(t, "hold", store.Directory())
		locked := wantLocked(t, store)
		want := Holder{RunID: "run-of-another", PID: holding.cmd.Process.Pid, Host: "there", Who: "grace", Since: noon}
		if diff := cmp.Diff(want, locked.Holder); diff != "" {
			t.Errorf("holder (-want +got):\n%s", diff)
		}
		holding.end()
		wantFree(t, store)
	})
	t.Run("is released when it is killed", func(t *testing.T) {
		store := NewStore(t.TempDir())
		holding := startOther(t, "hold", store.Directory())
		wantLocked(t, store)
		holding.kill()
		wantFree(t, store)
	})
	t.Run("tells a run that is going on from one that was killed", func(t *testing.T) {
		store := NewStore(t.TempDir())
		writing := startOther(t, "write", store.Directory())
		record, err := store.Read(writing.said)
		must(t, err)
		if record.Result != ResultRunning || record.IsKilled() {
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
		killed, err := store.Killed(account)
		must(t, err)
		if len(killed) != 1 || killed[0].ID != writing.said {
			t.Fatalf("to look after: %v", killed)
		}
		settled, err := store.Settle(killed[0], liveOf(newPlan(2), 0), frozen)
		must(t, err)
		if settled.Plan.Run.Count(reconcile.Applied) != 1 {
			t.Errorf("outcomes %v", statuses(settled))
		}
	})
}
