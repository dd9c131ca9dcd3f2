package reconcile_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	. "github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
)

// planText plans from a file on an account, as every other plan of a test is made.
func planText(t *rapid.T, text string, live *Live) *Plan {
	file, err := desired.Parse(desired.File{Name: "f.yaml", Data: []byte(text)}, nil, testNow)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := MakePlan(file, live, PlanOptions{Now: testNow, AllowEmpty: true})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestEveryChangeIsNewGoneOrInBothPlans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		live := drawLive(t)
		before, after := planText(t, drawFile(t), live), planText(t, drawFile(t), live)
		plan := after.Against(before)
		base, isNew, replaced := plan.Base, 0, 0
		for i := range plan.Changes {
			change := &plan.Changes[i]
			if change.New == True {
				isNew++
			}
			if change.Was == nil {
				continue
			}
			if replaced++; change.New != True || change.Was.Kind != change.Kind || change.Was.UserID != change.UserID {
				t.Fatalf("%s was %s", line(change), line(change.Was))
			}
		}
		if isNew != base.New || base.New+base.Unchanged != len(after.Changes) ||
			base.Gone != len(base.GoneChanges) || base.Gone+replaced+base.Unchanged != len(before.Changes) {
			t.Fatalf("%d new, %d replaced, %d gone and %d unchanged of %d and %d", isNew, replaced, base.Gone, base.Unchanged, len(before.Changes), len(after.Changes))
		}
	})
}

func TestAPlanHasNothingNewBesideItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, _, plan := drawPlan(t)
		same := plan.Against(plan)
		if pending, isLimited := same.Asks(); pending > 0 || isLimited || same.Base.New+same.Base.Gone > 0 {
			t.Fatalf("%d pending, limited: %v, base %+v", pending, isLimited, same.Base)
		}
		for _, finding := range same.Findings {
			if finding.New != False {
				t.Fatalf("the finding %s is new", finding.Code)
			}
		}
	})
}

// What is applied is the plan, whatever it was compared with.
func TestASavedPlanWithABaseIsAppliedAsOneWithout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		file, live, plan := drawPlan(t)
		compared := plan.Against(planText(t, drawFile(t), live))
		data, _ := json.Marshal(compared)
		read, err := ReadPlan(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		options := PlanOptions{Now: testNow}
		with, _, err := Revisit(read, file, live, options)
		if err != nil {
			t.Fatal(err)
		}
		without, _, err := Revisit(plan, file, live, options)
		if err != nil {
			t.Fatal(err)
		}
		with.Digest, without.Digest = "", ""
		first, _ := json.Marshal(with)
		second, _ := json.Marshal(without)
		if !bytes.Equal(first, second) {
			t.Fatalf("applied with a base:\n%s\nwithout:\n%s", first, second)
		}
	})
}

func TestAskingCountsOnlyWhatIsNew(t *testing.T) {
	release := func(id string, held Hold) Change {
		return Change{Kind: Release, UserID: id, Before: State{AccessSeat: True}, After: State{AccessSeat: False}, Held: held}
	}
	tests := map[string]struct {
		before, after []Change
		pending       int
		isLimited     bool
	}{
		"nothing":                            {},
		"a release that was pending":         {before: []Change{release("a", "")}, after: []Change{release("a", "")}},
		"a new release":                      {after: []Change{release("a", "")}, pending: 1},
		"a release that is gone":             {before: []Change{release("a", "")}},
		"a limit that held before":           {before: []Change{release("a", HeldLimit)}, after: []Change{release("a", HeldLimit)}},
		"one more that the limit holds":      {before: []Change{release("a", HeldLimit)}, after: []Change{release("a", HeldLimit), release("b", HeldLimit)}, isLimited: true},
		"a limit that is tripped by the new": {before: []Change{release("a", "")}, after: []Change{release("a", HeldLimit), release("b", HeldLimit)}, isLimited: true},
		"a limit that lets go":               {before: []Change{release("a", HeldLimit)}, after: []Change{release("a", "")}, pending: 1},
		"too many returned, as before":       {before: []Change{release("a", HeldTooManyReturned)}, after: []Change{release("a", HeldTooManyReturned)}},
		"too many returned for a new one":    {after: []Change{release("a", HeldTooManyReturned)}, isLimited: true},
		"an ordinary hold":                   {after: []Change{release("a", HeldProtected)}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			plan := (&Plan{Changes: test.after}).Against(&Plan{Changes: test.before})
			if pending, isLimited := plan.Asks(); pending != test.pending || isLimited != test.isLimited {
				t.Errorf("%d pending, limited: %v", pending, isLimited)
			}
		})
	}
}
