package reconcile_test

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	. "github.com/seatsync/seatsync/reconcile"
)

// observed returns the account as a run at a time reads it: devices of those whom
// the rule needs them for, and no registration of someone whose seat was released
// where the API deletes it.
func observed(account *memoryAccount, state *Desired, devices Devices, areDeleted bool, now time.Time) *Live {
	live := &Live{AccountID: "account", Users: account.users, ReadAt: now}
	if !devices.Read {
		return live
	}
	live.Devices = Devices{Read: true}
	for _, user := range NeedDevices(live, now, state) {
		if signs := devices.Of[user.ID]; signs != nil && !(areDeleted && account.releasedSeat[user.SeatUID]) {
			show(&live.Devices, user.ID, *signs)
		}
	}
	return live
}

// Run after run, with nobody active in between: nobody is granted a seat that a
// rule takes again, or would take if it knew more, and nobody who lost one for
// inactivity.
func TestNoRuleUndoesAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state, live, _ := drawPlan(t)
		for i := range live.Users {
			live.Users[i].ActiveDevices = int32(rapid.IntRange(0, 1).Draw(t, "active devices"))
		}
		account := &memoryAccount{users: live.Users, releasedSeat: map[string]bool{}}
		areDeleted := rapid.Bool().Draw(t, "registrations are deleted")
		now, history, lost := testNow, History{}, map[string]bool{}
		unlimited := 1000
		for round := range 4 {
			plan, err := MakePlan(state, observed(account, state, live.Devices, areDeleted, now),
				PlanOptions{Now: now, AllowEmpty: true, AllowReleases: &unlimited, History: history})
			if err != nil {
				t.Fatal(err)
			}
			granted := map[string]*Change{}
			for i := range plan.Changes {
				change := &plan.Changes[i]
				if change.Kind == Grant && change.WillBeDone() {
					if lost[change.UserID] {
						t.Fatalf("round %d grants what was released for inactivity: %s", round, line(change))
					}
					granted[change.UserID] = change
				}
				if change.Kind == Release && change.Reason == Inactive && change.WillBeDone() {
					lost[change.UserID] = true
				}
			}
			plan.Run = Apply(context.Background(), account, plan, NoJournal{}, ApplyOptions{Clock: func() time.Time { return now }, Concurrency: 1})
			history.Add(PastRunOf(plan, now, now))
			next, err := MakePlan(state, observed(account, state, live.Devices, areDeleted, now),
				PlanOptions{Now: now, AllowEmpty: true, AllowReleases: &unlimited, History: history})
			if err != nil {
				t.Fatal(err)
			}
			for i := range next.Changes {
				change := &next.Changes[i]
				isTakenBack := change.Kind == Release && (change.WillBeDone() || change.Held == HeldActivityUnknown)
				if grant := granted[change.UserID]; grant != nil && isTakenBack {
					t.Fatalf("round %d grants and takes back: %s, then %s", round, line(grant), line(change))
				}
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 24*100).Draw(t, "hours")) * time.Hour)
		}
	})
}

func TestGrantsThatARuleWouldTakeBack(t *testing.T) {
	const file = "version: 1\npolicy: {inactive: {after: 90d}}\nusers: [{email: a@b.c, access_seat: true}]\n"
	without := []func(*User){access(False)}
	idle := append([]func(*User){login(ago(days(100)))}, without...)
	registered := append([]func(*User){activeDevices(1)}, idle...)
	never := append([]func(*User){login(Moment{})}, without...)
	releasedAt := func(days int) History {
		return History{Runs: 1, Taken: []PastRelease{{UserID: "id-a", Kind: Release, Reason: Inactive, At: testNow.Add(-time.Duration(days) * Day)}}}
	}
	listed := History{Runs: 1, Taken: []PastRelease{{UserID: "id-a", Kind: Release, Reason: Listed, At: testNow}}}
	for _, test := range []struct {
		name    string
		user    User
		history History
		granted bool
	}{
		{"seen lately", person("a@b.c", without...), History{}, true},
		{"seen since the release", person("a@b.c", without...), releasedAt(5), true},
		{"idle", person("a@b.c", idle...), History{}, false},
		{"idle with a registered device that is not read", person("a@b.c", registered...), History{}, false},
		{"without any sign, and no rule for that", person("a@b.c", never...), History{}, true},
		{"without any sign since the release", person("a@b.c", never...), releasedAt(5), false},
		{"without any sign since the file took the seat", person("a@b.c", never...), listed, true},
		{"not seen since the release, and the rule is laxer now", person("a@b.c", append(without, login(ago(days(60))))...), releasedAt(5), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := planOf(t, mustParse(t, file), liveOf(test.user), func(o *PlanOptions) { o.History = test.history })
			if got := len(plan.Changes) == 1; got != test.granted {
				t.Errorf("changes %v, want a grant: %t", linesOf(plan), test.granted)
			}
		})
	}
}
