package record

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

func TestSettleJudgesWhatIsNotKnownByWhatIsThere(t *testing.T) {
	store, start, plan := newStore(t, t.TempDir()), startAt(0), newPlan(4)
	journal := begin(t, store, start, plan)
	must(t, journal.Intent(patch(0, 1)))
	must(t, journal.Result(patch(0, 1), []reconcile.Outcome{applied(0), failed(1)}))
	must(t, journal.Intent(patch(2, 3)))
	must(t, journal.Intent(reconcile.Call{Kind: reconcile.CallPutUser, Changes: []int{5}}))
	abandon(t, journal)
	killed, err := store.Killed()
	must(t, err)
	if len(killed) != 1 || killed[0].ID != start.ID {
		t.Fatalf("killed runs %v", killed)
	}

	// 0 has come undone since, 1 was done by hand: what the run itself has seen stays.
	live := liveOf(plan, 1, 2)
	live.Users = slices.DeleteFunc(live.Users, func(user reconcile.User) bool { return user.ID == "id-renamed" })
	later := noon.Add(time.Hour)
	settled, err := store.Settle(killed[0], live, func() time.Time { return later })
	must(t, err)

	want := []reconcile.Outcome{
		applied(0), failed(1), applied(2),
		{Change: 3, Status: reconcile.Failed, Error: "the run was killed while this was being written, and reading the user shows that it took no effect"},
		{Change: 5, Status: reconcile.Failed, Error: "the run was killed while this was being written, and the user is no longer in the account"},
	}
	if diff := cmp.Diff(want, settled.Plan.Run.Outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if !settled.IsKilled() || len(settled.Unknown()) > 0 {
		t.Errorf("%s, unknown %v", settled.Result, settled.Unknown())
	}
	if !settled.FinishedAt.Before(later) {
		t.Errorf("finished at %s, which is when a later run looked after it", settled.FinishedAt)
	}
	read, err := store.Read(start.ID)
	must(t, err)
	if diff := cmp.Diff(asJSON(t, settled.Plan), asJSON(t, read.Plan)); diff != "" {
		t.Errorf("read again (-settled +read):\n%s", diff)
	}
	if again, err := store.Killed(); len(again) > 0 || err != nil {
		t.Errorf("it would be told of again: %d runs (%v)", len(again), err)
	}
}

func TestKilledAreTheLatestFirst(t *testing.T) {
	store := newStore(t, t.TempDir())
	ids := map[string]string{}
	for i, name := range []string{"first", "done", "second", "without a plan"} {
		start, plan := startAt(time.Duration(i)*time.Minute), newPlan(1)
		ids[name] = start.ID
		if name == "without a plan" {
			plan = nil
		}
		journal := begin(t, store, start, plan)
		if name == "done" {
			must(t, journal.End(ResultDone, &reconcile.Run{}, nil))
			continue
		}
		abandon(t, journal)
	}
	killed, err := store.Killed()
	must(t, err)
	var got []string
	for _, record := range killed {
		got = append(got, record.ID)
		if _, err := store.Settle(record, &reconcile.Live{}, frozen); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{ids["without a plan"], ids["second"], ids["first"]}, got); diff != "" {
		t.Errorf("killed (-want +got):\n%s", diff)
	}
}

func TestAJournalCutAnywhereCanBeSettledOnce(t *testing.T) {
	data, lines := story(t)
	plan, store := lines[1].Plan, newStore(t, t.TempDir())
	prepare(t, store)
	id := lines[0].Start.ID
	for cut := bytes.IndexByte(data, '\n') + 1; cut < len(data); cut++ {
		if !bytes.Contains(data[cut-2:min(cut+2, len(data))], []byte("\n")) && cut%41 != 0 {
			continue // somewhere within a line is like anywhere within it
		}
		must(t, os.WriteFile(store.path(id), data[:cut], fileMode))
		record, err := store.Read(id)
		must(t, err)
		var want []string
		if record.Plan != nil {
			want = statuses(record)
			for i, line := range want {
				for _, index := range record.Unknown() {
					if record.Plan.Run.Outcomes[i].Change == index {
						want[i] = strings.Replace(line, "failed", "applied", 1)
					}
				}
			}
		}
		settled, err := store.Settle(record, liveOf(plan, 0, 1, 2, 3, 4, 5, 7), frozen)
		if err != nil {
			t.Fatalf("cut after %d bytes: %v", cut, err)
		}
		if record.Plan != nil {
			if diff := cmp.Diff(want, statuses(settled)); diff != "" {
				t.Fatalf("cut after %d bytes, outcomes (-want +got):\n%s", cut, diff)
			}
		}
		if killed, err := store.Killed(); len(killed) > 0 || err != nil {
			t.Fatalf("cut after %d bytes: %d runs are left (%v)", cut, len(killed), err)
		}
		after, err := os.ReadFile(store.path(id))
		must(t, err)
		added := bytes.TrimPrefix(after[min(len(after), cut):], []byte("\n"))
		if !bytes.HasPrefix(after, data[:cut]) || bytes.Count(added, []byte("\n")) != 1 {
			t.Fatalf("cut after %d bytes: not just a line was added", cut)
		}
		if settled.Damage != nil {
			t.Fatalf("cut after %d bytes: damage %v, where a run was killed", cut, settled.Damage)
		}
	}
}

func TestAJournalWithABrokenLineIsSettledOnceToo(t *testing.T) {
	data, lines := story(t)
	store, id := newStore(t, t.TempDir()), lines[0].Start.ID
	prepare(t, store)
	at := bytes.Index(data, []byte(`{"type":"result"`))
	broken := append(bytes.Clone(data[:at]), "\x00\x00\x00\n\x00\x00\n"...)
	must(t, os.WriteFile(store.path(id), broken, fileMode))
	record, err := store.Read(id)
	must(t, err)
	// Of 4 and 5 too: what is broken may have been an intent.
	if diff := cmp.Diff([]int{0, 1, 2, 3, 4, 5, 7}, record.Unknown()); diff != "" {
		t.Errorf("unknown (-want +got):\n%s", diff)
	}
	settled, err := store.Settle(record, liveOf(record.Plan, 7), frozen)
	must(t, err)
	want := []string{"0 failed", "1 failed", "2 failed", "3 failed", "4 failed", "5 failed", "7 applied"}
	if diff := cmp.Diff(want, statuses(settled)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if killed, err := store.Killed(); len(killed) > 0 {
		t.Errorf("%d runs are left (%v)", len(killed), err)
	}
}

func TestADryRunThatWasKilledLeavesNothingToLookAfter(t *testing.T) {
	store, start := newStore(t, t.TempDir()), startAt(0)
	start.Mode = reconcile.ModeDryRun
	abandon(t, begin(t, store, start, newPlan(1)))
	if killed, err := store.Killed(); len(killed) > 0 || err != nil {
		t.Errorf("%d runs to look after (%v)", len(killed), err)
	}
	record, err := store.Read(start.ID)
	must(t, err)
	if !record.IsKilled() || record.Plan.Run != nil || len(record.Unknown()) > 0 {
		t.Errorf("%s, run %v, unknown %v", record.Result, record.Plan.Run, record.Unknown())
	}
	must(t, store.Prune(Retention{Age: time.Hour}, noon.Add(reconcile.Day)))
	if ids := mustList(t, store); len(ids) > 0 {
		t.Errorf("kept %q: nothing is to be learnt from them any more", ids)
	}
}

func TestARunThatWasTakenForKilledStillSaysHowItEnded(t *testing.T) {
	store, start := newStore(t, t.TempDir()), startAt(0)
	journal := begin(t, store, start, newPlan(1))
	must(t, journal.Intent(patch(0)))
	killed, err := store.Killed()
	must(t, err)
	_, err = store.Settle(killed[0], liveOf(newPlan(1)), frozen)
	must(t, err)
	must(t, journal.End(ResultDone, &reconcile.Run{Outcomes: []reconcile.Outcome{applied(0)}}, nil))
	record, err := store.Read(start.ID)
	must(t, err)
	if record.Result != ResultDone || record.Plan.Run.Count(reconcile.Applied) != 1 {
		t.Errorf("%s, outcomes %v", record.Result, statuses(record))
	}
}

func TestSettleOfARecordThatIsGoneIsAnError(t *testing.T) {
	store, start := newStore(t, t.TempDir()), startAt(0)
	abandon(t, begin(t, store, start, nil))
	record, err := store.Read(start.ID)
	must(t, err)
	must(t, os.Remove(store.path(start.ID)))
	if _, err := store.Settle(record, &reconcile.Live{}, frozen); err == nil {
		t.Error("no error")
	}
}
