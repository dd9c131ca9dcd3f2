package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
)

func TestAnApplyTellsTheStoryInItsOrder(t *testing.T) {
	account := newAccount("ada", "bob")
	s := newStage(t, account)
	account.before = func(step string) {
		if records, _ := s.Store.List(); strings.HasPrefix(step, "write") != (len(records) == 1) {
			t.Errorf("%s: %d records: a run is recorded before it writes, and not before it is confirmed", step, len(records))
		}
		if _, err := s.Store.Lock(record.Holder{}); err == nil {
			t.Errorf("%s: nobody holds the lock", step)
		}
	}
	s.Confirm = func(_ context.Context, plan *reconcile.Plan) error {
		account.note("asked about %d", plan.Summary.Pending())
		return nil
	}
	result := s.Apply(t.Context(), asks(t, idleFile))
	if diff := cmp.Diff([]string{"read", "asked about 2", "write 2 seats"}, account.told()); diff != "" {
		t.Error(diff)
	}
	if result.Err != nil || result.Result != reconcile.ResultDone || result.Plan.Run.Count(reconcile.Applied) != 2 || s.sinks != 1 {
		t.Errorf("%s, %v, %d sinks", result.Result, result.Err, s.sinks)
	}
	found := s.only(t)
	if found.ID != result.ID || found.Result != result.Result || found.Plan.Run.Count(reconcile.Applied) != 2 {
		t.Errorf("the record says %+v", found)
	}
	if lock, err := s.Store.Lock(record.Holder{}); err != nil {
		t.Errorf("the lock is still held: %v", err)
	} else {
		_ = lock.Unlock()
	}
}

func TestADryRunHasNoWriter(t *testing.T) {
	frozen := idleFile[:len(idleFile)-2] + ", freeze: [{from: 2026-11-20, until: 2026-11-25}]}\n"
	for name, perform := range map[string]func(*stage) *reconcile.Plan{
		"a plan": func(s *stage) *reconcile.Plan {
			plan, _, err := s.Plan(t.Context(), asks(t, idleFile))
			if err != nil {
				t.Error(err)
			}
			return plan
		},
		"a recorded dry run": func(s *stage) *reconcile.Plan { return s.DryRun(t.Context(), asks(t, idleFile)).Plan },
		"an apply in a freeze": func(s *stage) *reconcile.Plan {
			result := s.Apply(t.Context(), asks(t, frozen))
			if result.Frozen == nil || result.Mode != reconcile.ModeDryRun {
				t.Errorf("an apply in a freeze: %+v", result)
			}
			return result.Plan
		},
	} {
		s := newStage(t, newAccount("ada"))
		plan := perform(s)
		if plan == nil || plan.Summary.Release != 1 || plan.Run != nil {
			t.Errorf("%s: the plan is %+v", name, plan)
		}
		if told := s.account.told(); s.sinks != 0 || !slices.Equal(told, []string{"read"}) {
			t.Errorf("%s asked for %d sinks, and did %q", name, s.sinks, told)
		}
	}
}

func TestWhateverFailsLeavesARecord(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(*stage, *Request)
		want    string
	}{
		{"the account cannot be read", func(s *stage, _ *Request) { s.account.unread = errors.New("no answer") }, "no answer"},
		{"the plan is refused", func(s *stage, _ *Request) { s.account.users = nil }, "the account has no users"},
		{"the run to revert is not there", func(_ *stage, r *Request) { r.Revert = "20260101" }, `no run "20260101"`},
		{"a saved plan is too old", func(_ *stage, r *Request) {
			r.Saved = &reconcile.Plan{AccountID: testAccount, CreatedAt: morning.AddDate(0, 0, -2)}
		}, "the plan is 48h0m0s old"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, newAccount("ada"))
			request := asks(t, idleFile+"users: [{email: ada@example.com}]\n")
			test.prepare(s, &request)
			result := s.Apply(t.Context(), request)
			if result.Err == nil || !strings.Contains(result.Err.Error(), test.want) || result.Result != reconcile.ResultFailed || s.sinks != 0 {
				t.Errorf("%s, %v, want %q", result.Result, result.Err, test.want)
			}
			if found := s.only(t); found.Result != reconcile.ResultFailed || !strings.Contains(found.Error, test.want) {
				t.Errorf("the record says %s: %s", found.Result, found.Error)
			}
		})
	}
}

func TestTheSecondOfTwoAppliesWritesNothingAndSaysWhoIsWriting(t *testing.T) {
	s := newStage(t, newAccount("ada"))
	lock, err := s.Store.Lock(record.Holder{RunID: "first", PID: 1, Who: "eve"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Unlock() }()
	result := s.Apply(t.Context(), asks(t, idleFile))
	var locked *record.LockedError
	if !errors.As(result.Err, &locked) || locked.Holder.RunID != "first" || len(s.account.told()) > 0 {
		t.Errorf("%v, and it did %q", result.Err, s.account.told())
	}
}

func TestANoIsNeitherAppliedNorRecorded(t *testing.T) {
	s := newStage(t, newAccount("ada"))
	s.Confirm = func(context.Context, *reconcile.Plan) error { return ErrDeclined }
	result := s.Apply(t.Context(), asks(t, idleFile))
	records, _ := s.Store.List()
	if !errors.Is(result.Err, ErrDeclined) || s.sinks != 0 || len(records) != 0 {
		t.Errorf("%v, %d sinks, %d records", result.Err, s.sinks, len(records))
	}
}

func TestWhoeverLogsInWhileSomeoneThinksKeepsTheSeat(t *testing.T) {
	s := newStage(t, newAccount("ada", "bob"))
	s.Confirm = func(context.Context, *reconcile.Plan) error {
		s.clock.forward(5 * time.Minute)
		s.account.login("bob@example.com", morning.Add(time.Minute))
		return nil
	}
	result := s.Apply(t.Context(), asks(t, idleFile))
	if result.Result != reconcile.ResultPartial || result.Plan.Run.Count(reconcile.Stale) != 1 || result.Plan.Run.Count(reconcile.Applied) != 1 {
		t.Errorf("%s, %v: %+v", result.Result, result.Err, result.Plan.Run)
	}
	if s.account.users[1].AccessSeat != reconcile.True {
		t.Error("bob has lost the seat")
	}
	if !result.StartedAt.Equal(morning.Add(5 * time.Minute)) {
		t.Errorf("the run began at %s, before it was confirmed", result.StartedAt)
	}
}

// TestAFreezeThatBeginsOnTheWayHolds: while somebody thinks, and between two requests.
func TestAFreezeThatBeginsOnTheWayHolds(t *testing.T) {
	frozen := idleFile[:len(idleFile)-2] + ", freeze: [{cron: '1 6 22 11 *', for: 2h}]}\n"
	intoFreeze := func(s *stage) { s.clock.forward(2 * time.Minute) }

	s := newStage(t, newAccount("ada"))
	s.Confirm = func(context.Context, *reconcile.Plan) error { intoFreeze(s); return nil }
	result := s.Apply(t.Context(), asks(t, frozen))
	var window *FrozenError
	if !errors.As(result.Err, &window) || s.sinks != 0 || s.only(t).Result != reconcile.ResultFailed {
		t.Errorf("while somebody thinks: %v, %d sinks", result.Err, s.sinks)
	}

	s = newStage(t, newAccount("ada", "bob"))
	s.account.before = func(step string) {
		if strings.HasPrefix(step, "write") {
			intoFreeze(s)
		}
	}
	oneByOne := asks(t, frozen)
	oneByOne.BatchSize, oneByOne.Concurrency = 1, 1
	result = s.Apply(t.Context(), oneByOne)
	if run := result.Plan.Run; run.Count(reconcile.Applied) != 1 || run.Count(reconcile.NotReached) != 1 || !strings.Contains(run.Stopped, "nothing is applied now: policy.freeze") {
		t.Errorf("between two requests: %+v", run)
	}

	request := asks(t, frozen)
	request.IgnoreFreeze = true
	s = newStage(t, newAccount("ada"))
	s.Confirm = func(context.Context, *reconcile.Plan) error { intoFreeze(s); return nil }
	if result := s.Apply(t.Context(), request); result.Err != nil || result.Plan.Run.Count(reconcile.Applied) != 1 {
		t.Errorf("where it is ignored: %+v", result)
	}
}

func TestASavedPlanIsAppliedAsItIs(t *testing.T) {
	s := newStage(t, newAccount("ada", "bob"))
	plan, _, err := s.Plan(t.Context(), asks(t, idleFile))
	if err != nil {
		t.Fatal(err)
	}
	s.account.login("bob@example.com", morning.Add(time.Minute))
	s.account.users = append(s.account.users, newAccount("eve").users...) // idle, and not in the plan
	s.clock.forward(time.Hour)
	result := s.Apply(t.Context(), Request{Saved: saved(t, plan), SavedAs: "plan.json", MaxPlanAge: 2 * time.Hour})
	if result.Err != nil || result.Plan.Run.Count(reconcile.Applied) != 1 || result.Plan.Run.Count(reconcile.Stale) != 1 {
		t.Errorf("%v: %+v", result.Err, result.Plan)
	}
	for i, want := range []reconcile.Flag{reconcile.False, reconcile.True, reconcile.True} {
		if user := s.account.users[i]; user.AccessSeat != want {
			t.Errorf("%s has access_seat %s, want %s", user.Email, user.AccessSeat, want)
		}
	}
}

// saved writes a plan down and reads it back, as between two commands.
func saved(t *testing.T, plan *reconcile.Plan) *reconcile.Plan {
	t.Helper()
	data, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	read, err := reconcile.ReadPlan(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestAKilledRunIsRecoveredOnce(t *testing.T) {
	s := newStage(t, newAccount("ada", "bob"))
	plan, _, err := s.Plan(t.Context(), asks(t, idleFile))
	if err != nil {
		t.Fatal(err)
	}
	// The process goes away while both are being written; one has taken effect.
	journal, err := s.Store.Begin(record.Start{ID: record.NewID(morning), Mode: reconcile.ModeApply, AccountID: testAccount}, plan, s.clock.Now)
	if err == nil {
		err = journal.Intent(reconcile.Call{Kind: reconcile.CallPatchSeats, Changes: []int{0, 1}})
	}
	if err != nil {
		t.Fatal(err)
	}
	s.account.users[0].AccessSeat = reconcile.False
	for range 2 {
		s.clock.forward(time.Hour)
		if result := s.Apply(t.Context(), asks(t, idleFile)); result.Err != nil {
			t.Fatal(result.Err)
		}
	}
	if len(s.notes) != 1 || !strings.Contains(s.notes[0], "was killed: 1 change applied, 1 of them found by reading the 2 users that it was writing") {
		t.Errorf("it was told %q", s.notes)
	}
}

func TestAPanicIsRecordedAndGoesOn(t *testing.T) {
	s := newStage(t, newAccount("ada"))
	s.account.before = func(string) { panic("a bug") }
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was lost")
			}
		}()
		s.Apply(t.Context(), asks(t, idleFile))
	}()
	if found := s.only(t); found.Result != reconcile.ResultFailed || !strings.Contains(found.Error, "a bug") {
		t.Errorf("the record says %s: %s", found.Result, found.Error)
	}
	if lock, err := s.Store.Lock(record.Holder{}); err != nil {
		t.Error(err)
	} else {
		_ = lock.Unlock()
	}
}

func TestARecordThatCannotBeginWritesNothing(t *testing.T) {
	s := newStage(t, newAccount("ada"))
	request := asks(t, idleFile)
	request.ID = "taken"
	if result := s.DryRun(t.Context(), request); result.Err != nil {
		t.Fatal(result.Err)
	}
	result := s.Apply(t.Context(), request)
	if result.Err == nil || result.Result != reconcile.ResultFailed || s.sinks != 0 || result.HasWritten() {
		t.Errorf("%s, %v, %d sinks", result.Result, result.Err, s.sinks)
	}
}

func TestTheZoneOfARunMovesItsFreezes(t *testing.T) {
	// At six in UTC it is one in the night in New York, and three in the afternoon in Tokyo.
	frozen := idleFile[:len(idleFile)-2] + ", freeze: [{cron: '0 14 * * *', for: 2h}]}\n"
	for zone, want := range map[string]bool{"": false, "America/New_York": false, "Asia/Tokyo": true} {
		s := newStage(t, newAccount("ada"))
		request := asks(t, frozen)
		if zone != "" {
			location, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			request.Zone = location
		}
		if result := s.Apply(t.Context(), request); (result.Frozen != nil) != want {
			t.Errorf("in %q: frozen by %v, want %v", zone, result.Frozen, want)
		}
	}
}
