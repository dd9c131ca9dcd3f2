package reconcile_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	. "github.com/seatsync/seatsync/reconcile"
)

// idleFor returns a seat holder who was seen last so many days ago.
func idleFor(name string, n int, edit ...func(*User)) User {
	return person(name+"@b.c", append([]func(*User){login(ago(days(n)))}, edit...)...)
}

// took returns a seat that a run took so many days ago.
func took(name string, kind Kind, n int) PastRelease {
	return PastRelease{UserID: "id-" + name, Email: name + "@b.c", Kind: kind, Reason: Inactive, At: testNow.Add(-days(n))}
}

func withHistory(h History) func(*PlanOptions) {
	return func(o *PlanOptions) { h.Runs++; o.History = h }
}

// heldBy lists who is held by a limit and who is not, in the order of the plan.
func heldBy(plan *Plan) (lines []string) {
	for i := range plan.Changes {
		change := &plan.Changes[i]
		lines = append(lines, fmt.Sprintf("%s %s", change.Email, orDone(change.Held)))
	}
	return lines
}

func orDone(hold Hold) Hold {
	if hold == "" {
		return "done"
	}
	return hold
}

func TestLimitsOverTime(t *testing.T) {
	idle := []User{idleFor("a", 100), idleFor("b", 300), idleFor("c", 200), person("new@b.c")}
	policy := func(limits string) string {
		return "version: 1\npolicy:\n  inactive: {after: 90d}\n  limits: {" + limits + "}\n"
	}
	earlier := []PastRelease{took("x", Release, 3), took("y", Release, 6), took("z", Release, 20)}
	all, none := []string{"a@b.c done", "b@b.c done", "c@b.c done"}, []string{"a@b.c limit", "b@b.c limit", "c@b.c limit"}
	for _, test := range []struct {
		name    string
		policy  string
		history History
		allow   int
		want    []string
		windows []Window
	}{
		{"room in every window", policy("releases: 10, releases_per: {7d: 5, 30d: 6}"), History{Taken: earlier}, -1, all,
			[]Window{{Days: 7, Allowed: 5, Used: 2, Wanted: 3}, {Days: 30, Allowed: 6, Used: 3, Wanted: 3}}},
		{"one window is full", policy("releases: 10, releases_per: {7d: 5, 30d: 5}"), History{Taken: earlier}, -1, none,
			[]Window{{Days: 7, Allowed: 5, Used: 2, Wanted: 3}, {Days: 30, Allowed: 5, Used: 3, Wanted: 3, Tripped: true}}},
		{"the longest idle go first", policy("releases: 2, beyond: longest-idle"), History{}, -1,
			[]string{"a@b.c limit", "b@b.c done", "c@b.c done"}, []Window{}},
		{"the longest idle go first within a window", policy("releases: 10, beyond: longest-idle, releases_per: {7d: 3}"), History{Taken: earlier}, -1,
			[]string{"a@b.c limit", "b@b.c done", "c@b.c limit"}, []Window{{Days: 7, Allowed: 3, Used: 2, Wanted: 3, Tripped: true}}},
		{"more was taken than is allowed now", policy("releases: 10, beyond: longest-idle, releases_per: {7d: 1}"), History{Taken: earlier}, -1, none,
			[]Window{{Days: 7, Allowed: 1, Used: 2, Wanted: 3, Tripped: true}}},
		{"--allow-releases replaces every limit", policy("releases: 0, releases_per: {7d: 0}"), History{Taken: earlier}, 3, all,
			[]Window{{Days: 7, Allowed: 0, Used: 2, Wanted: 3}}},
		{"a percentage is of the seats in use now", policy("releases: 10, releases_per: {7d: [100, 50%]}"), History{}, -1, none,
			[]Window{{Days: 7, Allowed: 2, Used: 0, Wanted: 3, Tripped: true}}},
		{"a narrow that may have freed the seat counts", policy("releases: 10, releases_per: {7d: 3}"), History{Taken: []PastRelease{took("n", Narrow, 1)}}, -1, none,
			[]Window{{Days: 7, Allowed: 3, Used: 1, Wanted: 3, Tripped: true}}},
		{"a narrow does not once one has kept the other half", policy("releases: 10, releases_per: {7d: 3}"), History{Taken: []PastRelease{took("n", Narrow, 1)}, KeepsNarrows: true}, -1, all,
			[]Window{{Days: 7, Allowed: 3, Used: 0, Wanted: 3}}},
		{"what is dated later than now counts", policy("releases: 10, releases_per: {7d: 3}"), History{Taken: []PastRelease{took("f", Release, -1)}}, -1, none,
			[]Window{{Days: 7, Allowed: 3, Used: 1, Wanted: 3, Tripped: true}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := planOf(t, mustParse(t, test.policy), liveOf(idle...), withHistory(test.history), func(o *PlanOptions) {
				if test.allow >= 0 {
					o.AllowReleases = &test.allow
				}
			})
			if diff := cmp.Diff(test.want, heldBy(plan)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.windows, plan.Limit.Windows); diff != "" {
				t.Errorf("windows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheTightestLimitIsNamed(t *testing.T) {
	idle := []User{idleFor("a", 100), idleFor("b", 300), idleFor("c", 200)}
	earlier := []PastRelease{took("x", Release, 3), took("y", Release, 6), took("z", Release, 20)}
	for _, test := range []struct{ name, limits, want string }{
		{"the run's own", "releases: 1, releases_per: {7d: 4}", "3 releases wanted, at most 1 allowed (limits.releases: 1)"},
		{"a window, beside one of the run", "releases: 2, releases_per: {7d: 2}", "3 releases wanted, at most 2 allowed in 7 days, and earlier runs took 2"},
		{"the fuller of two windows", "releases: 2, releases_per: {7d: 3, 30d: 3}", "3 releases wanted, at most 3 allowed in 30 days, and earlier runs took 3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := mustParse(t, "version: 1\npolicy:\n  inactive: {after: 90d}\n  limits: {"+test.limits+"}\n")
			plan := planOf(t, file, liveOf(idle...), withHistory(History{Taken: earlier}))
			if got := plan.Limit.Sentence(); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestWhatTheFileNamesIsReleasedBeforeTheIdle(t *testing.T) {
	file := "version: 1\npolicy:\n  unlisted: keep\n  inactive: {after: 90d}\n  limits: {releases: 2, beyond: longest-idle}\n" +
		"users:\n  - {email: z@b.c, access_seat: false}\n"
	plan := planOf(t, mustParse(t, file), liveOf(idleFor("a", 100), idleFor("b", 300), idleFor("c", 200), person("z@b.c")))
	want := []string{"a@b.c limit", "b@b.c done", "c@b.c limit", "z@b.c done"}
	if diff := cmp.Diff(want, heldBy(plan)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if !plan.Limit.Tripped || plan.Limit.Wanted != 4 || plan.Summary.SeatsAfter != 2 {
		t.Errorf("limit %+v, seats after %d", plan.Limit, plan.Summary.SeatsAfter)
	}
}

// Eight files that shrink took a hundred seats to twelve, each run within its limit.
func TestRunsTogetherStayWithinAWindow(t *testing.T) {
	state := mustParse(t, "version: 1\npolicy:\n  inactive: {after: 90d}\n  limits: {releases: 25%, releases_per: {30d: 30}, beyond: longest-idle}\n")
	account := &memoryAccount{releasedSeat: map[string]bool{}}
	for i := range 100 {
		account.users = append(account.users, idleFor(fmt.Sprintf("u%03d", i), 100+i))
	}
	history, now := History{}, testNow
	for range 10 {
		plan, err := MakePlan(state, liveOf(account.users...), PlanOptions{Now: now, History: history})
		if err != nil {
			t.Fatal(err)
		}
		plan.Run = Apply(t.Context(), account, plan, NoJournal{}, ApplyOptions{Clock: func() time.Time { return now }})
		history.Add(PastRunOf(plan, now, now))
		now = now.Add(2 * Day)
	}
	if len(account.releasedSeat) != 30 {
		t.Errorf("%d seats were released within 30 days, want 30", len(account.releasedSeat))
	}
}

func TestUnprovenNarrowsCountLikeReleases(t *testing.T) {
	file := "version: 1\npolicy: {limits: {releases: 1}}\nusers: [{email: a@b.c, gateway_seat: false}, {email: b@b.c, gateway_seat: false}]\n"
	live := liveOf(person("a@b.c", gateway(True)), person("b@b.c", gateway(True)))
	plan := planOf(t, mustParse(t, file), live)
	if diff := cmp.Diff([]string{"a@b.c limit", "b@b.c limit"}, heldBy(plan)); diff != "" || plan.Limit.Wanted != 2 || !plan.Limit.Tripped {
		t.Errorf("limit %+v, changes (-want +got):\n%s", plan.Limit, diff)
	}
	allowed := planOf(t, mustParse(t, file), live, noLimit)
	if allowed.Summary.Calls.Patch != 2 {
		t.Errorf("%d PATCH, want one for the first narrow and one for the rest", allowed.Summary.Calls.Patch)
	}
	proven := planOf(t, mustParse(t, file), live, withHistory(History{KeepsNarrows: true}))
	if diff := cmp.Diff([]string{"a@b.c done", "b@b.c done"}, heldBy(proven)); diff != "" || proven.Summary.Calls.Patch != 1 || proven.Limit.Wanted != 0 {
		t.Errorf("limit %+v, calls %+v, changes (-want +got):\n%s", proven.Limit, proven.Summary.Calls, diff)
	}
}

// TestASwapOfTheHalvesCountsLikeARelease: the API may take the one and not give the other.
func TestASwapOfTheHalvesCountsLikeARelease(t *testing.T) {
	file := "version: 1\npolicy: {limits: {releases: 1}}\nusers: [{email: a@b.c, access_seat: true, gateway_seat: false}, {email: b@b.c, access_seat: true, gateway_seat: false}]\n"
	onlyGateway := func(user *User) { user.AccessSeat, user.GatewaySeat = False, True }
	live := liveOf(person("a@b.c", onlyGateway), person("b@b.c", onlyGateway))
	for _, history := range []History{{}, {KeepsNarrows: true}} {
		plan := planOf(t, mustParse(t, file), live, withHistory(history))
		if diff := cmp.Diff([]string{"a@b.c limit", "b@b.c limit"}, heldBy(plan)); diff != "" || plan.Limit.Wanted != 2 || !plan.Limit.Tripped {
			t.Errorf("limit %+v, changes (-want +got):\n%s", plan.Limit, diff)
		}
	}
	allowed := planOf(t, mustParse(t, file), live, noLimit)
	if allowed.Summary.Calls.Patch != 2 || !slices.Contains(codesOf(allowed), "narrow-undocumented a@b.c") {
		t.Errorf("%d PATCH, findings %v", allowed.Summary.Calls.Patch, codesOf(allowed))
	}
	run := &Run{Outcomes: []Outcome{{Status: Failed, Uncertain: true}, {Change: 1, Status: Applied}}}
	allowed.Run = run
	if taken := PastRunOf(allowed, testNow, testNow).Taken; len(taken) != 1 || taken[0].Kind != Release || !taken[0].Uncertain {
		t.Errorf("taken %+v", taken)
	}
}

func TestTooManyReturnedHoldInactivityReleases(t *testing.T) {
	users := func(returned, away int) (users []User, history History) {
		for i := range returned + away {
			name := fmt.Sprintf("r%02d", i)
			history.Taken = append(history.Taken, took(name, Release, 10))
			if i < returned {
				users = append(users, person(name+"@b.c"))
			}
		}
		return append(users, idleFor("idle", 100), person("leaver@b.c")), history
	}
	const file = "version: 1\npolicy: {inactive: {after: 90d}, limits: {releases: 50%s}}\nusers: [{email: leaver@b.c, access_seat: false}]\n"
	for _, test := range []struct {
		name           string
		limits         string
		returned, away int
		allow          bool
		want           Hold
	}{
		{"three of ten", "", 3, 7, false, HeldTooManyReturned},
		{"three of fifteen are a fifth and no more", "", 3, 12, false, "done"},
		{"two of four are too few to tell", "", 2, 2, false, "done"},
		{"the file allows more", ", returned: 50%", 3, 7, false, "done"},
		{"the file allows none", ", returned: 0%", 3, 90, false, HeldTooManyReturned},
		{"--allow-releases replaces it", "", 3, 7, true, "done"},
	} {
		t.Run(test.name, func(t *testing.T) {
			live, history := users(test.returned, test.away)
			edit := func(o *PlanOptions) {}
			if test.allow {
				edit = noLimit
			}
			plan := planOf(t, mustParse(t, fmt.Sprintf(file, test.limits)), liveOf(live...), withHistory(history), edit)
			if diff := cmp.Diff([]string{"idle@b.c " + string(test.want), "leaver@b.c done"}, heldBy(plan)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnnouncedFirst(t *testing.T) {
	const file = "version: 1\npolicy: {inactive: {after: 90d, notice: 7d, announced: true}}\n"
	announced := func(ages ...int) History {
		history := History{Announced: map[string][]Announcement{}}
		for _, age := range ages {
			history.Announced["a@b.c"] = append(history.Announced["a@b.c"], Announcement{At: testNow.Add(-days(age)), ReadAt: testNow.Add(-days(age))})
		}
		return history
	}
	for _, test := range []struct {
		name    string
		history History
		idle    int
		want    Hold
	}{
		{"never named", announced(), 100, HeldNotAnnounced},
		{"named too lately", announced(6), 100, HeldNotAnnounced},
		{"named in time", announced(7), 100, "done"},
		{"named early, and again lately", announced(30, 1), 100, "done"},
		{"active since they were named", announced(95), 91, HeldNotAnnounced},
		{"active since, and named again in time", announced(95, 8), 91, "done"},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := planOf(t, mustParse(t, file), liveOf(idleFor("a", test.idle)), withHistory(test.history))
			if diff := cmp.Diff([]string{"a@b.c " + string(test.want)}, heldBy(plan)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

// TestASavedPlanAnnouncesByWhatItHadRead: who logs in between the plan and its apply was
// not named after that.
func TestASavedPlanAnnouncesByWhatItHadRead(t *testing.T) {
	file := mustParse(t, "version: 1\npolicy: {inactive: {after: 10d, notice: 7d, announced: true}}\nusers: [{email: b@b.c, name: New}, {email: a@b.c}]\n")
	other, due := person("b@b.c"), idleFor("a", 8)
	plan := planOf(t, file, liveOf(due, other), noLimit)
	applyAt := testNow.Add(Day)
	for _, test := range []struct {
		name  string
		login time.Time
		want  []string
	}{
		{"no login", due.LastLogin.Time(), []string{"a@b.c done", "b@b.c not-announced", "b@b.c done"}},
		{"a login before the apply", applyAt.Add(-time.Hour), []string{"a@b.c not-announced", "b@b.c not-announced", "b@b.c done"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			due.LastLogin = MomentOf(test.login)
			applied, _, err := Revisit(plan, file, liveOf(due, other), PlanOptions{Now: applyAt})
			if err != nil {
				t.Fatal(err)
			}
			applied.Run = &Run{ID: "r"}
			var history History
			history.Add(PastRunOf(applied, applyAt, applyAt))
			later, err := MakePlan(file, liveOf(due, other), PlanOptions{Now: applyAt.Add(10 * Day), History: history})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, heldBy(later)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

// Whoever is named by a run is released by one that comes later than the notice.
func TestARunAnnouncesForTheNextOnes(t *testing.T) {
	state := mustParse(t, "version: 1\npolicy: {inactive: {after: 90d, notice: 7d, announced: true}}\n")
	live, history := liveOf(idleFor("due", 85), idleFor("idle", 100)), History{}
	var got []string
	for _, day := range []int{0, 3, 7, 8} {
		now := testNow.Add(days(day))
		plan, err := MakePlan(state, live, PlanOptions{Now: now, History: history})
		if err != nil {
			t.Fatal(err)
		}
		history.Add(PastRunOf(plan, now, now))
		got = append(got, fmt.Sprint(day, heldBy(plan), codesOf(plan)))
	}
	want := []string{
		"0 [idle@b.c not-announced] [no-history notice due@b.c]",
		"3 [idle@b.c not-announced] [notice due@b.c]",
		"7 [due@b.c limit idle@b.c limit] [limit-exceeded]",
		"8 [due@b.c limit idle@b.c limit] [limit-exceeded]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
}

func TestRulesThatLookBackSayThatThereAreNoRecords(t *testing.T) {
	for policy, want := range map[string][]string{
		"{inactive: {after: 90d, notice: 7d, announced: true}}": {"no-history"},
		"{limits: {releases_per: {7d: 5}}}":                     {"no-history"},
		"{inactive: {after: 90d}}":                              {},
	} {
		plan := planOf(t, mustParse(t, "version: 1\npolicy: "+policy+"\n"), liveOf(person("a@b.c")))
		if diff := cmp.Diff(want, codesOf(plan)); diff != "" {
			t.Errorf("%s: findings (-want +got):\n%s", policy, diff)
		}
	}
}
