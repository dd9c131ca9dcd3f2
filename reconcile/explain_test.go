package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	. "github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
)

// verdicts writes the rules that apply to an explanation, and what they say.
func verdicts(e Explanation) []string {
	lines := []string{}
	for _, verdict := range e.Rules {
		if verdict.Applies {
			lines = append(lines, fmt.Sprintf("%s: %s (%d)", verdict.Rule, verdict.Because, lineOf(verdict.Source)))
		}
	}
	return lines
}

func TestExplainShowsEveryRuleThatApplies(t *testing.T) {
	file := `version: 1
policy:
  inactive: {after: 90d}
  protected: [ceo@b.c]
  limits: {releases: 0}
users:
  - {email: leaver@b.c, access_seat: false}
  - {email: over@b.c, until: 2026-11-01}
  - {email: absent@b.c}
  - {email: leave@b.c, exempt: {from: inactive, until: 2026-12-24, owner: o, reason: r}}
`
	old := login(ago(days(100)))
	live := liveOf(person("leaver@b.c"), person("over@b.c"), person("ceo@b.c", old), person("idle@b.c", old), person("fine@b.c"),
		person("leave@b.c", old), person("twin@b.c", old), person("Twin@b.c", withID("id-2"), seat("seat-2")))
	desired := mustParse(t, file)
	options := PlanOptions{Now: testNow}
	plan := planOf(t, desired, live)
	tests := map[string][][]string{
		"leaver@b.c": {{"listed: the file says access_seat: false (7)", "limit: 3 releases wanted, at most 0 allowed (limits.releases: 0) (5)"}},
		"OVER@b.c":   {{"expired: the last day is 2026-11-01 and ends at 2026-11-02T00:00:00Z (8)", "limit: 3 releases wanted, at most 0 allowed (limits.releases: 0) (5)"}},
		"ceo@b.c":    {{"inactive: no sign of activity for 100 days (limit 90) (3)", "protected: protected by f.yaml:4 (0)"}},
		"leave@b.c":  {{"inactive: no sign of activity for 100 days (limit 90) (3)", "exempt: exempt until 2026-12-24 (0)"}},
		"idle@b.c":   {{"inactive: no sign of activity for 100 days (limit 90) (3)", "limit: 3 releases wanted, at most 0 allowed (limits.releases: 0) (5)"}},
		"fine@b.c":   {{}},
		"absent@b.c": {{"unknown-user: the file lists them, and nobody in the account has this email: a user appears with the first login (9)"}},
		"twin@b.c": {
			{},
			{"inactive: no sign of activity for 100 days (limit 90) (3)", "ambiguous: several live users have this email: name the id of the one you mean (0)"},
		},
		"nobody@b.c": {},
	}
	for email, want := range tests {
		t.Run(email, func(t *testing.T) {
			got := [][]string{}
			for _, explanation := range Explain(email, desired, live, plan, options) {
				got = append(got, verdicts(explanation))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExplainAgreesWithThePlan(t *testing.T) {
	live := liveOf(person("idle@b.c", login(ago(days(100)))))
	desired := mustParse(t, text(inactivePolicy))
	plan := planOf(t, desired, live)
	explanation := Explain("idle@b.c", desired, live, plan, PlanOptions{Now: testNow})[0]
	if diff := cmp.Diff(linesOf(plan), []string{line(&explanation.Changes[0])}); diff != "" {
		t.Errorf("changes (-plan +explanation):\n%s", diff)
	}
}

func TestRevertRestoresWhatARunChanged(t *testing.T) {
	desired := mustParse(t, "version: 1\npolicy: {protected: [safe@b.c]}\nusers:\n"+
		"  - {email: a@b.c, access_seat: false}\n  - {email: b@b.c, gateway_seat: false, name: New}\n"+
		"  - {email: c@b.c, name: Other}\n  - {email: d@b.c, access_seat: false}\n  - {email: e@b.c, name: Gone}\n")
	users := []User{person("a@b.c"), person("b@b.c", gateway(True)), person("c@b.c"), person("d@b.c"), person("e@b.c")}
	plan := planOf(t, desired, liveOf(users...), noLimit)
	account := &memoryAccount{users: users, releasedSeat: map[string]bool{}}
	plan.Run = Apply(t.Context(), account, plan, NoJournal{}, ApplyOptions{RunID: "r1", Clock: func() time.Time { return testNow }, ReadAt: testNow, Concurrency: 1})

	account.users[2].Name = "Third"    // changed by someone else since
	account.users[3].AccessSeat = True // logged in again since
	live := liveOf(account.users[:4]...)
	changes, findings := Revert(plan, live)
	back, err := MakePlan(desired, live, PlanOptions{Now: testNow, Proposed: changes, Findings: findings})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"grant a@b.c 00>10 reverted", "grant b@b.c 10>11 reverted", `rename b@b.c "New">"b" reverted`}
	if diff := cmp.Diff(want, linesOf(back)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	wantCodes := []string{
		"pattern-matches-nobody", "revert-not-guaranteed", "revert-not-guaranteed c@b.c",
		"revert-not-guaranteed d@b.c", "revert-not-guaranteed e@b.c", "unknown-user e@b.c",
	}
	if diff := cmp.Diff(wantCodes, codesOf(back)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// TestARevertTakesNoSeatThatIsInUse: somebody to whom a run gave a seat, and who has
// logged in with it since, keeps it.
func TestARevertTakesNoSeatThatIsInUse(t *testing.T) {
	file := mustParse(t, "version: 1\nusers:\n  - {email: a@b.c, gateway_seat: true}\n  - {email: b@b.c, gateway_seat: true}\n")
	account := &memoryAccount{users: []User{person("a@b.c"), person("b@b.c")}, releasedSeat: map[string]bool{}}
	plan := planOf(t, file, liveOf(account.users...))
	plan.Run = Apply(t.Context(), account, plan, NoJournal{}, ApplyOptions{RunID: "r1", Clock: func() time.Time { return testNow }, ReadAt: testNow})
	account.users[0].LastLogin = MomentOf(testNow.Add(time.Hour))
	live := liveOf(account.users...)
	live.Devices = unused("id-a", "id-b")
	changes, findings := Revert(plan, live)
	if len(changes) != 1 || changes[0].Email != "b@b.c" || len(findings) != 1 || findings[0].Email != "a@b.c" {
		t.Errorf("changes %v, findings %v", changes, findings)
	}
}

// unused are devices that were read, none of which was seen.
func unused(userIDs ...string) Devices {
	devices := Devices{Read: true}
	for _, id := range userIDs {
		show(&devices, id, DeviceSigns{})
	}
	return devices
}

// TestARevertTakesNoGatewayHalfThatADeviceMayHaveUsed: a device logs nobody in.
func TestARevertTakesNoGatewayHalfThatADeviceMayHaveUsed(t *testing.T) {
	file := mustParse(t, "version: 1\nusers: [{email: a@b.c, gateway_seat: true}]\n")
	seen := func(moment Moment) Devices {
		devices := Devices{Read: true}
		show(&devices, "id-a", DeviceSigns{LastSeen: moment, Listed: 1})
		return devices
	}
	for _, test := range []struct {
		name    string
		devices Devices
		counted int
		isTaken bool
	}{
		{"no device", unused("id-a"), 0, true},
		{"seen before", seen(MomentOf(testNow.Add(-time.Hour))), 1, true},
		{"seen since", seen(MomentOf(testNow.Add(time.Hour))), 1, false},
		{"seen at a time that nobody can read", seen(UnreadableMoment()), 1, false},
		{"more than are listed", unused("id-a"), 1, false},
		{"not read", Devices{}, 0, false},
		{"not asked about", unused("id-b"), 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			account := &memoryAccount{users: []User{person("a@b.c", activeDevices(test.counted))}, releasedSeat: map[string]bool{}}
			plan := planOf(t, file, liveOf(account.users...))
			plan.Run = Apply(t.Context(), account, plan, NoJournal{}, ApplyOptions{RunID: "r1", Clock: func() time.Time { return testNow }, ReadAt: testNow})
			live := liveOf(account.users...)
			live.Devices = test.devices
			if changes, findings := Revert(plan, live); (len(changes) == 1) != test.isTaken || len(changes)+len(findings) != 1 {
				t.Errorf("changes %v, findings %v, want it taken: %t", changes, findings, test.isTaken)
			}
		})
	}
}

func TestRevertKeepsTheRails(t *testing.T) {
	desired := mustParse(t, "version: 1\npolicy: {protected: [a@b.c]}\nusers: [{email: a@b.c, gateway_seat: true}]\n")
	users := []User{person("a@b.c")}
	plan := planOf(t, desired, liveOf(users...))
	account := &memoryAccount{users: users, releasedSeat: map[string]bool{}}
	plan.Run = Apply(t.Context(), account, plan, NoJournal{}, ApplyOptions{RunID: "r1", Clock: func() time.Time { return testNow }, ReadAt: testNow})
	live := liveOf(account.users...)
	live.Devices = unused("id-a")
	changes, findings := Revert(plan, live)
	back, err := MakePlan(desired, live, PlanOptions{Now: testNow, Proposed: changes, Findings: findings})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"narrow a@b.c 11>10 reverted held:protected"}, linesOf(back)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestUntilBoundaries(t *testing.T) {
	desired := mustParse(t, "version: 1\nusers: [{email: a@b.c, until: 2026-11-22}]\n")
	for now, want := range map[string]int{
		"2026-11-21T23:59:59Z": 0, "2026-11-22T00:00:00Z": 0, "2026-11-22T23:59:59Z": 0, "2026-11-23T00:00:00Z": 1, "2026-11-24T00:00:00Z": 1,
	} {
		at, _ := time.Parse(time.RFC3339, now)
		plan := planOf(t, desired, liveOf(person("a@b.c")), func(o *PlanOptions) { o.Now = at })
		if plan.Summary.Release != want {
			t.Errorf("at %s: %d released, want %d", now, plan.Summary.Release, want)
		}
	}
}

func TestExemptionBoundaries(t *testing.T) {
	file := "version: 1\npolicy: {inactive: {after: 90d}}\nusers: [{email: a@b.c, exempt: {from: inactive, until: 2026-11-22, owner: o, reason: r}}]\n"
	for now, want := range map[string]string{
		"2026-11-21T12:00:00Z": "exemption-ending a@b.c", "2026-11-22T23:59:59Z": "exemption-ending a@b.c",
		"2026-11-23T00:00:00Z": "exemption-ended a@b.c", "2027-11-24T00:00:00Z": "exemption-ended a@b.c",
	} {
		at, _ := time.Parse(time.RFC3339, now)
		plan := planOf(t, mustParse(t, file), liveOf(person("a@b.c", login(ago(days(200))))), func(o *PlanOptions) { o.Now = at })
		if plan.Changes[0].Held != HeldExempt || !slices.Contains(codesOf(plan), want) {
			t.Errorf("at %s: held %q, findings %v, want %s", now, plan.Changes[0].Held, codesOf(plan), want)
		}
		_, err := desired.Parse(desired.File{Name: "f.yaml", Data: []byte(file)}, nil, at)
		if isError := err != nil; isError != strings.HasPrefix(want, "exemption-ended") {
			t.Errorf("at %s: checked strictly it is %v", now, err)
		}
	}
}

func TestProtectionFollowsTheAddress(t *testing.T) {
	policy := mustParse(t, "version: 1\npolicy: {protected: ['*@board.b.c', 'team-?@b.c', 'x[ab]@b.c', 'Boss@b.c']}\n").Policy
	for email, want := range map[string]bool{
		"a@board.b.c": true, "A@BOARD.B.C": true, "a@board.b.c.evil": false, "team-1@b.c": true, "team-12@b.c": false,
		"xa@b.c": true, "xc@b.c": false, "boss@b.c": true, "theboss@b.c": false, "a/b@board.b.c": true, "": false,
	} {
		if got := policy.ProtectedBy(EmailKey(email)) != nil; got != want {
			t.Errorf("%q protected: %v, want %v", email, got, want)
		}
	}
}

func TestTheSpreadCountsEverySeatHolderOnce(t *testing.T) {
	live := liveOf(
		person("a@b.c", login(ago(days(0)))), person("b@b.c", login(ago(days(4)))), person("c@b.c", login(ago(days(5)))),
		person("d@b.c", login(ago(days(89)))), person("e@b.c", login(ago(days(90)))), person("f@b.c", login(ago(days(5000)))),
		person("g@b.c", login(Moment{})), person("h@b.c", login(UnreadableMoment())), person("i@b.c", access(False)),
	)
	spread := planOf(t, mustParse(t, text(inactivePolicy)), live, noLimit).Activity
	total := 0
	for _, n := range spread.Buckets {
		total += n
	}
	got := []int{spread.Buckets[0], spread.Buckets[1], spread.Buckets[17], spread.Buckets[18], spread.Buckets[MaxBuckets-1], total, spread.Never, spread.Unknown}
	if diff := cmp.Diff([]int{2, 1, 1, 1, 1, 6, 1, 1}, got); diff != "" {
		t.Errorf("spread (-want +got):\n%s", diff)
	}
}
