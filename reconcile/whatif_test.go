package reconcile_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	. "github.com/seatsync/seatsync/reconcile"
)

// A row is what a plan with that threshold in the file comes to, but for what only
// puts a release off.
func TestEachThresholdIsThePlanThatTheFileWouldGive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		desired, live, _ := drawPlan(t)
		for _, user := range live.Users { // all are asked about
			if live.Devices.Of[user.ID] == nil {
				show(&live.Devices, user.ID, DeviceSigns{})
			}
		}
		rows := WhatIfs(desired, live, PlanOptions{Now: testNow})
		for _, row := range rows {
			other := *desired
			rule := InactivePolicy{}
			if desired.Policy.Inactive != nil {
				rule = *desired.Policy.Inactive
			}
			rule.After = days(row.AfterDays)
			other.Policy.Inactive = &rule
			plan, err := MakePlan(&other, live, PlanOptions{Now: testNow, AllowEmpty: true})
			if err != nil {
				t.Fatal(err)
			}
			releases, holds := 0, map[Hold]int{}
			for i := range plan.Changes {
				switch change := &plan.Changes[i]; {
				case change.Reason != Inactive:
				case change.WillBeDone() || slices.Contains([]Hold{HeldLimit, HeldNotAnnounced, HeldTooManyReturned}, change.Held):
					releases++
				default:
					holds[change.Held]++
				}
			}
			held := 0
			for _, n := range holds {
				held += n
			}
			want := WhatIf{AfterDays: row.AfterDays, Releases: releases, Held: held, Holds: holds}
			if diff := cmp.Diff(want, row); diff != "" {
				t.Fatalf("after %d days (-plan +row):\n%s", row.AfterDays, diff)
			}
		}
		if desired.Policy.Inactive != nil {
			plan, _ := MakePlan(desired, live, PlanOptions{Now: testNow, AllowEmpty: true})
			if diff := cmp.Diff(rows, plan.WhatIf); diff != "" {
				t.Fatalf("the plan has another table:\n%s", diff)
			}
		}
	})
}

func TestWhatIfCountsWhatOnlyALimitPutsOff(t *testing.T) {
	file := text("license: {price: 7.00}\npolicy:\n  inactive: {after: 90d, notice: 7d, announced: true}\n  protected: [boss@b.c]\n  limits: {releases: 0}\n")
	live := liveOf(idleFor("a", 31), idleFor("b", 100), idleFor("c", 400), idleFor("boss", 200), person("new@b.c"))
	got := map[int][2]int{}
	for _, row := range planOf(t, mustParse(t, file), live).WhatIf {
		got[row.AfterDays] = [2]int{row.Releases, row.Held}
		if row.AfterDays == 90 && row.MonthlySaving != "14.00" {
			t.Errorf("90 days save %s", row.MonthlySaving)
		}
	}
	want := map[int][2]int{30: {3, 1}, 45: {2, 1}, 60: {2, 1}, 90: {2, 1}, 120: {1, 1}, 180: {1, 1}, 270: {1, 0}, 365: {1, 0}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAShorterThresholdDoesNotGuessWhatDevicesSay(t *testing.T) {
	file := text("policy: {inactive: {after: 90d}}\n")
	user := idleFor("a", 50, gateway(True))
	live := liveOf(user)
	live.Devices = Devices{Read: true}
	show(&live.Devices, "someone else", DeviceSigns{})
	row := planOf(t, mustParse(t, file), live).WhatIf[0]
	if row.AfterDays != 30 || row.Releases != 0 || row.Holds[HeldActivityUnknown] != 1 {
		t.Errorf("whose devices were not asked about is judged: %+v", row)
	}
	show(&live.Devices, user.ID, DeviceSigns{})
	if row := planOf(t, mustParse(t, file), live).WhatIf[0]; row.Releases != 1 {
		t.Errorf("whose devices were asked about is not: %+v", row)
	}
}

func TestTheThresholdsIncludeThatOfTheFile(t *testing.T) {
	for after, want := range map[int][]int{
		75: {30, 45, 60, 75, 90, 120, 180, 270, 365}, 90: {30, 45, 60, 90, 120, 180, 270, 365}, 20: {30, 45, 60, 90, 120, 180, 270, 365},
	} {
		if diff := cmp.Diff(want, WhatIfDays(&InactivePolicy{After: days(after)})); diff != "" {
			t.Errorf("after %d days:\n%s", after, diff)
		}
	}
}

func TestWhoCameBackIsCountedForTheThresholdsThatWouldHaveReleasedThem(t *testing.T) {
	release := func(name string, idle, released int) PastRelease {
		past := took(name, Release, released)
		past.LastSign = testNow.Add(-days(idle + released))
		return past
	}
	history := History{
		Taken: []PastRelease{release("a", 95, 60), release("b", 200, 60), release("never", 0, 60), release("kept", 100, 60)},
		Returned: map[string][]time.Time{
			"id-a": {testNow.Add(-days(40))},
			"id-b": {testNow.Add(-days(10))},
		},
	}
	history.Taken[2].LastSign = time.Time{}
	rows := WhatIfs(mustParse(t, "version: 1\n"), liveOf(person("x@b.c")), PlanOptions{Now: testNow, History: history})
	got := map[int][2]int{}
	for _, row := range rows {
		got[row.AfterDays] = [2]int{row.ReleasedEarlier, row.CameBack}
	}
	want := map[int][2]int{30: {4, 1}, 45: {4, 1}, 60: {4, 1}, 90: {4, 1}, 120: {2, 0}, 180: {2, 0}, 270: {1, 0}, 365: {1, 0}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What somebody idle takes does not grow with the thresholds, of which there are eight.
func TestThresholdsTakeFewAllocations(t *testing.T) {
	allocations := func(people int) float64 {
		users := make([]User, people)
		for i := range users {
			users[i] = person(fmt.Sprintf("p%d@b.c", i), login(ago(days(400))))
		}
		desired, live := mustParse(t, "version: 1\n"), liveOf(users...)
		return testing.AllocsPerRun(5, func() { WhatIfs(desired, live, PlanOptions{Now: testNow}) })
	}
	if each := (allocations(1100) - allocations(100)) / 1000; each > 1 { // the race detector adds some
		t.Errorf("%.1f allocations for each idle person, want at most 1", each)
	}
}
