package reconcile

import (
	"fmt"
	"time"
)

// clockSkew is how far ahead of our clock a sign of activity may be and still
// count as "just now". Anything later is a date that cannot be trusted.
const clockSkew = 5 * time.Minute

// verdict is what the rule about inactivity says of one user.
type verdict uint8

const (
	// active: a sign of activity is recent enough, or no rule applies.
	active verdict = iota
	// inactive: every sign that could exist is known and too old.
	inactive
	// unknown: a sign may exist that cannot be read.
	unknown
)

// basis is what a verdict rests on.
type basis uint8

const (
	// noRule: the file has no rule about inactivity for the user.
	noRule basis = iota
	// bySign: the newest sign of activity.
	bySign
	// byRecord: there is no sign, so the age of the record counts.
	byRecord
	// byNothing: there is no sign, and the rule has no never_after.
	byNothing
	// byUnreadable: a sign may exist that cannot be read.
	byUnreadable
)

// activity is the verdict on one user. Its sentence is composed where it is needed.
type activity struct {
	// rule is what the user was judged by; nil where there is none for them.
	rule    *InactivePolicy
	verdict verdict
	basis   basis
	// sign is the newest readable sign of activity; none when there is none.
	sign Moment
	// due is when an active user becomes inactive if nothing happens; none when
	// that cannot be said.
	due Moment
}

// assessor applies rules about inactivity to users.
type assessor struct {
	devices *Devices
	now     time.Time
}

// assess says whether a user is inactive by a rule; nil calls nobody inactive. A
// recent sign decides it, however little is known otherwise; an old one does so
// only when no newer one can exist unseen.
func (a *assessor) assess(user *User, rule *InactivePolicy) activity {
	if rule == nil {
		return activity{}
	}
	signs := a.devices.signs(user.ID)
	found := a.assessSigns(user, &signs, rule)
	found.rule = rule
	return found
}

// assessSigns assesses a user by a rule, which is not nil, and does not name it.
func (a *assessor) assessSigns(user *User, devices *DeviceSigns, rule *InactivePolicy) activity {
	sign := a.readable(user.LastLogin).Newest(a.readable(devices.LastSeen))
	switch {
	case sign.IsKnown() && a.now.Sub(sign.Time()) < rule.After:
		return activity{basis: bySign, sign: sign, due: a.dueAfter(user, sign, rule.After)}
	case a.isNewRecord(user, rule):
		return a.assessWithoutSign(user, rule)
	case a.uncertaintyOf(user, devices, rule) != certain:
		return activity{verdict: unknown, basis: byUnreadable, sign: sign}
	case sign.IsKnown():
		return activity{verdict: inactive, basis: bySign, sign: sign}
	}
	return a.assessWithoutSign(user, rule)
}

// isNewRecord reports whether the record is too young for anything in it to be
// called inactive, so that a new starter needs no evidence at all, and an old device that
// somebody with the same email had proves nothing.
func (a *assessor) isNewRecord(user *User, rule *InactivePolicy) bool {
	threshold := rule.After
	if rule.NeverAfter > 0 {
		threshold = min(threshold, rule.NeverAfter)
	}
	created := a.readable(user.CreatedAt)
	return user.LastLogin.IsNone() && created.IsKnown() && a.now.Sub(created.Time()) < threshold
}

// dueAfter returns when someone who was seen last at a moment becomes inactive. A
// device that was not looked at may push that back, so none is named then.
func (a *assessor) dueAfter(user *User, seen Moment, limit time.Duration) Moment {
	if !a.sawDevices(user) {
		return Moment{}
	}
	return MomentOf(seen.Time().Add(limit))
}

// sawDevices reports whether what devices have to say about the user is known.
func (a *assessor) sawDevices(user *User) bool { return a.devices.Read || !user.mayUseDevices() }

// assessWithoutSign assesses someone without any sign of activity by the age of the record.
func (a *assessor) assessWithoutSign(user *User, rule *InactivePolicy) activity {
	switch created := a.readable(user.CreatedAt); {
	case rule.NeverAfter == 0:
		return activity{basis: byNothing}
	case !created.IsKnown():
		return activity{verdict: unknown, basis: byRecord}
	case a.now.Sub(created.Time()) >= rule.NeverAfter:
		return activity{verdict: inactive, basis: byRecord}
	default:
		return activity{basis: byRecord, due: a.dueAfter(user, created, rule.NeverAfter)}
	}
}

// because is the verdict on a user in a sentence.
func (a *assessor) because(user *User, found activity) string {
	switch found.basis {
	case byNothing:
		return "never logged in, and the policy has no never_after"
	case byUnreadable:
		return a.whyUncertain(user, found.rule)
	case byRecord:
		if found.verdict == unknown {
			return "never logged in, and the age of the record cannot be read"
		}
		return fmt.Sprintf("never logged in, and the record is %s old (limit %s)",
			a.daysSince(user.CreatedAt), limitText(found.rule.NeverAfter))
	case bySign:
		if found.verdict == inactive {
			return fmt.Sprintf("no sign of activity for %s (limit %s)", a.daysSince(found.sign), limitText(found.rule.After))
		}
		return fmt.Sprintf("last sign of activity %s ago (limit %s)", a.daysSince(found.sign), limitText(found.rule.After))
	case noRule:
	}
	return "no rule about inactivity"
}

// at is the line of the policy that a verdict rests on.
func (a *assessor) at(found activity) Position {
	switch found.basis {
	case noRule:
		return Position{}
	case byRecord:
		return found.rule.NeverAfterAt
	case bySign, byNothing, byUnreadable:
	}
	return found.rule.AfterAt
}

// daysSince writes how many whole days ago a moment was.
func (a *assessor) daysSince(m Moment) string {
	return Count(max(0, daysBetween(m.Time(), a.now)), "day")
}

// uncertainty is why a sign of activity may exist that cannot be read.
type uncertainty uint8

const (
	certain uncertainty = iota
	uncertainLogin
	uncertainDevice
	uncertainMoment
	uncertainUnread
	uncertainUnowned
	uncertainMissing
)

// uncertaintyOf returns the first uncertainty about the activity of a user.
func (a *assessor) uncertaintyOf(user *User, devices *DeviceSigns, rule *InactivePolicy) uncertainty {
	switch {
	case !user.LastLogin.IsNone() && !a.readable(user.LastLogin).IsKnown():
		return uncertainLogin
	case !devices.LastSeen.IsNone() && !a.readable(devices.LastSeen).IsKnown():
		return uncertainDevice
	case devices.IsUnreadable:
		return uncertainMoment
	case !user.mayUseDevices():
		return certain
	case !a.devices.Read:
		return uncertainUnread
	case a.mayOwnUnowned(rule):
		return uncertainUnowned
	case a.devices.isMissing(user, devices.Listed):
		return uncertainMissing
	}
	return certain
}

// whyUncertain says which sign of activity may exist but cannot be read, or "".
func (a *assessor) whyUncertain(user *User, rule *InactivePolicy) string {
	devices := a.devices.signs(user.ID)
	switch a.uncertaintyOf(user, &devices, rule) {
	case uncertainLogin:
		return "the date of the last login cannot be trusted: " + a.whyUnreadable(user.LastLogin)
	case uncertainDevice:
		return "the date at which a device was last seen cannot be trusted: " + a.whyUnreadable(devices.LastSeen)
	case uncertainMoment:
		return "the API did not return when one of their devices was last seen"
	case uncertainUnread:
		return devicesUnread
	case uncertainUnowned:
		return "the API did not return whose a registration is that was seen lately: it may be theirs"
	case uncertainMissing:
		return a.devices.missing(user, devices.Listed)
	case certain:
	}
	return ""
}

// mayOwnUnowned reports whether a registration without a user would be a recent
// sign of activity if it were the user's.
func (a *assessor) mayOwnUnowned(rule *InactivePolicy) bool {
	unowned := a.devices.Unowned
	return !unowned.IsNone() && (!a.readable(unowned).IsKnown() || a.now.Sub(unowned.Time()) < rule.After)
}

// devicesUnread is the uncertainty about everybody who may use a device that nobody
// could look at.
const devicesUnread = "a device could be in use, and devices could not be read"

// readable returns the moment when it can be reasoned with at the assessor's
// time, and none when it cannot.
func (a *assessor) readable(m Moment) Moment {
	if !m.IsKnown() || m.Time().After(a.now.Add(clockSkew)) {
		return Moment{}
	}
	return m
}

// whyUnreadable says what is wrong with a moment that is not readable.
func (a *assessor) whyUnreadable(m Moment) string {
	if m.IsKnown() {
		return "it is in the future"
	}
	return "it is in no known form"
}

// limitText writes a threshold as a sentence needs it: 90 for ninety days.
func limitText(limit time.Duration) string {
	if limit%Day == 0 {
		return fmt.Sprint(int64(limit / Day))
	}
	return limit.String()
}

// spanText writes a length of time for people: 7 days, 36h0m0s.
func spanText(span time.Duration) string {
	if span%Day == 0 {
		return Count(int(span/Day), "day")
	}
	return span.String()
}
