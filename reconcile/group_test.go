package reconcile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	. "github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
)

// groupsOf writes the group of each change that a plan has.
func groupsOf(plan *Plan) []string {
	lines := []string{}
	for i := range plan.Changes {
		lines = append(lines, fmt.Sprintf("%s: %s", line(&plan.Changes[i]), plan.Changes[i].Group))
	}
	return lines
}

func TestAGroupHasARuleOfItsOwn(t *testing.T) {
	old, older := login(ago(days(40))), login(ago(days(100)))
	tests := []struct {
		name, policy string
		live         []User
		want         []string
	}{
		{
			"a shorter threshold", "{inactive: {after: 90d}, groups: [{name: out, match: ['*@out.c'], inactive: {after: 30d}}]}",
			[]User{person("a@out.c", old), person("b@in.c", old)}, []string{"release a@out.c 10>00 inactive: out"},
		},
		{
			"a longer threshold", "{inactive: {after: 30d}, groups: [{name: slow, match: [a@b.c], inactive: {after: 90d}}]}",
			[]User{person("a@b.c", old), person("b@b.c", old)}, []string{"release b@b.c 10>00 inactive: "},
		},
		{
			"never", "{inactive: {after: 30d}, groups: [{name: sales, match: ['*@s.c'], inactive: never}]}",
			[]User{person("a@s.c", older), person("b@b.c", older)}, []string{"release b@b.c 10>00 inactive: "},
		},
		{
			"what it does not say the policy says", "{inactive: {after: 30d}, groups: [{name: g, match: [a@b.c], price: 1}]}",
			[]User{person("a@b.c", old)}, []string{"release a@b.c 10>00 inactive: g"},
		},
		{
			"key by key within inactive", "{inactive: {after: 90d, never_after: 30d}, groups: [{name: g, match: ['*@b.c'], inactive: {never_after: 10d}}]}",
			[]User{person("new@b.c", login(Moment{}), created(ago(days(20)))), person("old@b.c", older), person("mid@b.c", old)},
			[]string{"release new@b.c 10>00 inactive: g", "release old@b.c 10>00 inactive: g"},
		},
		{
			"a rule where the policy has none", "{groups: [{name: g, match: [a@b.c], inactive: {after: 30d}}]}",
			[]User{person("a@b.c", older), person("b@b.c", older)}, []string{"release a@b.c 10>00 inactive: g"},
		},
		{
			"the first group counts", "{inactive: {after: 90d}, groups: [{name: one, match: ['a@*'], inactive: never}, {name: two, match: ['*@b.c'], inactive: {after: 30d}}]}",
			[]User{person("a@b.c", older), person("b@b.c", old)}, []string{"release b@b.c 10>00 inactive: two"},
		},
		{
			"protected, by any rule", "{unlisted: release, groups: [{name: board, match: ['*@board.c'], protected: true}]}",
			[]User{person("a@board.c"), person("b@b.c"), person("x@b.c")},
			[]string{"release a@board.c 10>00 unlisted held:protected: board", "release b@b.c 10>00 unlisted: "},
		},
		{
			"protected: false takes nothing from policy.protected", "{inactive: {after: 30d}, protected: [a@b.c], groups: [{name: g, match: ['*@b.c'], protected: false}]}",
			[]User{person("a@b.c", old)}, []string{"release a@b.c 10>00 inactive held:protected: g"},
		},
		{
			"announced is that of the group", "{inactive: {after: 30d, notice: 7d}, groups: [{name: g, match: [a@b.c], inactive: {announced: true}}]}",
			[]User{person("a@b.c", old), person("b@b.c", old)},
			[]string{"release a@b.c 10>00 inactive held:not-announced: g", "release b@b.c 10>00 inactive: "},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan := planOf(t, mustParse(t, text("policy: %s\nusers: [{email: x@b.c}]\n", test.policy)), liveOf(test.live...), noLimit)
			if diff := cmp.Diff(test.want, groupsOf(plan)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

// groupedRoster names three people with their departments, of which one is blank.
const groupedRoster = "Login,Status,Department\nada@b.c,ACTIVE,Engineering\nblank@b.c,ACTIVE,\nboss@b.c,ACTIVE,De\u0301le\u0301gue\u0301s\n\uff4cook@b.c,ACTIVE,Field\nleft@b.c,GONE,\n"

// TestAGroupThatTheRosterLeavesOpenTakesNothingAway: absence from a roster that is not
// complete, and a blank cell, say nothing; so nobody knows whether such a person is in a
// group that keeps their seat.
func TestAGroupThatTheRosterLeavesOpenTakesNothingAway(t *testing.T) {
	long, longer := login(ago(days(125))), login(ago(days(300)))
	everybody := func(login func(*User)) []User {
		return []User{person("ada@b.c", login), person("blank@b.c", login), person("stranger@b.c", login)}
	}
	tests := []struct {
		name, policy string
		keys         []string
		live         []User
		want         []string
	}{
		{
			"a group that is protected", "{inactive: {after: 90d}, groups: [{name: board, roster: [Board], protected: true}]}", nil, everybody(long),
			[]string{"release ada@b.c 10>00 inactive: ", "release blank@b.c 10>00 inactive held:group-unknown: ", "release stranger@b.c 10>00 inactive held:group-unknown: "},
		},
		{
			"by any rule", "{unlisted: release, groups: [{name: board, roster: [Board], protected: true}]}", nil, everybody(long),
			[]string{"release ada@b.c 10>00 unlisted: ", "release blank@b.c 10>00 unlisted held:group-unknown: ", "release stranger@b.c 10>00 unlisted held:group-unknown: "},
		},
		{
			"a group that releases nobody for inactivity", "{inactive: {after: 90d}, groups: [{name: sales, roster: [Sales], inactive: never}]}", nil, everybody(longer),
			[]string{"release ada@b.c 10>00 inactive: ", "release blank@b.c 10>00 inactive held:group-unknown: ", "release stranger@b.c 10>00 inactive held:group-unknown: "},
		},
		{
			"other rules do not ask for such a group", "{unlisted: release, inactive: {after: 90d}, groups: [{name: sales, roster: [Sales], inactive: never}]}", nil, everybody(long),
			[]string{"release ada@b.c 10>00 unlisted: ", "release blank@b.c 10>00 unlisted: ", "release stranger@b.c 10>00 unlisted: "},
		},
		{
			"a group with a longer threshold", "{inactive: {after: 90d}, groups: [{name: field, roster: [Field], inactive: {after: 180d}}]}", nil, everybody(long),
			[]string{"release ada@b.c 10>00 inactive: ", "release blank@b.c 10>00 inactive held:group-unknown: ", "release stranger@b.c 10>00 inactive held:group-unknown: "},
		},
		{
			"until it would release them as well", "{inactive: {after: 90d}, groups: [{name: field, roster: [Field], inactive: {after: 180d}}]}", nil, everybody(longer),
			[]string{"release ada@b.c 10>00 inactive: ", "release blank@b.c 10>00 inactive: ", "release stranger@b.c 10>00 inactive: "},
		},
		{
			"a group that has to name them first", "{inactive: {after: 90d, notice: 7d}, groups: [{name: field, roster: [Field], inactive: {announced: true}}]}", nil, everybody(longer)[1:],
			[]string{"release blank@b.c 10>00 inactive held:not-announced: ", "release stranger@b.c 10>00 inactive held:not-announced: "},
		},
		{
			"a group with the same rule", "{inactive: {after: 90d}, groups: [{name: field, roster: [Field], price: 5}]}", nil, everybody(longer)[2:],
			[]string{"release stranger@b.c 10>00 inactive: "},
		},
		{
			"an earlier group is known to have them", "{inactive: {after: 90d}, groups: [{name: all, match: ['*@b.c'], inactive: {after: 30d}}, {name: board, roster: [Board], protected: true}]}", nil, everybody(long),
			[]string{"release ada@b.c 10>00 inactive: all", "release blank@b.c 10>00 inactive: all", "release stranger@b.c 10>00 inactive: all"},
		},
		{
			"a later one may not be theirs", "{inactive: {after: 90d}, groups: [{name: board, roster: [Board], protected: true}, {name: all, match: ['*@b.c'], inactive: {after: 30d}}]}", nil, everybody(long)[2:],
			[]string{"release stranger@b.c 10>00 inactive held:group-unknown: all"},
		},
		{
			"who is gone is in no group", "{departed: release, inactive: {after: 90d}, groups: [{name: board, roster: [Board], protected: true}]}", []string{"complete: true"},
			[]User{person("left@b.c", long), person("stranger@b.c", long), person("ada@b.c")},
			[]string{"release left@b.c 10>00 departed: ", "release stranger@b.c 10>00 departed: "},
		},
		{
			"a row that only looks like theirs", "{inactive: {after: 90d}, groups: [{name: field, roster: [Field], inactive: never}]}", []string{"complete: true"},
			[]User{person("look@b.c", long), person("ada@b.c")},
			[]string{"release look@b.c 10>00 inactive held:group-unknown: "},
		},
		{
			"how accents are encoded does not matter", "{inactive: {after: 90d}, groups: [{name: board, roster: [\u00c9\u00e9, D\u00e9l\u00e9gu\u00e9s], protected: true}]}", nil,
			[]User{person("boss@b.c", long), person("ada@b.c")},
			[]string{"release boss@b.c 10>00 inactive held:protected: board"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := rosterOf(t, "policy: "+test.policy+"\nusers: [{email: x@b.c}]\n", groupedRoster, append(test.keys, "group: Department", "at_least: 0")...)
			plan := planOf(t, file, liveOf(test.live...), noLimit)
			if diff := cmp.Diff(test.want, groupsOf(plan)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

// besideConf has the files beside conf/root.yaml, under the names that messages use.
type besideConf struct{ desired.InMemory }

func (b besideConf) Include(string) ([]desired.File, error) { return b.InMemory[:1], nil }

func TestAGroupIsFoundByPatternFileAndRoster(t *testing.T) {
	root := desired.File{Name: "conf/root.yaml", Data: []byte(`version: 1
include: [teams/*.yaml]
roster: {file: people.csv, email: Login, group: Team, at_least: 0}
policy:
  inactive: {after: 30d}
  groups:
    - {name: out, match: ["*@OUT.c"]}
    - {name: field, files: [teams/field.yaml]}
    - {name: sales, roster: [sales, " Presales"]}
    - {name: here, files: [./root.yaml]}
users: [{email: here@b.c}]
`)}
	parsed, err := desired.Parse(root, besideConf{desired.InMemory{
		{Name: "conf/teams/field.yaml", Data: []byte("users: [{email: f@b.c}, {email: f@out.c}]\n")},
		{Name: "people.csv", Data: []byte("Login,Team\ns@b.c,Marketing\ns@b.c, SALES \np@b.c,presales\nf@b.c,Sales\n")},
	}}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	live := liveOf()
	for _, email := range []string{"a@out.c", "f@b.c", "f@out.c", "s@b.c", "p@b.c", "here@b.c", "none@b.c"} {
		live.Users = append(live.Users, person(email, withID(email), login(ago(days(40)))))
	}
	options := PlanOptions{Now: testNow}
	plan := planOf(t, parsed, live)
	got := map[string]string{}
	for _, user := range live.Users {
		group := Explain(user.Email, parsed, live, plan, options)[0].Group
		got[user.Email] = fmt.Sprintf("%s: %s (%d)", group.Name, group.Because, lineOf(group.Source))
	}
	want := map[string]string{
		"a@out.c":  "out: the email matches *@OUT.c (7)",
		"f@out.c":  "out: the email matches *@OUT.c (7)",
		"f@b.c":    "field: their entry is in conf/teams/field.yaml (8)",
		"s@b.c":    "sales: the roster has them in sales (9)",
		"p@b.c":    "sales: the roster has them in  Presales (9)",
		"here@b.c": "here: their entry is in conf/root.yaml (10)",
		"none@b.c": ": no group has them, so the policy applies, as far as is known: the roster people.csv does not list them, and is not complete (0)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}

func TestDevicesAreAskedAboutByTheRuleOfTheGroup(t *testing.T) {
	file := mustParse(t, "version: 1\npolicy: {inactive: {after: 90d, notice: 7d}, groups: [{name: n, match: [never@b.c], inactive: never}, {name: s, match: [short@b.c], inactive: {after: 30d}}]}\n")
	var got []string
	warp := gateway(True)
	for _, user := range NeedDevices(liveOf(person("never@b.c", warp, login(ago(days(200)))), person("short@b.c", warp, login(ago(days(24)))),
		person("usual@b.c", warp, login(ago(days(24)))), person("old@b.c", warp, login(ago(days(200))))), testNow, file) {
		got = append(got, user.Email)
	}
	if diff := cmp.Diff([]string{"short@b.c", "old@b.c"}, got); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
}

func TestPatternsThatMatchNobodyAreFindings(t *testing.T) {
	file := mustParse(t, `version: 1
policy:
  protected:
    - ceo@b.c
    - "*@b.c"
    - CTO@b.c
    - "*@bord.c"
  groups:
    - name: g
      match: ["*@out.c", "?@b.c"]
`)
	plan := planOf(t, file, liveOf(person("a@b.c"), person("cto@b.c")))
	var got []string
	for _, finding := range plan.Findings {
		got = append(got, fmt.Sprintf("%d %s", finding.Source.Line, finding.Message))
	}
	want := []string{
		"4 policy.protected: nobody in the account has an email that matches ceo@b.c: correct or remove it",
		"7 policy.protected: nobody in the account has an email that matches *@bord.c: correct or remove it",
		"10 the group g: nobody in the account has an email that matches *@out.c: correct or remove it",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// groupsFile has every kind of group.
const groupsFile = `version: 1
license: {purchased: 10, price: 7.00, currency: USD}
policy:
  inactive: {after: 30d}
  groups:
    - {name: out, match: ["*@out.c"], price: 3.125}
    - {name: board, match: ["*@board.c"], protected: true, price: 0}
`

func TestMoneyIsThatOfEachGroup(t *testing.T) {
	old := login(ago(days(40)))
	live := liveOf(person("a@out.c", old), person("b@out.c"), person("c@board.c", old), person("d@b.c", old), person("e@b.c"), person("f@out.c", access(False)))
	plan := planOf(t, mustParse(t, groupsFile), live, noLimit)
	want := []GroupShare{
		{Name: "out", Seats: 2, Release: 1, MonthlyCostBefore: "6.25", MonthlyCostAfter: "3.125"},
		{Name: "board", Seats: 1, Held: 1, MonthlyCostBefore: "0.00", MonthlyCostAfter: "0.00"},
	}
	if diff := cmp.Diff(want, plan.Groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	bill := plan.Bill()
	got := []any{plan.Summary.MonthlyCostBefore, plan.Summary.MonthlyCostAfter, plan.Money.YearlyCostAfter, plan.Money.IdleHeldMonthlyCost, bill.Billed, bill.Before.UsedCost, bill.After.UsedCost}
	if diff := cmp.Diff([]any{Amount("20.25"), Amount("10.125"), Amount("121.50"), Amount("0.00"), Amount("70.00"), Amount("20.25"), Amount("10.125")}, got); diff != "" {
		t.Errorf("money (-want +got):\n%s", diff)
	}
	plan.Run = &Run{Outcomes: []Outcome{{Change: 0, Status: Applied}, {Change: 2, Status: Failed}}}
	if cost := plan.Bill().After.UsedCost; cost != "17.125" {
		t.Errorf("after a run that released one of out alone, %s", cost)
	}
}

func TestMoneyIsNotKnownWhereOneSeatHasNoPrice(t *testing.T) {
	file := mustParse(t, "version: 1\npolicy: {groups: [{name: out, match: ['*@out.c'], price: 3}]}\n")
	for _, test := range []struct {
		live *Live
		want Amount
	}{
		{liveOf(person("a@out.c")), "3.00"},
		{liveOf(person("a@out.c"), person("b@b.c")), ""},
		{liveOf(person("b@b.c", access(False))), "0.00"},
	} {
		if got := planOf(t, file, test.live).Summary.MonthlyCostBefore; got != test.want {
			t.Errorf("%d users cost %q, want %q", len(test.live.Users), got, test.want)
		}
	}
}

func TestASavedPlanHonoursTheGroupsOfTheFileBesideIt(t *testing.T) {
	old := login(ago(days(40)))
	live := liveOf(person("a@out.c", old), person("b@out.c", old), person("c@b.c", old))
	saved := planOf(t, mustParse(t, groupsFile), live, noLimit)
	tests := []struct {
		name   string
		beside *Desired
		want   []string
		groups []GroupShare
		cost   Amount
	}{
		{
			"the same file", mustParse(t, groupsFile),
			[]string{"release a@out.c 10>00 inactive: out", "release b@out.c 10>00 inactive: out", "release c@b.c 10>00 inactive: "},
			[]GroupShare{{Name: "out", Seats: 2, Release: 2, MonthlyCostBefore: "6.25", MonthlyCostAfter: "0.00"}, {Name: "board", MonthlyCostBefore: "0.00", MonthlyCostAfter: "0.00"}},
			"13.25",
		},
		{
			"a group that protects them now", mustParse(t, strings.Replace(groupsFile, "price: 3.125", "protected: true", 1)),
			[]string{"release a@out.c 10>00 inactive held:protected: out", "release b@out.c 10>00 inactive held:protected: out", "release c@b.c 10>00 inactive: "},
			[]GroupShare{{Name: "out", Seats: 2, Held: 2, MonthlyCostBefore: "14.00", MonthlyCostAfter: "14.00"}, {Name: "board", MonthlyCostBefore: "0.00", MonthlyCostAfter: "0.00"}},
			"21.00",
		},
		{
			"no file: nobody knows which seat has which price", nil,
			[]string{"release a@out.c 10>00 inactive: out", "release b@out.c 10>00 inactive: out", "release c@b.c 10>00 inactive: "},
			[]GroupShare{}, "",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan, stale, err := Revisit(saved, test.beside, live, PlanOptions{Now: testNow})
			if err != nil || len(stale) > 0 {
				t.Fatal(stale, err)
			}
			if diff := cmp.Diff(test.want, groupsOf(plan)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.groups, plan.Groups); diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
			if plan.Summary.MonthlyCostBefore != test.cost {
				t.Errorf("cost %q, want %q", plan.Summary.MonthlyCostBefore, test.cost)
			}
		})
	}
}

func TestTheHistogramCountsPeopleByTheirOwnRule(t *testing.T) {
	file := mustParse(t, "version: 1\npolicy: {inactive: {after: 90d, notice: 10d}, groups: [{name: n, match: [n@b.c], inactive: never}, {name: s, match: ['s*@b.c'], inactive: {after: 5d, notice: 2d}}]}\n")
	plan := planOf(t, file, liveOf(person("n@b.c", login(ago(days(7)))), person("s1@b.c", login(ago(days(7)))), person("s2@b.c", login(ago(days(4)))), person("u@b.c")), noLimit)
	want := &Activity{AfterDays: 90, NoticeDays: 10, BucketDays: 5, Buckets: []int{2, 2}, Near: []int{1, 0}, Past: []int{0, 1}}
	if diff := cmp.Diff(want, plan.Activity); diff != "" {
		t.Errorf("activity (-want +got):\n%s", diff)
	}
}

// drawGroups draws a file whose groups overlap.
func drawGroups(t *rapid.T) *Desired {
	var file strings.Builder
	file.WriteString("version: 1\nlicense: {price: 7, purchased: 30}\npolicy:\n  inactive: {after: 60d, never_after: 30d, notice: 7d}\n  groups:\n")
	for i := range rapid.IntRange(1, 4).Draw(t, "groups") {
		fmt.Fprintf(&file, "    - {name: g%d, match: ['u%d*@b.c']%s%s}\n", i, rapid.IntRange(0, 3).Draw(t, "match"),
			rapid.SampledFrom([]string{"", "", ", files: [f.yaml]"}).Draw(t, "files"),
			rapid.SampledFrom([]string{"", ", inactive: never", ", inactive: {after: 30d}", ", protected: true", ", price: 2.5"}).Draw(t, "what"))
	}
	file.WriteString("users:\n")
	for _, i := range rapid.SliceOfDistinct(rapid.IntRange(0, 25), rapid.ID[int]).Draw(t, "entries") {
		fmt.Fprintf(&file, "  - {email: u%d@b.c, access_seat: %t}\n", i, rapid.Bool().Draw(t, "seat"))
	}
	desired, err := desired.Parse(desired.File{Name: "f.yaml", Data: []byte(file.String())}, nil, testNow)
	if err != nil {
		t.Fatal(err)
	}
	return desired
}

// firstGroup finds the group of an email as a person would, without the code that
// made the plan.
func firstGroup(file *Desired, email string) *Group {
	key := strings.ToLower(email)
	for i := range file.Groups {
		group := &file.Groups[i]
		isMember := strings.HasPrefix(key, strings.TrimSuffix(group.Match[0].Text, "*@b.c"))
		for j := range file.Users {
			isMember = isMember || len(group.Files) > 0 && file.Users[j].Email == key
		}
		if isMember {
			return group
		}
	}
	return nil
}

func TestTheFirstGroupWinsInWhateverOrderUsersAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		file, live := drawGroups(t), drawLive(t)
		live.Users = rapid.Permutation(live.Users).Draw(t, "order")
		plan, err := MakePlan(file, live, PlanOptions{Now: testNow})
		if err != nil {
			t.Fatal(err)
		}
		for i := range plan.Changes {
			change, want := &plan.Changes[i], ""
			if group := firstGroup(file, change.Email); group != nil {
				want = group.Name
			}
			if change.Group != want {
				t.Fatalf("%s is in %q, want %q", line(change), change.Group, want)
			}
		}
	})
}

func TestNobodyOfAProtectedGroupIsInACallThatTakesAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		file, live := drawGroups(t), drawLive(t)
		plan, err := MakePlan(file, live, PlanOptions{Now: testNow})
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range Calls(plan, 10) {
			for _, i := range call.Changes {
				change := &plan.Changes[i]
				if group := firstGroup(file, change.Email); group != nil && group.Protected && change.TakesAway() {
					t.Fatalf("in a call: %s", line(change))
				}
			}
		}
	})
}

func TestAPlanOfGroupsIsJudgedTheSameAfterJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		file, live := drawGroups(t), drawLive(t)
		plan, err := MakePlan(file, live, PlanOptions{Now: testNow})
		if err != nil {
			t.Fatal(err)
		}
		data, _ := json.Marshal(plan)
		read, err := ReadPlan(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		again, err := MakePlan(file, live, PlanOptions{Now: testNow, Proposed: read.Changes})
		if err != nil {
			t.Fatal(err)
		}
		if second, _ := json.Marshal(again); !bytes.Equal(data, second) {
			t.Fatalf("judged again:\n%s\n%s", data, second)
		}
	})
}

func TestTheSharesOfGroupsAddUpToTheSummary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		file, live := drawGroups(t), drawLive(t)
		plan, err := MakePlan(file, live, PlanOptions{Now: testNow})
		if err != nil {
			t.Fatal(err)
		}
		seats, release, held := 0, 0, 0
		for _, share := range plan.Groups {
			seats, release, held = seats+share.Seats, release+share.Release, held+share.Held
		}
		for i := range plan.Changes {
			if change := &plan.Changes[i]; change.Group == "" && !change.WillBeDone() {
				held++
			} else if change.Group == "" && change.Kind == Release {
				release++
			}
		}
		if seats > plan.Live.SeatsUsed || release != plan.Summary.Release || held != plan.Summary.Held {
			t.Fatalf("%+v is not %+v", plan.Groups, plan.Summary)
		}
	})
}

// A quick way to match means what the library of patterns does.
func TestPatternsMatchAsTheLibraryDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SampledFrom([]string{"*", "?", "a", "b", "@", ".", "/", "[ab]", `\*`})
		pattern := strings.Join(rapid.SliceOfN(part, 1, 6).Draw(t, "pattern"), "")
		key := rapid.StringMatching(`[ab@./*]{0,6}`).Draw(t, "key")
		slashless := strings.NewReplacer("/", "\x00")
		want, err := path.Match(slashless.Replace(pattern), slashless.Replace(key))
		if err != nil {
			t.Skip(err)
		}
		if got := Covers(pattern, key); got != want {
			t.Fatalf("%s matches %s: %v", pattern, key, got)
		}
	})
}
