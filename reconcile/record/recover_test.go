package record

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

func TestRecoverJudgesWhatIsNotKnownByWhatIsThere(t *testing.T) {
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
	_, _, err = store.Recover(aDayLater(live), func() time.Time { return later })
	must(t, err)
	recovered, err := store.Read(start.ID)
	must(t, err)

	want := []reconcile.Outcome{
		applied(0), failed(1), applied(2),
		{Change: 3, Status: reconcile.Failed, Error: "release p03@example.com: the run was killed while this was being written; reading the user shows that it took no effect"},
		{Change: 5, Status: reconcile.Failed, Error: "rename p00@example.com: the run was killed while this was being written; the user is no longer in the account", Uncertain: true},
	}
	if diff := cmp.Diff(want, recovered.Plan.Run.Outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if !recovered.IsKilled() || len(recovered.Unknown()) > 0 {
		t.Errorf("%s, unknown %v", recovered.Result, recovered.Unknown())
	}
	if !recovered.FinishedAt.Before(later) {
		t.Errorf("finished at %s, which is when a later run looked after it", recovered.FinishedAt)
	}
	read, err := store.Read(start.ID)
	must(t, err)
	if diff := cmp.Diff(asJSON(t, recovered.Plan), asJSON(t, read.Plan)); diff != "" {
		t.Errorf("read again (-recovered +read):\n%s", diff)
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
			must(t, journal.End(reconcile.ResultDone, &reconcile.Run{}, nil))
			continue
		}
		abandon(t, journal)
	}
	killed, err := store.Killed()
	must(t, err)
	var got []string
	for _, record := range killed {
		got = append(got, record.ID)
	}
	if diff := cmp.Diff([]string{ids["without a plan"], ids["second"], ids["first"]}, got); diff != "" {
		t.Errorf("killed (-want +got):\n%s", diff)
	}
}

func TestAJournalCutAnywhereCanBeRecoveredOnce(t *testing.T) {
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
		recovered := recoverOne(t, store, id, liveOf(plan, 0, 1, 2, 3, 4, 5, 7))
		if record.Plan != nil {
			if diff := cmp.Diff(want, statuses(recovered)); diff != "" {
				t.Fatalf("cut after %d bytes, outcomes (-want +got):\n%s", cut, diff)
			}
		}
		if killed, err := store.Killed(); len(killed) > 0 || err != nil {
			t.Fatalf("cut after %d bytes: %d runs are left (%v)", cut, len(killed), err)
		}
		after, err := os.ReadFile(store.path(id))
		must(t, err)
		if !record.IsKilled() {
			if !bytes.Equal(after, data[:cut]) {
				t.Fatalf("cut after %d bytes: something was added to a run that had ended", cut)
			}
			continue
		}
		added := bytes.TrimPrefix(after[min(len(after), cut):], []byte("\n"))
		if !bytes.HasPrefix(after, data[:cut]) || bytes.Count(added, []byte("\n")) != 1 {
			t.Fatalf("cut after %d bytes: not just a line was added", cut)
		}
		if recovered.Damage != nil {
			t.Fatalf("cut after %d bytes: damage %v, where a run was killed", cut, recovered.Damage)
		}
	}
}

func TestAJournalWithABrokenLineIsRecoveredOnceToo(t *testing.T) {
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
	recovered := recoverOne(t, store, id, liveOf(record.Plan, 7))
	want := []string{"0 failed", "1 failed", "2 failed", "3 failed", "4 failed", "5 failed", "7 applied"}
	if diff := cmp.Diff(want, statuses(recovered)); diff != "" {
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
	recoverOne(t, store, start.ID, liveOf(newPlan(1)))
	must(t, journal.End(reconcile.ResultDone, &reconcile.Run{Outcomes: []reconcile.Outcome{applied(0)}}, nil))
	record, err := store.Read(start.ID)
	must(t, err)
	if record.Result != reconcile.ResultDone || record.Plan.Run.Count(reconcile.Applied) != 1 {
		t.Errorf("%s, outcomes %v", record.Result, statuses(record))
	}
}

// killedWriting records a run of one release that was killed while it wrote it, some time after noon.
func killedWriting(t *testing.T, store *Store, after time.Duration) Start {
	t.Helper()
	start := startAt(after)
	journal, err := store.Begin(start, newPlan(1), func() time.Time { return noon.Add(after) })
	must(t, err)
	must(t, journal.Intent(patch(0)))
	abandon(t, journal)
	return start
}

func TestWhatMayStillTakeEffectStaysOpen(t *testing.T) {
	const timeout = 30 * time.Second
	type look struct {
		at      time.Duration
		isThere bool
		want    string // status and whether it is open
	}
	tests := []struct {
		name  string
		looks []look
	}{
		{"an effect that lands late is found", []look{{time.Second, false, "failed, open"}, {20 * time.Second, false, "failed, open"}, {40 * time.Second, true, "applied"}}},
		{"an effect that is there closes at once", []look{{time.Second, true, "applied"}}},
		{"no effect waits for two time-outs after the process was found dead", []look{
			{time.Second, false, "failed, open"}, {60 * time.Second, false, "failed, open"}, {61 * time.Second, false, "failed"},
		}},
		{"no effect is certain at once where a call cannot take so long", []look{{12 * time.Hour, false, "failed"}}},
		{"what is closed is not read again", []look{{12 * time.Hour, false, "failed"}, {13 * time.Hour, true, "failed"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := newStore(t, t.TempDir())
			start := killedWriting(t, store, 0)
			for i, look := range test.looks {
				var reached []int
				if look.isThere {
					reached = []int{0}
				}
				at := noon.Add(look.at)
				recovered, unreadable, err := store.Recover(Reading{Live: liveOf(newPlan(1), reached...), Begun: at, LateEffectWindow: 2 * timeout}, func() time.Time { return at })
				must(t, errors.Join(unreadable, err))
				if len(recovered) > 0 && recovered[0].IsFirst != (i == 0) {
					t.Errorf("look %d: told as the first: %t", i, recovered[0].IsFirst)
				}
				record, err := store.Read(start.ID)
				must(t, err)
				outcome := record.Plan.Run.Outcomes[0]
				got := string(outcome.Status)
				if outcome.Open {
					got += ", open"
				}
				if got != look.want || outcome.Open != (len(record.Unknown()) == 1) {
					t.Errorf("look %d: %s (%s), want %s; unknown %v", i, got, outcome.Error, look.want, record.Unknown())
				}
				must(t, store.Prune(Retention{Runs: 1, Age: 1}, at.Add(reconcile.Day)))
				if ids := mustList(t, store); outcome.Open && len(ids) != 1 {
					t.Fatalf("look %d: pruned while it is open", i)
				} else if len(ids) == 0 {
					return
				}
			}
		})
	}
}

func TestAReadingThatTellsNothingNewAddsNothing(t *testing.T) {
	store := newStore(t, t.TempDir())
	start := killedWriting(t, store, 0)
	reading := Reading{Live: liveOf(newPlan(1)), Begun: noon.Add(time.Second), LateEffectWindow: time.Minute}
	var sizes []int64
	for range 3 {
		_, _, err := store.Recover(reading, frozen)
		must(t, err)
		info, err := os.Stat(store.path(start.ID))
		must(t, err)
		sizes = append(sizes, info.Size())
	}
	if sizes[0] != sizes[1] || sizes[1] != sizes[2] {
		t.Errorf("sizes %v", sizes)
	}
}

func TestOneSeatCountsOnceWhicheverRunFreedIt(t *testing.T) {
	apply := func(t *testing.T, store *Store, after time.Duration) {
		journal, err := store.Begin(startAt(after), newPlan(1), func() time.Time { return noon.Add(after) })
		must(t, err)
		must(t, journal.End(reconcile.ResultDone, &reconcile.Run{Outcomes: []reconcile.Outcome{applied(0)}}, nil))
	}
	tests := []struct {
		name  string
		later func(*testing.T, *Store)
	}{
		{"a later run has done the same", func(t *testing.T, store *Store) { apply(t, store, time.Minute) }},
		{"a later run was killed as well", func(t *testing.T, store *Store) { killedWriting(t, store, time.Minute) }},
		{"two more were", func(t *testing.T, store *Store) {
			killedWriting(t, store, time.Minute)
			killedWriting(t, store, 2*time.Minute)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := newStore(t, t.TempDir())
			first := killedWriting(t, store, 0)
			_, _, err := store.Recover(Reading{Live: liveOf(newPlan(1)), Begun: noon.Add(time.Second), LateEffectWindow: time.Minute}, func() time.Time { return noon.Add(time.Second) })
			must(t, err)
			test.later(t, store)
			record := recoverOne(t, store, first.ID, liveOf(newPlan(1), 0))
			if past := store.History(noon.Add(-time.Hour)).Taken; len(past) != 1 {
				t.Errorf("%d releases of one seat: %v", len(past), past)
			}
			if len(record.Unknown()) > 0 || !strings.Contains(record.Plan.Run.Outcomes[0].Error, "has done the same since") {
				t.Errorf("the first: %+v", record.Plan.Run.Outcomes[0])
			}
		})
	}
}

func TestWhatARunCouldNotFindOutIsReadAgain(t *testing.T) {
	store, start := newStore(t, t.TempDir()), startAt(0)
	journal := begin(t, store, start, newPlan(2))
	open := reconcile.Outcome{Change: 0, Status: reconcile.Failed, Error: "release p00@example.com: timed out; whether it took effect is not known yet", Open: true}
	must(t, journal.Intent(patch(0, 1)))
	must(t, journal.Result(patch(0, 1), []reconcile.Outcome{open, applied(1)}))
	must(t, journal.End(reconcile.ResultPartial, &reconcile.Run{Outcomes: []reconcile.Outcome{open, applied(1)}}, nil))
	if killed, err := store.Killed(); len(killed) > 0 || err != nil {
		t.Errorf("%d runs are taken for killed (%v)", len(killed), err)
	}
	record := recoverOne(t, store, start.ID, liveOf(newPlan(2), 0, 1))
	if diff := cmp.Diff([]string{"0 applied", "1 applied"}, statuses(record)); diff != "" || record.Result != reconcile.ResultPartial {
		t.Errorf("%s, outcomes (-want +got):\n%s", record.Result, diff)
	}
}

func TestARecordThatCannotBeRecoveredIsAnError(t *testing.T) {
	store := newStore(t, t.TempDir())
	start := killedWriting(t, store, 0)
	record, err := store.Read(start.ID)
	must(t, err)
	must(t, os.Remove(store.path(start.ID)))
	seen := lookup{reading: aDayLater(liveOf(newPlan(1)))}
	if _, err := store.recoverRun(record, &seen, frozen); err == nil {
		t.Error("no error")
	}
}
