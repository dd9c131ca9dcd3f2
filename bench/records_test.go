package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
	"github.com/seatsync/seatsync/reconcile/runner"
)

// memoryAccount is an account without an API.
type memoryAccount struct {
	users []reconcile.User
	now   time.Time
}

// Snapshot returns everybody.
func (a *memoryAccount) Snapshot(context.Context) (reconcile.Live, error) {
	return reconcile.Live{AccountID: Account, Users: a.users, ReadAt: a.now, Clock: reconcile.Clock{API: a.now, Here: a.now}}, nil
}

// Devices knows of none.
func (a *memoryAccount) Devices(context.Context, []reconcile.User) (reconcile.Devices, error) {
	return reconcile.Devices{}, nil
}

// Acquire never waits.
func (a *memoryAccount) Acquire(context.Context, int) (release func(), err error) {
	return func() {}, nil
}

// UpdateSeats sets what it is told to.
func (a *memoryAccount) UpdateSeats(_ context.Context, _ int, updates []reconcile.SeatUpdate) (states []reconcile.SeatState, err error) {
	for _, update := range updates {
		access, gateway := reconcile.FlagOf(update.AccessSeat), reconcile.FlagOf(update.GatewaySeat)
		for i := range a.users {
			if a.users[i].SeatUID == update.SeatUID {
				a.users[i].AccessSeat, a.users[i].GatewaySeat = access, gateway
			}
		}
		states = append(states, reconcile.SeatState{SeatUID: update.SeatUID, AccessSeat: access, GatewaySeat: gateway})
	}
	return states, nil
}

// RenameUser is never asked for.
func (a *memoryAccount) RenameUser(context.Context, int, reconcile.UserRename) (reconcile.User, error) {
	return reconcile.User{}, fmt.Errorf("nobody is renamed here")
}

// ReadUsers is never asked for.
func (a *memoryAccount) ReadUsers(context.Context, []reconcile.UserRef, bool) (map[string]reconcile.User, error) {
	return nil, fmt.Errorf("nobody is read again here")
}

// writeRecords makes so many applies, one an hour: each releases somebody, who comes back before the next.
func writeRecords(b *testing.B, state string, runs int) {
	const users = 20
	account := &memoryAccount{users: liveOf(users).Users, now: Now()}
	text := Header + "license: {price: 7.00, currency: USD}\nusers:\n"
	for i := range users / 2 {
		text += "  - {email: " + NewPerson(i).Email + ", access_seat: false, gateway_seat: false}\n"
	}
	file, err := desired.Parse(desired.File{Name: Root, Data: []byte(text)}, desired.InMemory{}, Now())
	if err != nil {
		b.Fatal(err)
	}
	job := &runner.Runner{
		AccountID: Account, Source: account, Sink: func() reconcile.Sink { return account }, Store: record.Open(state, Account),
		Counts: func() reconcile.RunCalls { return reconcile.RunCalls{} }, Clock: func() time.Time { return account.now }, Tool: "seatsync bench",
	}
	for run := range runs {
		back := &account.users[run%(users/2)]
		back.AccessSeat, back.GatewaySeat = reconcile.True, reconcile.True
		if result := job.Apply(b.Context(), runner.Request{Desired: file, Now: account.now}); result.Err != nil {
			b.Fatal(result.Err)
		}
		account.now = account.now.Add(time.Hour)
	}
}

// BenchmarkRecords reads what pages and savings are made from.
func BenchmarkRecords(b *testing.B) {
	for _, runs := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("runs=%d", runs), func(b *testing.B) {
			directory := b.TempDir()
			writeRecords(b, directory, runs)
			b.Run("savings", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					history := record.Open(directory, Account).History(time.Time{})
					if found := report.NewSavingsReport(Account, &history, history.Taken[len(history.Taken)-1].At); found.Total.Freed == 0 {
						b.Fatal("nobody was released")
					}
				}
			})
			b.Run("latest", func(b *testing.B) {
				b.ReportAllocs()
				archive, err := record.OpenArchive(directory, Account)
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					count := 0
					if err := archive.Latest(50, func(*record.Record) { count++ }); err != nil || count != 50 {
						b.Fatal(count, err)
					}
				}
			})
		})
	}
}
