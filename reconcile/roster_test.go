package reconcile_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	. "github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
)

// parseWithRoster reads a file and its roster from memory.
func parseWithRoster(text, csv string) (*Desired, error) {
	return desired.Parse(desired.File{Name: "f.yaml", Data: []byte(text)}, desired.InMemory{{Name: "people.csv", Data: []byte(csv)}}, time.Time{})
}

// rosterOf is a file with a roster that has a status, in which policy.departed is
// release.
func rosterOf(t testing.TB, more, csv string, edit ...string) *Desired {
	t.Helper()
	text := "version: 1\nroster:\n  file: people.csv\n  email: Login\n  status: Status\n  active: [ACTIVE]\n"
	for _, key := range edit {
		text += "  " + key + "\n"
	}
	file, err := parseWithRoster(text+more, csv)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

const (
	departedRelease = "policy: {departed: release}\n"
	fewPeople       = "Login,Status\nada@b.c,ACTIVE\ngone@b.c,DEPROVISIONED\nblank@b.c,\n"
)

func TestWhoIsGoneByTheRoster(t *testing.T) {
	all := []User{person("ada@b.c"), person("gone@b.c"), person("blank@b.c"), person("stranger@b.c")}
	for _, test := range []struct {
		name, more string
		keys       []string
		users      []User
		want       []string
		findings   []string
	}{
		{
			"reports by default", "", nil, all, []string{},
			[]string{"roster-unmatched", "departed-user gone@b.c"},
		},
		{"keeps on request", "policy: {departed: keep}\n", nil, all, []string{}, []string{"roster-unmatched"}},
		{"releases on request", departedRelease, nil, all, []string{"release gone@b.c 10>00 departed"}, []string{"roster-unmatched"}},
		{
			"absence counts where the roster is complete", departedRelease, []string{"complete: true"}, all,
			[]string{"release gone@b.c 10>00 departed", "release stranger@b.c 10>00 departed"}, []string{},
		},
		{"reports absence where the roster is complete", "", []string{"complete: true"}, all, []string{}, []string{"departed-user gone@b.c", "departed-user stranger@b.c"}},
		{
			"nobody without a seat is of concern", "", []string{"complete: true", "at_least: 0"}, []User{person("gone@b.c", access(False)), person("stranger@b.c", access(False))},
			[]string{}, []string{},
		},
		{
			"the file's last day and both flags come first", departedRelease + "users:\n  - {email: gone@b.c, access_seat: false, gateway_seat: false}\n  - {email: stranger@b.c, until: 2026-11-01}\n", []string{"complete: true"}, all,
			[]string{"release gone@b.c 10>00 listed", "release stranger@b.c 10>00 expired"}, []string{},
		},
		{
			"unlisted and inactive come after", "policy: {departed: release, unlisted: release, inactive: {after: 90d}}\nusers: [{email: ada@b.c}]\n", nil,
			[]User{person("ada@b.c"), person("gone@b.c", login(ago(days(200)))), person("blank@b.c")},
			[]string{"release blank@b.c 10>00 unlisted", "release gone@b.c 10>00 departed"}, []string{},
		},
		{
			"a flag in the file comes after, and is not granted", departedRelease + "users:\n  - {email: gone@b.c, access_seat: true, gateway_seat: true}\n  - {email: ada@b.c, gateway_seat: true}\n", nil, all[:2],
			[]string{"grant ada@b.c 10>11 listed", "release gone@b.c 10>00 departed"}, []string{},
		},
		{
			"nobody who is gone is granted a seat", departedRelease + "users: [{email: gone@b.c, access_seat: true}]\n", nil, []User{person("ada@b.c"), person("gone@b.c", access(False))},
			[]string{}, []string{},
		},
		{
			"who is protected stays, and may be granted more", "policy: {departed: release, protected: [gone@b.c, g2@b.c]}\nusers: [{email: g2@b.c, access_seat: true}]\n", []string{"complete: true"},
			[]User{person("ada@b.c"), person("gone@b.c"), person("g2@b.c", access(False))},
			[]string{"grant g2@b.c 00>10 listed", "release gone@b.c 10>00 departed held:protected"}, []string{},
		},
		{
			"a flag that is not known is not taken", departedRelease, nil, []User{person("ada@b.c"), person("gone@b.c", gateway(Unknown))},
			[]string{"release gone@b.c 1?>00 departed held:flag-unknown"}, []string{},
		},
		{
			"without an email nobody is looked for", departedRelease, []string{"complete: true"}, []User{person("ada@b.c"), person("", withID("x"), seat("y"))},
			[]string{}, []string{},
		},
		{
			"a spelling with a hidden letter is held", departedRelease, []string{"complete: true"}, []User{person("ada@b.c"), person("blan\u200bk@b.c")},
			[]string{"release blan\u200bk@b.c 10>00 departed held:ambiguous"}, []string{"ambiguous-user blan\u200bk@b.c"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := planOf(t, rosterOf(t, test.more, fewPeople, test.keys...), liveOf(test.users...), noLimit)
			if diff := cmp.Diff(test.want, linesOf(plan)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.findings, codesOf(plan)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeparturesAreHeldByTheLimit(t *testing.T) {
	plan := planOf(t, rosterOf(t, "policy: {departed: release, limits: {releases: 0}}\n", fewPeople), liveOf(person("ada@b.c"), person("gone@b.c")))
	if diff := cmp.Diff([]string{"release gone@b.c 10>00 departed held:limit"}, linesOf(plan)); diff != "" {
		t.Error(diff)
	}
}

func TestTheRosterSaysWhereItSaysSo(t *testing.T) {
	live := liveOf(person("ada@b.c"), person("gone@b.c"), person("blank@b.c"), person("stranger@b.c"))
	file := rosterOf(t, departedRelease, fewPeople, "complete: true")
	plan := planOf(t, file, live, noLimit)
	for i, want := range []struct {
		because string
		source  Position
	}{
		{`the roster lists them as "DEPROVISIONED"`, Position{File: "people.csv", Line: 3}},
		{"the roster people.csv, which is complete, does not list them", Position{File: "f.yaml", Line: 3, Column: 3}},
	} {
		if got := plan.Changes[i]; got.Because != want.because || got.Source != want.source {
			t.Errorf("got %s at %v, want %v", got.Because, got.Source, want)
		}
	}
	if want := (RosterInfo{File: "people.csv", People: 3, Gone: 1}); *plan.Desired.Roster != want {
		t.Errorf("got %+v, want %+v", *plan.Desired.Roster, want)
	}
	for email, want := range map[string]string{
		"ada@b.c":      `departed: false the roster lists them as "ACTIVE" (2)`,
		"gone@b.c":     `departed: true the roster lists them as "DEPROVISIONED", and policy.departed is release (3)`,
		"blank@b.c":    "departed: false the roster lists them without a status (4)",
		"stranger@b.c": "departed: true the roster people.csv, which is complete, does not list them, and policy.departed is release (3)",
	} {
		verdict := Explain(email, file, live, plan, PlanOptions{Now: testNow})[0].Rules[2]
		if got := fmt.Sprintf("%s: %t %s (%d)", verdict.Rule, verdict.Applies, verdict.Because, lineOf(verdict.Source)); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}

func TestARosterThatNamesTooFewIsRefused(t *testing.T) {
	live := liveOf(person("ada@b.c"), person("gone@b.c"), person("c@b.c"), person("d@b.c"), person("e@b.c"), person("f@b.c", access(False)), person("blank@b.c", access(False)))
	for _, test := range []struct{ keys, want string }{
		{"complete: true", "f.yaml:3:3: the roster people.csv names 2 of 5 seat holders, and at_least is 50%: check that it is whole and of this account, or lower at_least"},
		{"at_least: 40%", ""},
		{"at_least: 40.1%", "f.yaml:7:13: the roster people.csv names 2 of 5 seat holders, and at_least is 40.1%: check that it is whole and of this account, or lower at_least"},
		{"at_least: 2", ""},
		{"at_least: 3", "f.yaml:7:13: the roster people.csv names 2 of 5 seat holders, and at_least is 3: check that it is whole and of this account, or lower at_least"},
		{"at_least: 0", ""},
	} {
		_, err := MakePlan(rosterOf(t, "", fewPeople, test.keys), live, PlanOptions{Now: testNow})
		if got := fmt.Sprint(err); got != test.want && (err != nil || test.want != "") {
			t.Errorf("%s: got %s\nwant %s", test.keys, got, test.want)
		}
	}
}

func TestARosterThatIsTooOldIsRefusedByTheClockOfThePlan(t *testing.T) {
	file := rosterOf(t, departedRelease, "Login,Status,On\nada@b.c,ACTIVE,2026-11-14\n", "as_of: On", "max_age: 8d")
	live := liveOf(person("ada@b.c"))
	if _, err := MakePlan(file, live, PlanOptions{Now: testNow.Add(-7 * time.Hour)}); err != nil {
		t.Error(err)
	}
	_, err := MakePlan(file, live, PlanOptions{Now: testNow})
	var problems Problems
	if !errors.As(err, &problems) || !strings.HasPrefix(err.Error(), "f.yaml:8:12: max_age: the roster people.csv is of 2026-11-14T00:00:00Z and at most 8 days old is allowed") {
		t.Errorf("got %v", err)
	}
}

// Whatever a roster says, nobody loses a seat to it who is active in one of its rows,
// and in an incomplete one nobody whom it does not name as gone.
func TestNobodyWhoWorksHereDeparts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var csv strings.Builder
		csv.WriteString("Login,Status\nanchor@b.c,ACTIVE\n")
		isActive, isGone := map[string]bool{}, map[string]bool{}
		for range rapid.IntRange(0, 20).Draw(t, "rows") {
			email := fmt.Sprintf("u%d@b.c", rapid.IntRange(0, 9).Draw(t, "who"))
			status := rapid.SampledFrom([]string{"ACTIVE", " active", "GONE", "", " "}).Draw(t, "status")
			fmt.Fprintf(&csv, "%s,%s\n", rapid.SampledFrom([]string{email, strings.ToUpper(email), " " + email}).Draw(t, "spelling"), status)
			isActive[email] = isActive[email] || strings.EqualFold(strings.TrimSpace(status), "active")
			isGone[email] = isGone[email] || status == "GONE"
		}
		isComplete := rapid.Bool().Draw(t, "complete")
		text := fmt.Sprintf("version: 1\nroster: {file: people.csv, email: Login, status: Status, active: [Active], at_least: 0, complete: %t}\n", isComplete)
		file, err := parseWithRoster(text+departedRelease, csv.String())
		if err != nil {
			t.Fatal(err)
		}
		live := liveOf()
		for i := range 10 {
			live.Users = append(live.Users, person(fmt.Sprintf("u%d@b.c", i)))
		}
		plan, err := MakePlan(file, live, PlanOptions{Now: testNow})
		if err != nil {
			t.Fatal(err)
		}
		departed := map[string]bool{}
		for i := range plan.Changes {
			departed[plan.Changes[i].Email] = true
		}
		for _, user := range live.Users {
			_, isNamed := isActive[user.Email]
			want := isGone[user.Email] && !isActive[user.Email] || isComplete && !isNamed
			if departed[user.Email] != want {
				t.Errorf("%s departs: %t, want %t, by\n%s", user.Email, departed[user.Email], want, csv.String())
			}
		}
	})
}
