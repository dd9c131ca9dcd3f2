package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	. "github.com/seatsync/seatsync/reconcile"
)

// revisit applies what a saved plan is held to when it is applied.
func revisit(t *testing.T, saved *Plan, beside *Desired, live *Live, history History) *Plan {
	t.Helper()
	plan, _, err := Revisit(saved, beside, live, PlanOptions{Now: testNow.Add(time.Hour), History: history})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestASavedPlanIsHeldToItsLimitsAsTheyAreNow(t *testing.T) {
	idle := []User{idleFor("a", 100), idleFor("b", 300), idleFor("c", 200), person("new@b.c"), person("x1@b.c"), person("x2@b.c"), person("x3@b.c")}
	file := func(limits string) string {
		return "version: 1\npolicy:\n  inactive: {after: 90d}\n  limits: {" + limits + "}\n"
	}
	took := func(n int) (taken []PastRelease) {
		for i := range n {
			taken = append(taken, PastRelease{UserID: string(rune('p' + i)), Kind: Release, Reason: Listed, At: testNow.Add(time.Minute)})
		}
		return taken
	}
	var back []PastRelease
	for _, user := range idle[4:] {
		back = append(back, PastRelease{UserID: user.ID, Kind: Release, Reason: Inactive, At: testNow.Add(-days(3))})
	}
	all, none := []string{"a@b.c done", "b@b.c done", "c@b.c done"}, []string{"a@b.c limit", "b@b.c limit", "c@b.c limit"}
	three := 3
	for _, test := range []struct {
		name   string
		limits string
		allow  *int
		since  History // what is recorded when the plan is applied
		want   []string
	}{
		{"nothing has happened since", "releases: 10, releases_per: {7d: 3}", nil, History{}, all},
		{"another run has used the window up", "releases: 10, releases_per: {7d: 3}", nil, History{Taken: took(1)}, none},
		{"another run has used a part of it, and the longest idle may go", "releases: 10, beyond: longest-idle, releases_per: {7d: 3}", nil, History{Taken: took(2)},
			[]string{"a@b.c limit", "b@b.c done", "c@b.c limit"}},
		{"the longest idle of a run stay those without the file", "releases: 1, beyond: longest-idle", nil, History{}, []string{"a@b.c limit", "b@b.c done", "c@b.c limit"}},
		{"--allow-releases had replaced the windows", "releases: 0, releases_per: {7d: 0}", &three, History{Taken: took(2)}, all},
		{"a record cannot be read", "releases: 10, releases_per: {7d: 30}", nil, History{Unreadable: []UnreadableRun{{Why: "run x is damaged"}}},
			[]string{"a@b.c too-many-returned", "b@b.c too-many-returned", "c@b.c too-many-returned"}},
		{"too many have come back", "releases: 10", nil, History{Taken: back},
			[]string{"a@b.c too-many-returned", "b@b.c too-many-returned", "c@b.c too-many-returned"}},
		{"as many as its file lets come back", "releases: 10, returned: 100%", nil, History{Taken: back}, all},
	} {
		t.Run(test.name, func(t *testing.T) {
			saved := planOf(t, mustParse(t, file(test.limits)), liveOf(idle...), func(o *PlanOptions) { o.AllowReleases = test.allow })
			plan := revisit(t, saved, nil, liveOf(idle...), test.since)
			if diff := cmp.Diff(test.want, heldBy(plan)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			isHeld := strings.Contains(strings.Join(heldBy(plan), " "), " limit") || strings.Contains(strings.Join(heldBy(plan), " "), "too-many")
			if plan.IsLimited() != isHeld {
				t.Errorf("limited %t, held %t", plan.IsLimited(), isHeld)
			}
			isTold := false
			for _, finding := range plan.Findings {
				isTold = isTold || finding.Code == CodeLimitExceeded
			}
			if isTold != plan.Limit.Tripped {
				t.Errorf("tripped %t, told %t", plan.Limit.Tripped, isTold)
			}
			if plan.Digest != saved.Digest {
				t.Error("the digest is not that of the saved plan")
			}
		})
	}
}

func TestWritesOfUnknownOutcomeUseWindows(t *testing.T) {
	const file = "version: 1\npolicy: {limits: {releases: 10, releases_per: {7d: 5}}}\nusers: [{email: a@b.c, access_seat: false}]\n"
	took := func(id string, daysAgo int, open bool) PastRelease {
		return PastRelease{UserID: id, Kind: Release, Reason: Inactive, At: testNow.Add(-days(daysAgo)), Open: open}
	}
	uncertain := func(id string, daysAgo int) PastRelease {
		past := took(id, daysAgo, false)
		past.Uncertain = true
		return past
	}
	a := person("a@b.c")
	for _, test := range []struct {
		name  string
		taken []PastRelease
		used  int
	}{
		{"it is used", []PastRelease{took("x", 1, true)}, 1},
		{"outside the window it is not", []PastRelease{took("x", 8, true)}, 0},
		{"tried by two runs it is one seat", []PastRelease{took("x", 1, true), took("x", 2, true)}, 1},
		{"done by a later run it counts there", []PastRelease{took("x", 1, false), took("x", 2, true)}, 1},
		{"done by an earlier run it may be a second time", []PastRelease{took("x", 1, true), took("x", 2, false)}, 2},
		{"wanted by this run it counts as wanted", []PastRelease{took(a.ID, 1, true)}, 0},
		{"it is used where nobody can know any more", []PastRelease{uncertain("x", 1)}, 1},
		{"also of somebody whom this run wants", []PastRelease{uncertain(a.ID, 1)}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := planOf(t, mustParse(t, file), liveOf(a, person("b@b.c")), withHistory(History{Taken: test.taken}))
			if got := plan.Limit.Windows[0].Used; got != test.used {
				t.Errorf("used %d, want %d", got, test.used)
			}
		})
	}
}

func TestAWriteOfUnknownOutcomeIsNoProofOfAnything(t *testing.T) {
	for _, of := range []Outcome{{Status: Failed, Open: true}, {Status: Failed, Uncertain: true}} {
		plan := &Plan{
			Changes: []Change{{Kind: Narrow, UserID: "n"}, {Kind: Release, UserID: "r", Reason: Inactive}, {Kind: Grant, Reason: Reverted, UserID: "g"}, {Kind: Grant, UserID: "h"}},
			Run:     &Run{},
		}
		for i := range plan.Changes {
			of.Change = i
			plan.Run.Outcomes = append(plan.Run.Outcomes, of)
		}
		var history History
		history.Add(PastRunOf(plan, testNow, testNow))
		if history.KeepsNarrows || len(history.Restored)+len(history.Returned) > 0 || len(history.Taken) != 2 || len(history.Freed()) > 0 {
			t.Errorf("%+v: %+v", of, history)
		}
	}
}

func TestHistoryThatCannotBeReadIsToldWhereItCounts(t *testing.T) {
	const windows = "version: 1\npolicy: {limits: {releases: 10, releases_per: {7d: 5}}}\nusers: [{email: a@b.c, access_seat: false}]\n"
	const plain = "version: 1\npolicy: {limits: {releases: 10}}\nusers: [{email: a@b.c, access_seat: false}]\n"
	unreadable := func(daysAgo ...int) (runs []UnreadableRun) {
		for i, n := range daysAgo {
			runs = append(runs, UnreadableRun{At: testNow.Add(-days(n)), Why: "run " + string(rune('a'+i)) + " is damaged"})
		}
		return runs
	}
	five := 5
	for _, test := range []struct {
		name  string
		file  string
		runs  []UnreadableRun
		allow *int
		want  []string // parts of the finding; none: no finding
	}{
		{"each run in reach is named", windows, unreadable(1, 2, 9), nil, []string{"release nobody", "run a is damaged; run b is damaged"}},
		{"many are counted", windows, unreadable(1, 1, 1, 1, 1), nil, []string{"run c is damaged; and 2 more"}},
		{"out of reach is not told", windows, unreadable(9, 700), nil, nil},
		{"no rule looks back", plain, unreadable(1), nil, nil},
		{"--allow-releases releases", windows, unreadable(1), &five, []string{"--allow-releases replaces"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := planOf(t, mustParse(t, test.file), liveOf(person("a@b.c"), person("b@b.c")), withHistory(History{Unreadable: test.runs}),
				func(o *PlanOptions) { o.AllowReleases = test.allow })
			var told string
			for _, finding := range plan.Findings {
				if finding.Code == CodeNoHistory {
					told = finding.Message
				}
				if strings.Contains(finding.Message, "earlier runs took 0") {
					t.Errorf("it is told what they took: %s", finding.Message)
				}
			}
			if (told == "") != (test.want == nil) {
				t.Errorf("told: %q", told)
			}
			for _, part := range test.want {
				if !strings.Contains(told, part) {
					t.Errorf("%q is not in %q", part, told)
				}
			}
			if test.allow != nil && strings.Contains(told, "release nobody") {
				t.Errorf("somebody is released: %s", told)
			}
		})
	}
}
