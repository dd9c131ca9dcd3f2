package reconcile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "github.com/seatsync/seatsync/reconcile"
)

func TestWhatRecordsCannotSayReleasesNobody(t *testing.T) {
	damaged := func(daysAgo int) History {
		return History{Unreadable: []UnreadableRun{{At: testNow.Add(-days(daysAgo)), Why: "run x is damaged"}}}
	}
	const windows = "version: 1\npolicy: {limits: {releases: 10, beyond: longest-idle, releases_per: {7d: 5}}}\nusers: [{email: a@b.c, access_seat: false}]\n"
	const inactive = "version: 1\npolicy: {inactive: {after: 90d}, limits: {releases: 10}}\nusers: [{email: leaver@b.c, access_seat: false}]\n"
	two := 2
	for _, test := range []struct {
		name    string
		file    string
		history History
		allow   *int
		want    []string
	}{
		{"a window holds everything while a run in it is damaged", windows, damaged(3), nil, []string{"a@b.c limit"}},
		{"a damaged run before the window says nothing about it", windows, damaged(8), nil, []string{"a@b.c done"}},
		{"a record whose date nobody knows counts", windows, History{Unreadable: []UnreadableRun{{Why: "no permission"}}}, nil, []string{"a@b.c limit"}},
		{"--allow-releases replaces the window", windows, damaged(3), &two, []string{"a@b.c done"}},
		{"nobody is released for inactivity while returns cannot be counted", inactive, damaged(3), nil, []string{"idle@b.c too-many-returned", "leaver@b.c done"}},
		{"returns are counted for 30 days", inactive, damaged(31), nil, []string{"idle@b.c done", "leaver@b.c done"}},
		{"--allow-releases replaces the count of returns", inactive, damaged(3), &two, []string{"idle@b.c done", "leaver@b.c done"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			users := []User{person("a@b.c")}
			if test.file == inactive {
				users = []User{idleFor("idle", 100), person("leaver@b.c")}
			}
			plan := planOf(t, mustParse(t, test.file), liveOf(users...), withHistory(test.history), func(o *PlanOptions) { o.AllowReleases = test.allow })
			if diff := cmp.Diff(test.want, heldBy(plan)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			for i := range plan.Changes {
				if because := plan.Changes[i].HeldBecause; plan.Changes[i].Held != "" && !strings.Contains(because, test.history.Unreadable[0].Why) {
					t.Errorf("held because %q, which does not say what is wrong", because)
				}
			}
		})
	}
}

func TestWhomARevertRestoredHasNotComeBack(t *testing.T) {
	const file = "version: 1\npolicy: {inactive: {after: 90d}, limits: {releases: 50%}}\n"
	history := History{}
	users := []User{idleFor("idle", 100)}
	restored := &Plan{Run: &Run{}}
	for i, name := range []string{"a", "b", "c"} {
		history.Taken = append(history.Taken, took(name, Release, 10))
		users = append(users, person(name+"@b.c"))
		restored.Changes = append(restored.Changes, Change{Kind: Grant, Reason: Reverted, UserID: "id-" + name})
		restored.Run.Outcomes = append(restored.Run.Outcomes, Outcome{Change: i, Status: Applied})
	}
	for i := range users {
		if users[i].Email != "idle@b.c" {
			users[i].ID = "id-" + users[i].Email[:1]
		}
	}
	before := planOf(t, mustParse(t, file), liveOf(users...), withHistory(history))
	if before.Returns == nil || before.Returns.Returned != 3 || before.Changes[0].Held != HeldTooManyReturned {
		t.Fatalf("without a revert: %+v, %v", before.Returns, heldBy(before))
	}
	history.Add(PastRunOf(restored, testNow.Add(-days(5)), testNow.Add(-days(5))))
	after := planOf(t, mustParse(t, file), liveOf(users...), withHistory(history))
	if after.Returns != nil || after.Changes[0].Held != "" {
		t.Errorf("after the revert: %+v, %v", after.Returns, heldBy(after))
	}
}
