package record

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

// The directories in testdata/earlier were written by the version before records
// were kept by account: plain by 'apply' and 'run' with one file, on two
// accounts, the last of them killed while it wrote; fleet by 'run' with three files, the
// account of one in capitals, another not readable.
const (
	second       = "699d98642c564d2e855e9661899b7252"
	plainKilled  = "20261124T173032Z-b1cd8a1f"
	plainBroken  = "20261124T173032Z-858622b3"
	plainSecond  = "20261124T173032Z-5dab3566"
	plainDry     = "20261124T173032Z-3f099644"
	plainApplied = "20261124T173032Z-12a933ec"
	fleetCapital = "20261124T173033Z-32dbd42f"
	fleetSecond  = "20261124T173033Z-39555351"
	fleetUnread  = "20261124T173033Z-32513b0c"
)

// earlier copies what an earlier version has left into a state directory.
func earlier(t *testing.T, state string, layouts ...string) {
	t.Helper()
	for _, layout := range layouts {
		must(t, os.CopyFS(state, os.DirFS(filepath.Join("testdata", "earlier", layout))))
	}
}

// describe writes what a record says, in a line.
func describe(r *Record) string {
	text := r.ID + " " + string(r.Mode) + " " + string(r.Result)
	if r.Plan != nil && r.Plan.Run != nil {
		text += " " + strings.Join(statuses(r), ", ")
	}
	return text
}

func TestALayoutOfBeforeIsTakenOverWithoutLoss(t *testing.T) {
	killed := plainKilled + " apply killed 0 applied, 1 applied, 2 failed, 3 not-reached"
	tests := []struct {
		layouts []string
		want    map[string][]string // by account
	}{
		{[]string{"plain"}, map[string][]string{
			account: {killed, plainDry + " dry-run done", plainApplied + " apply done 0 applied"},
			second:  {plainSecond + " apply done"},
			"":      {plainBroken + " apply failed"},
		}},
		{[]string{"fleet"}, map[string][]string{
			account: {fleetCapital + " apply failed"},
			second:  {fleetSecond + " apply done"},
			"":      {fleetUnread + " apply failed"},
		}},
		{[]string{"plain", "fleet"}, map[string][]string{
			account: {fleetCapital + " apply failed", killed, plainDry + " dry-run done", plainApplied + " apply done 0 applied"},
			second:  {fleetSecond + " apply done", plainSecond + " apply done"},
			"":      {fleetUnread + " apply failed", plainBroken + " apply failed"},
		}},
	}
	for _, test := range tests {
		t.Run(strings.Join(test.layouts, " and "), func(t *testing.T) {
			state := t.TempDir()
			earlier(t, state, test.layouts...)
			total := 0
			for name, want := range test.want {
				records, err := Open(state, name).List()
				must(t, err)
				var got []string
				for _, record := range records {
					got = append(got, strings.TrimSpace(describe(record)))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("account %q (-want +got):\n%s", name, diff)
				}
				total += len(want)
			}
			archive, err := OpenArchive(state, "")
			must(t, err)
			all := 0
			must(t, archive.Latest(0, func(*Record) { all++ }))
			if all != total {
				t.Errorf("%d records over all accounts, want %d", all, total)
			}
			for _, gone := range []string{"runs", "lock", "lock.json", "accounts/023E105F4ECEF8AD9CA31A8372D0C353"} {
				if _, err := os.Lstat(filepath.Join(state, gone)); !os.IsNotExist(err) {
					t.Errorf("%s is left behind (%v)", gone, err)
				}
			}
		})
	}
}

func TestWhatWasKilledBeforeTheTakeoverIsLookedAfter(t *testing.T) {
	state := t.TempDir()
	earlier(t, state, "plain")
	store := newStore(t, state)
	killed, err := store.Killed()
	must(t, err)
	if len(killed) != 1 || killed[0].ID != plainKilled || len(killed[0].Unknown()) != 1 {
		t.Fatalf("killed %v", killed)
	}
	recovered := recoverOne(t, store, plainKilled, liveOf(killed[0].Plan, 0, 1, 2))
	if recovered.Plan.Run.Count(reconcile.Applied) != 3 {
		t.Errorf("outcomes %v", statuses(recovered))
	}
}

func TestATakeoverWaitsForARunOfTheEarlierVersion(t *testing.T) {
	state := t.TempDir()
	earlier(t, state, "plain")
	holding := startOther(t, "hold-earlier", state)
	if _, err := newStore(t, state).List(); err == nil || !strings.Contains(err.Error(), "another seatsync is writing") {
		t.Errorf("error %v", err)
	}
	holding.end()
	if records, err := newStore(t, state).List(); len(records) != 3 || err != nil {
		t.Errorf("%d records (%v)", len(records), err)
	}
}

func TestATakeoverLosesNothingToFilesThatAreInTheWay(t *testing.T) {
	state := t.TempDir()
	earlier(t, state, "plain")
	must(t, os.WriteFile(filepath.Join(state, "runs", "README"), []byte("mine"), fileMode))
	must(t, os.WriteFile(filepath.Join(state, "runs", "cut.jsonl"), []byte(`{"type":"sta`), fileMode))
	taken := filepath.Join(state, "accounts", second, "runs")
	must(t, os.MkdirAll(taken, directoryMode))
	must(t, os.WriteFile(filepath.Join(taken, plainSecond+".jsonl"), []byte("something else"), fileMode))
	if _, err := newStore(t, state).List(); err != nil {
		t.Error(err)
	}
	want := map[string]string{
		"runs/README": "mine", "accounts/unread/runs/cut.jsonl": `{"type":"sta`,
		"accounts/" + second + "/runs/" + plainSecond + ".jsonl": "something else",
	}
	for name, content := range want {
		if got, err := os.ReadFile(filepath.Join(state, name)); err != nil || string(got) != content {
			t.Errorf("%s holds %q (%v)", name, got, err)
		}
	}
	if _, err := os.Stat(filepath.Join(state, "runs", plainSecond+".jsonl")); err != nil {
		t.Errorf("the record whose place was taken: %v", err)
	}
}
