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
)

// memoryAccount is an account without an API.
type memoryAccount struct{ users []reconcile.User }

// Devices knows of none.
func (a *memoryAccount) Devices(context.Context, []reconcile.User) (reconcile.Devices, error) {
	return reconcile.Devices{}, nil
}

// Acquire never waits.
func (a *memoryAccount) Acquire(context.Context, int) (release func(), err error) {
	return func() {}, nil
}

// UpdateSeats sets what it is told to.
func (a *memoryAccount) UpdateSeats(_ context.Context, _ int, updates []reconcile.SeatUpdate) (states []reconcile.User, err error) {
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

// RenameUser is never asked for.
func (a *memoryAccount) RenameUser(context.Context, int, reconcile.User) (reconcile.User, error) {
	return reconcile.User{}, fmt.Errorf("nobody is renamed here")
}

// ReadUsers is never asked for.
func (a *memoryAccount) ReadUsers(context.Context, []reconcile.User, bool) (map[string]reconcile.User, error) {
	return nil, fmt.Errorf("nobody is read again here")
}

// writeRecords records so many applies, one an hour: each releases somebody, who comes back before the next.
func writeRecords(b *testing.B, state string, runs int) {
	const users = 20
	account := &memoryAccount{users: liveOf(users).Users}
	text := Header + "license: {price: 7.00, currency: USD}\nusers:\n"
	for i := range users / 2 {
		text += "  - {email: " + NewPerson(i).Email + ", access_seat: false, gateway_seat: false}\n"
	}
	file := parse(b, desired.File{Name: Root, Data: []byte(text)}, nil)
	store := record.Open(state, Account)
	for run := range runs {
		back := &account.users[run%(users/2)]
		back.AccessSeat, back.GatewaySeat = reconcile.True, reconcile.True
		now := Now().Add(time.Duration(run) * time.Hour)
		clock := func() time.Time { return now }
		live := &reconcile.Live{AccountID: Account, Users: account.users, ReadAt: now}
		plan, err := reconcile.MakePlan(file, live, reconcile.PlanOptions{Now: now})
		if err != nil {
			b.Fatal(err)
		}
		start := record.Start{ID: record.NewID(now), StartedAt: now, Mode: reconcile.ModeApply, AccountID: Account}
		journal, err := store.Begin(start, plan, clock)
		if err != nil {
			b.Fatal(err)
		}
		plan.Run = reconcile.Apply(b.Context(), account, plan, journal, reconcile.ApplyOptions{RunID: start.ID, Clock: clock, ReadAt: now})
		if err := journal.End(reconcile.ResultDone, plan.Run, nil); err != nil {
			b.Fatal(err)
		}
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
