package reconcile

import "fmt"

// Revert returns the changes that restore what a run changed, to be the
// [PlanOptions].Proposed, and findings about what cannot be restored. Only what
// the run applied is restored, and only where the user is still as the run left
// them: what someone changed since is theirs, and so is a seat with which they have logged
// in since, or a Gateway half that a device may have used. The changes are never nil.
func Revert(run *Plan, live *Live) ([]Change, []Finding) {
	if run.Run == nil {
		return []Change{}, nil
	}
	users := make(map[string]*User, len(live.Users))
	for i := range live.Users {
		users[live.Users[i].ID] = &live.Users[i]
	}
	changes := []Change{}
	var findings []Finding
	asked := 0
	for _, outcome := range run.Run.Outcomes {
		if outcome.Status != Applied {
			continue
		}
		done := &run.Changes[outcome.Change]
		user := users[done.UserID]
		if user == nil || !done.isReached(user) || user.SeatUID != done.SeatUID {
			findings = append(findings, notRestored(done, user))
			continue
		}
		change := done.reverse(user, run.Run.ID)
		change.Evidence.DeviceLastSeen = live.Devices.signs(user.ID).LastSeen
		isUsed := done.moved(user.LastLogin, done.Evidence.LastSuccessfulLogin, evidenceLogin) ||
			done.givesGateway() && live.Devices.mayBeUsedSince(run.CreatedAt, user)
		if change.TakesAway() && isUsed {
			findings = append(findings, notRestored(done, user)) // the seat is in use since
			continue
		}
		changes = append(changes, change)
		if change.Kind == Grant {
			asked++
		}
	}
	if asked > 0 {
		findings = append(findings, Finding{
			Severity: SeverityWarning, Code: CodeRevertNotGuaranteed,
			Message: fmt.Sprintf("%s asked for that the API may not give: a seat comes back with the person's next login",
				CountOf(asked, "seat is", "seats are")),
		})
	}
	return changes, findings
}

// givesGateway reports whether the change asks for a Gateway half that was not there.
func (c *Change) givesGateway() bool {
	return c.Before.GatewaySeat != True && c.After.GatewaySeat == True
}

// needDevicesToRevert returns the users to whom a run gave a Gateway half, which their
// devices may have used since.
func needDevicesToRevert(run *Plan, live *Live) (users []User) {
	given := make(map[string]bool)
	for i := range run.Applied() {
		if done := &run.Changes[i]; done.givesGateway() {
			given[done.UserID] = true
		}
	}
	for i := range live.Users {
		if given[live.Users[i].ID] {
			users = append(users, live.Users[i])
		}
	}
	return users
}

// notRestored says why a change is left as the run made it.
func notRestored(done *Change, user *User) Finding {
	message := fmt.Sprintf("the %s is not restored: the user has changed since the run", done.Kind)
	if user == nil {
		message = fmt.Sprintf("the %s is not restored: the user is no longer in the account", done.Kind)
	}
	return Finding{Severity: SeverityWarning, Code: CodeRevertNotGuaranteed, Email: done.Email, Message: message}
}

// reverse returns the change that leads back to where a change came from.
func (c *Change) reverse(user *User, runID string) Change {
	back := Change{
		Kind: Rename, Reason: Reverted, Email: user.Email, UserID: user.ID, SeatUID: user.SeatUID,
		Before: user.state(), After: user.state(),
		Because:  "restores what run " + runID + " changed",
		Evidence: Evidence{LastSuccessfulLogin: user.LastLogin, CreatedAt: user.CreatedAt},
	}
	if c.Kind == Rename {
		back.After.Name = c.Before.Name
		return back
	}
	back.After.AccessSeat, back.After.GatewaySeat = c.Before.AccessSeat, c.Before.GatewaySeat
	back.Kind = seatKind(back.Before, back.After)
	return back
}
