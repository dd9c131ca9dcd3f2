package reconcile_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	. "github.com/seatsync/seatsync/reconcile"
)

// slowAccount is an account in memory that is waited for: everything that it is asked can take its time, and fail.
type slowAccount struct {
	memoryAccount
	mu  sync.Mutex
	log []string
	// wait is how long each kind of request takes: "acquire", "patch", "put", "list" and "each".
	wait map[string][]time.Duration
	// fail are the errors of writes, one after the other, and effects whether each took effect anyhow.
	fail    []error
	effects []bool
	// read are errors of readings, one after the other.
	read []error
}

// spend waits as long as a kind of request takes this time, and notes it.
func (a *slowAccount) spend(ctx context.Context, kind, text string) error {
	a.mu.Lock()
	if kind != "acquire" {
		a.log = append(a.log, text)
	}
	var wait time.Duration
	if waits := a.wait[kind]; len(waits) > 0 {
		wait, a.wait[kind] = waits[0], waits[1:]
	}
	a.mu.Unlock()
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (a *slowAccount) Acquire(ctx context.Context, _ int) (func(), error) {
	return func() {}, a.spend(ctx, "acquire", "")
}

// outcome returns the error of the next write, and whether it takes effect.
func (a *slowAccount) outcome() (effect bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	effect = true
	if len(a.fail) > 0 {
		err, a.fail = a.fail[0], a.fail[1:]
		effect = err == nil
	}
	if len(a.effects) > 0 {
		effect, a.effects = a.effects[0], a.effects[1:]
	}
	return effect, err
}

func (a *slowAccount) UpdateSeats(ctx context.Context, attempt int, updates []SeatUpdate) (states []User, err error) {
	seats := make([]string, len(updates))
	for i := range updates {
		seats[i] = strings.TrimPrefix(updates[i].SeatUID, "seat-")
	}
	if err := a.spend(ctx, "patch", "PATCH "+strings.Join(seats, " ")); err != nil {
		return nil, err
	}
	effect, err := a.outcome()
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case effect:
		states, _ = a.memoryAccount.UpdateSeats(ctx, attempt, updates)
	case err == nil: // it reports success, and shows what was there
		for i := range a.users {
			if slices.ContainsFunc(updates, func(update SeatUpdate) bool { return update.SeatUID == a.users[i].SeatUID }) {
				states = append(states, a.users[i])
			}
		}
	}
	return states, err
}

func (a *slowAccount) RenameUser(ctx context.Context, attempt int, rename User) (user User, err error) {
	if err := a.spend(ctx, "put", "PUT "+rename.Email+" "+rename.Name); err != nil {
		return User{}, err
	}
	effect, err := a.outcome()
	if effect {
		a.mu.Lock()
		user, _ = a.memoryAccount.RenameUser(ctx, attempt, rename)
		a.mu.Unlock()
	}
	return user, err
}

func (a *slowAccount) ReadUsers(ctx context.Context, refs []User, each bool) (map[string]User, error) {
	kind := "list"
	if each {
		kind = "each"
	}
	a.mu.Lock()
	users := make(map[string]User) // a page shows what was there when it was read, early
	for _, user := range a.users {
		if slices.ContainsFunc(refs, func(ref User) bool { return ref.ID == user.ID }) {
			users[user.ID] = user
		}
	}
	var err error
	if len(a.read) > 0 {
		err, a.read = a.read[0], a.read[1:]
	}
	a.mu.Unlock()
	if failed := a.spend(ctx, kind, fmt.Sprintf("%s %d", kind, len(refs))); failed != nil {
		return nil, failed
	}
	return users, err
}

// login logs somebody in after a while.
func (a *slowAccount) after(wait time.Duration, edit func(*User), email string) {
	time.AfterFunc(wait, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		for i := range a.users {
			if a.users[i].Email == email {
				edit(&a.users[i])
			}
		}
	})
}

func loggedIn(user *User) {
	user.LastLogin, user.AccessSeat = MomentOf(testNow), True
}

// apply applies a plan in the bubble's time.
func (a *slowAccount) apply(plan *Plan, edit ...func(*ApplyOptions)) *Run {
	options := ApplyOptions{RunID: "run", Clock: time.Now, ReadAt: time.Now(), Concurrency: 1, BatchSize: 2}
	for _, e := range edit {
		e(&options)
	}
	return Apply(context.Background(), a, plan, NoJournal{}, options)
}

// deviceAccount is an account whose devices are read again.
type deviceAccount struct {
	slowAccount
	devices Devices
}

func (a *deviceAccount) Devices(context.Context, []User) (Devices, error) { return a.devices, nil }

// TestAReleaseForInactivityNeedsItsEvidenceUntilItIsSent: what a plan would hold as
// activity-unknown is not sent either.
func TestAReleaseForInactivityNeedsItsEvidenceUntilItIsSent(t *testing.T) {
	signs := func(listed int) map[string]*DeviceSigns {
		return map[string]*DeviceSigns{"id-a": {LastSeen: ago(days(110)), Listed: listed, Registered: listed}}
	}
	full := Devices{Read: true, Of: signs(2)}
	for _, test := range []struct {
		name   string
		active int32
		then   Devices
		want   string
	}{
		{"as it was", 2, full, "a@b.c applied"},
		{"another device", 3, full, "a@b.c stale: a new sign of activity may have been missed since the plan was made: the API counts 3 registered devices and lists 2 of theirs"},
		{"devices in place of registrations", 2, Devices{Read: true, LastUserOnly: true, Of: signs(1)}, "a@b.c stale: a new sign of activity may have been missed since the plan was made: the API counts 2 registered devices and lists 1 of theirs: a shared one names only its last user"},
		{"a registration of nobody, seen just now", 2, Devices{Read: true, Of: signs(2), Unowned: MomentOf(testNow)}, "a@b.c stale: the API did not return whose a registration is that was seen since the plan was made: it may be theirs"},
		{"a registration of nobody, seen long ago", 2, Devices{Read: true, Of: signs(2), Unowned: ago(days(100))}, "a@b.c applied"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				user := person("a@b.c", withID("id-a"), gateway(True), login(ago(days(120))), activeDevices(2), func(user *User) { user.DevicesCounted = true })
				live := liveOf(user)
				live.Devices = full
				plan := planOf(t, mustParse(t, "version: 1\npolicy: {inactive: {after: 90d}}\nusers: [{email: x@b.c}]\n"), live, noLimit)
				account := &deviceAccount{slowAccount: slowAccount{wait: map[string][]time.Duration{"acquire": {100 * time.Second}}}, devices: test.then}
				account.users, account.releasedSeat = []User{user}, map[string]bool{}
				account.after(30*time.Second, func(user *User) { user.ActiveDevices = test.active }, "a@b.c")
				run := Apply(t.Context(), account, plan, NoJournal{}, ApplyOptions{RunID: "run", Clock: time.Now, ReadAt: time.Now()})
				if got := outcomesOf(plan, run); !slices.Equal(got, []string{test.want}) {
					t.Errorf("got %q, want %q", got, test.want)
				}
				live = liveOf(user)
				live.Users[0].ActiveDevices, live.Devices = test.active, test.then
				_, stale, err := Revisit(plan, nil, live, PlanOptions{Now: testNow})
				if isStale := len(stale) > 0; err != nil || isStale != strings.Contains(test.want, "stale") {
					t.Errorf("of the saved plan %v are stale (%v)", stale, err)
				}
			})
		})
	}
}

// slowJournal is on a disk that takes its time once.
type slowJournal struct {
	NoJournal
	wait time.Duration
}

func (j *slowJournal) Intent(Call) error {
	time.Sleep(j.wait)
	j.wait = 0
	return nil
}

// TestADiskThatTakesItsTimeMakesNoReadingYounger: the age counts to the request.
func TestADiskThatTakesItsTimeMakesNoReadingYounger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := releasePlan(t, "a", "b")
		account := &slowAccount{wait: map[string][]time.Duration{}}
		account.users, account.releasedSeat = peopleOf("a", "b"), map[string]bool{}
		account.after(30*time.Second, loggedIn, "b@b.c")
		options := ApplyOptions{RunID: "run", Clock: time.Now, ReadAt: time.Now(), Concurrency: 1, BatchSize: 2}
		run := Apply(t.Context(), account, plan, &slowJournal{wait: 5 * time.Minute}, options)
		if run.Count(Applied) != 1 || run.Count(Stale) != 1 || !slices.Contains(account.log, "PATCH a") {
			t.Errorf("requests %q, outcomes %q", account.log, outcomesOf(plan, run))
		}
	})
}

// peopleOf returns people who hold a seat.
func peopleOf(names ...string) (users []User) {
	for _, name := range names {
		users = append(users, person(name+"@b.c"))
	}
	return users
}

func TestNothingIsWrittenOnAnOldReading(t *testing.T) {
	throttled := func(wait time.Duration) error { return &ThrottledError{RetryAfter: wait, Err: errors.New("429")} }
	lost := &NoResponseError{Request: "PATCH /seats", Reason: "within 30s", Sent: true}
	const stale = "b@b.c stale: the user has logged in since the plan was made"
	tests := []struct {
		name    string
		account *slowAccount
		login   time.Duration // of b; 0 is never
		edit    func(*ApplyOptions)
		log     []string
		want    []string
	}{
		{
			name: "a wait for the limiter, and a login during it", account: &slowAccount{wait: map[string][]time.Duration{"acquire": {100 * time.Second}}},
			login: 30 * time.Second, log: []string{"list 3", "PATCH a", "PATCH c"}, want: []string{"a@b.c applied", stale, "c@b.c applied"},
		},
		{
			name: "a wait that is shorter than the age", account: &slowAccount{wait: map[string][]time.Duration{"acquire": {time.Minute}}},
			log: []string{"PATCH a b", "PATCH c"}, want: []string{"a@b.c applied", "b@b.c applied", "c@b.c applied"},
		},
		{
			name: "a pause after a 429", account: &slowAccount{fail: []error{throttled(time.Second)}, wait: map[string][]time.Duration{"acquire": {0, 100 * time.Second}}},
			login: 30 * time.Second, log: []string{"PATCH a b", "list 3", "PATCH a", "PATCH c"}, want: []string{"a@b.c applied", stale, "c@b.c applied"},
		},
		{
			name:    "a short pause after a 429 needs no reading",
			account: &slowAccount{fail: []error{throttled(time.Second)}, wait: map[string][]time.Duration{"acquire": {0, 3 * time.Second}}},
			log:     []string{"PATCH a b", "PATCH a b", "PATCH c"}, want: []string{"a@b.c applied", "b@b.c applied", "c@b.c applied"},
		},
		{
			name:    "a response that never came: it is read what it did before it is sent again",
			account: &slowAccount{fail: []error{lost}, wait: map[string][]time.Duration{"patch": {30 * time.Second}}},
			log:     []string{"PATCH a b", "list 2", "PATCH a b", "PATCH c"}, want: []string{"a@b.c applied", "b@b.c applied", "c@b.c applied"},
		},
		{
			name:    "a response that never came after the effect",
			account: &slowAccount{fail: []error{lost}, effects: []bool{true}, wait: map[string][]time.Duration{"patch": {30 * time.Second}}},
			log:     []string{"PATCH a b", "list 2", "PATCH c"}, want: []string{"a@b.c applied", "b@b.c applied", "c@b.c applied"},
		},
		{
			name:    "a response that never came, and a login",
			account: &slowAccount{fail: []error{lost}, wait: map[string][]time.Duration{"patch": {30 * time.Second}}}, login: 20 * time.Second,
			log: []string{"PATCH a b", "list 2", "PATCH a", "PATCH c"},
			want: []string{
				"a@b.c applied", "b@b.c failed: release b@b.c: PATCH /seats: no response within 30s; whether it took effect is not known yet: " +
					"the user has access_seat true, gateway_seat false, and the request may still be in flight; " +
					"it was not sent again: the user has logged in since the plan was made", "c@b.c applied",
			},
		},
		{
			name: "a response that never came, a login, and a long pause, after which nobody knows what the login has undone",
			account: &slowAccount{
				fail: []error{lost, throttled(time.Second)}, wait: map[string][]time.Duration{"patch": {30 * time.Second}, "acquire": {0, 0, 0, 80 * time.Second}},
			}, login: 40 * time.Second,
			log: []string{"PATCH a b", "list 2", "PATCH a b", "list 2", "PATCH a", "list 1", "PATCH c"},
			want: []string{
				"a@b.c applied", "b@b.c failed: release b@b.c: PATCH /seats: no response within 30s; the user has the seat as before, " +
					"and has logged in since: it may have taken effect and been undone", "c@b.c applied",
			},
		},
		{
			name: "a response that never came, and one that shows the old state while the first request may still be in flight",
			account: &slowAccount{
				fail: []error{lost, nil}, effects: []bool{false, false}, wait: map[string][]time.Duration{"patch": {30 * time.Second}},
			},
			log: []string{"PATCH a b", "list 2", "PATCH a b", "PATCH c"},
			want: []string{
				"a@b.c failed: release a@b.c: PATCH /seats: no response within 30s; whether it took effect is not known yet: the user has access_seat true, gateway_seat false, and the request may still be in flight",
				"b@b.c failed: release b@b.c: PATCH /seats: no response within 30s; whether it took effect is not known yet: the user has access_seat true, gateway_seat false, and the request may still be in flight",
				"c@b.c applied",
			},
		},
		{
			name: "a response that never came, and much later one that shows the old state",
			account: &slowAccount{
				fail: []error{lost, nil}, effects: []bool{false, false}, wait: map[string][]time.Duration{"patch": {30 * time.Second}, "acquire": {0, 80 * time.Second}},
			},
			log: []string{"PATCH a b", "list 2", "PATCH a b", "list 1", "PATCH c"},
			want: []string{
				"a@b.c not-taken: the API reported success but shows access_seat true, gateway_seat false",
				"b@b.c not-taken: the API reported success but shows access_seat true, gateway_seat false", "c@b.c applied",
			},
		},
		{
			name:    "a listing that takes longer than the age: the people of the request are read by themselves",
			account: &slowAccount{wait: map[string][]time.Duration{"acquire": {100 * time.Second}, "list": {70 * time.Second}}}, login: 120 * time.Second,
			log: []string{"list 3", "each 2", "PATCH a", "list 1", "PATCH c"}, want: []string{"a@b.c applied", stale, "c@b.c applied"},
		},
		{
			name: "two such listings: the account is not listed any more",
			account: &slowAccount{wait: map[string][]time.Duration{
				"acquire": {100 * time.Second, 0, 100 * time.Second, 0, 100 * time.Second}, "list": {70 * time.Second, 70 * time.Second},
			}},
			edit: func(o *ApplyOptions) { o.BatchSize = 1 },
			log:  []string{"list 3", "each 1", "PATCH a", "list 2", "each 1", "PATCH b", "each 1", "PATCH c"},
			want: []string{"a@b.c applied", "b@b.c applied", "c@b.c applied"},
		},
		{
			name:    "reading people by themselves takes longer than the age too",
			account: &slowAccount{wait: map[string][]time.Duration{"acquire": {100 * time.Second}, "list": {70 * time.Second}, "each": {70 * time.Second}}},
			log:     []string{"list 3", "each 2", "list 1", "PATCH c"},
			want: []string{
				"a@b.c not-reached: release a@b.c: the user could not be read within 1m0s before the request",
				"b@b.c not-reached: release b@b.c: the user could not be read within 1m0s before the request", "c@b.c applied",
			},
		},
		{
			name:    "reading again fails",
			account: &slowAccount{wait: map[string][]time.Duration{"acquire": {100 * time.Second}}, read: []error{errors.New("403")}},
			log:     []string{"list 3"},
			want: []string{
				"a@b.c not-reached: the account could not be read again: 403", "b@b.c not-reached: the account could not be read again: 403",
				"c@b.c not-reached: the account could not be read again: 403",
			},
		},
		{
			name: "a reading of unknown age", edit: func(o *ApplyOptions) { o.ReadAt = time.Time{} },
			log: []string{"list 3", "PATCH a b", "PATCH c"}, want: []string{"a@b.c applied", "b@b.c applied", "c@b.c applied"},
		},
		{
			name: "a refusal after an attempt that may have taken effect",
			account: &slowAccount{
				fail: []error{lost, &APIError{Method: "PATCH", Path: "/seats", Status: 403}}, wait: map[string][]time.Duration{"patch": {30 * time.Second}},
			},
			log: []string{"PATCH a b", "list 2", "PATCH a b", "list 2", "PATCH c"},
			want: []string{
				"a@b.c failed: release a@b.c: PATCH /seats: 403 without an explanation; whether it took effect is not known yet: the user has access_seat true, gateway_seat false, and the request may still be in flight",
				"b@b.c failed: release b@b.c: PATCH /seats: 403 without an explanation; whether it took effect is not known yet: the user has access_seat true, gateway_seat false, and the request may still be in flight",
				"c@b.c applied",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				plan := releasePlan(t, "a", "b", "c")
				account := cmp.Or(test.account, &slowAccount{})
				account.memoryAccount = memoryAccount{users: peopleOf("a", "b", "c"), releasedSeat: map[string]bool{}}
				if test.login > 0 {
					account.after(test.login, loggedIn, "b@b.c")
				}
				run := account.apply(plan, func(o *ApplyOptions) {
					if test.edit != nil {
						test.edit(o)
					}
				})
				if diff := gocmp.Diff(test.want, outcomesOf(plan, run)); diff != "" {
					t.Errorf("outcomes (-want +got):\n%s", diff)
				}
				if diff := gocmp.Diff(test.log, account.log); diff != "" {
					t.Errorf("requests (-want +got):\n%s", diff)
				}
				if test.login > 0 && account.users[1].AccessSeat != True {
					t.Error("b has lost the seat")
				}
			})
		})
	}
}

func TestADelayedRenameDoesNotUndoACorrection(t *testing.T) {
	for name, correct := range map[string]func(*User){
		"of the name":  func(user *User) { user.Name = "Corrected" },
		"of the email": func(user *User) { user.Email = "right@b.c" },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				plan := renamePlan(t)
				account := &slowAccount{
					memoryAccount: memoryAccount{users: peopleOf("a")}, wait: map[string][]time.Duration{"acquire": {0, 100 * time.Second}},
					fail: []error{&ThrottledError{RetryAfter: 100 * time.Second, Err: errors.New("429")}},
				}
				account.after(30*time.Second, correct, "a@b.c")
				run := account.apply(plan)
				if run.Count(Stale) != 1 || account.puts != 0 {
					t.Errorf("%v after %q", outcomesOf(plan, run), account.log)
				}
			})
		})
	}
}

func TestOneReadingServesAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var names []string
		for i := range 16 {
			names = append(names, fmt.Sprintf("p%02d", i))
		}
		plan := releasePlan(t, names...)
		account := &slowAccount{memoryAccount: memoryAccount{users: peopleOf(names...), releasedSeat: map[string]bool{}}, wait: map[string][]time.Duration{
			"acquire": slices.Repeat([]time.Duration{100 * time.Second}, 8), "list": {20 * time.Second},
		}}
		run := account.apply(plan, func(o *ApplyOptions) { o.Concurrency = 8 })
		readings := 0
		for _, line := range account.log {
			if !strings.HasPrefix(line, "PATCH") {
				readings++
			}
		}
		if run.Count(Applied) != 16 || readings != 1 {
			t.Errorf("%d applied, %d readings: %q", run.Count(Applied), readings, account.log)
		}
	})
}
