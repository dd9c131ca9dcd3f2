package reconcile

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"slices"
	"strconv"
	"time"
)

// User is one user of the account as the API returned it. Every field but ID may
// be missing in a response and is then empty, or unknown.
type User struct {
	// ID is the UUID by which a user is renamed. It is never a seat id.
	ID string
	// Email is written as the API writes it; compare with [EmailKey].
	Email string
	Name  string
	// SeatUID identifies the seat record; empty when the user never held a seat.
	SeatUID string

	AccessSeat  Flag
	GatewaySeat Flag

	// LastLogin is the last successful Access login; none for people who only
	// use the WARP client.
	LastLogin Moment
	CreatedAt Moment
	// ActiveDevices is the number of registered devices; 0 also when the API did
	// not return it, which DevicesCounted tells apart.
	ActiveDevices  int32
	DevicesCounted bool
}

// HoldsSeat reports whether the user is known to take up a seat.
func (u *User) HoldsSeat() bool { return u.AccessSeat == True || u.GatewaySeat == True }

// mayUseDevices reports whether a device could be a sign of the user's
// activity: everyone but those who are known to use Access alone.
func (u *User) mayUseDevices() bool { return u.GatewaySeat != False || u.ActiveDevices > 0 }

// holdsNothing reports whether the API says of both halves of a seat that the user has none.
func (u *User) holdsNothing() bool { return u.AccessSeat == False && u.GatewaySeat == False }

// state is what a change of the user starts from.
func (u *User) state() State {
	return State{AccessSeat: u.AccessSeat, GatewaySeat: u.GatewaySeat, Name: u.Name}
}

// Live is the complete present of one account. A Source returns all of it or an
// error; there is no partial Live.
type Live struct {
	AccountID string
	// Users is in no promised order.
	Users  []User
	ReadAt time.Time
	// Reads is how many requests the reading took; 0 where nobody counted.
	Reads int
	// Clock is the API's time when the reading began; see [Clock.Check].
	Clock Clock
	// Devices is what was learnt about devices; its zero value means that they
	// were not asked for.
	Devices Devices
	// Settings are what else the account says about its seats; its zero value means
	// that nothing was asked for.
	Settings Settings
}

// Source reads the current state of an account. It never writes.
type Source interface {
	// Snapshot returns every user of the account, or an error.
	Snapshot(ctx context.Context) (Live, error)
	// Devices returns the newest sign of activity on devices of the given
	// users. When the account may not be asked, the error is in the result's
	// Err and not returned: a returned error ends the run.
	Devices(ctx context.Context, users []User) (Devices, error)
}

// Seats are counts of seats in an account.
type Seats struct{ Users, Access, Gateway, Used int }

// CountSeats counts the seats of users. A person with both flags uses one seat.
func CountSeats(users []User) Seats {
	seats := Seats{Users: len(users)}
	for i := range users {
		seats.add(State{AccessSeat: users[i].AccessSeat, GatewaySeat: users[i].GatewaySeat}, 1)
	}
	return seats
}

// add counts the seats of one person in a state, times so many.
func (s *Seats) add(state State, times int) {
	s.Used += times * state.Seats()
	if state.AccessSeat == True {
		s.Access += times
	}
	if state.GatewaySeat == True {
		s.Gateway += times
	}
}

// sortUsers orders users by email and then by ID, so that nothing downstream
// depends on the order in which the API answered.
func sortUsers(users []User) []keyedUser {
	keyed := make([]keyedUser, len(users))
	for i := range users {
		keyed[i] = keyedUser{key: EmailKey(users[i].Email), User: &users[i]}
	}
	slices.SortFunc(keyed, func(a, b keyedUser) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.ID, b.ID))
	})
	return keyed
}

// keyedUser is a user with the key under which it is compared, computed once.
type keyedUser struct {
	key string
	*User
}

// fingerprint is a digest of the users that a plan was made from. It does not
// depend on their order.
func fingerprint(subjects []subject) string {
	sum := sha256.New()
	var lines []byte
	for i := range subjects {
		if lines = subjects[i].appendTo(lines); len(lines) > 8<<10 {
			writeTo(sum, lines)
			lines = lines[:0]
		}
	}
	writeTo(sum, lines)
	return hex.EncodeToString(sum.Sum(nil))
}

// appendTo appends every field, each with its length so that no two users can
// share a spelling.
func (u *User) appendTo(line []byte) []byte {
	for _, text := range [...]string{u.ID, u.Email, u.Name, u.SeatUID} {
		line = append(strconv.AppendInt(line, int64(len(text)), 10), ':')
		line = append(line, text...)
	}
	line = strconv.AppendInt(line, int64(u.AccessSeat), 10)
	line = append(strconv.AppendInt(line, int64(u.GatewaySeat), 10), ' ')
	line = append(strconv.AppendInt(line, u.LastLogin.nanos, 10), ' ')
	return append(strconv.AppendInt(line, u.CreatedAt.nanos, 10), '\n')
}

// writeTo writes to a hash, which never fails.
func writeTo(sum hash.Hash, data []byte) { _, _ = sum.Write(data) }
