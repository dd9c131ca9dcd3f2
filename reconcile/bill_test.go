package reconcile_test

import (
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// billPlan is a plan that releases the seats of so many people.
func billPlan(purchased, used, releases int) *reconcile.Plan {
	plan := &reconcile.Plan{
		Live:    reconcile.LiveInfo{SeatsUsed: used, AccessSeats: used},
		Summary: reconcile.Summary{Currency: "EUR", SeatsAfter: used - releases, Release: releases},
		Money:   reconcile.Money{Price: "7.00", Purchased: &purchased},
	}
	for range releases {
		plan.Changes = append(plan.Changes, reconcile.Change{
			Kind:   reconcile.Release,
			Before: reconcile.State{AccessSeat: reconcile.True, GatewaySeat: reconcile.False},
			After:  reconcile.State{AccessSeat: reconcile.False, GatewaySeat: reconcile.False},
		})
	}
	return plan
}

// appliedUpTo gives the plan a run that applied the first n changes.
func appliedUpTo(plan *reconcile.Plan, n int) *reconcile.Plan {
	plan.Run = &reconcile.Run{}
	for i := range plan.Changes {
		status := reconcile.Applied
		if i >= n {
			status = reconcile.Failed
		}
		plan.Run.Outcomes = append(plan.Run.Outcomes, reconcile.Outcome{Change: i, Status: status})
	}
	return plan
}

// stoppedAfter gives the plan a run that reached the first n changes.
func stoppedAfter(plan *reconcile.Plan, n int) *reconcile.Plan {
	plan = appliedUpTo(plan, n)
	plan.Run.Stopped = "the credentials were refused"
	for i := range plan.Run.Outcomes[n:] {
		plan.Run.Outcomes[n+i].Status = reconcile.NotReached
	}
	return plan
}

// granting adds grants of so many seats to the plan.
func granting(plan *reconcile.Plan, grants int) *reconcile.Plan {
	for range grants {
		plan.Changes = append(plan.Changes, reconcile.Change{
			Kind:   reconcile.Grant,
			Before: reconcile.State{AccessSeat: reconcile.False, GatewaySeat: reconcile.False},
			After:  reconcile.State{AccessSeat: reconcile.True, GatewaySeat: reconcile.False},
		})
	}
	plan.Summary.SeatsAfter, plan.Summary.Grant = plan.Summary.SeatsAfter+grants, grants
	return plan
}

func madeOn(plan *reconcile.Plan, at string) *reconcile.Plan {
	plan.CreatedAt = reconcile.ParseMoment(at).Time()
	return plan
}

func in(plan *reconcile.Plan, timezone string) *reconcile.Plan {
	plan.Timezone = timezone
	return plan
}

func finishedOn(plan *reconcile.Plan, at string) *reconcile.Plan {
	plan.Run.FinishedAt = reconcile.ParseMoment(at).Time()
	return plan
}

func TestTheAdviceIsAboutTheAccountAsItIsAfterTheRun(t *testing.T) {
	renews, err := reconcile.ParseDate("2027-01-01")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		plan *reconcile.Plan
		with func(*reconcile.Money)
		want string
	}{
		"a plan: as it will be": {billPlan(450, 240, 12), nil,
			"lower the purchased count to 228 for the next billing period: saves 1,554.00 EUR a month, 18,648.00 EUR a year"},
		"a run that did all": {appliedUpTo(billPlan(450, 240, 12), 12), nil,
			"lower the purchased count to 228 for the next billing period: saves 1,554.00 EUR a month, 18,648.00 EUR a year"},
		"a run that did a part: no fewer than are in use": {appliedUpTo(billPlan(450, 240, 12), 2), nil,
			"lower the purchased count to 238 for the next billing period: saves 1,484.00 EUR a month, 17,808.00 EUR a year"},
		"a known renewal": {billPlan(450, 240, 12), func(m *reconcile.Money) { m.Renews = &renews },
			"lower the purchased count to 228 before 2027-01-01: saves 1,554.00 EUR a month, 18,648.00 EUR a year"},
		"a run that was stopped: what it did not reach is in use": {stoppedAfter(billPlan(450, 240, 12), 3), nil,
			"lower the purchased count to 237 for the next billing period: saves 1,491.00 EUR a month, 17,892.00 EUR a year"},
		"a run with grants: they are in use too": {appliedUpTo(granting(billPlan(450, 240, 12), 5), 17), nil,
			"lower the purchased count to 233 for the next billing period: saves 1,519.00 EUR a month, 18,228.00 EUR a year"},
		"a run with grants that the API did not take": {appliedUpTo(granting(billPlan(450, 240, 12), 5), 12), nil,
			"lower the purchased count to 228 for the next billing period: saves 1,554.00 EUR a month, 18,648.00 EUR a year"},
		"the day before the renewal": {madeOn(billPlan(450, 240, 12), "2026-12-31T23:59:59Z"), func(m *reconcile.Money) { m.Renews = &renews },
			"lower the purchased count to 228 before 2027-01-01: saves 1,554.00 EUR a month, 18,648.00 EUR a year"},
		"the day of the renewal": {madeOn(billPlan(450, 240, 12), "2027-01-01T00:00:00Z"), func(m *reconcile.Money) { m.Renews = &renews },
			"lower the purchased count to 228 for the next billing period (the renewal of 2027-01-01 is past): saves 1,554.00 EUR a month, 18,648.00 EUR a year"},
		"the day of the renewal by the calendar of the file": {in(madeOn(billPlan(450, 240, 12), "2026-12-31T15:00:00Z"), "Asia/Tokyo"), func(m *reconcile.Money) { m.Renews = &renews },
			"lower the purchased count to 228 for the next billing period (the renewal of 2027-01-01 is past): saves 1,554.00 EUR a month, 18,648.00 EUR a year"},
		"the day before it by that calendar": {in(madeOn(billPlan(450, 240, 12), "2026-12-31T14:59:59Z"), "Asia/Tokyo"), func(m *reconcile.Money) { m.Renews = &renews },
			"lower the purchased count to 228 before 2027-01-01: saves 1,554.00 EUR a month, 18,648.00 EUR a year"},
		"a run that ended on the day of the renewal": {finishedOn(appliedUpTo(madeOn(billPlan(450, 240, 12), "2026-12-31T23:00:00Z"), 12), "2027-01-01T00:01:00Z"),
			func(m *reconcile.Money) { m.Renews = &renews },
			"lower the purchased count to 228 for the next billing period (the renewal of 2027-01-01 is past): saves 1,554.00 EUR a month, 18,648.00 EUR a year"},
		"no price and no currency": {billPlan(1450, 240, 0), func(m *reconcile.Money) { m.Price = ""; m.Renews = &renews },
			"lower the purchased count to 240 before 2027-01-01: 1,210 seats are paid for and not in use"},
		"no price": {billPlan(1450, 240, 0), func(m *reconcile.Money) { m.Price = "" },
			"lower the purchased count to 240 for the next billing period: 1,210 seats are paid for and not in use"},
		"a price of a third decimal": {billPlan(3, 1, 0), func(m *reconcile.Money) { m.Price = "7.125" },
			"lower the purchased count to 1 for the next billing period: saves 14.25 EUR a month, 171.00 EUR a year"},
		"a price of nothing":     {billPlan(450, 240, 12), func(m *reconcile.Money) { m.Price = "0.00" }, ""},
		"fewer than 5% are free": {billPlan(70, 68, 0), nil, ""},
		"a plan that frees more than that": {billPlan(70, 68, 30), nil,
			"lower the purchased count to 38 for the next billing period: saves 224.00 EUR a month, 2,688.00 EUR a year"},
		"a plan that does not": {billPlan(70, 68, 1), nil, ""},
		"a run that freed more than that": {appliedUpTo(billPlan(70, 68, 30), 30), nil,
			"lower the purchased count to 38 for the next billing period: saves 224.00 EUR a month, 2,688.00 EUR a year"},
		"a run that did not": {appliedUpTo(billPlan(70, 68, 30), 1), nil, ""},
		"the last seat is taken soon, at the present pace": {madeOn(billPlan(450, 240, 0), "2026-12-01T00:00:00Z"), func(m *reconcile.Money) { m.SeatsExhaustedOn = &renews }, ""},
		"the last seat is taken, but not soon": {madeOn(billPlan(450, 240, 0), "2026-09-01T00:00:00Z"), func(m *reconcile.Money) { m.SeatsExhaustedOn = &renews },
			"lower the purchased count to 240 for the next billing period: saves 1,470.00 EUR a month, 17,640.00 EUR a year"},
		"nothing idle":                {billPlan(240, 240, 0), nil, ""},
		"more in use than purchased":  {billPlan(200, 240, 12), nil, ""},
		"nobody knows what is bought": {billPlan(1, 240, 12), func(m *reconcile.Money) { m.Purchased = nil }, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.with != nil {
				test.with(&test.plan.Money)
			}
			bill := test.plan.Bill()
			if got := bill.Advice(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if bill.Billed != "" && bill.After.Used <= *bill.Purchased && bill.Billed.Minus(bill.After.UsedCost) != bill.After.IdleCost {
				t.Errorf("billed %s is not used %s and idle %s", bill.Billed, bill.After.UsedCost, bill.After.IdleCost)
			}
		})
	}
}

func TestThePlanNamesTheDayOfRenewalThatItsLicenseHas(t *testing.T) {
	renews, err := reconcile.ParseDate("2027-01-01")
	if err != nil {
		t.Fatal(err)
	}
	purchased := 5
	desired := &reconcile.Desired{License: reconcile.License{Purchased: &purchased, Price: "7.00", Currency: "EUR", Renews: renews}}
	plan, err := reconcile.MakePlan(desired, &reconcile.Live{}, reconcile.PlanOptions{Now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	bill := plan.Bill()
	if got, want := bill.Advice(), "lower the purchased count to 0 before 2027-01-01: saves 35.00 EUR a month, 420.00 EUR a year"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
