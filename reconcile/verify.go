package reconcile

import (
	"errors"
	"fmt"
	"time"
)

// What became of a change is judged by the API's response for that very item, and
// where there is none, or none that can be believed, by reading the user. Success
// of a request alone proves nothing about an item in it.

// updateSeats sends a batch and judges each item by the response. It returns those
// that the response does not show by themselves.
func (s *sending) updateSeats(attempt int) (judged []Outcome, unmentioned []int, err error) {
	updates := make([]SeatUpdate, len(s.left))
	for i, change := range s.left {
		c := &s.plan.Changes[change]
		updates[i] = SeatUpdate{
			SeatUID: c.SeatUID, AccessSeat: c.After.AccessSeat == True, GatewaySeat: c.After.GatewaySeat == True,
		}
	}
	sent := s.options.Clock()
	states, err := s.sink.UpdateSeats(s.inFlight, attempt, updates)
	if err != nil {
		return nil, nil, err
	}
	bySeat := statesBySeat(states)
	for _, change := range s.left {
		c := &s.plan.Changes[change]
		state, shown := bySeat[c.SeatUID]
		if !shown || state.AccessSeat == Unknown || state.GatewaySeat == Unknown {
			unmentioned = append(unmentioned, change)
			continue
		}
		state.ID = c.UserID
		judged = append(judged, s.outcomeShown(change, &state, sent))
		s.stopWhereFreed(c, &state)
	}
	return judged, unmentioned, nil
}

// stopWhereFreed stops the run where a user has lost the whole seat by a change that was
// to leave a part of it.
func (s *sending) stopWhereFreed(change *Change, user *User) {
	if change.IsSeatChange() && change.Kind != Release && change.Before.Seats() == 1 && user.holdsNothing() {
		s.stop(fmt.Sprintf("the API freed the whole seat of %s where half of it was to be taken: nothing more is written", change.Email))
	}
}

// statesBySeat finds the state of each seat. Two that contradict each other are as
// good as none.
func statesBySeat(states []User) map[string]User {
	bySeat := make(map[string]User, len(states))
	for _, state := range states {
		if earlier, ok := bySeat[state.SeatUID]; ok && earlier != state {
			state.AccessSeat, state.GatewaySeat = Unknown, Unknown
		}
		bySeat[state.SeatUID] = state
	}
	return bySeat
}

// renameUser sends one rename and judges it by the user in the response, which may
// be about somebody else.
func (s *sending) renameUser(attempt int) (judged []Outcome, unmentioned []int, err error) {
	index := s.left[0]
	change := &s.plan.Changes[index]
	sent := s.options.Clock()
	user, err := s.sink.RenameUser(s.inFlight, attempt, User{
		ID: change.UserID, Email: change.Email, Name: change.After.Name,
	})
	switch {
	case err != nil:
		return nil, nil, err
	case user.ID != change.UserID:
		return nil, s.left, nil
	}
	return []Outcome{s.outcomeShown(index, &user, sent)}, nil, nil
}

// errOtherUser is behind a rename that the API accepted with a response about
// somebody else.
var errOtherUser = errors.New("the API's response is about another user")

// unmentionedBecause is the cause to judge by what the response does not show.
func unmentionedBecause(kind CallKind) error {
	if kind == CallPutUser {
		return errOtherUser
	}
	return ErrNotInResponse
}

// verify reads the users of changes of which it is not known whether they took
// effect, and judges them by what is there.
func (s *sending) verify(changes []int, cause error) {
	if len(changes) == 0 {
		return
	}
	at := s.options.Clock()
	users, err := s.sink.ReadUsers(s.inFlight, s.usersOf(changes), false)
	for _, change := range changes {
		user, there := users[s.plan.Changes[change].UserID]
		switch {
		case err != nil:
			s.outcomes = append(s.outcomes, JudgeOutcome(change, &s.plan.Changes[change], cause, nil, err))
		case there:
			s.outcomes = append(s.outcomes, s.outcomeOf(change, cause, &user, at))
		default:
			s.outcomes = append(s.outcomes, s.outcomeOf(change, cause, nil, at))
		}
	}
}

// outcomeOf judges a change by a reading that began at a time.
func (s *sending) outcomeOf(change int, cause error, user *User, at time.Time) Outcome {
	if s.mayStillLand(at) {
		cause = InFlight(cause)
	}
	if user != nil {
		s.stopWhereFreed(&s.plan.Changes[change], user)
	}
	return s.proven(JudgeOutcome(change, &s.plan.Changes[change], cause, user, nil))
}

// proven returns an outcome with what it proves: less where an attempt before had no response.
func (s *sending) proven(outcome Outcome) Outcome {
	isRepeated := !s.uncertainSince.IsZero() && s.plan.Changes[outcome.Change].takesHalf()
	outcome.Unproven = outcome.Unproven || outcome.Status == Applied && isRepeated
	return outcome
}

// outcomeShown judges a change by the response to a request that was sent at a time.
// That it has changed nothing proves nothing while an earlier attempt may still land.
func (s *sending) outcomeShown(change int, user *User, sent time.Time) Outcome {
	outcome := JudgeOutcome(change, &s.plan.Changes[change], nil, user, nil)
	if outcome.Status != Applied && s.mayStillLand(sent) {
		return s.outcomeOf(change, s.uncertainCause, user, sent)
	}
	return s.proven(outcome)
}

// mayStillLand reports whether an attempt without a response may take effect after what
// began at a time.
func (s *sending) mayStillLand(at time.Time) bool {
	return !s.uncertainSince.IsZero() && at.Before(s.uncertainSince.Add(LateEffectWindow(s.options.RequestTimeout)))
}

// isReached reports whether the user is in the state that the change asks for.
func (c *Change) isReached(user *User) bool {
	if c.Kind == Rename {
		return user.Name == c.After.Name
	}
	return user.AccessSeat == c.After.AccessSeat && user.GatewaySeat == c.After.GatewaySeat
}
