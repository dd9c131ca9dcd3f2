package reconcile

// StaleChanges compares a saved plan with the present and returns the changes,
// by index, that must not be written any more, each with what has moved. A
// change is stale when the user's flags, name, email or seat are not what they
// were, and one that takes something away also when there is another sign of
// activity than the reviewer saw.
func StaleChanges(plan *Plan, live *Live) map[int]string {
	users := make(map[string]*User, len(plan.Changes))
	for i := range plan.Changes {
		users[plan.Changes[i].UserID] = nil
	}
	for i := range live.Users {
		if _, wanted := users[live.Users[i].ID]; wanted {
			users[live.Users[i].ID] = &live.Users[i]
		}
	}
	stale := make(map[int]string)
	for i := range plan.Changes {
		change := &plan.Changes[i]
		if !change.WillBeDone() {
			continue
		}
		if moved := change.movedSince(users[change.UserID], &live.Devices); moved != "" {
			stale[i] = moved
		}
	}
	return stale
}

// movedSince says what of the user is not as it was when the plan was made, or "".
func (c *Change) movedSince(user *User, devices *Devices) string {
	switch {
	case user == nil:
		return "the user is no longer in the account"
	case user.SeatUID == c.SeatUID && c.IsReached(user):
		return "the user is as the plan asks already"
	case user.Email != c.Email:
		return "the user's email has changed since the plan was made"
	case c.Kind == Rename:
		if user.Name != c.Before.Name {
			return "the user's name has changed since the plan was made"
		}
		return ""
	case user.SeatUID != c.SeatUID:
		return "the user has another seat than when the plan was made"
	case user.AccessSeat != c.Before.AccessSeat || user.GatewaySeat != c.Before.GatewaySeat:
		return "the seat has changed since the plan was made"
	case c.TakesAway() && moved(user.LastLogin, c.Evidence.LastSuccessfulLogin):
		return "the user has logged in since the plan was made"
	case c.Reason == Inactive && user.mayUseDevices() && !devices.Read:
		return "devices could not be read again, so a new sign of activity may have been missed"
	case c.Reason == Inactive && moved(devices.LastSeen[user.ID], c.Evidence.DeviceLastSeen):
		return "a device of the user was seen since the plan was made"
	}
	return ""
}

// moved reports whether two moments differ. One that cannot be read is saved as
// none, so those two count as the same.
func moved(now, then Moment) bool {
	return now != then && (now.IsKnown() || then.IsKnown())
}

// NeedDevicesAgain returns the users of a saved plan whose devices must be read
// again before their seats are released: those whose release rests on what
// devices could tell.
func NeedDevicesAgain(plan *Plan, live *Live) []User {
	wanted := make(map[string]bool)
	for i := range plan.Changes {
		change := &plan.Changes[i]
		if change.WillBeDone() && change.Reason == Inactive {
			wanted[change.UserID] = true
		}
	}
	var users []User
	for i := range live.Users {
		if wanted[live.Users[i].ID] && live.Users[i].mayUseDevices() {
			users = append(users, live.Users[i])
		}
	}
	return users
}
