package reconcile

import (
	"errors"
	"fmt"
	"time"
)

// Outcome is what became of one change.
type Outcome struct {
	// Change is the index in Plan.Changes.
	Change int    `json:"change"`
	Status Status `json:"status"`
	// Error says why the status is not applied; empty when it is.
	Error string `json:"error,omitempty"`
	// Open is true while it is not known whether the change took effect, or may
	// still take it: a request was in flight, and no reading has shown the new
	// state, or one made [LateEffectWindow] later the old one. The status is failed.
	Open bool `json:"open,omitempty"`
	// Uncertain is true where nobody can know any more whether the change took effect:
	// its user is gone, has logged in since, or is neither as before nor as was asked
	// for. The status is failed. What takes a seat away counts toward limits over time.
	Uncertain bool `json:"uncertain,omitempty"`
	// FreedSeat is true where half of a seat was to be taken and its user then held none:
	// no other half is taken on this account until somebody allows it. The outcome is
	// uncertain as well, since somebody else may have freed the seat.
	FreedSeat bool `json:"freed_seat,omitempty"`
	// Unproven is true where half of a seat was taken by one of several requests, or by one
	// without a response, and its user had the other half when they were read: the API may
	// have freed the whole seat, and given the half when it was asked again, or at a login. So it
	// does not show that the API keeps the other half.
	Unproven bool `json:"unproven,omitempty"`
}

// Causes to give to [JudgeOutcome] where no error of a request is behind the
// question what became of a change.
var (
	// ErrNotInResponse: the API accepted the request and did not mention the item.
	ErrNotInResponse = errors.New("the API's response does not mention the seat")
	// ErrKilled: the run was killed between the request and the record of its result.
	ErrKilled = errors.New("the run was killed while this was being written")
	// ErrNotRead is the readErr of a user whom nobody has read since.
	ErrNotRead = errors.New("the user has not been read since")
)

// LateEffectWindow is how much later than the end of a request whose outcome is unknown
// a reading must begin to prove that the request had no effect: it may have been
// on its way for one time-out and be worked on for another. A reading that shows
// the effect proves it at once.
func LateEffectWindow(requestTimeout time.Duration) time.Duration { return 2 * requestTimeout }

// InFlight marks the cause given to [JudgeOutcome] when the user was read before
// [LateEffectWindow]: the request may still take effect.
func InFlight(cause error) error { return inFlightError{cause} }

type inFlightError struct{ error }

func (e inFlightError) Unwrap() error { return e.error }

// JudgeOutcome says what became of one change, live or after a kill.
//
// The cause says why one has to ask: nil where the API accepted the request and
// user is what its response shows, [ErrNotInResponse] where it accepted the
// request and user was read afterwards, and otherwise the request's error or
// [ErrKilled]. The user is nil when it is not in the account; readErr is why it
// is not known how the user is, and user is ignored then. The change may be nil where
// the plan is lost and nobody has read the user.
//
// Success of a request proves nothing: only the state that the change asks for
// is [Applied]. "Took no effect" is said only of a user who is known to be as
// before in all that the change is about, of whom no request is [InFlight], and who
// has not logged in since, which takes a seat again; and with a reservation where others
// can undo the change without a trace: by a device, or in the dashboard. The outcome is
// open where that is not known yet.
func JudgeOutcome(index int, change *Change, cause error, user *User, readErr error) Outcome {
	isAccepted := cause == nil || errors.Is(cause, ErrNotInResponse)
	failed := func(format string, args ...any) Outcome {
		message := fmt.Sprintf(format, args...)
		if cause != nil {
			message = fmt.Sprintf("%v; %s", withoutURL(cause), message)
		}
		return Outcome{Change: index, Status: Failed, Error: change.subject() + message}
	}
	open := func(why string, args ...any) Outcome {
		outcome := failed("whether it took effect is not known yet"+why, args...)
		outcome.Open = true
		return outcome
	}
	uncertain := func(format string, args ...any) Outcome {
		outcome := failed(format, args...)
		outcome.Uncertain = true
		outcome.FreedSeat = user != nil && change.takesHalf() && user.holdsNothing()
		return outcome
	}
	switch {
	case readErr != nil && errors.Is(readErr, ErrNotRead):
		return open("")
	case readErr != nil:
		return open(", since reading the user failed: %v", withoutURL(readErr))
	case user == nil:
		return uncertain("the user is no longer in the account")
	case user.ID != change.UserID:
		return open(", since what was read is about another user")
	case change.isReached(user):
		return Outcome{Change: index, Status: Applied, Unproven: !isAccepted && change.takesHalf()}
	case change.IsSeatChange() && (user.AccessSeat == Unknown || user.GatewaySeat == Unknown):
		return open(", since the API did not return the user's flags")
	case errors.As(cause, new(inFlightError)):
		return open(": the user has %s, and the request may still be in flight", change.shown(user))
	case change.IsSeatChange() && (change.Before.AccessSeat == Unknown || change.Before.GatewaySeat == Unknown):
		return uncertain("the user now has %s, which is not what was asked for", change.shown(user))
	case !change.isUntouched(user):
		return uncertain("the user now has %s, which is neither what was there nor what was asked for", change.shown(user))
	case cause != nil && change.hasLoggedInSince(user): // a response shows no login
		return uncertain("the user has the seat as before, and has logged in since: it may have taken effect and been undone")
	case !isAccepted && change.TakesAway() && change.Before.GatewaySeat == True:
		return failed("reading the user shows that it took no effect, unless a device has enrolled again since")
	case !isAccepted && !change.TakesAway():
		return failed("reading the user shows that it took no effect, unless somebody has undone it since")
	case !isAccepted:
		return failed("reading the user shows that it took no effect")
	}
	message := "the API reported success but shows " + change.shown(user)
	if change.Kind == Grant {
		message += ": a seat comes with the next login"
	}
	return Outcome{Change: index, Status: NotTaken, Error: message}
}

// subject says what was being done, and to whom, in front of an error; nothing where that
// is lost.
func (c *Change) subject() string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf("%s %s: ", c.Kind, c.Email)
}

// isUntouched reports whether the user is as before in all that the change is about.
func (c *Change) isUntouched(user *User) bool {
	if c.Kind == Rename {
		return user.Name == c.Before.Name
	}
	return user.SeatUID == c.SeatUID && user.AccessSeat == c.Before.AccessSeat && user.GatewaySeat == c.Before.GatewaySeat
}

// isUnaffected reports whether the user is as before, and cannot have lost anything and
// come back since, by a login or with a device.
func (c *Change) isUnaffected(user *User) bool {
	return c.isUntouched(user) && !c.hasLoggedInSince(user) && !(c.TakesAway() && c.Before.GatewaySeat == True)
}

// hasLoggedInSince reports whether somebody from whom the change takes something has
// logged in since it was planned.
func (c *Change) hasLoggedInSince(user *User) bool {
	return c.TakesAway() && c.moved(user.LastLogin, c.Evidence.LastSuccessfulLogin, evidenceLogin)
}

// shown says how the user is now. A name is not repeated: messages reach places
// where names are masked.
func (c *Change) shown(user *User) string {
	switch {
	case c.Kind == Rename:
		return "another name"
	case user.SeatUID != c.SeatUID && user.HoldsSeat():
		return fmt.Sprintf("access_seat %s, gateway_seat %s on another seat", user.AccessSeat, user.GatewaySeat)
	default:
		return fmt.Sprintf("access_seat %s, gateway_seat %s", user.AccessSeat, user.GatewaySeat)
	}
}
