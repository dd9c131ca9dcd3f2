package record

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

func TestPruneKeepsWhatRetentionSaysAndWhatIsUnfinished(t *testing.T) {
	const hour = time.Hour
	tests := []struct {
		name      string
		retention Retention
		want      []string
	}{
		{"everything, unless set", Retention{}, []string{"1h done", "2h killed", "3h settled", "4h failed", "5h running", "6h done"}},
		{"a number of runs", Retention{Runs: 1}, []string{"1h done", "2h killed", "5h running"}},
		{"a number that counts the killed", Retention{Runs: 3}, []string{"1h done", "2h killed", "3h settled", "5h running"}},
		{"an age", Retention{Age: 3*hour + time.Minute}, []string{"1h done", "2h killed", "3h settled", "5h running"}},
		{"whichever keeps less", Retention{Runs: 4, Age: 90 * time.Minute}, []string{"1h done", "2h killed", "5h running"}},
		{"nothing but what is unfinished", Retention{Age: 1}, []string{"2h killed", "5h running"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := newStore(t, t.TempDir())
			names := map[string]string{}
			for _, name := range []string{"1h done", "2h killed", "3h settled", "4h failed", "5h running", "6h done"} {
				age, kind, _ := strings.Cut(name, " ")
				ago, err := time.ParseDuration(age)
				must(t, err)
				start := startAt(-ago)
				names[start.ID] = name
				journal, err := store.Begin(start, newPlan(1), func() time.Time { return start.StartedAt })
				must(t, err)
				switch kind {
				case "done":
					must(t, journal.End(reconcile.ResultDone, &reconcile.Run{}, nil))
				case "failed":
					must(t, journal.End(reconcile.ResultFailed, nil, errors.New("no users")))
				case "running":
					abandon(t, journal)
					lock, err := store.Lock(Holder{RunID: start.ID})
					must(t, err)
					defer lock.Unlock()
				default:
					abandon(t, journal)
				}
				if kind == "settled" {
					record, err := store.Read(start.ID)
					must(t, err)
					seen := lookup{reading: aDayLater(&reconcile.Live{})}
					_, err = store.recoverRun(record, &seen, frozen) // lately, which makes the run no younger
					must(t, err)
				}
			}
			must(t, store.Prune(test.retention, noon))
			records, err := store.List()
			must(t, err)
			var got []string
			for _, record := range records {
				got = append(got, names[record.ID])
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPruneTouchesNoFileThatIsNotARecord(t *testing.T) {
	store := newStore(t, t.TempDir())
	must(t, begin(t, store, startAt(-2*time.Hour), nil).End(reconcile.ResultFailed, nil, errors.New("x")))
	data, err := os.ReadFile(store.runs() + "/" + mustList(t, store)[0] + extension)
	must(t, err)
	// A record that says that it is one elsewhere must not make anybody remove that.
	outside := store.Directory() + "/precious.jsonl"
	must(t, os.WriteFile(outside, data, fileMode))
	id := mustList(t, store)[0]
	must(t, os.WriteFile(store.path("escape"), renamed(t, data, id, "../precious"), fileMode))
	must(t, os.WriteFile(store.path("notes"), []byte("hello"), fileMode))
	must(t, os.WriteFile(store.runs()+"/README", []byte("hello"), fileMode))

	err = store.Prune(Retention{Runs: 1, Age: time.Hour}, noon.Add(reconcile.Day))
	if err == nil || !strings.Contains(err.Error(), "run notes") || !strings.Contains(err.Error(), "run escape") {
		t.Errorf("error %v, want one that names the two files", err)
	}
	want := []string{"precious.jsonl", "runs/README", "runs/escape.jsonl", "runs/notes.jsonl"}
	if diff := cmp.Diff(want, filesIn(t, store.Directory())); diff != "" {
		t.Errorf("files (-want +got): the record alone was to go\n%s", diff)
	}
}

func TestPruneRemovesWhatWasKilledBeforeItHadRecordedAnything(t *testing.T) {
	store := newStore(t, t.TempDir())
	data, lines := story(t)
	prepare(t, store)
	beginning := NewID(noon) // or it may be about to write its first line
	for name, content := range map[string][]byte{
		beginning: nil, NewID(noon.Add(-2 * time.Minute)): nil, NewID(noon.Add(-time.Hour)): data[:5],
		NewID(noon.Add(-2 * time.Hour)): data[:40], "foreign": nil, lines[0].Start.ID: data,
	} {
		must(t, os.WriteFile(store.path(name), content, fileMode))
	}
	must(t, store.Prune(Retention{}, noon))
	want := []string{"foreign", beginning, lines[0].Start.ID}
	slices.Sort(want)
	slices.Reverse(want)
	if diff := cmp.Diff(want, mustList(t, store)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

// mustList returns the ids of all records.
func mustList(t *testing.T, store *Store) []string {
	t.Helper()
	ids, err := store.IDs()
	must(t, err)
	return slices.Clone(ids)
}
