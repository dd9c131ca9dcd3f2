package record

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

// longAgo makes the files of all records old enough for the index.
func longAgo(t testing.TB, store *Store) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(store.runs(), "*"+extension))
	must(t, err)
	for _, file := range files {
		must(t, os.Chtimes(file, noon, noon))
	}
}

// manyRuns records runs that released somebody each.
func manyRuns(t testing.TB, store *Store, count int) (ids []string) {
	t.Helper()
	for i := range count {
		start := startAt(-time.Duration(count-i) * time.Hour)
		journal, err := store.Begin(start, newPlan(1), func() time.Time { return start.StartedAt })
		must(t, err)
		must(t, journal.End(reconcile.ResultDone, &reconcile.Run{Outcomes: []reconcile.Outcome{applied(0)}}, nil))
		ids = append(ids, start.ID)
	}
	longAgo(t, store)
	return ids
}

func (s *Store) indexPath() string { return filepath.Join(s.Directory(), indexName) }

func TestTheIndexSaysWhatTheRecordsSay(t *testing.T) {
	store := newStore(t, t.TempDir())
	ids := manyRuns(t, store, mostUnindexed+4)
	want := store.History(time.Time{})
	if len(want.Taken) != len(ids) {
		t.Fatalf("%d taken of %d", len(want.Taken), len(ids))
	}
	if _, err := os.Stat(store.indexPath()); err != nil {
		t.Fatalf("no index: %v", err)
	}
	if indexed := store.readIndex(); len(indexed) != len(ids) {
		t.Fatalf("%d of %d are in the index", len(indexed), len(ids))
	}
	if diff := cmp.Diff(want, Open(store.state, store.account).History(time.Time{})); diff != "" {
		t.Errorf("with the index (-want +got):\n%s", diff)
	}
	for name, damage := range map[string]func([]byte) []byte{
		"torn":         func(data []byte) []byte { return data[:len(data)/2] },
		"changed":      func(data []byte) []byte { data[len(data)/2] ^= 1; return data },
		"of old":       func([]byte) []byte { data, _, _ := seal(index{Format: 0}); return data },
		"empty":        func([]byte) []byte { return nil },
		"of something": func([]byte) []byte { data, _, _ := seal(map[string]string{"format": "x"}); return data },
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(store.indexPath())
			must(t, err)
			must(t, os.WriteFile(store.indexPath(), damage(append([]byte{}, data...)), fileMode))
			store := Open(store.state, store.account)
			if diff := cmp.Diff(want, store.History(time.Time{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(store.readIndex()) != len(ids) {
				t.Error("it was not built anew")
			}
		})
	}
}

func TestARecordThatChangedIsReadAndNotTheIndex(t *testing.T) {
	for name, change := range map[string]struct {
		edit func(t *testing.T, path string)
		want string
	}{
		"a byte is another": {func(t *testing.T, path string) {
			data, err := os.ReadFile(path)
			must(t, err)
			data[len(data)/2] ^= 1
			must(t, os.WriteFile(path, data, fileMode))
		}, "unreadable"},
		"its end is gone": {func(t *testing.T, path string) { must(t, os.Truncate(path, 700)) }, "gone"},
		"it is gone":      {func(t *testing.T, path string) { must(t, os.Remove(path)) }, "gone"},
	} {
		t.Run(name, func(t *testing.T) {
			store := newStore(t, t.TempDir())
			ids := manyRuns(t, store, mostUnindexed+4)
			store.History(time.Time{})
			change.edit(t, store.path(ids[3]))
			for who, store := range map[string]*Store{"the same": store, "another": Open(store.state, store.account)} {
				history := store.History(time.Time{})
				isTold := len(history.Unreadable) == 1
				if len(history.Taken) == len(ids) && !isTold || isTold != (change.want == "unreadable") {
					t.Errorf("%s store: %d taken, unreadable %v", who, len(history.Taken), history.Unreadable)
				}
			}
		})
	}
}

func TestDamageIsReportedFromTheIndexToo(t *testing.T) {
	store := newStore(t, t.TempDir())
	ids := manyRuns(t, store, mostUnindexed+4)
	data, err := os.ReadFile(store.path(ids[0]))
	must(t, err)
	data[len(data)/2] ^= 1
	must(t, os.WriteFile(store.path(ids[0]), data, fileMode))
	longAgo(t, store)
	for range 2 {
		store := Open(store.state, store.account)
		if history := store.History(time.Time{}); len(history.Unreadable) != 1 {
			t.Errorf("unreadable: %v", history.Unreadable)
		}
	}
}

func TestWhatMayStillChangeIsNotInTheIndex(t *testing.T) {
	store := newStore(t, t.TempDir())
	manyRuns(t, store, mostUnindexed+4)
	start := killedWriting(t, store, 0)
	longAgo(t, store)
	store.History(time.Time{})
	if store.readIndex()[start.ID] != nil {
		t.Error("the killed run is")
	}
	record := recoverOne(t, store, start.ID, liveOf(newPlan(1), 0))
	if record.Plan.Run.Count(reconcile.Applied) != 1 {
		t.Error("it was not recovered")
	}
}

func TestADirectoryThatCannotBeWrittenHasNoIndex(t *testing.T) {
	store := newStore(t, t.TempDir())
	ids := manyRuns(t, store, mostUnindexed+4)
	must(t, os.Mkdir(store.indexPath(), 0o700)) // nothing can replace a directory
	for range 2 {
		if got := len(store.History(time.Time{}).Taken); got != len(ids) {
			t.Errorf("%d taken of %d", got, len(ids))
		}
	}
}

// BenchmarkHistory measures what a plan reads of ten thousand records.
func BenchmarkHistory(b *testing.B) {
	for _, count := range []int{1000, 10000} {
		store := newStore(b, b.TempDir())
		manyRuns(b, store, count)
		if got := len(store.History(time.Time{}).Taken); got != count {
			b.Fatal(got)
		}
		b.Run(fmt.Sprintf("%d", count), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				store.History(time.Time{})
			}
		})
	}
}
