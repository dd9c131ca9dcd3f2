package reconcile

import "context"

// Sink writes to an account. A dry run has none.
//
// An error is an *[APIError] when the API answered, a *[ThrottledError] when it
// takes no more requests, and anything else when it is not known whether the
// request took effect.
type Sink interface {
	// UpdateSeats sets both flags of each seat in one request, and returns the
	// API's answer, item by item. The answer may lack items and is not trusted.
	UpdateSeats(ctx context.Context, updates []SeatUpdate) ([]SeatAnswer, error)
	// RenameUser gives a user a name and returns the user as the API answers.
	RenameUser(ctx context.Context, rename UserRename) (User, error)
	// ReadUsers reads the present state of users, by id. Users that are not
	// there are missing in the result.
	ReadUsers(ctx context.Context, users []UserRef) (map[string]User, error)
}

// SeatUpdate sets the flags of one seat. Both are always sent.
type SeatUpdate struct {
	SeatUID     string
	AccessSeat  bool
	GatewaySeat bool
}

// SeatAnswer is what the API shows of one seat after an update.
type SeatAnswer struct {
	SeatUID     string
	AccessSeat  Flag
	GatewaySeat Flag
}

// UserRename gives a user a name. Email must be the user's current one.
type UserRename struct{ UserID, Email, Name string }

// UserRef names a user to read back; Email helps to find the user with few requests.
type UserRef struct{ UserID, Email string }

// Journal is told of each writing request before and after it. An error of
// either stops the run: what cannot be recorded is not done.
type Journal interface {
	// Intent is called before the request is sent.
	Intent(call Call) error
	// Result is called when the outcome of every change in the call is known.
	Result(call Call, outcomes []Outcome) error
}

// NoJournal records nothing, for runs whose record nobody will read.
type NoJournal struct{}

// Intent does nothing.
func (NoJournal) Intent(Call) error { return nil }

// Result does nothing.
func (NoJournal) Result(Call, []Outcome) error { return nil }
