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

// assessment is the verdict on one user with what it rests on.
type assessment struct {
	verdict verdict
	// sign is the newest readable sign of activity; none when there is none.
	sign Moment
	// due is when an active user becomes inactive if nothing happens; zero when
	// that cannot be said.
	due time.Time
	// because is the verdict in a sentence.
	because string
	// at is the line of the policy that the verdict rests on.
	at Position
}

// assessor applies policy.inactive to users.
type assessor struct {
	rule    *InactivePolicy
	devices *Devices
	now     time.Time
}

// assess says whether a user is inactive. A recent sign settles it, however
// little is known otherwise; an old one does so only when no newer one can
// exist unseen.
func (a *assessor) assess(user *User) assessment {
	if a.rule == nil {
		return assessment{because: "no rule about inactivity"}
	}
	deviceSeen, _ := a.devices.seen(user.ID)
	sign := a.readable(user.LastLogin).Newest(a.readable(deviceSeen))
	if sign.IsKnown() && a.now.Sub(sign.Time()) < a.rule.After {
		return a.activeSince(user, sign)
	}
	if sign.IsNone() && a.isNewRecord(user) {
		return a.assessNever(user)
	}
	if cause := a.unreadable(user, deviceSeen); cause != "" {
		return assessment{verdict: unknown, sign: sign, because: cause, at: a.rule.AfterAt}
	}
	if sign.IsKnown() {
		return assessment{
			verdict: inactive, sign: sign, at: a.rule.AfterAt,
			because: fmt.Sprintf("no sign of activity for %s (limit %s)",
				Count(daysBetween(sign.Time(), a.now), "day"), limitText(a.rule.After)),
		}
	}
	return a.assessNever(user)
}

// isNewRecord reports whether the record is too young for anything in it to be
// called inactive, so that a new starter needs no evidence at all.
func (a *assessor) isNewRecord(user *User) bool {
	threshold := a.rule.After
	if a.rule.NeverAfter > 0 {
		threshold = min(threshold, a.rule.NeverAfter)
	}
	created := a.readable(user.CreatedAt)
	return user.LastLogin.IsNone() && created.IsKnown() && a.now.Sub(created.Time()) < threshold
}

// activeSince is the assessment of someone with a recent sign of activity.
func (a *assessor) activeSince(user *User, sign Moment) assessment {
	result := assessment{sign: sign, at: a.rule.AfterAt}
	result.because = fmt.Sprintf("last sign of activity %s ago (limit %s)",
		Count(max(0, daysBetween(sign.Time(), a.now)), "day"), limitText(a.rule.After))
	if a.sawDevices(user) {
		result.due = sign.Time().Add(a.rule.After)
	}
	return result
}

// sawDevices reports whether what devices have to say about the user is known.
// A device that was not looked at may push a due date back, so none is named.
func (a *assessor) sawDevices(user *User) bool { return a.devices.Read || !user.mayUseDevices() }

// assessNever judges someone without any sign of activity by the age of the record.
func (a *assessor) assessNever(user *User) assessment {
	if a.rule.NeverAfter == 0 {
		return assessment{because: "never logged in, and the policy has no never_after", at: a.rule.AfterAt}
	}
	result := assessment{at: a.rule.NeverAfterAt}
	if !a.readable(user.CreatedAt).IsKnown() {
		result.verdict = unknown
		result.because = "never logged in, and the age of the record cannot be read"
		return result
	}
	age := a.now.Sub(user.CreatedAt.Time())
	result.because = fmt.Sprintf("never logged in, and the record is %s old (limit %s)",
		Count(max(0, daysBetween(user.CreatedAt.Time(), a.now)), "day"), limitText(a.rule.NeverAfter))
	if age >= a.rule.NeverAfter {
		result.verdict = inactive
		return result
	}
	if a.sawDevices(user) {
		result.due = user.CreatedAt.Time().Add(a.rule.NeverAfter)
	}
	return result
}

// unreadable says which sign of activity may exist but cannot be read, or "".
func (a *assessor) unreadable(user *User, deviceSeen Moment) string {
	_, isUnreadable := a.devices.seen(user.ID)
	switch {
	case !user.LastLogin.IsNone() && !a.readable(user.LastLogin).IsKnown():
		return "the date of the last login cannot be trusted: " + a.doubtful(user.LastLogin)
	case !deviceSeen.IsNone() && !a.readable(deviceSeen).IsKnown():
		return "the date at which a device was last seen cannot be trusted: " + a.doubtful(deviceSeen)
	case isUnreadable:
		return "the API does not tell when one of their devices was last seen"
	case !user.mayUseDevices():
		return ""
	case !a.devices.Read:
		return devicesUnread
	case a.mayOwnUnowned():
		return "the API did not return whose a registration is that was seen lately: it may be theirs"
	}
	return a.devices.missing(user)
}

// mayOwnUnowned reports whether a registration without a user would be a recent
// sign of activity if it were the user's.
func (a *assessor) mayOwnUnowned() bool {
	unowned := a.devices.Unowned
	return !unowned.IsNone() && (!a.readable(unowned).IsKnown() || a.now.Sub(unowned.Time()) < a.rule.After)
}

// devicesUnread is the doubt about everybody who may use a device that nobody
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

// doubtful says what is wrong with a moment that is not readable.
func (a *assessor) doubtful(m Moment) string {
	if m.IsKnown() {
		return "it is in the future"
	}
	return "it is in no known form"
}

// The names of evidence, as in the plan's JSON.
const (
	evidenceLogin  = "last_successful_login"
	evidenceDevice = "device_last_seen"
)

// evidence returns what a decision about the user rests on.
func (a *assessor) evidence(user *User) Evidence {
	deviceSeen, isUnreadable := a.devices.seen(user.ID)
	evidence := Evidence{LastSuccessfulLogin: user.LastLogin, DeviceLastSeen: deviceSeen, CreatedAt: user.CreatedAt}
	if isUnreadable {
		evidence.Unreadable = append(evidence.Unreadable, evidenceDevice)
	}
	for _, moment := range []struct {
		name string
		Moment
	}{
		{evidenceLogin, evidence.LastSuccessfulLogin},
		{"created_at", evidence.CreatedAt},
	} {
		if !moment.IsNone() && !moment.IsKnown() {
			evidence.Unreadable = append(evidence.Unreadable, moment.name)
		}
	}
	return evidence
}

// limitText writes a threshold as a sentence needs it: 90 for ninety days.
func limitText(limit time.Duration) string {
	if limit%Day == 0 {
		return fmt.Sprint(int64(limit / Day))
	}
	return limit.String()
}

// NeedDevices returns the users about whom the rule on inactivity can only be
// decided with the evidence of devices: seat holders whose login alone leaves
// open whether they are inactive, or due within the notice. It is empty when
// there is no such rule.
func NeedDevices(desired *Desired, live *Live, now time.Time) []User {
	rule := desired.Policy.Inactive
	if rule == nil {
		return nil
	}
	var needed []User
	atNotice := assessor{rule: rule, devices: &Devices{}, now: now.Add(rule.Notice)}
	for i := range live.Users {
		user := &live.Users[i]
		if !user.HoldsSeat() || !user.mayUseDevices() {
			continue
		}
		if user.LastLogin.After(now.Add(clockSkew)) || atNotice.assess(user).verdict != active {
			needed = append(needed, *user)
		}
	}
	return needed
}
