package reconcile

import "context"

// Sink writes to an account. A dry run has none.
//
// It sends a write once and never again by itself: whether a request that came to
// nothing is worth sending again, and still right, is decided by Apply. The error
// of a write is an *[APIError] when the API answered, a *[ThrottledError] or a
// *[NoResponseError] as their comments say, and anything else when it is not
// known whether the request took effect and sending it again would not help.
type Sink interface {
	// Acquire waits until a write may be sent: for the rate limiter, for the end
	// of a pause that the API asked for, and, before the attempt-th time that the
	// same request is sent again, for a while that grows with attempt. Release ends
	// the request, sent or not. The error is a *[ThrottledError] when the wait would
	// outlast ctx, or is longer than the API may ask for, and that of ctx when it ends.
	Acquire(ctx context.Context, attempt int) (release func(), err error)
	// UpdateSeats sets both flags of each seat in one request, and returns what
	// the API's response shows of seats, item by item: their SeatUID and flags. It
	// may lack items and is not trusted.
	UpdateSeats(ctx context.Context, attempt int, updates []SeatUpdate) ([]User, error)
	// RenameUser gives the user with an ID and its current Email a Name, and returns
	// the user as the response shows it.
	RenameUser(ctx context.Context, attempt int, renamed User) (User, error)
	// ReadUsers reads the current state of users, of whom ID and Email are given, by
	// id and with the fewest requests. Users that are not in the account are missing
	// in the result. With each, every user is looked up by itself even where a listing
	// takes fewer requests, and one who is not found that way is missing too.
	ReadUsers(ctx context.Context, users []User, each bool) (map[string]User, error)
	// Devices reads the evidence of devices about users, as [Source] does.
	Devices(ctx context.Context, users []User) (Devices, error)
}

// SeatUpdate sets the flags of one seat. Both are always sent.
type SeatUpdate struct {
	SeatUID     string
	AccessSeat  bool
	GatewaySeat bool
}

// Journal is called for each writing request before and after it. An error of
// either stops the run: what cannot be recorded is not done.
type Journal interface {
	// Intent is called before a request is sent, each time that it is sent.
	Intent(call Call) error
	// Result is called when it is known what became of the changes of a call, as
	// far as it can be. A change without an outcome is as if it had not been tried.
	Result(call Call, outcomes []Outcome) error
}
