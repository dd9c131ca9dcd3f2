package reconcile

import (
	"errors"
	"fmt"
)

// What became of a change is judged here: by the API's answer for that very
// item, and where there is none, or none that can be believed, by reading the
// user. Success of a request alone proves nothing about an item in it.

// updateSeats sends a batch and judges each item by the API's answer for it.
func (w *writer) updateSeats(call Call) ([]Outcome, error) {
	updates := make([]SeatUpdate, len(call.Changes))
	for i, change := range call.Changes {
		c := &w.plan.Changes[change]
		updates[i] = SeatUpdate{
			SeatUID: c.SeatUID, AccessSeat: c.After.AccessSeat == True, GatewaySeat: c.After.GatewaySeat == True,
		}
	}
	answers, err := w.sink.UpdateSeats(w.inFlight, updates)
	if err != nil {
		return nil, err
	}
	bySeat := answersBySeat(answers)
	var outcomes []Outcome
	var untold []int
	for _, change := range call.Changes {
		c := &w.plan.Changes[change]
		answer, told := bySeat[c.SeatUID]
		if !told || answer.AccessSeat == Unknown || answer.GatewaySeat == Unknown {
			untold = append(untold, change)
			continue
		}
		outcomes = append(outcomes, judgeSeat(change, c, answer.AccessSeat, answer.GatewaySeat))
		if c.Kind != Release && answer.AccessSeat == False && answer.GatewaySeat == False && c.Before.seats() == 1 {
			w.stop(fmt.Sprintf("the API freed the whole seat of %s where half of it was to be taken: nothing more is written", c.Email))
		}
	}
	if len(untold) > 0 {
		outcomes = append(outcomes, w.settle(untold, errNotInAnswer)...)
	}
	return outcomes, nil
}

// errNotInAnswer is behind an item that the API accepted and did not mention.
var errNotInAnswer = errors.New("the API's answer does not mention the seat")

// answersBySeat finds the answer for each seat. Two answers that contradict each
// other are as good as none.
func answersBySeat(answers []SeatAnswer) map[string]SeatAnswer {
	bySeat := make(map[string]SeatAnswer, len(answers))
	for _, answer := range answers {
		if earlier, ok := bySeat[answer.SeatUID]; ok && earlier != answer {
			answer.AccessSeat, answer.GatewaySeat = Unknown, Unknown
		}
		bySeat[answer.SeatUID] = answer
	}
	return bySeat
}

// judgeSeat compares the flags that the API shows with those that were asked for.
func judgeSeat(index int, change *Change, access, gateway Flag) Outcome {
	if access == change.After.AccessSeat && gateway == change.After.GatewaySeat {
		return Outcome{Change: index, Status: Applied}
	}
	message := fmt.Sprintf("the API answered success but shows access_seat %s, gateway_seat %s", access, gateway)
	if access != change.Before.AccessSeat || gateway != change.Before.GatewaySeat {
		return Outcome{Change: index, Status: Failed, Error: message + ", which is neither what was there nor what was asked for"}
	}
	if change.Kind == Grant {
		message += ": a seat comes with the next login"
	}
	return Outcome{Change: index, Status: NotTaken, Error: message}
}

// renameUser sends one rename and judges it by the user in the answer.
func (w *writer) renameUser(call Call) ([]Outcome, error) {
	index := call.Changes[0]
	change := &w.plan.Changes[index]
	user, err := w.sink.RenameUser(w.inFlight, UserRename{
		UserID: change.UserID, Email: change.Email, Name: change.After.Name,
	})
	if err != nil {
		return nil, err
	}
	if user.ID != change.UserID {
		return w.settle(call.Changes, errors.New("the API's answer is about another user")), nil
	}
	return []Outcome{judgeName(index, change, user.Name)}, nil
}

// judgeName compares the name that the API shows with the one asked for.
func judgeName(index int, change *Change, name string) Outcome {
	if name == change.After.Name {
		return Outcome{Change: index, Status: Applied}
	}
	return Outcome{Change: index, Status: NotTaken, Error: "the API answered success but shows another name"}
}

// settle reads the users of changes of which it is not known whether they took
// effect, and judges them by what is there.
func (w *writer) settle(changes []int, cause error) []Outcome {
	refs := make([]UserRef, len(changes))
	for i, change := range changes {
		refs[i] = UserRef{UserID: w.plan.Changes[change].UserID, Email: w.plan.Changes[change].Email}
	}
	users, err := w.sink.ReadUsers(w.inFlight, refs)
	outcomes := make([]Outcome, len(changes))
	for i, change := range changes {
		c := &w.plan.Changes[change]
		user, there := users[c.UserID]
		outcomes[i] = Outcome{Change: change, Status: Failed}
		switch {
		case err != nil:
			outcomes[i].Error = fmt.Sprintf("%s; whether it took effect is not known, since reading the user failed: %v",
				w.describe(change, cause), withoutURL(err))
		case !there:
			outcomes[i].Error = w.describe(change, cause) + "; the user is no longer in the account"
		case c.IsReached(&user):
			outcomes[i] = Outcome{Change: change, Status: Applied}
		case c.IsSeatChange() && (user.AccessSeat == Unknown || user.GatewaySeat == Unknown):
			outcomes[i].Error = w.describe(change, cause) + "; whether it took effect is not known, since the API does not tell the user's flags"
		case c.IsSeatChange() && (user.AccessSeat != c.Before.AccessSeat || user.GatewaySeat != c.Before.GatewaySeat):
			outcomes[i].Error = fmt.Sprintf("%s; the user now has access_seat %s, gateway_seat %s", w.describe(change, cause), user.AccessSeat, user.GatewaySeat)
		case errors.Is(cause, errNotInAnswer):
			outcomes[i] = judgeSeat(change, c, user.AccessSeat, user.GatewaySeat)
		default:
			outcomes[i].Error = w.describe(change, cause) + "; reading the user shows that it took no effect"
		}
	}
	return outcomes
}

// IsReached reports whether the user is in the state that the change asks for.
func (c *Change) IsReached(user *User) bool {
	if c.Kind == Rename {
		return user.Name == c.After.Name
	}
	return user.AccessSeat == c.After.AccessSeat && user.GatewaySeat == c.After.GatewaySeat
}
