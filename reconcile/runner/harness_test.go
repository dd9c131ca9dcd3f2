package runner

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testAccount = "023e105f4ecef8ad9ca31a8372d0c353"

// morning is when runs of tests begin.
var morning = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)

// account is an account in memory: what is written to it is there for the next reading.
type account struct {
	mu     sync.Mutex
	users  []reconcile.User
	story  []string // what was asked of it, in order
	unread error    // why it cannot be listed
	clock  func() reconcile.Clock
	before func(step string)
}

// note remembers a step of the story. What lies in wait for it happens first.
func (a *account) note(format string, arguments ...any) {
	step := fmt.Sprintf(format, arguments...)
	if a.before != nil {
		a.before(step)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.story = append(a.story, step)
}

func (a *account) Snapshot(context.Context) (reconcile.Live, error) {
	a.note("read")
	a.mu.Lock()
	defer a.mu.Unlock()
	return reconcile.Live{AccountID: testAccount, Users: append([]reconcile.User{}, a.users...), ReadAt: morning, Clock: a.clock()}, a.unread
}

func (a *account) Devices(context.Context, []reconcile.User) (reconcile.Devices, error) {
	return reconcile.Devices{Read: true}, nil
}

func (a *account) Acquire(context.Context, int) (func(), error) { return func() {}, nil }

func (a *account) UpdateSeats(_ context.Context, _ int, updates []reconcile.SeatUpdate) ([]reconcile.User, error) {
	a.note("write %d seats", len(updates))
	a.mu.Lock()
	defer a.mu.Unlock()
	var answers []reconcile.User
	for _, update := range updates {
		for i := range a.users {
			if a.users[i].SeatUID == update.SeatUID {
				a.users[i].AccessSeat, a.users[i].GatewaySeat = reconcile.FlagOf(update.AccessSeat), reconcile.FlagOf(update.GatewaySeat)
				answers = append(answers, reconcile.User{SeatUID: update.SeatUID, AccessSeat: a.users[i].AccessSeat, GatewaySeat: a.users[i].GatewaySeat})
			}
		}
	}
	return answers, nil
}

func (a *account) RenameUser(_ context.Context, _ int, rename reconcile.User) (reconcile.User, error) {
	a.note("rename %s", rename.Email)
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.users {
		if a.users[i].ID == rename.ID {
			a.users[i].Name = rename.Name
			return a.users[i], nil
		}
	}
	return reconcile.User{}, &reconcile.APIError{Method: "PUT", Status: 404}
}

func (a *account) ReadUsers(context.Context, []reconcile.User, bool) (map[string]reconcile.User, error) {
	a.note("read back")
	a.mu.Lock()
	defer a.mu.Unlock()
	found := make(map[string]reconcile.User)
	for _, user := range a.users {
		found[user.ID] = user
	}
	return found, nil
}

// told returns what was asked of the account so far.
func (a *account) told() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string{}, a.story...)
}

// login is what a person who logs in changes.
func (a *account) login(email string, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.users {
		if a.users[i].Email == email {
			a.users[i].LastLogin = reconcile.MomentOf(at)
		}
	}
}

// newAccount has people with a seat of Access, who logged in long ago.
func newAccount(names ...string) *account {
	a := &account{}
	for _, name := range names {
		a.users = append(a.users, reconcile.User{
			ID: "id-" + name, Email: name + "@example.com", Name: name, SeatUID: "seat-" + name, AccessSeat: reconcile.True,
			GatewaySeat: reconcile.False, LastLogin: reconcile.MomentOf(morning.AddDate(0, -6, 0)), CreatedAt: reconcile.MomentOf(morning.AddDate(-1, 0, 0)),
		})
	}
	return a
}

// clock is one that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) forward(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// stage is a runner over an account in memory.
type stage struct {
	*Runner
	account *account
	clock   *clock
	notes   []string
	sinks   int // how often a sink was asked for
}

func newStage(t *testing.T, account *account) *stage {
	t.Helper()
	s := &stage{account: account, clock: &clock{now: morning}}
	account.clock = func() reconcile.Clock { return reconcile.Clock{API: s.clock.Now(), Here: s.clock.Now()} }
	s.Runner = &Runner{
		AccountID: testAccount, Source: account, Store: record.Open(t.TempDir(), testAccount), Clock: s.clock.Now, Tool: "seatsync test",
		Sink: func() reconcile.Sink { s.sinks++; return account },
		Note: func(text string) { s.notes = append(s.notes, text) },
	}
	return s
}

// asks is a request to have what a file says.
func asks(t *testing.T, file string) Request {
	t.Helper()
	desired, err := desired.Parse(desired.File{Name: "desired-state.yaml", Data: []byte("version: 1\n" + file)}, nil, morning)
	if err != nil {
		t.Fatal(err)
	}
	return Request{Desired: desired, MaxPlanAge: 24 * time.Hour}
}

// idleFile releases whoever is idle, up to everybody.
const idleFile = "policy: {inactive: {after: 90d}, limits: {releases: 100%}}\n"

// only returns the one recorded run.
func (s *stage) only(t *testing.T) *record.Record {
	t.Helper()
	records, err := s.Store.List()
	if err != nil || len(records) != 1 {
		t.Fatalf("%d records, %v, want one", len(records), err)
	}
	return records[0]
}
