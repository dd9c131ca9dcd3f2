// Package inmemory has the people of package bench in an account without an API, and the records of runs that changed it.
package inmemory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seatsync/seatsync/bench"
	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/record"
)

// Live returns the account with so many users before anything is done to it.
func Live(users int) *reconcile.Live {
	live := &reconcile.Live{AccountID: bench.Account, ReadAt: bench.Now(), Users: make([]reconcile.User, users)}
	for i := range live.Users {
		person := bench.NewPerson(i)
		live.Users[i] = reconcile.User{
			ID: person.ID, Email: person.Email, Name: person.Name, SeatUID: person.SeatUID,
			AccessSeat: reconcile.FlagOf(person.Access), GatewaySeat: reconcile.FlagOf(person.Gateway),
			LastLogin: reconcile.ParseMoment(person.LastLogin), CreatedAt: reconcile.ParseMoment(person.Created),
			ActiveDevices: int32(person.Devices),
		}
	}
	return live
}

// How many users the account has that records are of, and how many of them its file releases.
const (
	recordedUsers    = 20
	recordedReleases = 10
)

// WriteRecords records so many applies, one an hour: each releases somebody, who comes back before the next. It returns
// when the last of them was.
func WriteRecords(state string, runs int) (last time.Time, err error) {
	text := bench.Header + "license: {price: 7.00, currency: USD}\nusers:\n"
	for i := range recordedReleases {
		text += "  - {email: " + bench.NewPerson(i).Email + ", access_seat: false, gateway_seat: false}\n"
	}
	file, err := desired.Parse(desired.File{Name: bench.Root, Data: []byte(text)}, desired.InMemory(nil), bench.Now())
	if err != nil {
		return time.Time{}, err
	}
	account := &account{users: Live(recordedUsers).Users}
	store := record.Open(state, bench.Account)
	for run := range runs {
		back := &account.users[run%recordedReleases]
		back.AccessSeat, back.GatewaySeat = reconcile.True, reconcile.True
		last = bench.Now().Add(time.Duration(run) * time.Hour)
		if err := account.apply(file, store, last); err != nil {
			return time.Time{}, fmt.Errorf("run %d: %w", run, err)
		}
	}
	return last, nil
}

// account is one without an API.
type account struct{ users []reconcile.User }

// apply makes one run, all of which takes place at one moment.
func (a *account) apply(file *reconcile.Desired, store *record.Store, now time.Time) error {
	clock := func() time.Time { return now }
	live := &reconcile.Live{AccountID: bench.Account, Users: a.users, ReadAt: now}
	plan, err := reconcile.MakePlan(file, live, reconcile.PlanOptions{Now: now})
	if err != nil {
		return err
	}
	start := record.Start{ID: record.NewID(now), StartedAt: now, Mode: reconcile.ModeApply, AccountID: bench.Account}
	journal, err := store.Begin(start, plan, clock)
	if err != nil {
		return err
	}
	plan.Run = reconcile.Apply(context.Background(), a, plan, journal, reconcile.ApplyOptions{RunID: start.ID, Clock: clock, ReadAt: now})
	return journal.End(reconcile.ResultDone, plan.Run, nil)
}

// Devices knows of none.
func (a *account) Devices(context.Context, []reconcile.User) (reconcile.Devices, error) {
	return reconcile.Devices{}, nil
}

// Acquire never waits.
func (a *account) Acquire(context.Context, int) (release func(), err error) {
	return func() {}, nil
}

// UpdateSeats sets what it is told to.
func (a *account) UpdateSeats(_ context.Context, _ int, updates []reconcile.SeatUpdate) (states []reconcile.User, err error) {
	for _, update := range updates {
		access, gateway := reconcile.FlagOf(update.AccessSeat), reconcile.FlagOf(update.GatewaySeat)
		for i := range a.users {
			if a.users[i].SeatUID == update.SeatUID {
				a.users[i].AccessSeat, a.users[i].GatewaySeat = access, gateway
			}
		}
		states = append(states, reconcile.User{SeatUID: update.SeatUID, AccessSeat: access, GatewaySeat: gateway})
	}
	return states, nil
}

// errNotHere is what a call gets that nobody makes.
var errNotHere = errors.New("nobody is renamed or read again here")

// RenameUser is never asked for.
func (a *account) RenameUser(context.Context, int, reconcile.User) (reconcile.User, error) {
	return reconcile.User{}, errNotHere
}

// ReadUsers is never asked for.
func (a *account) ReadUsers(context.Context, []reconcile.User, bool) (map[string]reconcile.User, error) {
	return nil, errNotHere
}
