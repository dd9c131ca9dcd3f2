package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	. "github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
)

// The budgets here are allocations for each user, so that something done a hundred thousand times is not made to
// allocate by accident. They count, and never measure time.

const budgetUsers = 1000

func budgetNow() time.Time { return time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC) }

// budgetFile lists users who are in the account as the file wants them.
func budgetFile() desired.File {
	data := []byte("version: 1\nusers:\n")
	for i := range budgetUsers {
		data = fmt.Appendf(data, "  - email: person.%d@example.com\n    name: Ada Lovelace\n    access_seat: true\n", i)
	}
	return desired.File{Name: "desired-state.yaml", Data: data}
}

func budgetState(t *testing.T) (*Desired, *Live) {
	desired, err := desired.Parse(budgetFile(), nil, budgetNow())
	if err != nil {
		t.Fatal(err)
	}
	live := &Live{Users: make([]User, budgetUsers)}
	for i := range live.Users {
		live.Users[i] = User{
			ID: fmt.Sprintf("id-%d", i), SeatUID: fmt.Sprintf("seat-%d", i), Email: fmt.Sprintf("person.%d@example.com", i),
			Name: "Ada Lovelace", AccessSeat: True, GatewaySeat: False,
		}
	}
	return desired, live
}

func TestAllocationsForEachUser(t *testing.T) {
	state, live := budgetState(t)
	file := budgetFile()
	for name, test := range map[string]struct {
		budget float64
		run    func()
	}{
		"an entry takes its email and its name": {2.5, func() {
			if _, err := desired.Parse(file, nil, budgetNow()); err != nil {
				t.Fatal(err)
			}
		}},
		"a user who needs no change takes nothing": {0.1, func() {
			if changes := Proposed(state, live, PlanOptions{Now: budgetNow()}); len(changes) > 0 {
				t.Fatalf("%d changes", len(changes))
			}
		}},
		"a plan without changes takes nothing either": {0.3, func() {
			if _, err := MakePlan(state, live, PlanOptions{Now: budgetNow()}); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := testing.AllocsPerRun(10, test.run) / budgetUsers; got > test.budget {
				t.Errorf("%.2f allocations a user, want at most %.2f", got, test.budget)
			}
		})
	}
}
