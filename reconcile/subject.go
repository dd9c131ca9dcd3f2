package reconcile

import (
	"slices"
	"sync"
	"time"
)

// subject is what is known of one live user, joined once: who they are, which
// entry speaks of them, the evidence, and what the rule about inactivity makes of
// it. Every rule, finding and explanation reads this and nothing else.
type subject struct {
	keyedUser
	// entry is nil when no file lists the user, and group when they are in none.
	entry *DesiredUser
	group *Group
	// ambiguous says why it is not certain that the entry, or the lack of one, is
	// about this user; "" when it is.
	ambiguous string
	// renamed says which entry is probably the user's under another email; "" when
	// none is.
	renamed string
	// activity is the verdict on the user's activity.
	activity activity
	// isInRoster and works are what the roster says of the user; see [RosterPerson].
	isInRoster bool
	works      Flag
	// isConcerned is true when a change is about the user.
	isConcerned bool
}

// planner makes one plan: the file laid beside the account, and what a decision
// about it depends on.
type planner struct {
	desired *Desired
	live    *Live
	options PlanOptions
	assessor
	// subjects has every live user once, ordered by email and id.
	subjects []subject
	// absent are the entries that no live user belongs to, in file order.
	absent []*DesiredUser
	// rosterAlike has the emails in the roster that look like another one.
	rosterAlike map[string][]string
	// renamed has, of absent entries, the first user whose entry each may be.
	renamed map[*DesiredUser]*subject
	seats   Seats
	// sharedSeats returns the seats that several live users claim.
	sharedSeats func() map[string]bool
	// idleReleases has, by id, when users last lost their seat for inactivity.
	idleReleases map[string]time.Time
	// recent are the releases of the last days, and returned those who came back.
	recent   map[string]PastRelease
	returned []returner
	// pace is how the seats in use move.
	pace pace
	// tooManyReturned says that too many came back; "" when not.
	tooManyReturned string
}

func newPlanner(desired *Desired, live *Live, options PlanOptions) *planner {
	p := &planner{
		desired: desired, live: live, options: options, seats: CountSeats(live.Users), sharedSeats: sync.OnceValue(func() map[string]bool { return sharedSeats(live.Users) }),
		assessor: assessor{devices: &live.Devices, now: options.Now},
	}
	p.subjects, p.absent = match(desired, live)
	p.findRenamed()
	p.rosterAlike = desired.Roster.lookalikes()
	p.idleReleases = options.History.idleReleases()
	for i := range p.subjects {
		s := &p.subjects[i]
		s.activity = p.assess(s.User, desired.ruleOf(s.group))
	}
	p.countReturned()
	p.pace = newPace(&options.History, p.seats.Used, p.local(options.Now))
	return p
}

// join returns the subject of each change, nil where the user is not in the account,
// and names their groups.
func (p *planner) join(changes []Change) []*subject {
	if len(changes) == 0 {
		return nil
	}
	byID := make(map[string]*subject, len(changes))
	for i := range changes {
		byID[changes[i].UserID] = nil
	}
	for i := range p.subjects {
		if _, isConcerned := byID[p.subjects[i].ID]; isConcerned {
			p.subjects[i].isConcerned = true
			byID[p.subjects[i].ID] = &p.subjects[i]
		}
	}
	subjects := make([]*subject, len(changes))
	for i := range changes {
		if subjects[i] = byID[changes[i].UserID]; subjects[i] != nil {
			changes[i].Group = subjects[i].group.name()
		}
	}
	return subjects
}

// isExpired reports whether the last day of the user's seat has passed.
func (p *planner) isExpired(s *subject) bool {
	return s.entry != nil && s.entry.isExpired(p.now, p.desired.Timezone)
}

// isSpared reports whether the rule about inactivity passes the user over.
func (p *planner) isSpared(s *subject) bool {
	return p.isKept(s) || s.entry.exemptFrom(string(Inactive)) != nil ||
		slices.ContainsFunc(p.openGroups(s), func(g *Group) bool { return g.Inactive == nil })
}

// isKept reports whether every release would be held for who the user is.
func (p *planner) isKept(s *subject) bool {
	if s.ambiguous != "" || s.renamed != "" {
		return true
	}
	because, _ := p.desired.protection(s.key, s.group)
	return because != "" || slices.ContainsFunc(p.openGroups(s), func(g *Group) bool { return g.Protected })
}

// evidence returns what a decision about the user rests on.
func (p *planner) evidence(s *subject) Evidence {
	onDevices := p.devices.signs(s.ID)
	evidence := Evidence{LastSuccessfulLogin: s.LastLogin, DeviceLastSeen: onDevices.LastSeen, CreatedAt: s.CreatedAt}
	for _, sign := range []struct {
		name         string
		isUnreadable bool
	}{
		{evidenceDevice, onDevices.IsUnreadable},
		{evidenceLogin, !s.LastLogin.IsNone() && !s.LastLogin.IsKnown()},
		{"created_at", !s.CreatedAt.IsNone() && !s.CreatedAt.IsKnown()},
	} {
		if sign.isUnreadable {
			evidence.Unreadable = append(evidence.Unreadable, sign.name)
		}
	}
	return evidence
}

// The names of evidence, as in the plan's JSON.
const (
	evidenceLogin  = "last_successful_login"
	evidenceDevice = "device_last_seen"
)

// NeedDevices returns the users about whom their rule on inactivity, in one of the
// files, can only be decided with the evidence of devices: seat holders whose login
// alone leaves open whether they are inactive, or due within the notice. It is empty
// when there is no such rule.
func NeedDevices(live *Live, now time.Time, files ...*Desired) []User {
	var needs []func(*User) bool
	for _, file := range files {
		if need := needOfDevices(file, now); need != nil {
			needs = append(needs, need)
		}
	}
	var needed []User
	for i := range live.Users {
		user := &live.Users[i]
		if user.HoldsSeat() && user.mayUseDevices() && slices.ContainsFunc(needs, func(need func(*User) bool) bool { return need(user) }) {
			needed = append(needed, *user)
		}
	}
	return needed
}

// needOfDevices returns what says of a seat holder who may use devices whether the rules
// of a file need them; nil where there is no rule.
func needOfDevices(desired *Desired, now time.Time) func(user *User) bool {
	rules := desired.Rules()
	if len(rules) == 0 {
		return nil
	}
	lately := rules[0].After - rules[0].Notice
	for _, rule := range rules {
		lately = min(lately, rule.After-rule.Notice)
	}
	ruleOf := rulesOf(desired)
	return func(user *User) bool {
		if user.loggedInWithin(lately, now) {
			return false // whoever logged in lately is active by every rule
		}
		rule := ruleOf(user)
		if rule == nil {
			return false
		}
		atNotice := assessor{devices: &Devices{}, now: now.Add(rule.Notice)}
		return user.LastLogin.After(now.Add(clockSkew)) || atNotice.assess(user, rule).verdict != active
	}
}

// loggedInWithin reports whether the user is known to have logged in within a span
// before now, by a date that can be reasoned with.
func (u *User) loggedInWithin(span time.Duration, now time.Time) bool {
	return u.LastLogin.IsKnown() && !u.LastLogin.After(now.Add(clockSkew)) && now.Sub(u.LastLogin.Time()) < span
}

// rulesOf returns what finds the rule about inactivity of a live user, nil for none,
// before everybody is joined with what is known of them.
func rulesOf(desired *Desired) func(user *User) *InactivePolicy {
	if len(desired.Groups) == 0 {
		return func(*User) *InactivePolicy { return desired.Policy.Inactive }
	}
	var index entryIndex // of nobody, where no group is of files
	if slices.ContainsFunc(desired.Groups, func(group Group) bool { return len(group.Files) > 0 }) {
		index = indexEntries(desired.Users)
	}
	groups := desired.grouping()
	return func(user *User) *InactivePolicy {
		keyed := keyedUser{EmailKey(user.Email), user}
		var entry *DesiredUser
		if i, _ := index.find(keyed); i >= 0 {
			entry = &desired.Users[i]
		}
		return desired.ruleOf(groups.of(keyed.key, entry, desired.Roster.Groups(keyed.key)))
	}
}
