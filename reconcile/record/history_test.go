package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

// story is a journal with everything that can be in one. Changes are 0 to 5 to be done, 6 held, and 7, a rename.
func story(t testing.TB) (data []byte, lines []line) {
	t.Helper()
	start, plan := startAt(0), newPlan(6)
	put := reconcile.Call{Kind: reconcile.CallPutUser, Changes: []int{7}}
	run := &reconcile.Run{ID: start.ID, StartedAt: noon, FinishedAt: noon.Add(time.Hour)}
	for i := range plan.Changes {
		if plan.Changes[i].WillBeDone() {
			run.Outcomes = append(run.Outcomes, reconcile.Outcome{Change: i, Status: reconcile.NotTaken, Error: "as the run itself says"})
		}
	}
	lines = []line{
		{Type: lineStart, Start: &start},
		{Type: linePlan, Plan: plan},
		{Type: lineIntent, Kind: "PATCH", Changes: []int{0, 1, 2, 3}},
		{Type: lineIntent, Kind: put.Kind, Changes: put.Changes},
		{Type: lineResult, Kind: "PATCH", Changes: []int{0, 1, 2, 3}}, // refused as a whole, and halved
		{Type: lineIntent, Kind: "PATCH", Changes: []int{0, 1}},
		{Type: lineResult, Kind: put.Kind, Changes: put.Changes, Outcomes: []reconcile.Outcome{applied(7)}},
		{Type: lineResult, Kind: "PATCH", Changes: []int{0, 1}, Outcomes: []reconcile.Outcome{applied(1), failed(0)}},
		{Type: lineIntent, Kind: "PATCH", Changes: []int{2, 3}},
		{Type: lineResult, Kind: "PATCH", Changes: []int{2, 3}, Outcomes: []reconcile.Outcome{applied(2), applied(3)}},
		{Type: lineIntent, Kind: "PATCH", Changes: []int{4, 5}},
		{Type: lineEnd, Result: reconcile.ResultPartial, Run: run},
	}
	var text bytes.Buffer
	prev := ""
	for i := range lines {
		lines[i].At = noon.Add(time.Duration(i) * time.Second)
		lines[i].Prev = prev
		encoded, sum, err := seal(lines[i])
		must(t, err)
		text.Write(encoded)
		prev = sum
	}
	return text.Bytes(), lines
}

// told works out the outcomes that whole lines tell of, by another way than the reader: the last line about a change.
func told(lines []line) []string {
	plan, end := lines[1].Plan, lines[len(lines)-1]
	if end.Type == lineEnd {
		return statuses(&Record{Plan: &reconcile.Plan{Run: end.Run}})
	}
	outcomes := []string{}
	for i := range plan.Changes {
		if !plan.Changes[i].WillBeDone() {
			continue
		}
		status := reconcile.NotReached
		for _, l := range lines {
			for _, change := range l.Changes {
				switch {
				case change != i:
				case l.Type == lineIntent:
					status = reconcile.Failed
				default:
					status = reconcile.NotReached
				}
			}
			for _, outcome := range l.Outcomes {
				if outcome.Change == i {
					status = outcome.Status
				}
			}
		}
		outcomes = append(outcomes, fmt.Sprintf("%d %s", i, status))
	}
	return outcomes
}

func TestAJournalCutAnywhereTellsWhatItsWholeLinesTell(t *testing.T) {
	data, lines := story(t)
	for cut := range len(data) + 1 {
		whole := bytes.Count(data[:cut], []byte("\n"))
		if cut > 0 && cut < len(data) && data[cut] == '\n' {
			whole++ // the checksum says that all of it is there
		}
		record, err := parse(bytes.NewReader(data[:cut]), Start{})
		if whole == 0 {
			if !errors.Is(err, errNothing) {
				t.Fatalf("cut after %d bytes: error %v, want that there is no start", cut, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("cut after %d bytes: %v", cut, err)
		}
		if record.Damage != nil {
			t.Fatalf("cut after %d bytes: damage %v", cut, record.Damage)
		}
		if wasEnded := whole == len(lines); record.IsKilled() == wasEnded {
			t.Fatalf("cut after %d bytes, with %d lines: %s", cut, whole, record.Result)
		}
		if !record.FinishedAt.Equal(lines[whole-1].At) {
			t.Fatalf("cut after %d bytes: finished at %s", cut, record.FinishedAt)
		}
		if whole == 1 {
			if record.Plan != nil || record.Unknown() != nil {
				t.Fatalf("cut after %d bytes: a plan out of nowhere", cut)
			}
			continue
		}
		if diff := cmp.Diff(told(lines[:whole]), statuses(record)); diff != "" {
			t.Fatalf("cut after %d bytes, outcomes (-told +read):\n%s", cut, diff)
		}
	}
}

// renamed returns a journal as it would be of a run with another id.
func renamed(t *testing.T, data []byte, id, other string) []byte {
	t.Helper()
	var text []byte
	prev := ""
	for piece := range bytes.Lines(bytes.ReplaceAll(data, []byte(id), []byte(other))) {
		var l line
		must(t, json.Unmarshal(piece, &l))
		l.Prev, l.Sum = prev, ""
		encoded, sum, err := seal(l)
		must(t, err)
		text, prev = append(text, encoded...), sum
	}
	return text
}

// withoutEnd returns a journal without its last line.
func withoutEnd(data []byte) []byte {
	return bytes.Clone(data[:bytes.LastIndexByte(data[:len(data)-1], '\n')+1])
}

func TestAKilledRunSaysWhatIsNotKnown(t *testing.T) {
	data, _ := story(t)
	record, err := parse(bytes.NewReader(withoutEnd(data)), Start{})
	must(t, err)
	if diff := cmp.Diff([]int{4, 5}, record.Unknown()); diff != "" {
		t.Errorf("unknown (-want +got):\n%s", diff)
	}
	run := record.Plan.Run
	if run.Stopped != "the run was killed" || run.ID != record.ID || !run.StartedAt.Equal(noon) {
		t.Errorf("run %+v", run)
	}
	for _, outcome := range run.Outcomes {
		if outcome.Open != (outcome.Change == 4 || outcome.Change == 5) {
			t.Errorf("change %d: %s", outcome.Change, outcome.Error)
		}
	}
}

func TestResultsTellHowARunEnded(t *testing.T) {
	tests := []struct {
		name   string
		finish func(*Journal) error
		want   reconcile.Result
		error  string
	}{
		{"done", func(j *Journal) error { return j.End(reconcile.ResultDone, &reconcile.Run{}, nil) }, reconcile.ResultDone, ""},
		{"held", func(j *Journal) error { return j.End(reconcile.ResultHeld, &reconcile.Run{}, nil) }, reconcile.ResultHeld, ""},
		{"partial", func(j *Journal) error { return j.End(reconcile.ResultPartial, &reconcile.Run{}, nil) }, reconcile.ResultPartial, ""},
		{"failed", func(j *Journal) error { return j.End(reconcile.ResultFailed, nil, errors.New("no users")) }, reconcile.ResultFailed, "no users"},
		{"killed", func(j *Journal) error { return j.file.Close() }, reconcile.ResultKilled, ""},
	}
	for _, test := range tests {
		for _, plan := range []*reconcile.Plan{nil, newPlan(1)} {
			t.Run(fmt.Sprintf("%s, with a plan: %t", test.name, plan != nil), func(t *testing.T) {
				store, start := newStore(t, t.TempDir()), startAt(0)
				must(t, test.finish(begin(t, store, start, plan)))
				record, err := store.Read(start.ID)
				must(t, err)
				if record.Result != test.want || record.Error != test.error || record.IsKilled() != (test.want == reconcile.ResultKilled) {
					t.Errorf("%s, error %q", record.Result, record.Error)
				}
				if (record.Plan == nil) != (plan == nil) || plan != nil && record.Plan.Run == nil {
					t.Errorf("plan %+v", record.Plan)
				}
			})
		}
	}
}

func TestReadFindsARun(t *testing.T) {
	store := newStore(t, t.TempDir())
	if _, err := store.Read("last"); err == nil || !strings.Contains(err.Error(), `no run "last" of account `+account+` is recorded in `) {
		t.Errorf("last of none: %v", err)
	}
	for _, id := range []string{"20261122T120000Z-00000001", "20261122T120000Z-00010002", "20261123T120000Z-00000003"} {
		start := startAt(0)
		start.ID = id
		must(t, begin(t, store, start, nil).End(reconcile.ResultFailed, nil, errors.New("x")))
	}
	tests := []struct{ name, id, want, error string }{
		{"by its id", "20261122T120000Z-00010002", "20261122T120000Z-00010002", ""},
		{"by the beginning of its id", "20261123", "20261123T120000Z-00000003", ""},
		{"by the word last", "last", "20261123T120000Z-00000003", ""},
		{"but not by a beginning that two have", "20261122", "", `"20261122" is the beginning of 2 run ids: write more of it`},
		{"but not one that is not there", "2025", "", `no run "2025" of account `},
		{"but not without an id", "", "", `"" is not a run id`},
		{"but not elsewhere", "../../etc/passwd", "", "is not a run id"},
		{"but not by a path", "/etc/passwd", "", "is not a run id"},
		{"but not by a hidden name", ".check-1", "", "is not a run id"},
		{"but not by a pattern", "2026*", "", "is not a run id"},
		{"but not by something endless", strings.Repeat("2", 65), "", "is not a run id"},
		{"but not by a text with a zero", "2026\x00", "", "is not a run id"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			record, err := store.Read(test.id)
			if test.error != "" {
				if err == nil || !strings.Contains(err.Error(), test.error) {
					t.Errorf("error %v, want %q", err, test.error)
				}
				return
			}
			if err != nil || record.ID != test.want {
				t.Errorf("got %+v, %v", record, err)
			}
		})
	}
}

func TestListNamesWhatItCannotRead(t *testing.T) {
	store := newStore(t, t.TempDir())
	if records, err := store.List(); len(records) > 0 || err != nil {
		t.Errorf("%d records of a directory that is not there (%v)", len(records), err)
	}
	first, second := startAt(0), startAt(time.Minute)
	must(t, begin(t, store, first, newPlan(1)).End(reconcile.ResultDone, &reconcile.Run{}, nil))
	abandon(t, begin(t, store, second, newPlan(1)))
	data, err := os.ReadFile(store.path(first.ID))
	must(t, err)
	misfit := []byte(`{"type":"end","result":"done","run":{"outcomes":[{"change":99,"status":"applied"}]}}` + "\n")
	elsewhere := renamed(t, data, first.ID, "../../../elsewhere")
	for name, content := range map[string][]byte{
		"empty": nil, "prose": []byte("hello\n"), "notes": []byte("hello"), "copy": data, "escape": elsewhere,
		"20261122T130000Z-00000000": renamed(t, append(withoutEnd(data), misfit...), first.ID, "20261122T130000Z-00000000"),
	} {
		must(t, os.WriteFile(store.path(name), content, fileMode))
	}
	must(t, os.WriteFile(store.runs()+"/README", []byte("no record"), fileMode))
	must(t, os.Mkdir(store.path("directory"), directoryMode))
	if err := os.Symlink(store.path(first.ID), store.path("link")); err != nil {
		t.Logf("no link: %v", err)
	}

	records, err := store.List()
	if len(records) != 2 || records[0].ID != second.ID || records[1].ID != first.ID {
		t.Errorf("records %v", records)
	}
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		"read the record of run prose: the first line is not that of a run",
		"read the record of run notes: the first line is not that of a run",
		"read the record of run escape: it is of run \"../../../elsewhere\", so it was renamed or copied",
		"read the record of run empty: the run was killed before it had recorded anything",
		"read the record of run copy: it is of run \"" + first.ID + "\", so it was renamed or copied",
		"read the record of run 20261122T130000Z-00000000: an outcome is of no change in the plan",
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestTheHistoryHasTheReleasesThatRunsMade(t *testing.T) {
	store := newStore(t, t.TempDir())
	record := func(after time.Duration, outcomes ...reconcile.Outcome) string {
		start := startAt(after)
		journal, err := store.Begin(start, newPlan(2), func() time.Time { return noon.Add(after) })
		must(t, err)
		must(t, journal.End(reconcile.ResultDone, &reconcile.Run{Outcomes: outcomes}, nil))
		return start.ID
	}
	record(-31*reconcile.Day, applied(0))
	earlier := record(-29*reconcile.Day, applied(0), failed(1), applied(3)) // 3 is a rename
	must(t, begin(t, store, startAt(-27*reconcile.Day), nil).End(reconcile.ResultFailed, nil, errors.New("no users")))
	killed, err := store.Begin(startAt(-time.Hour), newPlan(2), frozen)
	must(t, err)
	must(t, killed.Intent(patch(0)))
	must(t, killed.Result(patch(0), []reconcile.Outcome{applied(0)}))
	must(t, killed.Intent(patch(1))) // not known, so it may count
	abandon(t, killed)
	must(t, os.WriteFile(store.path("prose"), []byte("hello\n"), fileMode))

	want := []reconcile.PastRelease{
		{RunID: killed.start.ID, UserID: "id-p00", Email: "p00@example.com", At: noon, Kind: reconcile.Release, Reason: reconcile.Listed},
		{RunID: killed.start.ID, UserID: "id-p01", Email: "p01@example.com", At: noon, Kind: reconcile.Release, Reason: reconcile.Listed, Open: true},
		{RunID: earlier, UserID: "id-p00", Email: "p00@example.com", At: noon.Add(-29 * reconcile.Day), Kind: reconcile.Release, Reason: reconcile.Listed},
	}
	history := store.History(noon.Add(-30 * reconcile.Day))
	if diff := cmp.Diff(want, history.Taken); diff != "" {
		t.Errorf("releases (-want +got):\n%s", diff)
	}
	if len(history.Unreadable) != 1 || !strings.Contains(history.Unreadable[0].Why, "prose") {
		t.Errorf("unreadable runs: %+v, want the one that is no record", history.Unreadable)
	}
}

func TestTheHistoryNamesRunsWhoseRecordIsDamaged(t *testing.T) {
	store := newStore(t, t.TempDir())
	start := startAt(-time.Hour)
	journal, err := store.Begin(start, newPlan(2), func() time.Time { return noon })
	must(t, err)
	must(t, journal.Intent(patch(0)))
	must(t, journal.Result(patch(0), []reconcile.Outcome{applied(0)}))
	must(t, journal.End(reconcile.ResultDone, &reconcile.Run{Outcomes: []reconcile.Outcome{applied(0)}}, nil))
	if history := store.History(noon.Add(-reconcile.Day)); len(history.Unreadable) != 0 {
		t.Fatalf("unreadable before any damage: %+v", history.Unreadable)
	}
	path := store.path(start.ID)
	text, err := os.ReadFile(path)
	must(t, err)
	at := bytes.Index(text, []byte("\"result\""))
	text[at+1] ^= 1
	must(t, os.WriteFile(path, text, fileMode))
	if history := store.History(noon.Add(-reconcile.Day)); len(history.Unreadable) != 1 {
		t.Errorf("a damaged record is not among the unreadable runs: %+v", history)
	}
}

// The status page reads hundreds of records out of ten thousand.
func TestARecordIsReadWithoutListingAllOthers(t *testing.T) {
	store := newStore(t, t.TempDir())
	start := startAt(0)
	must(t, begin(t, store, start, newPlan(1)).End(reconcile.ResultDone, nil, nil))
	read := func() {
		if _, err := store.Read(start.ID); err != nil {
			t.Fatal(err)
		}
	}
	before := testing.AllocsPerRun(5, read)
	for i := range 1000 {
		must(t, os.WriteFile(store.path(fmt.Sprintf("20200101T000000Z-%08x", i)), nil, 0o600))
	}
	// With the race detector, what is pooled is dropped at random.
	if after := testing.AllocsPerRun(5, read); after > 2*before {
		t.Errorf("%.0f allocations beside a thousand others, %.0f alone", after, before)
	}
}
