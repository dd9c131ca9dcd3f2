package reconcile

import (
	"cmp"
	"fmt"
	"strings"
)

// hold decides which changes may be done: each is held by the first rule that
// forbids it. A change that was proposed as held stays so.
func (p *planner) hold(changes []Change, subjects []*subject) {
	for i := range changes {
		candidate := p.candidate(&changes[i], subjects[i])
		for _, rule := range holdRules() {
			if !changes[i].WillBeDone() {
				break
			}
			if because := rule.because(p, candidate); because != "" {
				changes[i].holdBack(rule.hold, because)
				if rule.hold == HeldExempt {
					changes[i].Exemption = p.exemptionOf(candidate)
				}
			}
		}
	}
}

// candidate is one change with what the rules about it look at.
type candidate struct {
	change *Change
	// subject is nil when the user is not in the account.
	subject *subject
	// hasSharedSeat: another live user claims the same seat.
	hasSharedSeat bool
}

// candidate returns a change with what the rules about it look at.
func (p *planner) candidate(change *Change, subject *subject) candidate {
	return candidate{change: change, subject: subject, hasSharedSeat: p.sharedSeats()[seatKey(change.SeatUID)]}
}

// holdRule is one reason not to carry a change out. It returns why in a
// sentence, or "" when it does not apply.
type holdRule struct {
	hold    Hold
	because func(*planner, candidate) string
}

// holdRules are the rules that look at one change, in their order. The limits,
// which look at all of them together, come after.
func holdRules() []holdRule {
	return []holdRule{
		{HeldRenamed, func(_ *planner, c candidate) string { return c.renamed() }},
		{HeldAmbiguous, func(p *planner, c candidate) string {
			return cmp.Or(c.ambiguous(), p.rosterLookalike(c), p.groupLookalike(c))
		}},
		{HeldNoSeat, func(_ *planner, c candidate) string {
			return when(c.change.IsSeatChange() && c.change.SeatUID == "", c.change.noSeatSentence())
		}},
		{HeldFlagUnknown, func(_ *planner, c candidate) string {
			return when(c.change.isFlagUnknown(), "the API did not return a flag that the change would have to send")
		}},
		{HeldGrantsNever, func(p *planner, c candidate) string {
			return when(c.change.Kind == Grant && p.desired.Policy.Grants == GrantsNever, "policy.grants is never")
		}},
		{HeldProtected, (*planner).protected},
		{HeldExempt, func(p *planner, c candidate) string {
			exemption := p.exemptionOf(c)
			if exemption == nil {
				return ""
			}
			if exemption.hasEnded(p.now, p.desired.Timezone) {
				return "exempt until " + exemption.Until.String() + ", which has passed: correct the file"
			}
			return "exempt until " + exemption.Until.String()
		}},
		{HeldGroupUnknown, (*planner).openGroup},
		{HeldActivityUnknown, func(p *planner, c candidate) string {
			if c.change.Reason != Inactive || c.subject.activity.verdict != unknown {
				return ""
			}
			return p.because(c.subject.User, c.subject.activity)
		}},
		{HeldFreesSeat, (*planner).freesSeat},
		{HeldNotAnnounced, (*planner).notAnnounced},
		{HeldTooManyReturned, func(p *planner, c candidate) string {
			return when(c.change.Reason == Inactive, p.tooManyReturned)
		}},
	}
}

// when returns a sentence where a condition holds, and "" where it does not.
func when(applies bool, because string) string {
	if applies {
		return because
	}
	return ""
}

// Why a change is held as ambiguous although the user is not.
const (
	sharedSeat = "another live user has the same seat"
	goneUser   = "no live user has this id"
)

// renamed says whose entry the user's probably is, where something would be taken away.
func (c candidate) renamed() string {
	if c.subject == nil || !c.change.TakesAway() {
		return ""
	}
	return c.subject.renamed
}

// ambiguous says that several users, or seats, could be meant, or none.
func (c candidate) ambiguous() string {
	if c.subject == nil {
		return goneUser
	}
	if c.subject.ambiguous != "" {
		return c.subject.ambiguous
	}
	return when(c.change.IsSeatChange() && c.hasSharedSeat, sharedSeat)
}

// noSeatSentence says what the lack of a seat_uid means for a change.
func (c *Change) noSeatSentence() string {
	if c.TakesAway() {
		return "the API returned no seat_uid, so the seat cannot be addressed"
	}
	return "there is no seat record: a seat comes with the next login"
}

// isFlagUnknown reports whether the change would have to guess a flag: one that it
// sends without knowing, or one from which it cannot be said what changes. What
// the file says of one user is explicit, so a release needs no more than one flag
// that is known to be true; a rule about everybody must not take away a flag that
// nobody knows.
func (c *Change) isFlagUnknown() bool {
	isUnknown := c.Before.AccessSeat == Unknown || c.Before.GatewaySeat == Unknown
	isAboutEverybody := c.Reason == Unlisted || c.Reason == Inactive || c.Reason == Departed
	switch {
	case !c.IsSeatChange():
		return false
	case c.After.AccessSeat == Unknown || c.After.GatewaySeat == Unknown:
		return true
	case c.Kind == Release && !isAboutEverybody:
		return c.Before.Seats() == 0
	}
	return isUnknown
}

// protected says that the policy keeps the user from losing anything.
func (p *planner) protected(c candidate) string {
	if !c.change.TakesAway() {
		return ""
	}
	because, _ := p.desired.protection(EmailKey(c.change.Email), c.subject.group)
	return because
}

// freesSeat says that half of a seat cannot be taken on this account, as far as is known:
// it may be tried again where somebody allows releases for the run.
func (p *planner) freesSeat(c candidate) string {
	by := p.options.History.FreedBy
	if by == "" || !c.change.takesHalf() || p.options.AllowReleases != nil {
		return ""
	}
	return fmt.Sprintf("run %s took half of a seat, and the whole one was gone: take the flag out of the entry, release the whole seat, or try again with --allow-releases", by)
}

// notAnnounced says that no recorded run named the user early enough, or that
// there was a sign of activity since, by the rule for them or by that of a group in which
// they may be.
func (p *planner) notAnnounced(c candidate) string {
	if c.change.Reason != Inactive {
		return ""
	}
	because := p.notAnnouncedBy(c.subject, c.subject.activity.rule)
	for _, group := range p.openGroups(c.subject) {
		because = cmp.Or(because, p.notAnnouncedBy(c.subject, group.Inactive))
	}
	return because
}

// notAnnouncedBy says so by a rule; nil asks for nothing.
func (p *planner) notAnnouncedBy(s *subject, rule *InactivePolicy) string {
	if rule == nil || !rule.Announced {
		return ""
	}
	at, ok := p.options.History.announcedBefore(s.key, p.now.Add(-rule.Notice))
	switch {
	case !ok:
		return fmt.Sprintf("no recorded run named them at least %s ago", spanText(rule.Notice))
	case s.activity.sign.After(at):
		return "they were active after the last run that named them in time"
	}
	return ""
}

// exemptionOf returns the exemption that keeps the rule behind the change from
// its user, or nil.
func (p *planner) exemptionOf(c candidate) *Exemption {
	if c.change.Reason != Inactive {
		return nil
	}
	return c.subject.entry.exemptFrom(string(Inactive))
}

// holdBack marks a change as not carried out.
func (c *Change) holdBack(hold Hold, because string) { c.Held, c.HeldBecause = hold, because }

// sharedSeats finds the seats that more than one user claims: to release one would
// release the other.
func sharedSeats(users []User) map[string]bool {
	shared := make(map[string]bool)
	claimed := make(map[string]struct{}, len(users))
	for i := range users {
		key := seatKey(users[i].SeatUID)
		if _, isClaimed := claimed[key]; isClaimed && key != "" {
			shared[key] = true
		}
		claimed[key] = struct{}{}
	}
	return shared
}

// seatKey is the form in which seat ids are compared: UUIDs, in either case.
func seatKey(seatUID string) string { return strings.ToLower(seatUID) }
