package reconcile

import (
	"context"
	"math"
	"sync"
	"time"
)

// A decision is as old as the reading that it rests on. What somebody does after
// it began, a login above all, may be missing in it; so nothing is written on a
// reading older than [ApplyOptions.MaxReadAge], and age counts from its start.

// known is what the latest reading says of the user of a change.
type known struct {
	// at is when the reading began.
	at time.Time
	// again is false for the reading that the plan was made from.
	again bool
	// user is nil when the reading did not find the user.
	user    *User
	devices Devices
}

// readings are the latest of each change.
type readings struct {
	clock  func() time.Time
	maxAge time.Duration

	reading chan struct{} // holds something while somebody reads, for others too
	late    int           // readings in a row that took longer than the age

	mu    sync.Mutex
	known []known // by change
}

func newReadings(plan *Plan, options ApplyOptions) *readings {
	r := &readings{
		clock: options.Clock, maxAge: options.MaxReadAge, reading: make(chan struct{}, 1), known: make([]known, len(plan.Changes)),
	}
	for i := range r.known {
		r.known[i].at = options.ReadAt
	}
	return r
}

// areFresh reports whether changes may be written on what is known of them: it
// must not be too old, and must have been read after uncertainSince began, where it did.
func (r *readings) areFresh(changes []int, uncertainSince time.Time) bool {
	now := r.clock()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, change := range changes {
		known := &r.known[change]
		if ageOf(known.at, now) > r.maxAge || !uncertainSince.IsZero() && (!known.again || known.at.Before(uncertainSince)) {
			return false
		}
	}
	return true
}

// anyAge is the age of a reading of which nobody knows how old it is.
const anyAge = time.Duration(math.MaxInt64)

// ageOf returns how old a reading is at the most. The monotonic clock does not go
// while Linux is suspended (time, "Monotonic Clocks"), so that the wall clock counts
// where it shows more. Where that was set back nobody knows: the machine may have been
// suspended as well.
func ageOf(at, now time.Time) time.Duration {
	wall := now.Round(0).Sub(at.Round(0))
	if wall < 0 {
		return anyAge
	}
	return max(now.Sub(at), wall)
}

// of returns what is known of a change.
func (r *readings) of(change int) known {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known[change]
}

// keep notes a reading.
func (r *readings) keep(changes []int, reading func(change int) known) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, change := range changes {
		r.known[change] = reading(change)
	}
}

// lateToList is how many readings in a row may be late until the account is no
// longer listed.
const lateToList = 2

// readAgain reads the users of changes that are about to be written, and with
// them all others that are still to come. Where that takes longer than the age,
// it reads those users by themselves, each with a request of its own.
func (w *writer) readAgain(ctx context.Context, changes []int, uncertainSince time.Time) error {
	select {
	case w.readings.reading <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-w.readings.reading }()
	if w.readings.areFresh(changes, uncertainSince) {
		return nil // by the reading of another call
	}
	if w.readings.late < lateToList {
		wider := changes
		if uncertainSince.IsZero() {
			wider = w.undecided()
		}
		if err := w.read(ctx, wider, false); err != nil {
			return err
		}
		if w.readings.areFresh(changes, uncertainSince) {
			w.readings.late = 0
			return nil
		}
		w.readings.late++
	}
	return w.read(ctx, changes, true)
}

// read reads the users of changes, and devices where a change rests on them.
func (w *writer) read(ctx context.Context, changes []int, each bool) error {
	at := w.options.Clock()
	users, err := w.sink.ReadUsers(ctx, w.usersOf(changes), each)
	if err != nil {
		return err
	}
	var devices Devices
	var needed []User
	seen := make(map[string]bool)
	for _, change := range changes {
		c := &w.plan.Changes[change]
		user, there := users[c.UserID]
		if there && c.restsOnDevices() && user.mayUseDevices() && !seen[user.ID] {
			needed = append(needed, user)
			seen[user.ID] = true
		}
	}
	if len(needed) > 0 {
		if devices, err = w.sink.Devices(ctx, needed); err != nil {
			return err
		}
	}
	w.readings.keep(changes, func(change int) known {
		user, there := users[w.plan.Changes[change].UserID]
		if !there && each {
			return w.readings.known[change] // not found, which a lookup does not prove
		}
		reading := known{at: at, again: true, devices: devices}
		if there {
			reading.user = &user
		}
		return reading
	})
	return nil
}

// usersOf names the users of changes by id and email, each once.
func (w *writer) usersOf(changes []int) []User {
	users := make([]User, 0, len(changes))
	seen := make(map[string]bool, len(changes))
	for _, change := range changes {
		c := &w.plan.Changes[change]
		if !seen[c.UserID] {
			seen[c.UserID] = true
			users = append(users, User{ID: c.UserID, Email: c.Email})
		}
	}
	return users
}
