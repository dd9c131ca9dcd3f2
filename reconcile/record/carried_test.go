package record

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seatsync/seatsync/reconcile"
)

// withoutEmails are the differences between what a record says and what is carried of it.
var withoutEmails = cmp.Options{
	cmpopts.IgnoreFields(reconcile.PastRelease{}, "Email"), cmpopts.IgnoreFields(reconcile.History{}, "Announced", "Runs", "Readings"),
	cmpopts.SortSlices(func(a, b reconcile.PastRelease) bool { return a.At.Before(b.At) }), cmpopts.EquateEmpty(),
}

func TestWhatIsRemovedIsCarriedForward(t *testing.T) {
	store := newStore(t, t.TempDir())
	ids := manyRuns(t, store, 6)
	before := store.History(time.Time{})
	must(t, store.Prune(Retention{Runs: 2}, noon))
	if left := mustList(t, store); len(left) != 2 {
		t.Fatalf("left: %v", left)
	}
	if diff := cmp.Diff(before, store.History(time.Time{}), withoutEmails); diff != "" {
		t.Errorf("history (-before +after):\n%s", diff)
	}
	data, err := os.ReadFile(store.Directory() + "/" + carriedName)
	must(t, err)
	if text := string(data); strings.Contains(text, "@") || strings.Contains(text, "Name") || strings.Count(text, "\n") != 4 {
		t.Errorf("carried:\n%s", text)
	}
	must(t, store.Prune(Retention{Runs: 1}, noon))
	carried, err := store.Carried()
	must(t, err)
	var got []string
	for i := range carried {
		got = append(got, carried[i].ID)
	}
	if diff := cmp.Diff(ids[:5], got); diff != "" {
		t.Errorf("carried (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, store.History(time.Time{}), withoutEmails); diff != "" {
		t.Errorf("history after the second time (-before +after):\n%s", diff)
	}
}

func TestARunCountsOnceWhereverPruningWasKilled(t *testing.T) {
	store := newStore(t, t.TempDir())
	manyRuns(t, store, 4)
	before := store.History(time.Time{})
	entries, err := store.entries(time.Time{})
	must(t, err)
	must(t, store.carry([]reconcile.PastRun{*newCarrier(nil).carriedOf(entries[3])}, noon)) // and the record is still there
	if diff := cmp.Diff(before, store.History(time.Time{}), withoutEmails); diff != "" {
		t.Errorf("killed before removing (-want +got):\n%s", diff)
	}
	path := store.Directory() + "/" + carriedName
	data, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, append(data, data[:len(data)/2]...), fileMode)) // killed while it wrote the next line
	must(t, store.Prune(Retention{Runs: 1}, noon))
	history := store.History(time.Time{})
	if diff := cmp.Diff(before, history, withoutEmails); diff != "" {
		t.Errorf("pruned after that (-want +got):\n%s", diff)
	}
}

func TestDamageOfWhatIsCarriedIsReported(t *testing.T) {
	store := newStore(t, t.TempDir())
	manyRuns(t, store, 4)
	must(t, store.Prune(Retention{Runs: 1}, noon))
	path := store.Directory() + "/" + carriedName
	data, err := os.ReadFile(path)
	must(t, err)
	data[len(data)/2] ^= 1
	must(t, os.WriteFile(path, data, fileMode))
	history := store.History(time.Time{})
	if len(history.Unreadable) != 1 || len(history.Taken) != 3 {
		t.Errorf("%d taken, unreadable %v", len(history.Taken), history.Unreadable)
	}
	archive := Archive{stores: []*Store{store}}
	if found, err := archive.Verify(); err != nil || len(found.Problems) != 1 {
		t.Errorf("%v, %v", found.Problems, err)
	}
}

func TestPeopleWhoCameBackAreCarriedOnce(t *testing.T) {
	back := func(hour int, users ...string) *entry {
		return &entry{Past: &reconcile.PastRun{StartedAt: noon.Add(time.Duration(hour) * time.Hour), Returned: users}}
	}
	took := func(hour int, user string) *entry {
		at := noon.Add(time.Duration(hour) * time.Hour)
		return &entry{Past: &reconcile.PastRun{StartedAt: at, Taken: []reconcile.PastRelease{{UserID: user, At: at}}}}
	}
	c := newCarrier(nil)
	for i, test := range []struct {
		run  *entry
		want []string
	}{
		{took(1, "a"), nil}, {back(2, "a"), []string{"a"}}, {back(3, "a"), nil},
		{took(4, "a"), nil}, {back(5, "a", "b"), []string{"a", "b"}}, {back(6, "a", "b"), nil},
	} {
		var got []string
		if past := c.carriedOf(test.run); past != nil {
			got = past.Returned
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("run %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestPruningKeepsWhatAnAnnouncementNeeds(t *testing.T) {
	const day = reconcile.Day
	names := func(store *Store, daysAgo int, people ...string) string {
		start := startAt(-time.Duration(daysAgo) * day)
		start.Mode = reconcile.ModeDryRun
		plan := newPlan(0)
		plan.Changes = nil
		for _, name := range people {
			plan.Findings = append(plan.Findings, reconcile.Finding{Code: reconcile.CodeNotice, Email: name + "@example.com"})
		}
		journal, err := store.Begin(start, plan, func() time.Time { return start.StartedAt })
		must(t, err)
		must(t, journal.End(reconcile.ResultDone, nil, nil))
		return start.ID
	}
	for _, test := range []struct {
		name   string
		notice time.Duration
		kept   []int // of the runs so many days ago
	}{
		{"no rule needs it", 0, []int{0}},
		{"younger than the notice, and the latest of each person beyond", 7 * day, []int{0, 3, 6, 8, 10}},
		{"the notice is not known", -1, []int{0, 3, 6, 8, 9, 10, 60}},
		{"a notice that is longer than any", 90 * day, []int{0, 3, 6, 8, 9, 10, 60}},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := newStore(t, t.TempDir())
			ids := map[string]int{names(store, 0): 0, names(store, 4): 4}
			for daysAgo, people := range map[int][]string{3: {"a"}, 6: {"a", "b"}, 8: {"a", "b"}, 9: {"b"}, 10: {"b", "c"}, 60: {"d"}} {
				ids[names(store, daysAgo, people...)] = daysAgo
			}
			must(t, store.Prune(Retention{Runs: 1, Notice: test.notice}, noon))
			var kept []int
			for _, id := range mustList(t, store) {
				kept = append(kept, ids[id])
			}
			if diff := cmp.Diff(test.kept, kept); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDryRunsCrowdOutNoApply(t *testing.T) {
	store := newStore(t, t.TempDir())
	applies := manyRuns(t, store, 2)
	for i := range 5 {
		start := startAt(time.Duration(i) * time.Minute)
		start.Mode = reconcile.ModeDryRun
		must(t, begin(t, store, start, newPlan(0)).End(reconcile.ResultDone, nil, nil))
	}
	must(t, store.Prune(Retention{Runs: 2}, noon))
	if left := mustList(t, store); len(left) != 4 || left[3] != applies[0] {
		t.Errorf("left %v", left)
	}
}
