package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	. "github.com/seatsync/seatsync/reconcile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scriptedSink answers as a test says, and logs what it is asked.
type scriptedSink struct {
	mu      sync.Mutex
	log     []string
	acquire func(ctx context.Context, attempt int) error
	update  func(updates []SeatUpdate) ([]User, error)
	rename  func(rename User) (User, error)
	read    func(users []User) (map[string]User, error)
}

func (s *scriptedSink) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, fmt.Sprintf(format, args...))
}

func (s *scriptedSink) Acquire(ctx context.Context, attempt int) (func(), error) {
	if s.acquire != nil {
		return func() {}, s.acquire(ctx, attempt)
	}
	return func() {}, ctx.Err()
}

func (s *scriptedSink) Devices(context.Context, []User) (Devices, error) {
	return Devices{}, errors.New("not asked for")
}

func (s *scriptedSink) UpdateSeats(_ context.Context, _ int, updates []SeatUpdate) ([]User, error) {
	var seats []string
	for _, update := range updates {
		seats = append(seats, update.SeatUID)
	}
	s.note("PATCH %s", strings.Join(seats, " "))
	return s.update(updates)
}

func (s *scriptedSink) RenameUser(_ context.Context, _ int, rename User) (User, error) {
	s.note("PUT %s %s %s", rename.ID, rename.Email, rename.Name)
	return s.rename(rename)
}

func (s *scriptedSink) ReadUsers(_ context.Context, users []User, _ bool) (map[string]User, error) {
	var ids []string
	for _, user := range users {
		ids = append(ids, user.ID)
	}
	s.note("GET %s", strings.Join(ids, " "))
	if s.read == nil {
		return nil, errors.New("not readable")
	}
	return s.read(users)
}

// echo answers every update with what was asked for.
func echo(updates []SeatUpdate) ([]User, error) {
	answers := make([]User, len(updates))
	for i, update := range updates {
		answers[i] = User{SeatUID: update.SeatUID, AccessSeat: FlagOf(update.AccessSeat), GatewaySeat: FlagOf(update.GatewaySeat)}
	}
	return answers, nil
}

// releasePlan plans the release of people named by letters.
func releasePlan(t testing.TB, names ...string) *Plan {
	t.Helper()
	var file strings.Builder
	file.WriteString("version: 1\nusers:\n")
	var users []User
	for _, name := range names {
		fmt.Fprintf(&file, "  - {email: %s@b.c, access_seat: false}\n", name)
		users = append(users, person(name+"@b.c"))
	}
	return planOf(t, mustParse(t, file.String()), liveOf(users...), noLimit)
}

// renamePlan plans one rename.
func renamePlan(t testing.TB) *Plan {
	return planOf(t, mustParse(t, "version: 1\nusers: [{email: A@B.c, name: Ada}]\n"), liveOf(person("a@b.c")))
}

// applyWith applies a plan one request at a time.
func applyWith(sink Sink, plan *Plan, edit ...func(*ApplyOptions)) *Run {
	options := ApplyOptions{RunID: "run", Clock: func() time.Time { return testNow }, ReadAt: testNow, Concurrency: 1, BatchSize: 4}
	for _, e := range edit {
		e(&options)
	}
	return Apply(context.Background(), sink, plan, NoJournal{}, options)
}

// outcomesOf writes outcomes as "email status: error".
func outcomesOf(plan *Plan, run *Run) []string {
	lines := []string{}
	for _, outcome := range run.Outcomes {
		text := plan.Changes[outcome.Change].Email + " " + string(outcome.Status)
		if outcome.Error != "" {
			text += ": " + outcome.Error
		}
		lines = append(lines, text)
	}
	return lines
}

// present returns users as they are after some seats were released.
func present(released ...string) func([]User) (map[string]User, error) {
	return func(refs []User) (map[string]User, error) {
		users := map[string]User{}
		for _, ref := range refs {
			user := person(ref.Email)
			if slices.Contains(released, ref.ID) {
				user.AccessSeat = False
			}
			users[ref.ID] = user
		}
		return users, nil
	}
}

func TestApplyJudgesEachItemByItsAnswer(t *testing.T) {
	plan := releasePlan(t, "a", "b", "c", "d")
	sink := &scriptedSink{
		update: func(updates []SeatUpdate) ([]User, error) {
			return []User{
				{SeatUID: "seat-d", AccessSeat: False, GatewaySeat: False},
				{SeatUID: "seat-b", AccessSeat: True, GatewaySeat: False},
				{SeatUID: "seat-c", AccessSeat: False, GatewaySeat: Unknown},
				{SeatUID: "seat-other", AccessSeat: True, GatewaySeat: True},
			}, nil
		},
		read: present("id-a"),
	}
	run := applyWith(sink, plan)
	want := []string{
		"a@b.c applied",
		"b@b.c not-taken: the API reported success but shows access_seat true, gateway_seat false",
		"c@b.c not-taken: the API reported success but shows access_seat true, gateway_seat false",
		"d@b.c applied",
	}
	if diff := cmp.Diff(want, outcomesOf(plan, run)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"PATCH seat-a seat-b seat-c seat-d", "GET id-a id-c"}, sink.log); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestApplyHalvesARefusedBatchDownToTheGuiltyItem(t *testing.T) {
	for _, status := range []int{400, 404, 409, 413, 422, 200} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			plan := releasePlan(t, "a", "b", "c", "d", "e")
			sink := &scriptedSink{
				update: func(updates []SeatUpdate) ([]User, error) {
					for _, update := range updates {
						if update.SeatUID == "seat-c" {
							return nil, &APIError{Method: "PATCH", Path: "/seats", Status: status, Messages: []APIMessage{{7, "no"}}}
						}
					}
					return echo(updates)
				},
				read: present(),
			}
			run := applyWith(sink, plan)
			if got := run.Count(Applied); got != 4 {
				t.Errorf("%d applied: %v", got, outcomesOf(plan, run))
			}
			failed := outcomesOf(plan, run)[2]
			if !strings.HasPrefix(failed, fmt.Sprintf("c@b.c failed: release c@b.c: PATCH /seats: %d 7 no", status)) {
				t.Errorf("the guilty item: %s", failed)
			}
			want := []string{
				"PATCH seat-a seat-b seat-c seat-d", "PATCH seat-a seat-b", "PATCH seat-c seat-d", "PATCH seat-c", "PATCH seat-d", "PATCH seat-e",
			}
			if status == 404 || status == 200 { // what was done is read before anything is sent again
				want = []string{
					"PATCH seat-a seat-b seat-c seat-d", "GET id-a id-b id-c id-d", "PATCH seat-a seat-b",
					"PATCH seat-c seat-d", "GET id-c id-d", "PATCH seat-c", "GET id-c", "PATCH seat-d", "PATCH seat-e",
				}
			}
			if diff := cmp.Diff(want, sink.log); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApplyVerifiesByReading(t *testing.T) {
	lost := errors.New("connection reset by peer")
	tests := []struct {
		name string
		err  error
		read func([]User) (map[string]User, error)
		want []string
	}{
		{"a connection lost after the effect", lost, present("id-a", "id-b"), []string{"a@b.c applied", "b@b.c applied"}},
		{
			"a connection lost before the effect", lost, present("id-a"),
			[]string{"a@b.c applied", "b@b.c failed: release b@b.c: connection reset by peer; whether it took effect is not known yet: the user has access_seat true, gateway_seat false, and the request may still be in flight"},
		},
		{
			"an error of the server", &APIError{Method: "PATCH", Path: "/seats", Status: 502}, present("id-b"),
			[]string{"a@b.c failed: release a@b.c: PATCH /seats: 502 without an explanation; whether it took effect is not known yet: the user has access_seat true, gateway_seat false, and the request may still be in flight", "b@b.c applied"},
		},
		{
			"a user who is gone", lost, func([]User) (map[string]User, error) { return nil, nil },
			[]string{
				"a@b.c failed: release a@b.c: connection reset by peer; the user is no longer in the account",
				"b@b.c failed: release b@b.c: connection reset by peer; the user is no longer in the account",
			},
		},
		{
			"reading fails too", lost, func([]User) (map[string]User, error) { return nil, errors.New("down") },
			[]string{
				"a@b.c failed: release a@b.c: connection reset by peer; whether it took effect is not known yet, since reading the user failed: down",
				"b@b.c failed: release b@b.c: connection reset by peer; whether it took effect is not known yet, since reading the user failed: down",
			},
		},
		{
			"bad credentials are not read about", &APIError{Method: "PATCH", Path: "/seats", Status: 403, Messages: []APIMessage{{10000, "Authentication error"}}}, nil,
			[]string{
				"a@b.c failed: release a@b.c: PATCH /seats: 403 10000 Authentication error",
				"b@b.c failed: release b@b.c: PATCH /seats: 403 10000 Authentication error",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan := releasePlan(t, "a", "b")
			sink := &scriptedSink{update: func([]SeatUpdate) ([]User, error) { return nil, test.err }, read: test.read}
			if diff := cmp.Diff(test.want, outcomesOf(plan, applyWith(sink, plan))); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApplyRenamesWithTheCurrentEmail(t *testing.T) {
	renamed := func(name, id string) func(User) (User, error) {
		return func(User) (User, error) { return User{ID: id, Name: name}, nil }
	}
	tests := []struct {
		name   string
		rename func(User) (User, error)
		read   func([]User) (map[string]User, error)
		want   string
	}{
		{"taken", renamed("Ada", "id-a"), nil, "a@b.c applied"},
		{"not taken", renamed("a", "id-a"), nil, "a@b.c not-taken: the API reported success but shows another name"},
		{
			"an answer about another user is not believed", renamed("Ada", "id-z"), present(),
			"a@b.c failed: rename a@b.c: the API's response is about another user; reading the user shows that it took no effect, unless somebody has undone it since",
		},
		{
			"a 404 after the effect", func(User) (User, error) {
				return User{}, &APIError{Method: "PUT", Path: "/users/id-a", Status: 404}
			},
			func([]User) (map[string]User, error) {
				return map[string]User{"id-a": {ID: "id-a", Name: "Ada"}}, nil
			}, "a@b.c applied",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan := renamePlan(t)
			sink := &scriptedSink{rename: test.rename, read: test.read}
			if diff := cmp.Diff([]string{test.want}, outcomesOf(plan, applyWith(sink, plan))); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			if sink.log[0] != "PUT id-a a@b.c Ada" {
				t.Errorf("request %s", sink.log[0])
			}
		})
	}
}

func TestApplyStopsWhenThrottledBeyondItsTime(t *testing.T) {
	plan := releasePlan(t, "a", "b", "c", "d", "e", "f")
	calls := 0
	sink := &scriptedSink{update: func(updates []SeatUpdate) ([]User, error) {
		if calls++; calls > 1 {
			return nil, &ThrottledError{RetryAfter: time.Hour, Err: errors.New("429")}
		}
		return echo(updates)
	}, acquire: func(context.Context, int) error {
		if calls > 1 {
			return &ThrottledError{RetryAfter: time.Hour, Err: errors.New("429")}
		}
		return nil
	}}
	run := applyWith(sink, plan, func(o *ApplyOptions) { o.BatchSize = 2 })
	if run.Count(Applied) != 2 || run.Count(NotReached) != 4 || calls != 2 || !strings.Contains(run.Stopped, "1h0m0s") {
		t.Errorf("%d requests, stopped %q, outcomes %v", calls, run.Stopped, outcomesOf(plan, run))
	}
}

func TestApplyGivesUpWhenEverythingIsRefused(t *testing.T) {
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprintf("u%02d", i))
	}
	plan := releasePlan(t, names...)
	sink := &scriptedSink{update: func([]SeatUpdate) ([]User, error) {
		return nil, &APIError{Method: "PATCH", Path: "/seats", Status: 400}
	}}
	run := applyWith(sink, plan)
	if run.Count(Failed) != RefusalsToGiveUp || len(sink.log) > 2*RefusalsToGiveUp || run.Count(NotReached) != 100-RefusalsToGiveUp {
		t.Errorf("%d requests, %d failed, %d not reached", len(sink.log), run.Count(Failed), run.Count(NotReached))
	}
	if !strings.Contains(run.Stopped, "the first 20 PATCH requests came to nothing") {
		t.Errorf("stopped: %q", run.Stopped)
	}
}

func TestApplyDoesNotWriteWhatIsStaleOrHeld(t *testing.T) {
	plan := releasePlan(t, "a", "b", "c")
	plan.Changes[2].Held = HeldProtected
	sink := &scriptedSink{update: echo}
	run := applyWith(sink, plan, func(o *ApplyOptions) { o.Stale = map[int]string{0: "moved", 2: "held anyway"} })
	if diff := cmp.Diff([]string{"a@b.c stale: moved", "b@b.c applied"}, outcomesOf(plan, run)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"PATCH seat-b"}, sink.log); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestApplyStopsWhereTheJournalCannotBeWritten(t *testing.T) {
	plan := releasePlan(t, "a", "b", "c")
	sink := &scriptedSink{update: echo}
	journal := &failingJournal{intents: 1}
	run := Apply(context.Background(), sink, plan, journal, ApplyOptions{
		Clock: func() time.Time { return testNow }, ReadAt: testNow, Concurrency: 1, BatchSize: 1,
	})
	want := []string{
		"a@b.c applied",
		"b@b.c not-reached: the journal cannot be written: no space left on device",
		"c@b.c not-reached: the journal cannot be written: no space left on device",
	}
	if diff := cmp.Diff(want, outcomesOf(plan, run)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if len(sink.log) != 1 {
		t.Errorf("requests %v", sink.log)
	}
}

// failingJournal takes so many intents and then fails.
type failingJournal struct{ intents int }

func (j *failingJournal) Intent(Call) error {
	if j.intents--; j.intents < 0 {
		return errors.New("no space left on device")
	}
	return nil
}

func (j *failingJournal) Result(Call, []Outcome) error { return nil }

func TestApplyFinishesWhatIsInFlightWhenStopped(t *testing.T) {
	plan := releasePlan(t, "a", "b", "c")
	ctx, cancel := context.WithCancelCause(context.Background())
	sink := &scriptedSink{update: func(updates []SeatUpdate) ([]User, error) {
		cancel(errors.New("interrupt"))
		return echo(updates)
	}}
	run := Apply(ctx, sink, plan, NoJournal{}, ApplyOptions{Clock: func() time.Time { return testNow }, ReadAt: testNow, Concurrency: 1, BatchSize: 1})
	want := []string{"a@b.c applied", "b@b.c not-reached: interrupt", "c@b.c not-reached: interrupt"}
	if diff := cmp.Diff(want, outcomesOf(plan, run)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// stuckSink never answers, and says when it was asked.
type stuckSink struct {
	scriptedSink
	asked func()
}

func (s *stuckSink) UpdateSeats(ctx context.Context, _ int, _ []SeatUpdate) ([]User, error) {
	s.asked()
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

func TestApplyGivesUpRequestsInFlightAfterTheGrace(t *testing.T) {
	plan := releasePlan(t, "a")
	ctx, cancel := context.WithCancelCause(context.Background())
	sink := &stuckSink{asked: func() { cancel(errors.New("interrupt")) }}
	run := Apply(ctx, sink, plan, NoJournal{}, ApplyOptions{
		Clock: func() time.Time { return testNow }, ReadAt: testNow, Concurrency: 1, Grace: time.Millisecond,
	})
	want := []string{"a@b.c failed: release a@b.c: interrupt; whether it took effect is not known yet, since reading the user failed: not readable"}
	if diff := cmp.Diff(want, outcomesOf(plan, run)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func TestApplySideBySideDecidesEveryChangeOnce(t *testing.T) {
	var names []string
	for i := range 97 {
		names = append(names, fmt.Sprintf("u%02d", i))
	}
	plan := releasePlan(t, names...)
	sink := &scriptedSink{update: echo}
	last := 0
	run := applyWith(sink, plan, func(o *ApplyOptions) {
		o.Concurrency, o.BatchSize = 8, 3
		o.Progress = func(done, total int) {
			if done <= last || total != 97 {
				t.Errorf("progress from %d to %d of %d", last, done, total)
			}
			last = done
		}
	})
	if run.Count(Applied) != 97 || len(sink.log) != 33 || last != 97 {
		t.Errorf("%d applied in %d requests, progress %d", run.Count(Applied), len(sink.log), last)
	}
}

func TestStaleChangesFindsWhatMoved(t *testing.T) {
	file := "version: 1\npolicy: {inactive: {after: 90d}}\nusers: [{email: n@b.c, name: New}]\n"
	base := func() []User {
		return []User{
			person("i@b.c", login(ago(days(100))), gateway(True), access(False)),
			person("n@b.c", named("Old")),
		}
	}
	devices := Devices{Read: true, Of: map[string]*DeviceSigns{"id-i": {LastSeen: ago(days(95))}}}
	tests := []struct {
		name string
		edit func(users []User, devices *Devices) []User
		want map[int]string
	}{
		{"nothing", func(u []User, _ *Devices) []User { return u }, map[int]string{}},
		{"a user is gone", func(u []User, _ *Devices) []User { return u[1:] }, map[int]string{0: "the user is no longer in the account"}},
		{"a flag", func(u []User, _ *Devices) []User { u[0].AccessSeat = True; return u }, map[int]string{0: "the seat has changed since the plan was made"}},
		{"the seat", func(u []User, _ *Devices) []User { u[0].SeatUID = "x"; return u }, map[int]string{0: "the user has another seat than when the plan was made"}},
		{"the email", func(u []User, _ *Devices) []User { u[0].Email = "x@b.c"; return u }, map[int]string{0: "the user's email has changed since the plan was made"}},
		{"a login", func(u []User, _ *Devices) []User { u[0].LastLogin = ago(0); return u }, map[int]string{0: "the user has logged in since the plan was made"}},
		{"a device that was never seen", func(u []User, d *Devices) []User {
			show(d, "id-i", DeviceSigns{LastSeen: ago(days(95)), IsUnreadable: true})
			return u
		}, map[int]string{0: "a device of the user was seen since the plan was made"}},
		{"a login that cannot be read any more", func(u []User, _ *Devices) []User { u[0].LastLogin = UnreadableMoment(); return u }, map[int]string{0: "the user has logged in since the plan was made"}},
		{"a device", func(u []User, d *Devices) []User { show(d, "id-i", DeviceSigns{LastSeen: ago(0)}); return u }, map[int]string{0: "a device of the user was seen since the plan was made"}},
		{"devices cannot be read", func(u []User, d *Devices) []User { *d = Devices{Err: errors.New("403")}; return u }, map[int]string{0: "devices could not be read again, so a new sign of activity may have been missed"}},
		{"a name", func(u []User, _ *Devices) []User { u[1].Name = "Third"; return u }, map[int]string{1: "the user's name has changed since the plan was made"}},
		{"a login does not matter to a rename", func(u []User, _ *Devices) []User { u[1].LastLogin = ago(0); return u }, map[int]string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			live := liveOf(base()...)
			live.Devices = devices
			plan := planOf(t, mustParse(t, file), live, noLimit)
			if len(plan.Changes) != 2 || plan.Summary.Pending() != 2 {
				t.Fatalf("plan %v", linesOf(plan))
			}
			nowDevices := Devices{Read: true}
			show(&nowDevices, "id-i", *devices.Of["id-i"])
			now := liveOf(test.edit(base(), &nowDevices)...)
			now.Devices = nowDevices
			if diff := cmp.Diff(test.want, StaleChanges(plan, now)); diff != "" {
				t.Errorf("stale (-want +got):\n%s", diff)
			}
			if needed := NeedDevicesAgain(plan, liveOf(base()...)); len(needed) != 1 || needed[0].Email != "i@b.c" {
				t.Errorf("devices needed again for %v", needed)
			}
		})
	}
}

func TestReadPlanRefuses(t *testing.T) {
	tests := map[string]struct{ plan, want string }{
		"no JSON":                {"{", "not a plan in JSON"},
		"another document":       {"{}", "format_version is missing"},
		"another version":        {`{"format_version": 2}`, "format version 2, but this seatsync reads 1"},
		"a digest of other data": {`{"format_version": 1, "digest": "sha256:00", "account_id": "a"}`, "the digest does not match the content"},
		"a wrong type":           {`{"format_version": 1, "changes": 7}`, "not a plan: changes cannot be of type number"},
		"no object":              {`[]`, "not a plan in JSON: it is not an object but of type array"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := ReadPlan(strings.NewReader(test.plan)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// NoJournal records nothing, for runs whose record nobody will read.
type NoJournal struct{}

func (NoJournal) Intent(Call) error { return nil }

func (NoJournal) Result(Call, []Outcome) error { return nil }
