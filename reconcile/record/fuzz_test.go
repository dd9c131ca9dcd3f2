package record

import (
	"bytes"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// FuzzDamage damages a finished journal. Whatever the damage, an outcome is what it was or is not known, and no line
// that is whole is lost.
func FuzzDamage(f *testing.F) {
	data, lines := story(f)
	for _, at := range []int{0, 1, 40, len(data) / 2, len(data) - 2} {
		f.Add(at, []byte{0}, 1)
	}
	f.Add(200, []byte("\n\n"), 0)
	f.Add(10, []byte{}, 400)
	f.Fuzz(func(t *testing.T, at int, with []byte, instead int) {
		if at < 0 || at > len(data) || instead < 0 {
			return
		}
		for _, whole := range [][]byte{data, withoutEnd(data)} {
			begin := min(at, len(whole))
			damaged := slices.Concat(whole[:begin], with, whole[min(begin+instead, len(whole)):])
			checkDamaged(t, lines, whole, damaged)
		}
	})
}

// FuzzParse reads journals that nobody wrote. What is read must hold together, or be an error.
func FuzzParse(f *testing.F) {
	data, lines := story(f)
	ends := []int{}
	for i, char := range data {
		if char == '\n' {
			ends = append(ends, i+1)
		}
	}
	f.Add(data)
	for _, end := range ends {
		f.Add(data[:end])
		f.Add(data[:end-1])
	}
	recovered, _, err := seal(line{Type: lineRecovered, Changes: []int{4, 5}, Outcomes: []reconcile.Outcome{applied(4)}})
	must(f, err)
	f.Add(append(bytes.Clone(data[:ends[len(ends)-2]]), recovered...))
	f.Add(bytes.Replace(data, []byte(`"change":7`), []byte(`"change":-7`), 1))
	f.Add(bytes.ReplaceAll(data, []byte(`"changes":[0`), []byte(`"changes":[1000000000000`)))
	f.Add(append(bytes.Clone(data), data...))
	f.Add(append(bytes.Clone(data[ends[0]:ends[1]]), data...))
	f.Add(bytes.Replace(data, []byte(`"mode":"apply"`), []byte(`"mode":"dry-run"`), 1))
	f.Add([]byte(`{"type":"start","start":{}}` + "\n" + `{"type":"end","run":null}` + "\n"))

	store := newStore(f, f.TempDir())
	prepare(f, store)
	id := lines[0].Start.ID
	f.Fuzz(func(t *testing.T, data []byte) {
		record, err := parse(bytes.NewReader(data), Start{ID: id, AccountID: account})
		if err != nil {
			if record != nil {
				t.Fatalf("a record beside the error %v", err)
			}
			return
		}
		checkRecord(t, record)
		if record.ID != id || record.AccountID != account {
			return // which a store would not take
		}
		must(t, os.WriteFile(store.path(id), data, fileMode))
		store.History(time.Time{})
		if !record.IsKilled() {
			return
		}
		isFinished := !record.isForgotten() && len(record.unknown) == 0
		recovered := recoverOne(t, store, id, &reconcile.Live{})
		after, err := os.ReadFile(store.path(id))
		must(t, err)
		if !bytes.HasPrefix(after, data) {
			t.Fatal("settling has changed what was there")
		}
		checkRecord(t, recovered)
		if !recovered.recovered && !isFinished || len(recovered.unknown) > 0 {
			t.Fatalf("recovered, but %v are unknown", recovered.unknown)
		}
	})
}

// checkRecord fails the test unless those who show a record can rely on it.
func checkRecord(t *testing.T, record *Record) {
	t.Helper()
	if record.Plan == nil {
		if len(record.Unknown()) > 0 {
			t.Fatalf("without a plan, %v are unknown", record.Unknown())
		}
		return
	}
	isDryRun := record.Mode == reconcile.ModeDryRun
	if (record.Plan.Run == nil) != isDryRun {
		t.Fatalf("a dry run: %t, its run: %+v", isDryRun, record.Plan.Run)
	}
	if isDryRun {
		return
	}
	seen := make(map[int]bool)
	for _, outcome := range record.Plan.Run.Outcomes {
		change := &record.Plan.Changes[outcome.Change] // panics for one that there is not
		if record.IsKilled() && (seen[outcome.Change] || !change.WillBeDone()) {
			t.Fatalf("an outcome too many, of change %d", outcome.Change)
		}
		seen[outcome.Change] = true
	}
	for _, index := range record.Unknown() {
		if !seen[index] || !record.IsKilled() {
			t.Fatalf("change %d is unknown and has no outcome", index)
		}
	}
}
