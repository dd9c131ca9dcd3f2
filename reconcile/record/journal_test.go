package record

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

func TestARunIsReadBackAsItWasWritten(t *testing.T) {
	store := newStore(t, t.TempDir()+"/made/on/demand")
	start, plan := startAt(0), newPlan(3)
	journal := begin(t, store, start, plan)
	must(t, journal.Intent(patch(0, 1)))
	must(t, journal.Result(patch(0, 1), []reconcile.Outcome{applied(0), failed(1)}))
	run := &reconcile.Run{
		ID: start.ID, StartedAt: noon, FinishedAt: noon.Add(time.Minute),
		Outcomes: []reconcile.Outcome{applied(0), failed(1)}, Calls: reconcile.RunCalls{Get: 1, Patch: 1}, Stopped: "why not",
	}
	must(t, journal.End(reconcile.ResultPartial, run, nil))

	record, err := store.Read(start.ID)
	must(t, err)
	plan.Run = run
	if diff := cmp.Diff(asJSON(t, plan), asJSON(t, record.Plan)); diff != "" {
		t.Errorf("plan (-written +read):\n%s", diff)
	}
	if diff := cmp.Diff(start, record.Start); diff != "" {
		t.Errorf("start (-written +read):\n%s", diff)
	}
	if record.Result != reconcile.ResultPartial || record.IsKilled() || record.Unknown() != nil || record.Error != "" {
		t.Errorf("result %s, unknown %v, error %q", record.Result, record.Unknown(), record.Error)
	}
	if want := noon.Add(5 * time.Second); !record.FinishedAt.Equal(want) {
		t.Errorf("finished at %s, want when the fifth line was written, %s", record.FinishedAt, want)
	}
	if diff := cmp.Diff([]string{"runs/" + start.ID + ".jsonl"}, filesIn(t, store.Directory())); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if entry, err := os.Stat(store.path(start.ID)); err != nil || entry.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v): names and emails are for the owner alone", entry.Mode(), err)
	}
}

func TestABeginningThatFailsLeavesNoRecord(t *testing.T) {
	start := startAt(0)
	t.Run("an id that is taken keeps its record", func(t *testing.T) {
		store := newStore(t, t.TempDir())
		must(t, begin(t, store, start, nil).End(reconcile.ResultFailed, nil, errors.New("the first")))
		if _, err := store.Begin(start, nil, frozen); !errors.Is(err, os.ErrExist) {
			t.Errorf("error %v", err)
		}
		if record, err := store.Read(start.ID); err != nil || record.Error != "the first" {
			t.Errorf("record %+v (%v)", record, err)
		}
	})
	t.Run("a plan that cannot be written", func(t *testing.T) {
		store := newStore(t, t.TempDir())
		unwritable := newPlan(1)
		unwritable.CreatedAt = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) // JSON has no such year
		if _, err := store.Begin(start, unwritable, frozen); err == nil {
			t.Error("no error")
		}
		if files := filesIn(t, store.Directory()); len(files) > 0 {
			t.Errorf("it leaves %q", files)
		}
	})
	t.Run("a state directory that is a file", func(t *testing.T) {
		path := t.TempDir() + "/state"
		must(t, os.WriteFile(path, nil, 0o600))
		store := newStore(t, path)
		_, err := store.Begin(start, nil, frozen)
		for _, err := range []error{err, store.CheckWritable(), func() error { _, err := store.Lock(Holder{}); return err }()} {
			if err == nil || !strings.Contains(err.Error(), "the state directory "+path+" cannot be used") {
				t.Errorf("error %v", err)
			}
		}
	})
}

func TestCheckWritableLeavesNothingBehind(t *testing.T) {
	store := newStore(t, t.TempDir()+"/state")
	must(t, store.CheckWritable())
	if files := filesIn(t, store.Directory()); len(files) > 0 {
		t.Errorf("it leaves %q", files)
	}
}

func TestIDsSortByTimeWithinASecondToo(t *testing.T) {
	var last string
	for i := range 1000 {
		id := NewID(noon.Add(time.Duration(i) * time.Millisecond))
		if id <= last {
			t.Fatalf("%s is not after %s", id, last)
		}
		if !idPattern().MatchString(id) {
			t.Fatalf("%s is no id", id)
		}
		last = id
	}
}

func TestRequestsSideBySideAreAllRecorded(t *testing.T) {
	const changes = 64
	store, start := newStore(t, t.TempDir()), startAt(0)
	journal, err := store.Begin(start, newPlan(changes), frozen)
	must(t, err)
	var group sync.WaitGroup
	for i := range changes {
		group.Go(func() {
			if err := journal.Intent(patch(i)); err != nil {
				t.Error(err)
			}
			if i%4 == 0 {
				return // in flight when the run is killed
			}
			if err := journal.Result(patch(i), []reconcile.Outcome{applied(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	abandon(t, journal)
	record, err := store.Read(start.ID)
	must(t, err)
	if got := record.Plan.Run.Count(reconcile.Applied); got != changes*3/4 {
		t.Errorf("%d applied, want %d", got, changes*3/4)
	}
	if got := len(record.Unknown()); got != changes/4 {
		t.Errorf("%d unknown, want %d", got, changes/4)
	}
}

// fakeFile is a file on a disk that a test controls. The disk holds what was written when the last sync began.
type fakeFile struct {
	mu      sync.Mutex
	data    []byte
	durable int
	syncs   int

	onSync  func(sync int) error                     // called while syncing, may block
	onWrite func(data []byte, size int) (int, error) // may write less
}

func (f *fakeFile) Name() string { return "journal" }
func (f *fakeFile) Close() error { return nil }

func (f *fakeFile) Write(data []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := len(data), error(nil)
	if f.onWrite != nil {
		n, err = f.onWrite(data, len(f.data))
	}
	f.data = append(f.data, data[:n]...)
	return n, err
}

func (f *fakeFile) Sync() error {
	f.mu.Lock()
	f.syncs++
	number, written := f.syncs, len(f.data)
	f.mu.Unlock()
	if f.onSync != nil {
		if err := f.onSync(number); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.durable = max(f.durable, written)
	return nil
}

// isOnDisk reports whether a text would survive a power cut.
func (f *fakeFile) isOnDisk(text string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Contains(string(f.data[:f.durable]), text)
}

func TestLinesShareASyncAndNoneReturnsBeforeItIsOnTheDisk(t *testing.T) {
	const lines = 20
	written, syncing, release := make(chan struct{}, lines), make(chan struct{}), make(chan struct{})
	file := &fakeFile{
		onWrite: func(data []byte, _ int) (int, error) {
			written <- struct{}{}
			return len(data), nil
		},
		onSync: func(number int) error {
			if number == 1 {
				close(syncing)
				<-release
			}
			return nil
		},
	}
	journal := &Journal{file: file, clock: frozen}
	var group sync.WaitGroup
	add := func(i int) {
		group.Go(func() {
			if err := journal.Intent(patch(100 + i)); err != nil {
				t.Error(err)
			}
			if !file.isOnDisk(fmt.Sprintf(`"changes":[%d]`, 100+i)) {
				t.Errorf("line %d was promised before it was on the disk", i)
			}
		})
	}
	add(0)
	<-syncing // the first line alone
	for i := 1; i < lines; i++ {
		add(i)
	}
	for range lines {
		<-written
	}
	close(release)
	group.Wait()
	// The goroutine that waits for the sync may have begun another before the last line was counted, never more.
	if file.syncs < 2 || file.syncs > 3 {
		t.Errorf("%d syncs for %d lines, want 2", file.syncs, lines)
	}
}

func TestNothingIsWrittenAfterAFailure(t *testing.T) {
	full := func(data []byte, size int) (int, error) {
		if size > 0 {
			return len(data) / 2, syscall.ENOSPC
		}
		return len(data), nil
	}
	tests := []struct {
		name string
		file *fakeFile
		want error
	}{
		{"a disk that is full in the middle of a line", &fakeFile{onWrite: full}, syscall.ENOSPC},
		{"a disk that loses data once and then says that all is well", &fakeFile{onSync: func(number int) error {
			if number == 2 {
				return syscall.EIO
			}
			return nil
		}}, syscall.EIO},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			journal := &Journal{file: test.file, clock: frozen}
			must(t, journal.Intent(patch(0)))
			if err := journal.Result(patch(0), nil); !errors.Is(err, test.want) {
				t.Fatalf("error %v, want %v", err, test.want)
			}
			size := len(test.file.data)
			for name, err := range map[string]error{
				"intent": journal.Intent(patch(1)), "result": journal.Result(patch(1), nil), "end": journal.End(reconcile.ResultDone, nil, nil),
			} {
				if !errors.Is(err, test.want) {
					t.Errorf("%s after the failure: %v", name, err)
				}
			}
			if len(test.file.data) != size {
				t.Errorf("%d bytes were written after the failure", len(test.file.data)-size)
			}
		})
	}
}

func TestAFullDeviceIsSaidToBeFull(t *testing.T) {
	file, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full here")
	}
	journal := &Journal{file: file, clock: frozen}
	if err := journal.Intent(patch(0)); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "/dev/full") {
		t.Errorf("error %v", err)
	}
	if err := journal.End(reconcile.ResultDone, nil, nil); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error at the end %v", err)
	}
}

func TestIDsOfOneSecondSortByWhenTheyWereMade(t *testing.T) {
	var ids []string
	for i := range 100 {
		ids = append(ids, NewIDAs(noon, noon.Add(time.Duration(i)*700*time.Millisecond)))
	}
	if !slices.IsSorted(ids) || len(slices.Compact(ids)) != 100 || !idPattern().MatchString(ids[0]) {
		t.Error(ids)
	}
}
