package record

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/seatsync/seatsync/reconcile"
)

func TestAVersionIsAnotherOneOnceMoreIsKnown(t *testing.T) {
	store := newStore(t, t.TempDir())
	for _, id := range []string{"20260101T000000Z-0000abcd", "../x", "last", ""} {
		if _, err := store.Version(id); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a version of %q, which is not recorded: %v", id, err)
		}
	}
	start := startAt(0)
	version := func() string {
		t.Helper()
		version, err := store.Version(start.ID)
		must(t, err)
		return version
	}
	journal := begin(t, store, start, newPlan(1))
	begun := version()
	if version() != begun {
		t.Error("nothing was added, and the version is another one")
	}
	must(t, journal.Intent(patch(0)))
	must(t, journal.Result(patch(0), []reconcile.Outcome{applied(0)}))
	if version() == begun {
		t.Error("an outcome was added, and the version is the same")
	}
	abandon(t, journal)
}
