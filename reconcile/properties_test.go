package reconcile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	. "github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
)

// account is an account in memory: a Sink that does what the API documents, and
// counts the requests.
type memoryAccount struct {
	users        []User
	patches      int
	puts         int
	releasedSeat map[string]bool
}

func (a *memoryAccount) Acquire(context.Context, int) (func(), error) { return func() {}, nil }

func (a *memoryAccount) Devices(context.Context, []User) (Devices, error) {
	return Devices{Read: true}, nil
}

func (a *memoryAccount) UpdateSeats(_ context.Context, _ int, updates []SeatUpdate) ([]User, error) {
	a.patches++
	var answers []User
	for _, update := range updates {
		for i := range a.users {
			if a.users[i].SeatUID == update.SeatUID {
				a.users[i].AccessSeat, a.users[i].GatewaySeat = FlagOf(update.AccessSeat), FlagOf(update.GatewaySeat)
			}
		}
		if !update.AccessSeat && !update.GatewaySeat {
			a.releasedSeat[update.SeatUID] = true
		}
		answers = append(answers, User{SeatUID: update.SeatUID, AccessSeat: FlagOf(update.AccessSeat), GatewaySeat: FlagOf(update.GatewaySeat)})
	}
	return answers, nil
}

func (a *memoryAccount) RenameUser(_ context.Context, _ int, rename User) (User, error) {
	a.puts++
	for i := range a.users {
		if a.users[i].ID == rename.ID {
			a.users[i].Name = rename.Name
			return a.users[i], nil
		}
	}
	return User{}, &APIError{Method: "PUT", Status: 404}
}

func (a *memoryAccount) ReadUsers(context.Context, []User, bool) (map[string]User, error) {
	users := make(map[string]User)
	for _, user := range a.users {
		users[user.ID] = user
	}
	return users, nil
}

// drawMoment draws a moment of every kind, near the thresholds more often.
func drawMoment(t *rapid.T, label string) Moment {
	switch rapid.IntRange(0, 5).Draw(t, label+" kind") {
	case 0:
		return Moment{}
	case 1:
		return UnreadableMoment()
	case 2:
		return ago(-time.Duration(rapid.IntRange(1, 1000).Draw(t, label)) * time.Hour)
	default:
		return ago(time.Duration(rapid.IntRange(0, 24*120).Draw(t, label)) * time.Hour)
	}
}

func drawFlag(t *rapid.T, label string) Flag {
	return rapid.SampledFrom([]Flag{Unknown, False, True, True}).Draw(t, label)
}

// drawLive draws an account with every awkward kind of user.
func drawLive(t *rapid.T) *Live {
	live := &Live{AccountID: "account", ReadAt: testNow}
	count := rapid.IntRange(1, 25).Draw(t, "users")
	for i := range count {
		user := User{
			ID:         fmt.Sprintf("id-%d", i),
			Email:      fmt.Sprintf("U%d@b.c", rapid.IntRange(0, count).Draw(t, "email")),
			Name:       rapid.SampledFrom([]string{"", "Ada", "Grace"}).Draw(t, "name"),
			SeatUID:    fmt.Sprintf("seat-%d", i),
			AccessSeat: drawFlag(t, "access"), GatewaySeat: drawFlag(t, "gateway"),
			LastLogin: drawMoment(t, "login"), CreatedAt: drawMoment(t, "created"),
		}
		switch rapid.IntRange(0, 9).Draw(t, "oddity") {
		case 0:
			user.SeatUID = ""
		case 1:
			user.SeatUID = "seat-0"
		case 2:
			user.Email = ""
		}
		live.Users = append(live.Users, user)
	}
	if rapid.Bool().Draw(t, "devices") {
		live.Devices = Devices{Read: true}
		for i := range count {
			if seen := drawMoment(t, "seen"); !seen.IsNone() {
				signs := DeviceSigns{LastSeen: seen}
				if !seen.IsKnown() {
					signs = DeviceSigns{IsUnreadable: true}
				}
				show(&live.Devices, fmt.Sprintf("id-%d", i), signs)
			}
		}
	}
	return live
}

// drawFile draws a desired state with every rule.
func drawFile(t *rapid.T) string {
	var file strings.Builder
	fmt.Fprintf(&file, "version: 1\npolicy:\n  unlisted: %s\n  grants: %s\n",
		rapid.SampledFrom([]string{"keep", "report", "release"}).Draw(t, "unlisted"),
		rapid.SampledFrom([]string{"request", "never"}).Draw(t, "grants"))
	if rapid.Bool().Draw(t, "has inactive") {
		file.WriteString("  inactive: {after: 60d, never_after: 30d, notice: 7d}\n")
	}
	if rapid.Bool().Draw(t, "has protected") {
		file.WriteString("  protected: [u1@b.c, 'u2*@b.c']\n")
	}
	fmt.Fprintf(&file, "  limits: {releases: %d%%}\n", rapid.IntRange(0, 100).Draw(t, "limit"))
	file.WriteString("users:\n")
	for _, i := range rapid.SliceOfDistinct(rapid.IntRange(0, 25), rapid.ID[int]).Draw(t, "entries") {
		fmt.Fprintf(&file, "  - email: u%d@b.c\n", i)
		for _, flag := range []string{"access_seat", "gateway_seat"} {
			if value := rapid.SampledFrom([]string{"", "true", "false"}).Draw(t, flag); value != "" {
				fmt.Fprintf(&file, "    %s: %s\n", flag, value)
			}
		}
		switch rapid.IntRange(0, 6).Draw(t, "extra") {
		case 0:
			file.WriteString("    name: Ada\n")
		case 1:
			file.WriteString("    until: 2026-11-01\n")
		case 2:
			file.WriteString("    exempt: {from: inactive, until: 2027-01-01, owner: o, reason: r}\n")
		case 3:
			fmt.Fprintf(&file, "    id: id-%d\n", i)
		}
	}
	return file.String()
}

// drawRoster draws a roster that names some of the people, or none.
func drawRoster(t *rapid.T) *Roster {
	none := 0
	roster := &Roster{File: "people.csv", Complete: rapid.Bool().Draw(t, "complete"), AtLeast: ReleaseLimit{Count: &none}, People: map[string]RosterPerson{}}
	for _, i := range rapid.SliceOfDistinct(rapid.IntRange(0, 25), rapid.ID[int]).Draw(t, "people") {
		roster.People[fmt.Sprintf("u%d@b.c", i)] = RosterPerson{Works: drawFlag(t, "works"), Line: i + 2}
	}
	return roster
}

// drawPlan draws a file and an account and plans. The returned account is the
// plan's.
func drawPlan(t *rapid.T) (*Desired, *Live, *Plan) {
	desired, err := desired.Parse(desired.File{Name: "f.yaml", Data: []byte(drawFile(t))}, nil, testNow)
	if err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "has a roster") {
		desired.Roster = drawRoster(t)
		desired.Policy.Departed = rapid.SampledFrom([]HolderPolicy{"", HolderKeep, HolderRelease}).Draw(t, "departed")
	}
	live := drawLive(t)
	plan, err := MakePlan(desired, live, PlanOptions{Now: testNow, AllowEmpty: true})
	if err != nil {
		t.Fatal(err)
	}
	return desired, live, plan
}

func TestPlanningAfterAnApplyFindsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		desired, live, plan := drawPlan(t)
		account := &memoryAccount{users: live.Users, releasedSeat: map[string]bool{}}
		run := Apply(context.Background(), account, plan, NoJournal{}, ApplyOptions{Clock: func() time.Time { return testNow }, ReadAt: testNow, Concurrency: 1})
		if len(run.Outcomes) != plan.Summary.Pending() || run.Count(Applied) != len(run.Outcomes) {
			t.Fatalf("outcomes %+v of %+v", run.Outcomes, plan.Summary)
		}
		if account.patches != plan.Summary.Calls.Patch || account.puts != plan.Summary.Calls.Put {
			t.Fatalf("%d PATCH and %d PUT, planned %+v", account.patches, account.puts, plan.Summary.Calls)
		}
		if used := CountSeats(account.users).Used; used != plan.Summary.SeatsAfter {
			t.Fatalf("%d seats used after the apply, planned %d", used, plan.Summary.SeatsAfter)
		}
		again, err := MakePlan(desired, &Live{AccountID: "account", Users: account.users, Devices: live.Devices},
			PlanOptions{Now: testNow, AllowEmpty: true})
		if err != nil {
			t.Fatal(err)
		}
		for i := range again.Changes {
			change := &again.Changes[i]
			// A limit that is a share can rise with the seats that were granted, and
			// whose WARP seat was taken is judged by logins alone from then on;
			// whatever else is still to be done would be a second write.
			excused := plan.Limit.Tripped && change.Kind == Release ||
				change.Reason == Inactive && lostGateway(plan, change.UserID)
			if change.WillBeDone() && !excused {
				t.Fatalf("again: %s", line(change))
			}
		}
	})
}

// lostGateway reports whether a plan takes the WARP half of the user's seat.
func lostGateway(plan *Plan, userID string) bool {
	return slices.ContainsFunc(plan.Changes, func(change Change) bool {
		return change.UserID == userID && change.Kind != Release && change.WillBeDone() &&
			change.Before.GatewaySeat != False && change.After.GatewaySeat == False
	})
}

func TestNoProtectedExemptUnknownOrHeldUserIsEverReleased(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		desired, live, plan := drawPlan(t)
		account := &memoryAccount{users: slices.Clone(live.Users), releasedSeat: map[string]bool{}}
		Apply(context.Background(), account, plan, NoJournal{}, ApplyOptions{Clock: func() time.Time { return testNow }, ReadAt: testNow, Concurrency: 1})
		byID := map[string]*Change{}
		for i := range plan.Changes {
			change := &plan.Changes[i]
			if change.IsSeatChange() {
				if byID[change.UserID] != nil {
					t.Fatalf("two seat changes for %s", change.UserID)
				}
				byID[change.UserID] = change
			}
			if change.Held != "" && account.releasedSeat[change.SeatUID] && change.SeatUID != "" {
				t.Fatalf("the seat of a held change was released: %s", line(change))
			}
		}
		for i, before := range live.Users {
			after := account.users[i]
			if !before.HoldsSeat() || after.HoldsSeat() {
				continue
			}
			checkRelease(t, desired, live, byID[before.ID], &before)
		}
		if plan.Limit.Tripped && len(account.releasedSeat) > 0 || len(account.releasedSeat) > plan.Limit.Releases {
			t.Fatalf("%d released, limit %+v", len(account.releasedSeat), plan.Limit)
		}
	})
}

// checkRelease looks at one released seat with rules of its own, written without
// the code that made the plan.
func checkRelease(t *rapid.T, desired *Desired, live *Live, change *Change, user *User) {
	if change == nil || change.Held != "" {
		t.Fatalf("%s lost a seat without a change that is done", user.ID)
	}
	key := strings.ToLower(user.Email)
	if len(desired.Policy.Protected) > 0 && (key == "u1@b.c" || strings.HasPrefix(key, "u2")) {
		t.Fatalf("protected, and released: %s", line(change))
	}
	if change.Reason != Inactive {
		return
	}
	for i := range desired.Users {
		entry := &desired.Users[i]
		if strings.EqualFold(entry.Email, user.Email) && entry.Exempt != nil && (entry.ID == "" || entry.ID == user.ID) {
			t.Fatalf("exempt, and released: %s", line(change))
		}
	}
	signs := []Moment{user.LastLogin}
	if onDevices := live.Devices.Of[user.ID]; onDevices != nil {
		if onDevices.IsUnreadable {
			t.Fatalf("seen nobody knows when, and released: %s", line(change))
		}
		signs = append(signs, onDevices.LastSeen)
	}
	for _, sign := range signs {
		if sign == UnreadableMoment() || sign.IsKnown() && testNow.Sub(sign.Time()) < 60*Day {
			t.Fatalf("active or unknown (%s), and released: %s", sign, line(change))
		}
	}
	if user.GatewaySeat != False && !live.Devices.Read {
		t.Fatalf("devices not read, and released: %s", line(change))
	}
	if user.AccessSeat == Unknown || user.GatewaySeat == Unknown {
		t.Fatalf("a flag not known, and released: %s", line(change))
	}
}

func TestOrderOfInputNeverChangesThePlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		desired, live, plan := drawPlan(t)
		shuffled := *live
		shuffled.Users = slices.Clone(live.Users)
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 1))
		random.Shuffle(len(shuffled.Users), func(i, j int) {
			shuffled.Users[i], shuffled.Users[j] = shuffled.Users[j], shuffled.Users[i]
		})
		again, err := MakePlan(desired, &shuffled, PlanOptions{Now: testNow, AllowEmpty: true})
		if err != nil {
			t.Fatal(err)
		}
		first, _ := json.Marshal(plan)
		second, _ := json.Marshal(again)
		if !bytes.Equal(first, second) {
			t.Fatalf("plans differ:\n%s\n%s", first, second)
		}
	})
}

func TestASavedPlanReadsBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, _, plan := drawPlan(t)
		first, _ := json.Marshal(plan)
		read, err := ReadPlan(bytes.NewReader(first))
		if err != nil {
			t.Fatal(err)
		}
		second, _ := json.Marshal(read)
		if !bytes.Equal(first, second) {
			t.Fatalf("plans differ:\n%s\n%s", first, second)
		}
		if stale := StaleChanges(read, &Live{Users: nil}); len(stale) != plan.Summary.Pending() {
			t.Fatalf("users are gone, but only %d of %d changes are stale", len(stale), plan.Summary.Pending())
		}
	})
}

// A plan is data: nothing that decides is lost on the way through JSON.
func TestASavedPlanIsJudgedTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		desired, live, plan := drawPlan(t)
		data, _ := json.Marshal(plan)
		read, err := ReadPlan(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		again, err := MakePlan(desired, live, PlanOptions{Now: testNow, Proposed: read.Changes})
		if err != nil {
			t.Fatal(err)
		}
		if second, _ := json.Marshal(again); !bytes.Equal(data, second) {
			t.Fatalf("judged again:\n%s\n%s", data, second)
		}
		for i := range read.Changes { // and were it not for what the plan says, they would be held anew
			read.Changes[i].Held, read.Changes[i].HeldBecause, read.Changes[i].Exemption = "", "", nil
		}
		anew, err := MakePlan(desired, live, PlanOptions{Now: testNow, Proposed: read.Changes})
		if err != nil {
			t.Fatal(err)
		}
		if second, _ := json.Marshal(anew); !bytes.Equal(data, second) {
			t.Fatalf("judged anew:\n%s\n%s", data, second)
		}
	})
}

func TestAPlanIsNotStaleAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, live, plan := drawPlan(t)
		if stale := StaleChanges(plan, live); len(stale) > 0 {
			t.Fatalf("stale at once: %v", stale)
		}
	})
}

func TestCallsAreTheFewest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, _, plan := drawPlan(t)
		batch := rapid.IntRange(1, 10).Draw(t, "batch")
		seats, names, covered, trials := 0, 0, map[int]int{}, map[Kind]bool{}
		for i := range plan.Changes {
			change := &plan.Changes[i]
			switch {
			case !change.WillBeDone():
			case change.Kind == Rename:
				names++
			default:
				seats++
				if change.Kind != Release && change.TakesAway() {
					trials[change.Kind] = true
				}
			}
		}
		calls := Calls(plan, batch)
		for _, call := range calls {
			for _, change := range call.Changes {
				covered[change]++
			}
		}
		patches := len(trials) + (seats-len(trials)+batch-1)/batch
		for _, call := range calls[:len(trials)] { // the first of each kind that takes half a seat, alone
			kind := plan.Changes[call.Changes[0]].Kind
			if len(call.Changes) != 1 || !call.IsTrial || !trials[kind] {
				t.Fatalf("the first calls are %+v", calls[:len(trials)])
			}
			trials[kind] = false
		}
		if len(calls) != patches+names || len(covered) != seats+names {
			t.Fatalf("%d calls for %d seats and %d names in batches of %d", len(calls), seats, names, batch)
		}
		for change, times := range covered {
			if times != 1 || !plan.Changes[change].WillBeDone() {
				t.Fatalf("change %d is in %d calls", change, times)
			}
		}
	})
}

func TestExportThenPlanFindsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		live := drawLive(t)
		for i := range live.Users {
			live.Users[i].Name = rapid.String().Draw(t, "name")
		}
		var file bytes.Buffer
		if err := desired.Export(&file, live, rapid.Bool().Draw(t, "all flags")); err != nil {
			t.Fatal(err)
		}
		desired, err := desired.Parse(desired.File{Name: "f.yaml", Data: file.Bytes()}, nil, testNow)
		if err != nil {
			t.Fatalf("%v\n%s", err, file.String())
		}
		for _, change := range Proposed(desired, live, PlanOptions{Now: testNow}) {
			t.Fatalf("%s\n%s", line(&change), file.String())
		}
	})
}

func TestUnlistedUsersAreNeverTouchedByDefault(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		live := drawLive(t)
		desired, err := desired.Parse(desired.File{Name: "f.yaml", Data: []byte("version: 1\n")}, nil, testNow)
		if err != nil {
			t.Fatal(err)
		}
		if changes := Proposed(desired, live, PlanOptions{Now: testNow}); len(changes) > 0 {
			t.Fatalf("changes: %+v", changes)
		}
	})
}
