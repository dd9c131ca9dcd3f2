package runner

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
)

// planned makes a plan and reads it back, as between two commands.
func (s *stage) planned(t *testing.T, file string) *reconcile.Plan {
	t.Helper()
	plan, _, err := s.Plan(t.Context(), asks(t, file))
	if err != nil {
		t.Fatal(err)
	}
	return saved(t, plan)
}

// later is a request to apply a saved plan as it is.
func later(plan *reconcile.Plan) Request {
	return Request{Saved: plan, SavedAs: "plan.json", MaxPlanAge: 400 * reconcile.Day}
}

func TestASavedPlanIsUsedUpByAnyRunThatBeganToApplyIt(t *testing.T) {
	for _, test := range []struct {
		name string
		use  func(*stage, *reconcile.Plan)
		want string
	}{
		{"applied", func(s *stage, plan *reconcile.Plan) { s.Apply(t.Context(), later(saved(t, plan))) }, "plan.json: run "},
		{"applied as a fresh plan", func(s *stage, _ *reconcile.Plan) { s.Apply(t.Context(), asks(t, idleFile)) }, "plan.json: run "},
		{"begun and killed", func(s *stage, plan *reconcile.Plan) {
			run := s.newRun(reconcile.ModeApply, later(plan))
			if _, err := s.Store.Begin(run.start, plan, s.clock.Now); err != nil {
				t.Fatal(err)
			}
		}, "plan.json: run "},
		{"declined", func(s *stage, plan *reconcile.Plan) {
			s.Confirm = func(_ context.Context, _ *reconcile.Plan) error { return ErrDeclined }
			s.Apply(t.Context(), later(saved(t, plan)))
			s.Confirm = nil
		}, ""},
		{"shown in a dry run", func(s *stage, _ *reconcile.Plan) { s.DryRun(t.Context(), asks(t, idleFile)) }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, newAccount("ada"))
			plan := s.planned(t, idleFile)
			s.clock.forward(time.Minute)
			test.use(s, plan)
			// Somebody takes the seat again, so that the plan could be applied again.
			s.account.users[0].AccessSeat = reconcile.True
			s.clock.forward(time.Minute)
			result := s.Apply(t.Context(), later(plan))
			if test.want == "" {
				if result.Err != nil || result.Plan.Run.Count(reconcile.Applied) != 1 {
					t.Errorf("%v: %+v", result.Err, result.Plan)
				}
				return
			}
			if result.Err == nil || !strings.Contains(result.Err.Error(), test.want) || s.account.users[0].AccessSeat != reconcile.True {
				t.Errorf("%v, want %q; the seat is %s", result.Err, test.want, s.account.users[0].AccessSeat)
			}
		})
	}
}

func TestTheSameDecisionOnAnotherDayIsAnotherPlan(t *testing.T) {
	s := newStage(t, newAccount("ada"))
	// A seat that the API does not give is asked for day after day, by plans with one digest.
	s.account.users[0].AccessSeat = reconcile.False
	s.Sink = func() reconcile.Sink { return refusing{s.account} }
	file := "users: [{email: ada@example.com, access_seat: true}]\n"
	first := s.planned(t, file)
	if result := s.Apply(t.Context(), later(first)); result.Result != reconcile.ResultNotTaken {
		t.Fatalf("%s, %v", result.Result, result.Err)
	}
	s.clock.forward(24 * time.Hour)
	second := s.planned(t, file)
	if second.Digest != first.Digest {
		t.Fatal("the decision is another one")
	}
	if result := s.Apply(t.Context(), later(second)); result.Err != nil {
		t.Error(result.Err)
	}
}

// refusing answers success and changes nothing.
type refusing struct{ *account }

func (refusing) UpdateSeats(_ context.Context, _ int, updates []reconcile.SeatUpdate) ([]reconcile.User, error) {
	answers := make([]reconcile.User, len(updates))
	for i, update := range updates {
		answers[i] = reconcile.User{SeatUID: update.SeatUID, AccessSeat: reconcile.False, GatewaySeat: reconcile.False}
	}
	return answers, nil
}

func TestASavedPlanIsForTheAccountAndTheAPIThatItWasMadeFor(t *testing.T) {
	s := newStage(t, newAccount("ada"))
	s.BaseURL = "https://api.cloudflare.com/client/v4"
	plan := s.planned(t, idleFile)
	s.BaseURL = "http://127.0.0.1:8080/client/v4"
	result := s.Apply(t.Context(), later(plan))
	if result.Err == nil || !strings.Contains(result.Err.Error(), "the plan is for the API at https://api.cloudflare.com/client/v4, and this is http://127.0.0.1:8080/client/v4") {
		t.Error(result.Err)
	}
	s.AccountID = "699d98642c564d2e855e9661899b7252"
	if result := s.Apply(t.Context(), later(plan)); result.Err == nil || !strings.Contains(result.Err.Error(), "the plan is for account "+testAccount) {
		t.Error(result.Err)
	}
}

func TestASavedPlanCarriesItsFreeze(t *testing.T) {
	const freeze = "timezone: Pacific/Auckland\npolicy: {inactive: {after: 90d}, limits: {releases: 100%}, freeze: [{from: 2026-11-24, until: 2026-11-25}, {cron: '0 0 1 12 *', for: 24h}]}\n"
	for name, test := range map[string]struct {
		after    time.Duration
		isFrozen bool
	}{
		"before it": {0, false},
		"when the day has begun where the file is": {30 * time.Hour, true}, // 12:00 UTC on the 23rd
		"after it":              {100 * time.Hour, false},
		"when it comes by cron": {205 * time.Hour, true}, // 19:00 UTC on the 30th
	} {
		s := newStage(t, newAccount("ada"))
		plan := s.planned(t, freeze)
		s.clock.forward(test.after)
		result := s.Apply(t.Context(), later(plan))
		var frozen *FrozenError
		if errors.As(result.Err, &frozen) != test.isFrozen {
			t.Errorf("%s: %v", name, result.Err)
		}
		ignoring := later(plan)
		ignoring.IgnoreFreeze = true
		if result := s.Apply(t.Context(), ignoring); test.isFrozen && result.Err != nil {
			t.Errorf("%s, ignored: %v", name, result.Err)
		}
	}
}

func TestAPlanMadeInAFreezeSaysWhich(t *testing.T) {
	s := newStage(t, newAccount("ada"))
	plan := s.planned(t, "policy: {freeze: [{from: 2026-11-20, until: 2026-11-25, reason: audit}]}\n")
	if plan.Freeze == nil || plan.Freeze.Reason != "audit" || plan.Freeze.Until.String() != "2026-11-25" {
		t.Errorf("freeze: %+v", plan.Freeze)
	}
	if plan := s.planned(t, idleFile); plan.Freeze != nil || len(plan.FreezeWindows) != 0 {
		t.Errorf("freeze: %+v", plan.Freeze)
	}
}

func TestTheFileBesideASavedPlanHoldsWhatItProtects(t *testing.T) {
	for name, test := range map[string]struct {
		file string
		hold reconcile.Hold
	}{
		"protected since": {"policy: {protected: [ada@example.com]}\n", reconcile.HeldProtected},
		"exempt since": {"users: [{email: ada@example.com, exempt: {from: inactive, until: 2027-01-01, owner: hr@example.com, reason: leave}}]\n",
			reconcile.HeldExempt},
	} {
		s := newStage(t, newAccount("ada", "bob"))
		request := later(s.planned(t, idleFile))
		request.Desired = asks(t, test.file).Desired
		result := s.Apply(t.Context(), request)
		if result.Err != nil || result.Plan.Changes[0].Held != test.hold || result.Plan.Summary.Held != 1 || result.Plan.Summary.Release != 1 {
			t.Fatalf("%s: %v, %+v", name, result.Err, result.Plan)
		}
		if s.account.users[0].AccessSeat != reconcile.True || s.account.users[1].AccessSeat != reconcile.False {
			t.Errorf("%s: ada has %s, bob has %s", name, s.account.users[0].AccessSeat, s.account.users[1].AccessSeat)
		}
	}
}

func TestAfterASavedPlanSeatsAndMoneyAreThoseReadAtApply(t *testing.T) {
	s := newStage(t, newAccount("ada", "bob", "cyd"))
	plan := s.planned(t, "license: {purchased: 10, price: 7.00, currency: USD}\n"+idleFile)
	// Two seats are gone meanwhile, one of them of somebody in the plan, and one has come.
	s.account.users[0].AccessSeat, s.account.users[1].AccessSeat = reconcile.False, reconcile.False
	s.account.users = append(s.account.users, newAccount("dan").users...)
	result := s.Apply(t.Context(), later(plan))
	got := result.Plan
	if result.Err != nil || got.Live.SeatsUsed != 2 || got.Summary.SeatsAfter != 1 || *got.Money.FreeAfter != 9 ||
		got.Summary.MonthlyCostBefore != "14.00" || got.Summary.MonthlyCostAfter != "7.00" || got.Summary.Currency != "USD" {
		t.Errorf("%v: %+v, %+v, %+v", result.Err, got.Live, got.Summary, got.Money)
	}
	if got.Digest != plan.Digest || !got.CreatedAt.Equal(plan.CreatedAt) || plan.Live.SeatsUsed != 3 {
		t.Errorf("the plan is another one: %+v", got)
	}
	if found := s.only(t); found.Plan.Digest != plan.Digest || found.Plan.Live.SeatsUsed != 2 {
		t.Errorf("the record says %+v", found.Plan.Live)
	}
}

func TestWhatALimitHeldInASavedPlanStaysHeld(t *testing.T) {
	s := newStage(t, newAccount("ada", "bob"))
	plan := s.planned(t, strings.Replace(idleFile, "100%", "1", 1))
	result := s.Apply(t.Context(), later(plan))
	if result.Err != nil || result.Result != reconcile.ResultHeld || s.account.users[0].AccessSeat != reconcile.True || !reflect.DeepEqual(result.Plan.Limit, plan.Limit) {
		t.Errorf("%s, %v: %+v", result.Result, result.Err, result.Plan.Limit)
	}
}

func TestAZoneOfTheRunMovesTheFreezeOfTheFile(t *testing.T) {
	request := asks(t, "policy: {freeze: [{from: 2026-11-23, until: 2026-11-25}]}\n")
	s := newStage(t, newAccount("ada"))
	s.clock.forward(6 * time.Hour) // noon of the 22nd in UTC is the 23rd in Auckland
	if result := s.Apply(t.Context(), request); result.Frozen != nil {
		t.Errorf("in UTC: %s", result.Frozen)
	}
	zone, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	request.Zone = zone
	if result := s.Apply(t.Context(), request); result.Frozen == nil {
		t.Error("in Auckland nothing is frozen")
	}
}

func TestARecordThatCannotBeReadMayBeOneThatAppliedThePlan(t *testing.T) {
	for name, test := range map[string]struct {
		id   string
		want string
	}{
		"since the plan was made":       {record.NewID(morning.Add(time.Minute)), "whether the plan was applied before is not known: make a new one"},
		"long before the plan was made": {record.NewID(morning.Add(-2 * time.Hour)), ""},
	} {
		s := newStage(t, newAccount("ada"))
		plan := s.planned(t, idleFile)
		s.DryRun(t.Context(), asks(t, idleFile)) // which makes the directory
		if err := os.WriteFile(filepath.Join(s.Store.Directory(), "runs", test.id+".jsonl"), []byte("no record\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		result := s.Apply(t.Context(), later(plan))
		if test.want == "" && result.Err != nil || test.want != "" && (result.Err == nil || !strings.Contains(result.Err.Error(), test.want)) {
			t.Errorf("one from %s: %v, want %q", name, result.Err, test.want)
		}
	}
}
