package reconcile

import (
	"cmp"
	"slices"
)

// propose returns every change that a line of the file asks for, at most one of
// the seat and one of the name for a user, ordered by email. It decides nothing:
// the rules of hold.go say which may be done.
//
// The seat of a user changes for the first of these reasons that applies: the
// file lists both flags false; the user's `until` has passed; the roster says that
// they are gone and policy.departed is release; no file lists them and
// policy.unlisted is release; policy.inactive finds no sign of activity; the
// file lists another value for a flag.
func (p *planner) propose() []Change {
	changes := []Change{}
	for i := range p.subjects {
		if change, ok := p.seatChange(&p.subjects[i]); ok {
			changes = append(changes, change)
		}
		if change, ok := p.nameChange(&p.subjects[i]); ok {
			changes = append(changes, change)
		}
	}
	return changes
}

// seatChange proposes the change of the user's seat, if there is one.
func (p *planner) seatChange(s *subject) (Change, bool) {
	change, ok, isIdle := p.seatChangeOrIdle(s)
	if isIdle {
		return p.release(s, Inactive, p.because(s.User, s.activity), p.at(s.activity)), true
	}
	return change, ok
}

// seatChangeOrIdle proposes the change of the user's seat, unless that is a release for
// inactivity: isIdle reports one.
func (p *planner) seatChangeOrIdle(s *subject) (change Change, ok, isIdle bool) {
	listed, differs := p.listedChange(s)
	if differs && listed.Kind == Release {
		return listed, true, false
	}
	if release, ok := p.ruleRelease(s); ok {
		return release, true, false
	}
	if differs && listed.Kind == Grant && p.wouldTakeBack(s, listed.After) {
		listed, differs = Change{}, false
	}
	verdict := s.activity.verdict
	if verdict == active || !s.HoldsSeat() {
		return listed, differs, false
	}
	if differs && (verdict == unknown || p.isSpared(s)) {
		// A release that would only be held does not hide what the file asks for.
		return listed, true, false
	}
	return Change{}, false, true
}

// wouldTakeBack reports whether the roster or the rule about inactivity would release
// the user once they are in a state, or hold the release for what they cannot know:
// such a seat is not asked for. Nor is one that was released for inactivity, until
// there is a newer sign of activity.
func (p *planner) wouldTakeBack(s *subject, after State) bool {
	if p.departs(s) && !p.isKept(s) {
		return true
	}
	if s.activity.rule == nil || p.isSpared(s) {
		return false
	}
	granted := *s.User
	granted.AccessSeat, granted.GatewaySeat = after.AccessSeat, after.GatewaySeat
	if p.assess(&granted, s.activity.rule).verdict != active {
		return true
	}
	released, wasReleased := p.idleReleases[s.ID]
	return wasReleased && !s.HoldsSeat() && !s.activity.sign.After(released)
}

// listedChange proposes what the user's own entry asks for.
func (p *planner) listedChange(s *subject) (Change, bool) {
	if s.entry == nil || p.isExpired(s) {
		return Change{}, false
	}
	before, after := s.state(), s.state()
	after.AccessSeat = s.entry.AccessSeat.Or(before.AccessSeat)
	after.GatewaySeat = s.entry.GatewaySeat.Or(before.GatewaySeat)
	// Without a seat record a flag that the API did not return cannot be true.
	asksForNothing := s.SeatUID == "" && !s.HoldsSeat() && after.Seats() == 0
	if after == before || asksForNothing {
		return Change{}, false
	}
	change := p.change(s, seatKind(before, after), Listed)
	change.After = after
	change.Because, change.Source = s.entry.seatSentence(before, after)
	return change, true
}

// seatKind names the step from one state of the flags to another.
func seatKind(before, after State) Kind {
	switch {
	case after.AccessSeat == False && after.GatewaySeat == False:
		return Release
	case before.AccessSeat != True && after.AccessSeat == True,
		before.GatewaySeat != True && after.GatewaySeat == True:
		return Grant
	default:
		return Narrow
	}
}

// seatSentence says what the entry asks for, and in which line.
func (u *DesiredUser) seatSentence(before, after State) (because string, at Position) {
	access := before.AccessSeat != after.AccessSeat
	gateway := before.GatewaySeat != after.GatewaySeat
	switch {
	case access && gateway:
		return "the file says access_seat: " + after.AccessSeat.String() +
			", gateway_seat: " + after.GatewaySeat.String(), u.At(u.Lines.AccessSeat)
	case access:
		return "the file says access_seat: " + after.AccessSeat.String(), u.At(u.Lines.AccessSeat)
	default:
		return "the file says gateway_seat: " + after.GatewaySeat.String(), u.At(u.Lines.GatewaySeat)
	}
}

// ruleRelease proposes the release of a seat holder whose time is up, who has left,
// or whom no file lists.
func (p *planner) ruleRelease(s *subject) (Change, bool) {
	switch {
	case !s.HoldsSeat():
	case p.isExpired(s):
		return p.release(s, Expired, "the seat was for use until "+s.entry.Until.String(), s.entry.At(s.entry.Lines.Until)), true
	case p.departs(s):
		found := p.desired.Roster.standingOf(s.key)
		return p.release(s, Departed, found.because(), found.at()), true
	case s.entry == nil && p.desired.Policy.Unlisted == HolderRelease:
		return p.release(s, Unlisted, "no file lists this seat holder (policy.unlisted: release)", p.desired.Policy.UnlistedAt), true
	}
	return Change{}, false
}

// release proposes to free the user's seat.
func (p *planner) release(s *subject, reason Reason, because string, source Position) Change {
	change := p.change(s, Release, reason)
	change.After.AccessSeat, change.After.GatewaySeat = False, False
	change.Because, change.Source = because, source
	return change
}

// nameChange proposes the user's name as the file has it.
func (p *planner) nameChange(s *subject) (Change, bool) {
	if s.entry == nil || s.entry.Name == "" || s.entry.Name == s.Name {
		return Change{}, false
	}
	change := p.change(s, Rename, Listed)
	change.After.Name = s.entry.Name
	change.Because = "the file has another name"
	if s.Name == "" {
		change.Because = "the file has a name and the account has none"
	}
	change.Source = s.entry.At(s.entry.Lines.Name)
	return change, true
}

// change returns a change of the user that does nothing yet.
func (p *planner) change(s *subject, kind Kind, reason Reason) Change {
	change := s.change(kind, reason)
	change.Evidence = p.evidence(s)
	if kind == Release {
		change.Devices = p.devices.signedOut(s.User)
	}
	return change
}

// change returns a change that does nothing, without what it rests on.
func (s *subject) change(kind Kind, reason Reason) Change {
	return Change{
		Kind: kind, Reason: reason, Email: s.Email, UserID: s.ID, SeatUID: s.SeatUID, Before: s.state(), After: s.state(),
	}
}

// sortChanges puts changes into the order of the plan: by email, then by id, a
// seat before a name.
func sortChanges(changes []Change) {
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(
			cmp.Compare(EmailKey(a.Email), EmailKey(b.Email)),
			cmp.Compare(a.UserID, b.UserID),
			cmp.Compare(rank(a.Kind), rank(b.Kind)),
		)
	})
}

// rank orders the kinds of change.
func rank(kind Kind) int { return slices.Index(Kinds(), kind) }
