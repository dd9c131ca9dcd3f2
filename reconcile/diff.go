package reconcile

import (
	"cmp"
	"slices"
	"time"
)

// doubts are what makes a change uncertain before any policy is asked.
type doubts struct {
	// ambiguous is why another live user could be meant, or "".
	ambiguous string
	// flagUnknown: a flag that the change would have to send is not known.
	flagUnknown bool
	// activity is why the user's activity cannot be known, or "".
	activity string
}

// Diff compares the file with the account and returns every change that a line
// of the file asks for, at most one of the seat and one of the name for a user,
// ordered by email. It decides nothing: [Judge] says which may be done.
//
// The seat of a user changes for the first of these reasons that applies: the
// file lists both flags false; the user's `until` has passed; no file lists them
// and policy.unlisted is release; policy.inactive finds no sign of activity; the
// file lists another value for a flag.
func Diff(desired *Desired, live *Live, now time.Time) []Change {
	return diffPairs(match(desired, live).pairs, newDiffer(desired, live, now))
}

// diffPairs proposes changes for users that have been matched.
func diffPairs(pairs []pair, d *differ) []Change {
	changes := []Change{}
	for i := range pairs {
		if change, ok := d.seatChange(&pairs[i]); ok {
			changes = append(changes, change)
		}
		if change, ok := d.nameChange(&pairs[i]); ok {
			changes = append(changes, change)
		}
	}
	return changes
}

// differ holds what the comparison of one user needs.
type differ struct {
	desired  *Desired
	assessor assessor
}

func newDiffer(desired *Desired, live *Live, now time.Time) *differ {
	return &differ{
		desired:  desired,
		assessor: assessor{rule: desired.Policy.Inactive, devices: &live.Devices, now: now},
	}
}

// seatChange proposes the change of the user's seat, if there is one.
func (d *differ) seatChange(p *pair) (Change, bool) {
	listed, differs := d.listedChange(p)
	if differs && listed.Kind == Release {
		return listed, true
	}
	if release, ok := d.ruleRelease(p); ok {
		return release, true
	}
	if !p.HoldsSeat() && !differs {
		return Change{}, false
	}
	activity := d.assessor.assess(p.User)
	if activity.verdict == active || differs && !p.HoldsSeat() && activity.verdict == unknown {
		return listed, differs
	}
	if !p.HoldsSeat() {
		if d.isSpared(p) {
			return listed, differs
		}
		// The file asks for a seat that the rule would take away again.
		return Change{}, false
	}
	if differs && (activity.verdict == unknown || d.isSpared(p)) {
		// A release that would only be held does not hide what the file asks for.
		return listed, true
	}
	return d.release(p, Inactive, activity.because, activity.at, activity), true
}

// listedChange proposes what the user's own entry asks for.
func (d *differ) listedChange(p *pair) (Change, bool) {
	if p.entry == nil || p.entry.isExpired(d.assessor.now, d.desired.Timezone) {
		return Change{}, false
	}
	before, after := p.state(), p.state()
	after.AccessSeat = p.entry.AccessSeat.Or(before.AccessSeat)
	after.GatewaySeat = p.entry.GatewaySeat.Or(before.GatewaySeat)
	if p.SeatUID == "" && !p.HoldsSeat() {
		// Without a seat record an untold flag cannot be true.
		if after.AccessSeat != True && after.GatewaySeat != True {
			return Change{}, false
		}
	}
	if after == before {
		return Change{}, false
	}
	change := d.change(p, seatKind(before, after), Listed)
	change.After = after
	change.Because, change.Source = p.entry.seatSentence(before, after)
	change.doubts.flagUnknown = needsUnknownFlag(before, after)
	return change, true
}

// needsUnknownFlag reports whether a change would have to guess a flag: one that
// it sends without knowing, or one from which it cannot be said what changes. A
// release needs none as long as one flag is known to be true.
func needsUnknownFlag(before, after State) bool {
	if after.AccessSeat == False && after.GatewaySeat == False {
		return before.AccessSeat != True && before.GatewaySeat != True
	}
	return before.AccessSeat == Unknown || before.GatewaySeat == Unknown
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

// ruleRelease proposes the release of a seat holder whose time is up or whom no
// file lists.
func (d *differ) ruleRelease(p *pair) (Change, bool) {
	switch {
	case !p.HoldsSeat():
	case p.entry != nil && p.entry.isExpired(d.assessor.now, d.desired.Timezone):
		return d.release(p, Expired, "the seat was for use until "+p.entry.Until.String(),
			p.entry.At(p.entry.Lines.Until), assessment{}), true
	case p.entry == nil && d.desired.Policy.Unlisted == UnlistedRelease:
		return d.release(p, Unlisted, "no file lists this seat holder (policy.unlisted: release)",
			d.desired.Policy.UnlistedAt, assessment{}), true
	}
	return Change{}, false
}

// release proposes to free the user's seat.
func (d *differ) release(p *pair, reason Reason, because string, source Position, activity assessment) Change {
	change := d.change(p, Release, reason)
	change.After.AccessSeat, change.After.GatewaySeat = False, False
	change.Because, change.Source = because, source
	// What the file says of one user is explicit. A rule about everybody must
	// not take away a flag that nobody knows.
	everybody := reason == Unlisted || reason == Inactive
	change.doubts.flagUnknown = everybody && (p.AccessSeat == Unknown || p.GatewaySeat == Unknown)
	if activity.verdict == unknown {
		change.doubts.activity = activity.because
	}
	return change
}

// isSpared reports whether the rule about inactivity passes the user over.
func (d *differ) isSpared(p *pair) bool {
	return p.ambiguous != "" || d.desired.Policy.protectedBy(p.key) != nil ||
		p.entry.exemptFrom(string(Inactive), d.assessor.now, d.desired.Timezone) != nil
}

// nameChange proposes the user's name as the file has it.
func (d *differ) nameChange(p *pair) (Change, bool) {
	if p.entry == nil || p.entry.Name == "" || p.entry.Name == p.Name {
		return Change{}, false
	}
	change := d.change(p, Rename, Listed)
	change.After.Name = p.entry.Name
	change.Because = "the file has another name"
	if p.Name == "" {
		change.Because = "the file has a name and the account has none"
	}
	change.Source = p.entry.At(p.entry.Lines.Name)
	return change, true
}

// change returns a change of the user that does nothing yet.
func (d *differ) change(p *pair, kind Kind, reason Reason) Change {
	change := Change{
		Kind: kind, Reason: reason,
		Email: p.Email, UserID: p.ID, SeatUID: p.SeatUID,
		Before: p.state(), After: p.state(),
		Evidence: d.assessor.evidence(p.User),
		entry:    p.entry,
		doubts:   doubts{ambiguous: p.ambiguous},
	}
	if kind == Release {
		change.Devices = d.assessor.devices.signedOut(p.User)
	}
	return change
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
