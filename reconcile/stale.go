package reconcile

import (
	"slices"
	"time"
)

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
		if moved := change.movedSince(plan.CreatedAt, users[change.UserID], &live.Devices); moved != "" {
			stale[i] = moved
		}
	}
	return stale
}

// movedSince says what of the user is not as it was when the plan was made, or why that
// cannot be known any more; "" for neither.
func (c *Change) movedSince(planned time.Time, user *User, devices *Devices) string {
	switch {
	case user == nil:
		return "the user is no longer in the account"
	case user.SeatUID == c.SeatUID && c.isReached(user):
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
	case c.TakesAway() && c.moved(user.LastLogin, c.Evidence.LastSuccessfulLogin, evidenceLogin):
		return "the user has logged in since the plan was made"
	case c.restsOnDevices() && user.mayUseDevices() && !devices.Read:
		return "devices could not be read again, so a new sign of activity may have been missed"
	case c.restsOnDevices() && c.devicesMoved(user, devices):
		return "a device of the user was seen since the plan was made"
	case (c.Reason == Inactive || c.Reason == Reverted && c.restsOnDevices()) && user.mayUseDevices():
		return devices.leaveOpen(planned, user)
	}
	return ""
}

// leaveOpen says why devices no longer show that a user has been inactive, although the
// plan that was made at a time could tell; "" where they do.
func (d *Devices) leaveOpen(planned time.Time, user *User) string {
	switch listed := d.signs(user.ID).Listed; {
	case d.isMissing(user, listed):
		return "a new sign of activity may have been missed since the plan was made: " + d.missing(user, listed)
	case !d.Unowned.IsNone() && (!d.Unowned.IsKnown() || d.Unowned.After(planned.Add(-clockSkew))):
		return "the API did not return whose a registration is that was seen since the plan was made: it may be theirs"
	}
	return ""
}

// mayBeUsedSince reports whether a device of a user was seen since a time, or may have been
// as far as is known.
func (d *Devices) mayBeUsedSince(at time.Time, user *User) bool {
	signs := d.signs(user.ID)
	isSeen := signs.IsUnreadable || !signs.LastSeen.IsNone() && (!signs.LastSeen.IsKnown() || signs.LastSeen.After(at.Add(-clockSkew)))
	return !d.Read || !d.askedAbout(user) || isSeen || d.leaveOpen(at, user) != ""
}

// devicesMoved reports whether devices tell something else of the user than the
// plan saw.
func (c *Change) devicesMoved(user *User, devices *Devices) bool {
	signs := devices.signs(user.ID)
	return signs.LastSeen != c.Evidence.DeviceLastSeen || signs.IsUnreadable != slices.Contains(c.Evidence.Unreadable, evidenceDevice)
}

// restsOnDevices reports whether devices told of the user when the plan was made,
// or had to.
func (c *Change) restsOnDevices() bool {
	isTakenBack := c.Reason == Reverted && c.Before.GatewaySeat == True && c.After.GatewaySeat != True
	return c.Reason == Inactive || isTakenBack || c.TakesAway() && (c.Evidence.DeviceLastSeen.IsKnown() || slices.Contains(c.Evidence.Unreadable, evidenceDevice))
}

// moved reports whether a moment is another than the plan saw. One that could not
// be read is saved as none and named in Unreadable.
func (c *Change) moved(now, then Moment, name string) bool {
	if slices.Contains(c.Evidence.Unreadable, name) {
		then = UnreadableMoment()
	}
	return now != then
}

// NeedDevicesAgain returns the users of a saved plan whose devices must be read
// again before their seats are released: those whose release rests on what
// devices could tell.
func NeedDevicesAgain(plan *Plan, live *Live) []User {
	wanted := make(map[string]bool)
	for i := range plan.Changes {
		change := &plan.Changes[i]
		if change.WillBeDone() && change.restsOnDevices() {
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
