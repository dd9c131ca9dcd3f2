package reconcile_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/seatsync/seatsync/reconcile"
)

// manyReleases plans the release of so many people, and the rename of others.
func manyReleases(t *testing.T, releases, renames int) *Plan {
	t.Helper()
	var file strings.Builder
	file.WriteString("version: 1\nusers:\n")
	var users []User
	for i := range releases {
		email := fmt.Sprintf("p%03d@b.c", i)
		fmt.Fprintf(&file, "  - {email: %s, access_seat: false}\n", email)
		users = append(users, person(email))
	}
	for i := range renames {
		email := fmt.Sprintf("q%03d@b.c", i)
		fmt.Fprintf(&file, "  - {email: %s, name: Renamed}\n", email)
		users = append(users, person(email))
	}
	return planOf(t, mustParse(t, file.String()), liveOf(users...), noLimit)
}

func TestApplyGivesUpInTime(t *testing.T) {
	refusal := &APIError{Method: "PATCH", Path: "/seats", Status: 400}
	refuseOf := func(bad ...int) func([]SeatUpdate) error {
		return func(updates []SeatUpdate) error {
			for _, update := range updates {
				for _, i := range bad {
					if update.SeatUID == fmt.Sprintf("seat-p%03d", i) {
						return refusal
					}
				}
			}
			return nil
		}
	}
	every := func(step, of int) (indexes []int) {
		for i := 0; i < of; i += step {
			indexes = append(indexes, i)
		}
		return indexes
	}
	tests := []struct {
		name              string
		releases, renames int
		patch             func([]SeatUpdate) error
		applied           int
		patches           int // at most
		stopped           string
	}{
		{
			name: "refused releases beside accepted renames", releases: 449, renames: 25, patch: func([]SeatUpdate) error { return refusal },
			applied: 25, patches: 40, stopped: "PATCH requests came to nothing, the last one with: PATCH /seats: 400",
		},
		{name: "one bad item among 400", releases: 400, patch: refuseOf(217), applied: 399, patches: 4 + 2*8},
		{name: "three bad items among 400", releases: 400, patch: refuseOf(0, 199, 300), applied: 397, patches: 4 + 3*2*8},
		{name: "a bad item in every fifth place", releases: 400, renames: 3, patch: refuseOf(every(5, 400)...), patches: 110, stopped: "40 PATCH requests came to nothing"},
		{
			name: "an API that takes fifty at a time", releases: 2000, renames: 1, applied: 2001, patches: 40 + 10,
			patch: func(updates []SeatUpdate) error {
				if len(updates) > 50 {
					return &APIError{Method: "PATCH", Path: "/seats", Status: 413}
				}
				return nil
			},
		},
		{
			name: "an API that is down", releases: 1000, renames: 2, applied: 2, patches: 40, stopped: "PATCH requests came to nothing, the last one with: PATCH /seats: 503",
			patch: func([]SeatUpdate) error { return &APIError{Method: "PATCH", Path: "/seats", Status: 503} },
		},
		{
			name: "an API that cannot be reached", releases: 5000, patches: 40, stopped: "PATCH requests came to nothing, the last one with: PATCH /seats: no response",
			patch: func([]SeatUpdate) error {
				return &NoResponseError{Request: "PATCH /seats", Reason: "in 1 attempt", Err: errors.New("connection refused")}
			},
		},
	}
	for _, test := range tests {
		for _, concurrency := range []int{1, 8} {
			t.Run(fmt.Sprint(test.name, ", ", concurrency, " at a time"), func(t *testing.T) {
				plan := manyReleases(t, test.releases, test.renames)
				wasted := 0
				sink := &scriptedSink{read: present(), rename: func(rename User) (User, error) { return User{ID: rename.ID, Name: rename.Name}, nil }}
				sink.update = func(updates []SeatUpdate) ([]User, error) {
					if err := test.patch(updates); err != nil {
						sink.mu.Lock()
						wasted++
						sink.mu.Unlock()
						return nil, err
					}
					return echo(updates)
				}
				run := applyWith(sink, plan, func(o *ApplyOptions) { o.BatchSize, o.Concurrency = 100, concurrency })
				patches := 0
				for _, line := range sink.log {
					if strings.HasPrefix(line, "PATCH") {
						patches++
					}
				}
				if wasted > 40 || patches > test.patches {
					t.Errorf("%d PATCH, %d of them for nothing, want %d and 40 at most", patches, wasted, test.patches)
				}
				if test.applied > 0 && run.Count(Applied) != test.applied {
					t.Errorf("%d applied, want %d; stopped: %s", run.Count(Applied), test.applied, run.Stopped)
				}
				if test.stopped == "" && run.Stopped != "" || !strings.Contains(run.Stopped, test.stopped) {
					t.Errorf("stopped: %q, want %q", run.Stopped, test.stopped)
				}
				if n := len(run.Outcomes); n != test.releases+test.renames {
					t.Errorf("%d outcomes", n)
				}
			})
		}
	}
}

// halved has the people of an API that frees the whole seat of whoever loses half of it.
type halved map[string]User

func (h halved) update(updates []SeatUpdate) (states []User) {
	for _, update := range updates {
		user := h[strings.TrimPrefix(update.SeatUID, "seat-")]
		user.AccessSeat, user.GatewaySeat = False, False
		h[strings.TrimPrefix(update.SeatUID, "seat-")] = user
		states = append(states, user)
	}
	return states
}

func (h halved) read() map[string]User {
	users := make(map[string]User)
	for _, user := range h {
		users[user.ID] = user
	}
	return users
}

// TestNobodyElseLosesASeatBeforeHalfOfOneIsKnownToStay: without a trial that was applied
// no other change of its kind goes, whatever the API answers.
func TestNobodyElseLosesASeatBeforeHalfOfOneIsKnownToStay(t *testing.T) {
	for _, kind := range []struct {
		name, keys string
		before     func(*User)
	}{
		{"narrows", "gateway_seat: false", gateway(True)},
		{"swaps", "access_seat: true, gateway_seat: false", func(user *User) { user.AccessSeat, user.GatewaySeat = False, True }},
	} {
		for _, test := range []struct {
			name   string
			answer func(states []User) ([]User, error)
		}{
			{"it shows the loss", func(states []User) ([]User, error) { return states, nil }},
			{"it does not mention the seat", func([]User) ([]User, error) { return nil, nil }},
			{"it fails", func([]User) ([]User, error) { return nil, &APIError{Status: 503} }},
		} {
			t.Run(kind.name+", "+test.name, func(t *testing.T) {
				text, users := "version: 1\nusers:\n  - {email: r@b.c, access_seat: false}\n", []User{person("r@b.c")}
				account := halved{"r": users[0]}
				for _, name := range []string{"a", "b", "c"} {
					text += "  - {email: " + name + "@b.c, " + kind.keys + "}\n"
					user := person(name+"@b.c", kind.before)
					account[name], users = user, append(users, user)
				}
				plan := planOf(t, mustParse(t, text), liveOf(users...), noLimit)
				sink := &scriptedSink{
					update: func(updates []SeatUpdate) ([]User, error) { return test.answer(account.update(updates)) },
					read:   func([]User) (map[string]User, error) { return account.read(), nil },
				}
				run := applyWith(sink, plan)
				sent := slices.DeleteFunc(slices.Clone(sink.log), func(line string) bool { return !strings.HasPrefix(line, "PATCH") })
				if !slices.Equal(slices.Compact(sent), []string{"PATCH seat-a"}) || run.Count(Failed) != 1 || run.Count(NotReached) != 3 || run.Stopped == "" {
					t.Errorf("requests %q, outcomes %v, stopped %q", sink.log, outcomesOf(plan, run), run.Stopped)
				}
			})
		}
	}
}

// TestNobodyElseLosesASeatInTheRunsAfterOneThatFreedIt: half of a seat is tried once, not
// once a night.
func TestNobodyElseLosesASeatInTheRunsAfterOneThatFreedIt(t *testing.T) {
	for _, keys := range []string{"gateway_seat: false", "access_seat: true, gateway_seat: false"} {
		for _, isMentioned := range []bool{true, false} {
			t.Run(fmt.Sprint(keys, ", mentioned: ", isMentioned), func(t *testing.T) {
				text, account := "version: 1\npolicy: {limits: {releases: 9}}\nusers:\n", halved{}
				for _, name := range []string{"a", "b", "c"} {
					text += "  - {email: " + name + "@b.c, " + keys + "}\n"
					account[name] = person(name+"@b.c", func(user *User) {
						user.GatewaySeat = True
						if strings.Contains(keys, "access_seat") {
							user.AccessSeat = False
						}
					})
				}
				sink := &scriptedSink{
					update: func(updates []SeatUpdate) ([]User, error) {
						states := account.update(updates)
						if !isMentioned {
							states = nil
						}
						return states, nil
					},
					read: func([]User) (map[string]User, error) { return account.read(), nil },
				}
				var history History
				for range 3 {
					plan := planOf(t, mustParse(t, text), liveOf(slices.Collect(maps.Values(account))...), withHistory(history))
					plan.Run = applyWith(sink, plan)
					history.Add(PastRunOf(plan, testNow, testNow))
				}
				sent := slices.DeleteFunc(sink.log, func(line string) bool { return !strings.HasPrefix(line, "PATCH") })
				if slices.ContainsFunc(sent, func(line string) bool { return line != "PATCH seat-a" }) || len(sent) == 0 {
					t.Errorf("in three nights: %q", sent)
				}
			})
		}
	}
}

// TestARepeatedRequestDoesNotShowThatTheOtherHalfIsKept: the first may have freed the seat, and
// the second given the half that it asks for. So the next one goes alone, too.
func TestARepeatedRequestDoesNotShowThatTheOtherHalfIsKept(t *testing.T) {
	file := "version: 1\nusers:\n"
	var people []User
	for _, name := range []string{"a", "b", "c", "d"} {
		file += "  - {email: " + name + "@b.c, gateway_seat: false}\n"
		people = append(people, person(name+"@b.c", gateway(True)))
	}
	down := &APIError{Status: 503}
	for _, test := range []struct {
		name    string
		answers []error // to the attempts, in their order; the last one to all others as well
		want    []string
		isKept  bool
	}{
		{"at once", []error{nil}, []string{"PATCH seat-a", "PATCH seat-b seat-c seat-d"}, true},
		{"the second time", []error{down, nil}, []string{"PATCH seat-a", "PATCH seat-a", "PATCH seat-b", "PATCH seat-c seat-d"}, true},
		{"never", []error{down}, []string{"PATCH seat-a", "PATCH seat-a", "PATCH seat-a", "PATCH seat-a", "PATCH seat-a", "PATCH seat-b", "PATCH seat-c", "PATCH seat-d"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			account := make(map[string]User)
			for i := range people {
				account[people[i].ID] = people[i]
			}
			attempts := 0
			sink := &scriptedSink{
				update: func(updates []SeatUpdate) ([]User, error) {
					states, _ := echo(updates)
					err := test.answers[min(attempts, len(test.answers)-1)]
					if attempts++; attempts > 1 || err == nil {
						for _, update := range updates {
							user := account["id-"+strings.TrimPrefix(update.SeatUID, "seat-")]
							user.GatewaySeat = False
							account[user.ID] = user
						}
					}
					return states, err
				},
				read: func([]User) (map[string]User, error) { return maps.Clone(account), nil },
			}
			plan := planOf(t, mustParse(t, file), liveOf(people...), noLimit)
			plan.Run = applyWith(sink, plan)
			sent := slices.DeleteFunc(slices.Clone(sink.log), func(line string) bool { return !strings.HasPrefix(line, "PATCH") })
			var history History
			history.Add(PastRunOf(plan, testNow, testNow))
			if !slices.Equal(sent, test.want) || plan.Run.Count(Applied) != 4 || history.KeepsNarrows != test.isKept {
				t.Errorf("requests %q, outcomes %v, keeps narrows: %t, want %t", sent, outcomesOf(plan, plan.Run), history.KeepsNarrows, test.isKept)
			}
		})
	}
}

// TestATrialOfSomebodyWhoHasMovedIsNone: the next one is it.
func TestATrialOfSomebodyWhoHasMovedIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := "version: 1\nusers:\n"
		account := &slowAccount{wait: map[string][]time.Duration{"acquire": {100 * time.Second}}}
		for _, name := range []string{"a", "b", "c", "d"} {
			file += "  - {email: " + name + "@b.c, gateway_seat: false}\n"
			account.users = append(account.users, person(name+"@b.c", gateway(True)))
		}
		plan := planOf(t, mustParse(t, file), liveOf(account.users...), noLimit)
		account.releasedSeat = map[string]bool{}
		account.after(30*time.Second, loggedIn, "a@b.c")
		run := account.apply(plan, func(o *ApplyOptions) { o.BatchSize = 100 })
		patches := slices.DeleteFunc(slices.Clone(account.log), func(line string) bool { return !strings.HasPrefix(line, "PATCH") })
		if !slices.Equal(patches, []string{"PATCH b", "PATCH c d"}) || run.Count(Stale) != 1 || run.Count(Applied) != 3 {
			t.Errorf("requests %q, outcomes %v", account.log, outcomesOf(plan, run))
		}
	})
}

// TestATrialThatIsRefusedIsNone: one seat that the API refuses keeps nobody else's.
func TestATrialThatIsRefusedIsNone(t *testing.T) {
	file := "version: 1\nusers:\n  - {email: a@b.c, gateway_seat: false}\n  - {email: b@b.c, gateway_seat: false}\n  - {email: c@b.c, gateway_seat: false}\n"
	users := []User{person("a@b.c", gateway(True)), person("b@b.c", gateway(True)), person("c@b.c", gateway(True))}
	plan := planOf(t, mustParse(t, file), liveOf(users...), noLimit)
	sink := &scriptedSink{update: func(updates []SeatUpdate) ([]User, error) {
		if updates[0].SeatUID == "seat-a" {
			return nil, &APIError{Status: 400}
		}
		return echo(updates)
	}}
	run := applyWith(sink, plan, func(o *ApplyOptions) { o.BatchSize = 100 })
	if !slices.Equal(sink.log, []string{"PATCH seat-a", "PATCH seat-b", "PATCH seat-c"}) || run.Count(Failed) != 1 || run.Count(Applied) != 2 || run.Stopped != "" {
		t.Errorf("requests %q, outcomes %v, stopped %q", sink.log, outcomesOf(plan, run), run.Stopped)
	}
}

// TestATrialThatChangesNothingTakesNothing: an API that does not take narrows frees no seat.
func TestATrialThatChangesNothingTakesNothing(t *testing.T) {
	file := "version: 1\nusers:\n  - {email: a@b.c, gateway_seat: false}\n  - {email: b@b.c, gateway_seat: false}\n  - {email: c@b.c, gateway_seat: false}\n"
	users := []User{person("a@b.c", gateway(True)), person("b@b.c", gateway(True)), person("c@b.c", gateway(True))}
	plan := planOf(t, mustParse(t, file), liveOf(users...), noLimit)
	sink := &scriptedSink{update: func(updates []SeatUpdate) ([]User, error) {
		states, err := echo(updates)
		for i := range states {
			states[i].GatewaySeat = True
		}
		return states, err
	}}
	run := applyWith(sink, plan, func(o *ApplyOptions) { o.BatchSize = 100 })
	if !slices.Equal(sink.log, []string{"PATCH seat-a", "PATCH seat-b seat-c"}) || run.Count(NotTaken) != 3 || run.Stopped != "" {
		t.Errorf("requests %q, outcomes %v, stopped %q", sink.log, outcomesOf(plan, run), run.Stopped)
	}
}

func TestANarrowThatComesFirstIsSeenBeforeAnythingElseIsSent(t *testing.T) {
	plan := planOf(t, mustParse(t, "version: 1\nusers: [{email: a@b.c, gateway_seat: false}]\n"), liveOf(person("a@b.c", gateway(True))), noLimit)
	others := releasePlan(t, "b", "c", "d")
	plan.Changes = append(plan.Changes, others.Changes...)
	if plan.Changes[0].Kind != Narrow {
		t.Fatalf("the first change is %s", plan.Changes[0].Kind)
	}
	sink := &scriptedSink{update: func(updates []SeatUpdate) ([]User, error) {
		time.Sleep(time.Millisecond) // the others have the time to overtake it
		states, err := echo(updates)
		if updates[0].SeatUID == "seat-a" {
			states[0].AccessSeat = False // the whole seat is gone
		}
		return states, err
	}}
	run := applyWith(sink, plan, func(o *ApplyOptions) { o.BatchSize, o.Concurrency = 1, 8 })
	if !slices.Equal(sink.log, []string{"PATCH seat-a"}) || run.Count(NotReached) != 3 {
		t.Errorf("requests %q, outcomes %v", sink.log, outcomesOf(plan, run))
	}
}
